import { isDeepStrictEqual } from "node:util";
import { type Diagnostic, hasErrors } from "../diagnostics/diagnostic.ts";
import type { SourceFile } from "../diagnostics/span.ts";
import { parseHomePath, parseSystemPath } from "../plan/path.ts";
import { classDefaults, needOf } from "../plan/vocabulary.ts";
import { editDiagnostics as say } from "./edit-diagnostics.ts";
import { parseManifest } from "./parse.ts";
import { pathFault } from "./paths.ts";
import type { WrittenEntry, WrittenManifest } from "./schema.ts";
import { isMap } from "./shape-words.ts";
import { additions, type NewItem, spliced } from "./splice.ts";
import { type Plain, writtenYaml } from "./written-yaml.ts";
import { parseYaml, type YamlSource } from "./yaml-source.ts";

/** Something to add to a manifest, and a comment (without `#`) to stand beside it. */
export type Edit = (
  | { readonly add: "entry"; readonly scope: "home" | "system"; readonly entry: NewEntry }
  | { readonly add: "profile"; readonly profile: NewProfile }
) & { readonly comment?: string | undefined };

/** An entry of one path, by the keys of the manifest. In `path` a trailing slash means directory. */
export type NewEntry = Omit<WrittenEntry, "path"> & { readonly path: string };

type WrittenProfile = Exclude<NonNullable<WrittenManifest["profiles"]>[number], string>;
export type NewProfile = Readonly<WrittenProfile>;

/** The manifest's text with the edits made, or why none of them was. */
export type Edited =
  | { readonly text: string; readonly diagnostics: readonly [] }
  | { readonly text: undefined; readonly diagnostics: readonly Diagnostic[] };

/**
 * Adds entries and profiles to the text of a manifest's own file, at the end of their lists and in the shortest form.
 * All other text stays as it is, byte for byte: comments, blank lines, quotes, indentation, line breaks. All edits are
 * made or none. Refused: a text with faults, a path that cannot be one, what is in this file already, a list that is an
 * alias, and every edit after which the text would not say just what it said before and what was added.
 */
export function editManifest(source: SourceFile, edits: readonly Edit[]): Edited {
  let yaml = parseYaml(source);
  const parsed = parseManifest(yaml, false);
  const broken = [...yaml.diagnostics, ...parsed.diagnostics];
  if (hasErrors(broken)) return { text: undefined, diagnostics: broken };
  const faults: Diagnostic[] = [];
  for (const list of ["profiles", "system", "home"] as const) {
    const wanted = edits.filter((edit) => listOf(edit) === list);
    if (wanted.length === 0) continue;
    const there = writtenIn(list, parsed.written);
    const items = wanted.flatMap((edit) => newItem(edit, there, yaml, faults));
    faults.push(...repeated(list, items, yaml));
    if (faults.length > 0) continue;
    const added = addTo(list, items, yaml);
    if ("code" in added) faults.push(added);
    else yaml = added;
  }
  return faults.length > 0 ? { text: undefined, diagnostics: faults } : { text: yaml.source.text, diagnostics: [] };
}

type List = "profiles" | "system" | "home";

function listOf(edit: Edit): List {
  return edit.add === "profile" ? "profiles" : edit.scope;
}

/** What is to stand in the list: as data, and as text. */
interface Item extends NewItem, Made {}

/** What a list says already: by path or profile, where and for whom. */
type Written = ReadonlyMap<string, readonly (Limits & { readonly at: number })[]>;

function writtenIn(list: List, written: WrittenManifest): Written {
  const there = new Map<string, (Limits & { at: number })[]>();
  for (const [at, item] of (written[list] ?? []).entries()) {
    const full = typeof item === "string" ? { path: item } : item;
    const names = "name" in full ? [nameOf(full)] : [full.path].flat();
    for (const name of names) {
      const key = list === "profiles" ? name : pathKey(list, name);
      if (key === undefined) continue;
      const limits = typeof item === "string" ? {} : { on: item.on, users: item.users };
      there.set(key, [...(there.get(key) ?? []), { ...limits, at }]);
    }
  }
  return there;
}

/** A profile is another one in another flavour. */
function nameOf({ name, flavour }: NewProfile): string {
  return flavour === undefined ? name : `${name} ${flavour}`;
}

/** One word for all ways to write a path, as a file or as a directory. */
function pathKey(scope: "home" | "system", text: string): string | undefined {
  const normal = normalPath(scope, text);
  return typeof normal === "string" ? normal.replace(/\/$/, "") : undefined;
}

