import { describe, expect, it } from "vitest";
import { diagnosticRow } from "../../../src/diagnostics/print.ts";
import { errorsOf, resolveText, smallManifest } from "../../support/small-manifest.ts";

interface Row {
  readonly code: string;
  readonly message: string;
  readonly help: string | null;
}

/** Errors of a manifest as `check --format json` gives them. */
async function rowsOf(text: string | Buffer, others: Readonly<Record<string, string>> = {}): Promise<Row[]> {
  const { diagnostics, sources } = await resolveText(text, others);
  return diagnostics
    .filter((d) => d.severity === "error")
    .map((d) => diagnosticRow(d, sources) as unknown as Row)
    .map(({ code, message, help }) => ({ code, message, help }));
}

const home = (entry: string): string => smallManifest(`home: [${entry}]`);
const host = (text: string): string => `version: 1\nusers: { u: {} }\nhosts: { ${text} }\n`;

describe("JSON of a fault", () => {
  it.each([
    [home("{ path: x/, clas: data }"), "did you mean `class`?"],
    [home("{ path: x/, class: dat }"), "did you mean `data`?"],
    [home("{ path: x/, users: [v] }"), "did you mean `u`? users are named under"],
    [home(".ssh"), "this means a file; write `.ssh/`"],
  ])("holds what stands beside the caret too: %#", async (text, help) => {
    expect((await rowsOf(text))[0]?.help).toContain(help);
  });
});

describe("a fault of shape says what to write instead", () => {
  it.each([
    [home("{ path: x/, mode: u=rwx,g=rx,o= }"), "manifest/unknown-key", '`mode: "u=rwx,g=rx,o="`'],
    [home("{ path: x/, g=rx: }"), "manifest/unknown-key", '`mode: "g=rx"`'],
    [home("{ path: x/, on: fedora }"), "manifest/type", "`on: [fedora]`"],
    [home("{ path: x/, users: u }"), "manifest/type", "`users: [u]`"],
    [home("2024"), "manifest/type", '`"2024"`'],
    [home("0x10"), "manifest/type", '`"0x10"`'],
    [home("true"), "manifest/type", '`"true"`'],
    [home("~"), "manifest/type", "`Documents/`"],
    [home("{ path: x/, database: yes }"), "manifest/type", "`true` or `false`"],
    [home("{ path: x/, note: }"), "manifest/type", "leave `note` away"],
    [home("{ path: x/, owner: 1000 }"), "manifest/type", "name"],
    [home("{ path: x/, fetch: https://example.org/x }"), "manifest/type", "`fetch: { git:"],
    [home("{ class: data }"), "manifest/missing-key", "`path: Documents/`"],
    [smallManifest("home: { x/: {} }"), "manifest/type", "`- `"],
    [smallManifest("system: /var/log/"), "manifest/type", "`system: [/var/log/]`"],
    [smallManifest("include: a.yaml"), "manifest/type", "`include: [a.yaml]`"],
    [smallManifest("stores: /persist"), "manifest/type", "`stores: { persist: /persist }`"],
    [host("f: fedora"), "manifest/type", "`f: { os: nixos }`"],
    [host("f: "), "manifest/type", "`f: { os: nixos }`"],
    [host("f: {}"), "manifest/missing-key", "`os: nixos`"],
    [host("f: { os: nixos, nixos: { release: 26.05 } }"), "manifest/value", '`"26.05"`'],
    [host("f: { os: fedora, backup: restic }"), "manifest/type", "`backup: { engine: restic,"],
    [host("f: { os: fedora, backup: { engine: restic } }"), "manifest/missing-key", "`repository:"],
    [
      host("f: { os: fedora, backup: { engine: restic, repository: x, encrypt: { age: x } } }"),
      "manifest/unknown-key",
      "restic always encrypts",
    ],
    ['version: "1"\nhosts: { f: { os: fedora } }\n', "manifest/value", "`version: 1`"],
    ["version: 2\nhosts: { f: { os: fedora } }\n", "manifest/value", "`version: 1`"],
    ["hello\n", "manifest/type", "`version: 1`"],
    [home("{ path: x/, wholly: other }"), "manifest/unknown-key", "it may have path, class, need"],
    [
      host("f: { os: fedora, backup: { engine: tar, path: /b, encrypt: { age: a, gpg: b } } }"),
      "manifest/unknown-key",
      "does not go together with `age`",
    ],
    [
      home("{ path: x/, fetch: { git: 'https://x/y', sha256: abc } }"),
      "manifest/unknown-key",
      "does not go together with `git`",
    ],
    [home("{ path: x/, backup: 'no' }"), "manifest/type", "`true` or `false`"],
    [home("{ path: x/, expire: 30 }"), "manifest/type", "`30d`"],
    [home("{ path: }"), "manifest/type", "`path: Documents/`"],
    [home("{ path: x/, class: }"), "manifest/value", "leave `class` away"],
    [smallManifest("home:\n\t- x/"), "yaml/syntax", "spaces"],
    [smallManifest("home: [@x]"), "yaml/syntax", "quotes"],
    [smallManifest("home: [x/"), "yaml/syntax", "close"],
  ])("%#", async (text, code, help) => {
    const row = (await rowsOf(text)).find((d) => d.code === code);
    expect(row?.help).toContain(help);
  });

  it.each([
    home("{ path: x/, on: [] }"),
    home("{ path: [] }"),
    home("{ path: x/, note: '' }"),
    home("{ path: x/, fetch: 3 }"),
    smallManifest("outputs: { chezmoi: '' }"),
    host("f: { os: fedora, backup: { engine: tar, path: /b, retain: { daily: 0 }, encrypt: true } }"),
    host("f: { os: fedora, backup: { engine: tar, path: /b, retain: { daily: 99999 } } }"),
    host("f: { os: fedora, backup: { engine: tar, path: /b, retain: { daily: 1.5 } } }"),
  ])("in words of a person, once: %#", async (text) => {
    const rows = await rowsOf(text);
    expect(new Set(rows.map((row) => row.message)).size).toBe(rows.length);
    for (const { message } of rows) {
      expect(message).not.toMatch(/too small|too big|expected|>=|<=|\bint\b|a map or a map|control characters/i);
    }
  });
});

