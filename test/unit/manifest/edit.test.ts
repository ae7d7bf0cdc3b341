import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { type Edit, editManifest } from "../../../src/manifest/edit.ts";
import { flowManifest, oddManifest } from "../../support/odd-manifests.ts";
import { oddName } from "../../support/odd-texts.ts";

function edited(text: string, ...edits: Edit[]): string {
  const result = editManifest({ path: "persistence.yaml", text }, edits);
  expect(result.diagnostics).toEqual([]);
  return result.text ?? "";
}

function faults(text: string, ...edits: Edit[]): string[] {
  const result = editManifest({ path: "persistence.yaml", text }, edits);
  expect(result.text).toBeUndefined();
  return result.diagnostics.map((d) => d.code);
}

const home = (path: string, more: object = {}, comment?: string): Edit => ({
  add: "entry",
  scope: "home",
  entry: { path, ...more },
  comment,
});
const system = (path: string, more: object = {}): Edit => ({ add: "entry", scope: "system", entry: { path, ...more } });
const profile = (name: string, more: object = {}): Edit => ({ add: "profile", profile: { name, ...more } });

const start = "version: 1\nhosts: { desk: { os: fedora } }\nusers: { ann: {} }\n";

describe("the form of what is added", () => {
  it("is the shortest that the format allows", () => {
    const text = edited(
      `${start}home:\n  - a/\n`,
      home(".foo/", { class: "state", need: "important" }),
      home(".ssh/", { class: "secret", need: "critical" }),
      home("$XDG_CONFIG_HOME/nvim/", { class: "config", carry: true }),
      home("~/Music/", { class: "data", need: "MAY", note: "can be ripped again" }),
      home(".x.db", { writes: "in-place", database: true, on: ["desk"] }),
    );
    expect(text.slice(`${start}home:\n  - a/\n`.length)).toBe(
      [
        "  - .foo/",
        "  - { path: .ssh/, class: secret }",
        "  - { path: .config/nvim/, class: config, carry: true }",
        "  - { path: Music/, class: data, need: MAY, note: can be ripped again }",
        "  - { path: .x.db, writes: in-place, database: true, on: [desk] }",
        "",
      ].join("\n"),
    );
  });

  it("has quotes where YAML needs them, and nowhere else", () => {
    const names = [
      "a b/",
      "no",
      "0700",
      "1e3",
      "#x",
      "a: b",
      "a#b",
      "-x",
      "[x]/",
      "~t",
      "'q'",
      "日本/",
      "...",
      "x.",
      ".5",
    ];
    const text = edited(`${start}home: # mine\n`, ...names.map((name) => home(name)));
    const written = text.split("\n").slice(4, -1);
    expect(written).toEqual([
      "  - a b/",
      '  - "no"',
      '  - "0700"',
      '  - "1e3"',
      '  - "#x"',
      '  - "a: b"',
      '  - "a#b"',
      '  - "-x"',
      '  - "[x]/"',
      '  - "~t"',
      "  - \"'q'\"",
      "  - 日本/",
      '  - "..."',
      "  - x.",
      '  - ".5"',
    ]);
  });

  it("has its comment behind it, or above where the line would be too long", () => {
    const long = "because ".repeat(12).trim();
    const text = edited(`${start}home:\n- a/\n`, home("b/", {}, "why\nnot"), home("c/", {}, long));
    expect(text).toBe(`${start}home:\n- a/\n- b/ # why not\n# ${long}\n- c/\n`);
  });
});

