import { describe, expect, it } from "vitest";
import { unmarked } from "../support/marked.ts";
import { filesBelow, remanence } from "../support/workspace.ts";
import { expectNoTrace, workspace } from "./support.ts";

const base = `version: 1
users: { u: {} }
hosts: { n: { os: nixos, nixos: { wipe: { path: /, method: tmpfs } } }, f: { os: fedora } }
`;
const having = (sections: string): string => `${base}${sections}\n`;

/** What people write wrong: the manifest with marks where something is said, and the codes in the order of the marks. */
const mistakes: readonly (readonly [title: string, text: string, ...codes: string[]])[] = [
  ["a key nobody knows", having("home: [{ path: x/, ┆clas: cache }]"), "manifest/unknown-key"],
  ["a section nobody knows", having("┆homes: [x/]"), "manifest/unknown-key"],
  ["a map for a list", having("home: ┆{ path: x/ }"), "manifest/type"],
  ["a number for a name", having("home: [{ path: x/, note: ┆12 }]"), "manifest/type"],
  ["a class nobody knows", having("home: [{ path: x/, class: ┆secrets }]"), "manifest/value"],
  ["a key twice", having("home: [{ path: x/, class: data, ┆class: cache }]"), "yaml/duplicate-key"],
  ["a tag", having("home: [┆!!js/function x/]"), "yaml/tag"],
  ["a way up", having("home: [┆../x/]"), "manifest/path"],
  ["a dot", having("home: [┆./x/]"), "manifest/path"],
  ["an absolute path of a home", having("home: [┆/home/u/x/]"), "manifest/path"],
  ["a path of a home among those of the system", having("system: [┆/home/u/x/]"), "special/home"],
  ["a newline in a path", having('home: [┆"x\\ny/"]'), "manifest/path"],
  ["an escape sequence in a path", having('home: [┆"x\\x1b[2J/"]'), "manifest/path"],
  ["a directory written as a file", having("home: [┆.ssh]"), "manifest/kind"],
  ["a file written as a directory", having("system: [┆/etc/machine-id/]"), "manifest/kind"],
  ["carry and store", having("home: [{ path: x/, carry: true, store: ┆persist }]"), "manifest/conflicting-keys"],
  ["carried here, persisted there", having("home: [{ path: x/, carry: true }, { path: ┆x/ }]"), "plan/contradiction"],
  ["a profile nobody knows", having("profiles: [┆fierfox]"), "manifest/unknown-profile"],
  ["a host nobody knows", having("home: [{ path: ┆x/, on: [laptop] }]"), "manifest/unknown-host"],
  ["a user nobody knows", having("home: [{ path: ┆x/, users: [w] }]"), "manifest/unknown-user"],
  ["a store nobody knows", having("home: [{ path: ┆x/, store: bulk }]"), "manifest/unknown-store"],
  [
    "a store in what it keeps",
    having("stores: { persist: /data/keep }\nsystem: [┆/data/, /var/lib/nixos/]"),
    "special/store-inside",
  ],
  ["what the kernel makes", having("system: [┆/run/x/, ┆/proc/]"), "special/error", "special/error"],
  ["the Nix store", having("system: [┆/nix/]"), "special/error"],
  ["an alias in itself", having("home: &all [x/, ┆*all]"), "yaml/aliases"],
  [
    "faults of YAML, of the format and of the plan in one run",
    having('home:\n  - { path: x/, ┆clas: cache, note: a, ┆note: b }\n  - ┆"../y/"\nsystem: [┆/sys/]'),
    "manifest/unknown-key",
    "yaml/duplicate-key",
    "manifest/path",
    "special/error",
  ],
];

interface Row {
  readonly code: string;
  readonly severity: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

describe("a mistake in the manifest", () => {
  it.each(mistakes)("%s", (_, marked, ...codes) => {
    const { text, marks } = unmarked(marked);
    const folder = workspace(text);
    const places = marks.map((offset) => {
      const before = text.slice(0, offset).split("\n");
      return { line: before.length, column: [...(before.at(-1) ?? "")].length + 1 };
    });
    const json = remanence(folder, ["check", "--format", "json"]);
    expect(json).toMatchObject({ code: 1, stderr: "" });
    const { diagnostics } = JSON.parse(json.stdout) as { diagnostics: Row[] };
    const errors = diagnostics.filter((d) => d.severity === "error");
    expect(errors.map(({ code, file, line, column }) => ({ code, file, line, column }))).toEqual(
      codes.map((code, i) => ({ code, file: "persistence.yaml", ...places[i] })),
    );

    const said = remanence(folder, ["generate"]);
    expect({ code: said.code, stdout: said.stdout }).toEqual({ code: 1, stdout: "" });
    for (const [i, { line, column }] of places.entries()) {
      expect(said.stderr).toContain(codes[i]);
      expect(said.stderr).toContain(`┌─ persistence.yaml:${line}:${column}\n`);
    }
    expect(said.stderr).toMatch(/\d errors?.* Nothing was generated\.\n$/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: nothing of the manifest may steer a terminal
    expect(said.stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f]/);
    expectNoTrace(said.stderr);
    expect(filesBelow(folder)).toEqual(["persistence.yaml"]);
  });

  it("that lets aliases multiply is found at once", () => {
    const lines = Array.from({ length: 40 }, (_, i) => `  - &a${i + 1} [${Array(9).fill(`*a${i}`).join(", ")}]`);
    const folder = workspace(`${base}home:\n  - &a0 [x/, y/]\n${lines.join("\n")}\n`);
    const started = Date.now();
    const { code, stderr } = remanence(folder, ["check"]);
    expect(code).toBe(1);
    expect(stderr).toContain("yaml/aliases");
    expectNoTrace(stderr);
    expect(Date.now() - started).toBeLessThan(5_000);
  });

  it("is said in an answer of the same shape by every command", () => {
    const folder = workspace(having("home: [../x/]"));
    const expected = remanence(folder, ["check", "--format", "json"]);
    for (const args of [["plan", "--host", "n"], ["explain", "x"], ["generate"], ["diff"]]) {
      const { code, stdout } = remanence(folder, [...args, "--format", "json"]);
      expect({ args, code, stdout }).toEqual({ args, code: 1, stdout: expected.stdout });
    }
  });

  it("of one host does not hide in a check of another, and one of another host is not said", () => {
    const folder = workspace(having("system: [{ path: /etc/shadow, on: [n], writes: in-place }, /var/lib/nixos/]"));
    expect(remanence(folder, ["check", "--host", "n"])).toMatchObject({ code: 1, stdout: "" });
    expect(remanence(folder, ["check", "--host", "f"])).toMatchObject({ code: 0 });
    expect(remanence(folder, ["check"])).toMatchObject({ code: 1 });
  });
});