function newItem(edit: Edit, there: Written, yaml: YamlSource, faults: Diagnostic[]): Item[] {
  const made = edit.add === "profile" ? newProfile(edit.profile) : newEntry(edit.scope, edit.entry, yaml);
  if ("code" in made) {
    faults.push(made);
    return [];
  }
  const known = there.get(made.key)?.find((written) => reachesAll(written, made.limits));
  if (known !== undefined) {
    const what = edit.add === "profile" ? `profile \`${made.key}\`` : `\`${made.key}\``;
    faults.push(say["edit/exists"]({ what }, yaml.spanOf([listOf(edit), known.at])));
  }
  const comment = edit.comment?.replace(/[\p{Cc}\p{Cf}\u2028\u2029\p{Cs}]+/gu, " ").trim();
  return [{ ...made, text: writtenYaml(made.value), comment: comment === "" ? undefined : comment }];
}

interface Made {
  readonly value: Plain;
  readonly key: string;
  readonly limits: Limits;
}

function newProfile(profile: NewProfile): Made {
  const { name, ...rest } = profile;
  const says = defined(rest);
  const value = Object.keys(says).length === 0 ? name : { name, ...says };
  return { value, key: nameOf(profile), limits: profile };
}

/** The shortest form of an entry: nothing that its class says anyway, and a string where only the path is left. */
function newEntry(scope: "home" | "system", entry: NewEntry, yaml: YamlSource): Made | Diagnostic {
  const path = normalPath(scope, entry.path);
  if (typeof path !== "string") return pathFault(entry.path, path.problem, yaml.spanOf([]));
  const { class: entryClass = "state", need, path: _, ...rest } = entry;
  const says = defined({
    class: entryClass === "state" ? undefined : entryClass,
    need: need === undefined || needOf(need) === classDefaults[entryClass].need ? undefined : need,
    ...rest,
  });
  const value = Object.keys(says).length === 0 ? path : { path, ...says };
  return { value, key: path.replace(/\/$/, ""), limits: entry };
}

function defined(value: object): Record<string, Plain> {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined));
}

/** A path in the form that the list has: of a home relative to it, its slash kept. */
function normalPath(scope: "home" | "system", text: string): string | { problem: Parameters<typeof pathFault>[1] } {
  const parsed = scope === "home" ? parseHomePath(text) : parseSystemPath(text);
  if ("problem" in parsed) return parsed;
  if (parsed.ok.path === "/") return { problem: "empty" };
  return `${parsed.ok.path}${parsed.ok.directory ? "/" : ""}`;
}

interface Limits {
  readonly on?: readonly string[] | undefined;
  readonly users?: readonly string[] | undefined;
}

/** True where what is written applies wherever the new one would. */
function reachesAll(written: Limits, added: Limits): boolean {
  const covers = (all: readonly string[] | undefined, some: readonly string[] | undefined): boolean =>
    all === undefined || (some?.every((name) => all.includes(name)) ?? false);
  return covers(written.on, added.on) && covers(written.users, added.users);
}

/** Edits that are about one path or profile, and the same hosts and users. */
function repeated(list: List, items: readonly Item[], yaml: YamlSource): Diagnostic[] {
  const seen = new Set<string>();
  for (const { key, limits, text } of items) {
    const what = JSON.stringify([key, limits.on ?? null, limits.users ?? null]);
    if (seen.has(what)) return [say["edit/twice"]({ what: text }, yaml.spanOf([list]))];
    seen.add(what);
  }
  return [];
}

/** The text with items added, read again; or why they cannot be. */
function addTo(list: List, items: readonly Item[], yaml: YamlSource): YamlSource | Diagnostic {
  const layout = yaml.layoutOf(list);
  if (layout.is === "alias") return say["edit/alias"]({ list }, yaml.spanOf([list]));
  const { path, text } = yaml.source;
  const splices = additions(text, list, layout, items);
  const added = splices === undefined ? undefined : parseYaml({ path, text: spliced(text, splices) });
  if (added !== undefined && saysJust(added, list, items, yaml)) return added;
  const lines = items.map((item) => `\`- ${item.text}\``).join(", ");
  return say["edit/unsafe"]({ list, lines }, yaml.spanOf([list], "key"));
}

/** True where a text says what the old one said, and the new items at the end of their list: the proof of an edit. */
function saysJust(now: YamlSource, list: List, items: readonly Item[], old: YamlSource): boolean {
  if (hasErrors(now.diagnostics) || !isMap(old.value)) return false;
  const before = old.value[list];
  const expected = { ...old.value, [list]: [...(Array.isArray(before) ? before : []), ...items.map((i) => i.value)] };
  return isDeepStrictEqual(now.value, expected);
}
