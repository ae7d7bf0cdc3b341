import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import { directoryName, fileName, linkName } from "../../src/languages/chezmoi-names.ts";
import { apply, archive, managed, verify } from "../support/chezmoi.ts";
import { picture } from "../support/chezmoi-tree.ts";
import { describeWith } from "../support/engines.ts";
import { knownOddNames, oddName, sampleOf } from "../support/odd-texts.ts";
import { scratch } from "../support/workspace.ts";

const host = { os: "fedora", home: "/home/alice", username: "alice", hostname: "desk" } as const;

/** One thing to be laid: its source name, how it is put into the source, and what `picture` is to show of it. */
interface Case {
  readonly source: string;
  readonly put: (at: string) => void;
  readonly shown: readonly [key: string, value: string];
}

const file =
  (content: string) =>
  (at: string): void =>
    writeFileSync(at, content);

/** chezmoi writes a file beside its place first, under its name with a dot and up to 20 digits more. */
const longest = 255 - 1 - 20;

/** The kinds of things that a name may be, with the attributes that each can have. */
const kinds: ((name: string) => Case)[] = [
  (name) => ({ source: directoryName(name, false), put: (at) => mkdirSync(at), shown: [`${name}/`, "0755"] }),
  (name) => ({ source: directoryName(name, true), put: (at) => mkdirSync(at), shown: [`${name}/`, "0700"] }),
  (name) => ({ source: linkName(name, false), put: file("to/here\n"), shown: [name, "-> to/here"] }),
  (name) => ({ source: linkName(name, true), put: file('{{ "to" }}/here\n'), shown: [name, "-> to/here"] }),
  (name) => ({ source: fileName(name, {}), put: file("x"), shown: [name, "0644 x"] }),
  (name) => ({ source: fileName(name, { empty: true }), put: file(""), shown: [name, "0644 "] }),
  (name) => ({ source: fileName(name, { private: true }), put: file("{{ x"), shown: [name, "0600 {{ x"] }),
  (name) => ({ source: fileName(name, { executable: true }), put: file("x"), shown: [name, "0755 x"] }),
  (name) => ({ source: fileName(name, { readonly: true }), put: file("x"), shown: [name, "0444 x"] }),
  (name) => ({
    source: fileName(name, { private: true, readonly: true, executable: true, template: true }),
    put: file('{{ "y" }}'),
    shown: [name, "0500 y"],
  }),
  (name) => ({
    source: fileName(name, { create: true, private: true, empty: true }),
    put: file(""),
    shown: [name, "0600 "],
  }),
  (name) => ({
    source: fileName(name, { create: true, template: true }),
    put: file('{{ "z" }}'),
    shown: [name, "0644 z"],
  }),
];

describeWith(["chezmoi"], "2,000 odd names and more, each of some kind, with the real chezmoi", () => {
  const names = [...new Set([...knownOddNames, ...sampleOf(oddName, 3300, 20261128)])];
  const chosen = fc.sample(fc.constantFrom(...kinds), { numRuns: names.length, seed: 20261128 });
  const cases = names
    .flatMap((name, i) => chosen[i]?.(name) ?? [])
    .filter(({ source }) => Buffer.byteLength(source) <= 255)
    .filter(
      ({ shown: [key, value] }) => key.endsWith("/") || value.startsWith("->") || Buffer.byteLength(key) <= longest,
    );
  const expected = Object.fromEntries(cases.map(({ shown }) => shown));

  const filled = (): string => {
    const source = scratch();
    for (const { source: name, put } of cases) put(join(source, name));
    return source;
  };

  it("are laid as exactly that, and the second time nothing is written", () => {
    expect(cases.length).toBeGreaterThan(2000);
    const [source, home] = [filled(), scratch()];
    expect(apply(source, home)).toMatchObject({ code: 0, stdout: "", stderr: "" });
    expect(picture(home)).toEqual(expected);
    expect(verify(source, home).code).toBe(0);
    expect(apply(source, home, ["--verbose"])).toMatchObject({ code: 0, stdout: "" });
    const targets = cases.map(({ shown }) => shown[0].replace(/\/$/, ""));
    expect(managed(source, home).sort()).toEqual(targets.sort());
  });

  it("are the same in the archive of what chezmoi would lay", () => {
    const found = archive(filled(), host).map(({ path, type, mode, link, content }) => {
      if (type === "dir") return [`${path}/`, mode];
      return [path, type === "symlink" ? `-> ${link}` : `${mode} ${content}`];
    });
    expect(Object.fromEntries(found)).toEqual(expected);
  });
});