describe("an entry with several faults", () => {
  it.each([
    ['{ path: ../y, mode: "448" }', ["manifest/mode", "manifest/path"]],
    ["{ path: ../y, clas: data }", ["manifest/path", "manifest/unknown-key"]],
    ["{ path: [x/, a//b], class: dat, need: big }", ["manifest/path", "manifest/value", "manifest/value"]],
    ["{ path: ../y, carry: true, store: persist }", ["manifest/conflicting-keys", "manifest/path"]],
    ["{ path: 3, clas: data }", ["manifest/type", "manifest/unknown-key"]],
    ["{ path: 'x*', clas: cache }", ["manifest/unknown-key"]],
  ])("says all of them in one run: %s", async (entry, codes) => {
    expect((await rowsOf(home(entry))).map((row) => row.code).sort()).toEqual(codes);
  });
});

describe("a name that nothing has", () => {
  it.each([
    ["profiles: [SSH]", "manifest/unknown-profile", "`ssh`"],
    ["profiles: [{ name: firefox, flavour: Flatpak }]", "manifest/unknown-flavour", "`flatpak`"],
    ["home: [{ path: x/, store: persist! }]", "manifest/unknown-store", "`persist`"],
    ["home: [{ path: x/, users: [u!] }]", "manifest/unknown-user", "`u`"],
  ])("is said to be unknown, whatever is in it: %s", async (section, code, known) => {
    const rows = await rowsOf(smallManifest(section));
    expect(rows.map((row) => row.code)).toEqual([code]);
    expect(rows[0]?.help).toContain(`did you mean ${known}?`);
  });

  it.each([
    ["users: { 1000: {} }", "a letter or `_`"],
    ["stores: { 1: /x }", "a letter"],
    ["hosts: { -x: { os: fedora } }", "a letter or digit"],
  ])("may not be given: %s", async (section, rule) => {
    const [row] = (await rowsOf(`version: 1\n${section}\n`)).filter((d) => d.code === "manifest/name");
    expect(row?.message).toContain(`begins with ${rule}`);
  });
});

describe("a file that is no text", () => {
  it.each([
    ["UTF-16 with its mark", Buffer.from("\ufeffversion: 1\n", "utf16le")],
    ["UTF-16 of the other order", Buffer.from("\ufeffversion: 1\n", "utf16le").swap16()],
    ["UTF-16 without a mark", Buffer.from("version: 1\n", "utf16le")],
  ])("%s is said to be that, and nothing else", async (_, bytes) => {
    const rows = await rowsOf(bytes);
    expect(rows.map((row) => row.code)).toEqual(["manifest/not-utf8"]);
    expect(rows[0]?.message).toContain("UTF-16");
  });

  it("is pointed at where its first bad byte is", async () => {
    const text = Buffer.concat([
      Buffer.from(`${smallManifest("home:\n  - ok\ufffd/\n  - x")}`),
      Buffer.from([0xff, 0x0a]),
    ]);
    const { diagnostics } = await resolveText(text);
    const fault = diagnostics.find((d) => d.code === "manifest/not-utf8");
    expect(fault?.span?.start).toBe(smallManifest("home:\n  - ok\ufffd/\n  - x").length);
  });

  it("may be empty where it is included", async () => {
    const text = smallManifest("include: [more.yaml]\nhome: [x/]");
    expect(errorsOf(await resolveText(text, { "more.yaml": "# nothing yet\n" }))).toEqual([]);
  });
});

describe("empty lists", () => {
  it.each(["h: { os: fedora, users: [] }", "h: { os: nixos, nixos: { wipe: [] } }"])("mean none: %s", async (text) => {
    const resolved = await resolveText(`version: 1\nusers: { u: {} }\nhosts: { ${text} }\nhome: [x/]\n`);
    expect(errorsOf(resolved)).toEqual([]);
    expect(resolved.plans[0]?.rules).toHaveLength(text.includes("users") ? 0 : 1);
  });
});
