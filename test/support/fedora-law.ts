/** A home with odd names in every place, and what the plan says must become of each file in it. */
import { chmodSync, lstatSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Fate, fate } from "../../src/plan/fate.ts";
import type { AbsolutePath } from "../../src/plan/path.ts";
import type { HostPlan } from "../../src/plan/plan.ts";
import { type Content, lay, oddNames } from "./fedora.ts";

/** The odd names that a manifest can name; the others can only be in what it keeps. */
const namable = oddNames.filter((name) => !/[*?]/.test(name));

const quoted = (path: string): string => JSON.stringify(path);

/** Rules inside rules, patterns, stores, secrets, in all ways that the odd names can be written. */
export function lawManifest(backup: string): string {
  const entries = namable.flatMap((name) => [
    `{ path: ${quoted(`top/${name}/`)}, class: data }`,
    `{ path: ${quoted(`top/${name}/cache/`)}, class: cache }`,
    `{ path: ${quoted(`top/${name}/cache/${name}/`)}, class: data }`,
    `{ path: ${quoted(`top/${name}/cache/${name}/tmp`)}, need: none }`,
    `{ path: ${quoted(`place/${name}/`)}, class: cache }`,
    `{ path: ${quoted(`place/${name}/${name}/`)}, class: config, how: none }`,
    `{ path: ${quoted(`files/${name}`)}, class: data }`,
  ]);
  return [
    "version: 1",
    "stores: { bulk: { path: ~/.bulk, backup: false } }",
    "users: { ann: {} }",
    `hosts: { desk: { os: fedora, stores: { persist: "~/.per sist" }, backup: ${backup} } }`,
    "home:",
    "  - { path: place/, class: config, how: none }",
    "  - { path: big/, class: data, store: bulk }",
    "  - { path: keys/, class: secret }",
    "  - { path: top/plain/, class: data }",
    "  - { path: top/plain/big/, class: data, backup: false }",
    '  - { path: "top/*/junk-?*/", class: cache }',
    '  - { path: "top/*/junk-?*/kept*/", class: log, need: none, expire: 90d }',
    '  - { path: "place/*.log", need: none }',
    '  - { path: "place/é?/", class: cache }',
    "  - { path: top/plain/junk-1/stays/, class: data }",
    '  - { path: "place/?/", class: cache }',
    "  - { path: place/1/kept/, class: config, how: none }",
    "  - { path: place/1/kept/tmp/, class: cache }",
    ...entries.map((entry) => `  - ${entry}`),
    "",
  ].join("\n");
}

/** All odd names, each a file with a content of its own. */
function odd(content: string): { [name: string]: Content } {
  return Object.fromEntries(oddNames.map((name) => [name, `${content} ${name}`]));
}

/** Lays the home that the manifest speaks of. */
export function layLaw(home: string): void {
  const inside = (name: string): Content => ({
    own: odd(name),
    cache: { old: "x", [name]: { data: "kept", tmp: "x" } },
    "junk-1": { a: "x", kept: { b: "x" }, ".kept": {} },
    "junk-é": odd("junk"),
    "junk-": { a: "too short for the pattern" },
  });
  lay(home, {
    top: Object.fromEntries(namable.map((name) => [name, inside(name)])),
    place: {
      ...Object.fromEntries(namable.map((name) => [name, { gone: "x", [name]: { data: "kept" }, deeper: odd("x") }])),
      stays: odd("in place"),
      "x.log": "x",
      éé: { a: "é?" },
      1: { a: "x", kept: { b: "kept", tmp: { c: "x" } } },
      "√": { a: "x" },
    },
    files: odd("file"),
    big: odd("big"),
    keys: odd("secret"),
    undecided: odd("nobody's"),
  });
  chmodSync(join(home, "keys"), 0o700);
  lay(home, { "top/plain": { a: "1", big: { b: "2" }, "junk-1": { a: "x", stays: { c: "3" } } } });
}

/** Files (and links that are no directories' stand-ins) below a home, where they really lie, with their fate. */
export function fates(home: string, plan: HostPlan): { path: string; live: string; fate: Fate }[] {
  const found: { path: string; live: string; fate: Fate }[] = [];
  const stores = [".per sist/", ".bulk/"];
  const visit = (below: string): void => {
    for (const name of readdirSync(join(home, below))) {
      const path = below === "" ? name : `${below}/${name}`;
      const stat = lstatSync(join(home, path));
      if (stat.isDirectory()) visit(path);
      else if (stat.isFile()) {
        const store = stores.find((folder) => path.startsWith(folder)) ?? "";
        const live = path.slice(store.length);
        found.push({ path, live, fate: fate(plan, `/home/ann/${live}` as AbsolutePath) });
      }
    }
  };
  visit("");
  return found.filter(({ path }) => !path.startsWith(".local/"));
}

/** Empties a home, as on a new machine. */
export function emptyHome(home: string): void {
  for (const name of readdirSync(home)) rmSync(join(home, name), { recursive: true });
}
