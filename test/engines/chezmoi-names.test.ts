import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import {
  decodeDirectory,
  decodeFile,
  directoryName,
  ignorePattern,
  linkName,
} from "../../src/languages/chezmoi-names.ts";
import { linkText } from "../../src/plan/stores.ts";
import { archive, managed, managedSources } from "../support/chezmoi.ts";
import { describeWith } from "../support/engines.ts";
import { knownOddNames, oddName, sampleOf } from "../support/odd-texts.ts";
import { compileText, folderWith, scratch, writeTree } from "../support/workspace.ts";

const host = { os: "fedora", home: "/home/alice", username: "alice", hostname: "desk" } as const;

/** At least 500 names, none inside another, each once. */
const names = [...new Set([...knownOddNames, ...sampleOf(oddName, 700, 20261122)])];

/** What a manifest reads as a variable, and not as a name. */
const isVariable = /^(?:~|\$\{?[A-Z])/;

function manifestOfPaths(paths: readonly string[]): string {
  const entries = paths.map((path) => `  - ${JSON.stringify(`${path}/`)}`);
  return [
    "version: 1",
    "users: { alice: {} }",
    "hosts: { desk: { os: fedora, stores: { persist: ~/.persist } } }",
    "home:",
    ...entries,
    "",
  ].join("\n");
}

describeWith(["chezmoi"], "odd names with the real chezmoi", () => {
  it.each([
    ["at the top", (name: string) => name],
    ["below a directory", (name: string) => `deep/er/${name}`],
    ["as a directory on the way", (name: string) => `${name}/state`],
  ])("are links of exactly that name %s, also through the guard", async (_, place) => {
    const paths = names.map(place).filter((path) => !isVariable.test(path));
    const compiled = await compileText(manifestOfPaths(paths));
    expect(compiled.diagnostics.filter((d) => d.severity === "error")).toEqual([]);
    const impossible = new Set(
      compiled.diagnostics
        .filter((d) => d.code === "chezmoi/unrepresentable")
        .map((d) => /`(.*)`/s.exec(d.message)?.[1]),
    );
    const possible = paths.filter((path) => !impossible.has(path));
    expect(possible.length).toBeGreaterThan(500);
    for (const path of impossible) expect(path).toMatch(/\s$|.{200}/u);

    const source = join(writeTree(compiled), "chezmoi");
    const links = archive(source, host).filter((entry) => entry.type === "symlink" && entry.path !== ".remanence");
    const found = Object.fromEntries(links.map((entry) => [entry.path, entry.link]));
    expect(found).toEqual(Object.fromEntries(possible.map((path) => [path, linkText(path, ".remanence")])));

    // what stands in the place is held back, name by name, and nothing else is
    const destination = scratch();
    const taken = possible.filter((_, i) => i % 2 === 0);
    for (const path of taken) mkdirSync(join(destination, path), { recursive: true });
    const rest = archive(source, { ...host, destination }).filter((entry) => entry.type === "symlink");
    const free = possible.filter((path) => !taken.includes(path));
    expect(rest.map((entry) => entry.path).sort()).toEqual([".remanence", ...free].sort());
  });

  it("are read from a source as chezmoi reads them", () => {
    const prefixes = ["encrypted_", "private_", "readonly_", "empty_", "executable_", "exact_", "external_", "remove_"];
    const kinds = ["create_", "modify_", "symlink_", "literal_", "dot_", "once_", "before_"];
    const stem = fc.constantFrom(
      "x",
      "dot_x",
      "literal_dot_x",
      "m.py",
      "M.PY",
      "a.b",
      "x.literal",
      "é",
      "a b",
      "-",
      "x_y",
    );
    const suffix = fc.constantFrom("", ".tmpl", ".literal", ".literal.tmpl", ".tmpl.literal", ".age", ".tmpl.age");
    const word = fc.array(fc.constantFrom(...prefixes, ...kinds), { maxLength: 4 }).map((parts) => parts.join(""));
    const sourceName = fc.tuple(word, stem, suffix).map((parts) => parts.join(""));
    const sources = sampleOf(sourceName, 1500, 7).filter((name) => !name.startsWith("run_"));
    const folder = scratch();
    // each in a directory of its own: two names of one target would be an error
    const files: [string, string][] = [];
    sources.forEach((name, i) => {
      const asDirectory = i % 3 === 0;
      const decoded = asDirectory ? decodeDirectory(name) : decodeFile(name);
      if (decoded === undefined) throw new Error(`${name} is not read`);
      if (decoded.type === "removed") return;
      const path = `${i}/${name}`;
      files.push([path, `${i}/${decoded.name}`]);
      if (asDirectory) mkdirSync(join(folder, path), { recursive: true });
      else {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), "x");
      }
    });
    expect(files.length).toBeGreaterThan(500);
    const home = scratch();
    expect(
      managedSources(folder, home)
        .filter(([path]) => path.includes("/"))
        .sort(),
    ).toEqual(files.sort());
  });

  it("are refused where chezmoi refuses them", () => {
    for (const name of ["dot_", "private_", "literal_", "dot_.", "literal_..", "exact_dot_", "readonly_literal_"]) {
      expect(decodeDirectory(name), name).toBeUndefined();
      expect(() => managed(folderWith({ [`${name}/x`]: "" }), scratch()), name).toThrow("invalid");
    }
    for (const name of ["dot_", "symlink_", "private_", "literal_.", "dot_.", "dot_.tmpl", "symlink_.tmpl"]) {
      expect(decodeFile(name), name).toBeUndefined();
      expect(() => managed(folderWith({ [name]: "x" }), scratch()), name).toThrow("invalid");
    }
  });

  it("are held back by a pattern that matches exactly them", () => {
    const all = names.filter((name) => Buffer.byteLength(name) < 240);
    const held = all.filter((_, i) => i % 2 === 1);
    const source = scratch();
    for (const name of all) mkdirSync(join(source, directoryName(name, false)));
    writeFileSync(join(source, ".remanence.json"), JSON.stringify(held.map(ignorePattern)));
    writeFileSync(join(source, ".chezmoiignore"), '{{ range include ".remanence.json" | fromJson }}{{ . }}\n{{ end }}');
    const free = all.filter((name) => !held.includes(name));
    expect(managed(source, scratch()).sort()).toEqual(free.sort());
    expect(linkName("x", false)).toBe("symlink_x");
  });
});