describe("the place of what is added", () => {
  const cases: readonly (readonly [what: string, before: string, after: string])[] = [
    [
      "a block list",
      "home:\n    - a/ # c\n      # of a\n\nsystem: []\n",
      "home:\n    - a/ # c\n      # of a\n    - b/\n\nsystem: []\n",
    ],
    [
      "a list at the margin",
      "home:\n- a/\n# - off/\nprofiles:\n- ssh\n",
      "home:\n- a/\n- b/\n# - off/\nprofiles:\n- ssh\n",
    ],
    ["an item over lines", "home:\n  - path: a/\n    note: x # n\n", "home:\n  - path: a/\n    note: x # n\n  - b/\n"],
    ["no line break at the end", "home:\n  - a/", "home:\n  - a/\n  - b/"],
    ["a list in brackets", "home: [ a/ ] # c\n", "home: [ a/, b/ ] # c\n"],
    ["a comma at the end", "home: [a/,]\n", "home: [a/, b/,]\n"],
    ["brackets over lines", "home: [\n  a/, # one\n  c/ # two\n]\n", "home: [\n  a/, # one\n  c/, # two\n  b/\n]\n"],
    ["an empty list", "home: [] # none\n", "home: [b/] # none\n"],
    [
      "a key alone",
      "system:\n- /srv/x/\nhome: # mine\n  # all of it\n",
      "system:\n- /srv/x/\nhome: # mine\n  # all of it\n- b/\n",
    ],
    ["a null", "home: ~ # none\n", "home: [b/] # none\n"],
    ["no key", "system:\n  - /srv/x/\n# vim: et\n", "system:\n  - /srv/x/\nhome:\n  - b/\n# vim: et\n"],
    ["no key, blank lines", "\nsystem:\n  - /srv/x/\n...\n", "\nsystem:\n  - /srv/x/\n\nhome:\n  - b/\n...\n"],
    ["CRLF", "home:\r\n  - a/\r\n", "home:\r\n  - a/\r\n  - b/\r\n"],
  ];
  it.each(cases)("%s", (_, before, after) => {
    const crlf = (text: string): string => (before.includes("\r") ? text.replace(/\r?\n/g, "\r\n") : text);
    expect(edited(crlf(start) + before, home("b/"))).toBe(crlf(start) + after);
  });

  it("is a list of its own lines where one line would be too long", () => {
    const many = Array.from({ length: 30 }, (_, i) => home(`folder-${i}/`));
    const text = edited(`${start}home: [a/]\n`, ...many);
    expect(text).toMatch(/home: \[a\/,\n {2}folder-0\/,\n/);
    expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThan(100);
  });
});

describe("what is refused", () => {
  it("a text with faults, with these faults", () => {
    expect(faults(`${start}home: [a/\n`, home("b/"))).toContain("yaml/syntax");
    expect(faults(`${start}home:\n  - { path: a/, clas: x }\n`, home("b/"))).toEqual(["manifest/unknown-key"]);
    expect(faults("", home("b/"))).toEqual(["manifest/empty"]);
    expect(faults(`${start}home: [!x a/]\n`, home("b/"))).toContain("yaml/tag");
  });

  it("what is there, however it is written", () => {
    for (const there of ["a/", "a", "~/a/", "$HOME/a", "{ path: [x, a/], class: data }"]) {
      expect(faults(`${start}home: [${there}]\n`, home("a/"))).toEqual(["edit/exists"]);
    }
    expect(faults(`${start}profiles: [ssh]\n`, profile("ssh"))).toEqual(["edit/exists"]);
    expect(faults(start, home("a/"), home("~/a", { class: "data" }))).toEqual(["edit/twice"]);
  });

  it("not what is there for others only, or as another flavour", () => {
    expect(edited(`${start}home: [{ path: a/, on: [nixos] }]\n`, home("a/", { on: ["fedora"] }))).toMatch(
      /fedora\] \}\]/,
    );
    expect(edited(`${start}profiles: [firefox]\n`, profile("firefox", { flavour: "flatpak" }))).toMatch(
      /\[firefox, \{ name: firefox, flavour: flatpak \}\]/,
    );
  });

  it("a list that is an alias, or that others are an alias of", () => {
    expect(faults(`${start}x: &l [a/]\nhome: *l\n`, home("b/"))).toContain("manifest/unknown-key");
    expect(faults(`${start}system: &l []\nhome: *l\n`, home("b/"))).toEqual(["edit/alias"]);
    expect(faults(`${start}home: &l []\nsystem: *l\n`, home("b/"))).toEqual(["edit/unsafe"]);
    expect(edited(`${start}home: &l [a/]\n`, home("b/"))).toBe(`${start}home: &l [a/, b/]\n`);
  });

  it("what cannot be a path", () => {
    expect(faults(start, home("/etc/x"))).toEqual(["manifest/path"]);
    expect(faults(start, home("a/../b"))).toEqual(["manifest/path"]);
    expect(faults(start, system("/"))).toEqual(["manifest/path"]);
    expect(faults(start, home("a\nb"))).toEqual(["manifest/path"]);
  });
});

/** True where all of `old` is in `text`, in its order. */
function isWithin(old: string, text: string): boolean {
  let at = 0;
  for (const character of text) if (character === old[at]) at++;
  return at === old.length;
}

const anyEdits = fc
  .record({
    names: fc.uniqueArray(oddName, { minLength: 1, maxLength: 4 }),
    more: fc.constantFrom(
      {},
      { class: "secret" },
      { class: "data", need: "MAY", note: 'a "note", #1: [x]' },
      { carry: true },
    ),
    comment: fc.constantFrom(undefined, undefined, "why", "a: b # c ]"),
    kind: fc.constantFrom("home", "system", "profiles", "all"),
  })
  .map(({ names, more, comment, kind }) => {
    const all = names.flatMap((name): Edit[] => [
      { ...home(`new/${name}`, more), comment },
      { ...system(`/new/${name}`, more), comment },
      { ...profile(name.slice(0, 20)), comment },
    ]);
    return all.filter((edit) => kind === "all" || (edit.add === "profile" ? "profiles" : edit.scope) === kind);
  });

interface Data {
  readonly home?: readonly unknown[] | null;
  readonly system?: readonly unknown[] | null;
  readonly profiles?: readonly unknown[] | null;
}

describe("any edit of any manifest", () => {
  it.each([
    ["in blocks", oddManifest],
    ["in braces", flowManifest],
  ])("%s says what was there and what was added, and every character stays in its order", (_, manifests) => {
    let refused = 0;
    fc.assert(
      fc.property(manifests, anyEdits, (text, edits) => {
        const before = parse(text) as Data;
        const result = editManifest({ path: "persistence.yaml", text }, edits);
        if (result.text === undefined) {
          // Names that profiles cannot have, or that are the same when they are cut.
          const codes = result.diagnostics.map((d) => d.code);
          expect(codes.every((code) => code === "edit/twice" || code === "manifest/path")).toBe(true);
          refused++;
          return;
        }
        const after = parse(result.text) as Data;
        for (const list of ["home", "system", "profiles"] as const) {
          const old = before[list] ?? [];
          const added = edits.filter((edit) => (edit.add === "profile" ? "profiles" : edit.scope) === list).length;
          expect((after[list] ?? []).slice(0, old.length)).toEqual(old);
          expect((after[list] ?? []).length).toBe(old.length + added);
        }
        const others = { home: 0, system: 0, profiles: 0 };
        expect({ ...after, ...others }).toEqual({ ...before, ...others });
        expect(isWithin(text.replace(/: (?:~|null)(?=\s|$)/g, ": "), result.text)).toBe(true);
        expect(result.text.replaceAll("\r\n", "").includes("\r")).toBe(false);
        if (text.includes("\r\n")) expect(result.text.replaceAll("\r\n", "")).not.toContain("\n");
      }),
      { numRuns: 300 },
    );
    expect(refused).toBeLessThan(100);
  });
});
