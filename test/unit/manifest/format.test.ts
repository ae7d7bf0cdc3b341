import { describe, expect, it } from "vitest";
import { errorsOf, planNamed, resolveText, ruleAt, smallManifest, withCode } from "../../support/small-manifest.ts";

const home = (entry: unknown): string => smallManifest(`home: [${JSON.stringify(entry)}]`);
const system = (entry: unknown): string => smallManifest(`system: [${JSON.stringify(entry)}]`);

describe("a path of a manifest", () => {
  it("means a directory with a slash at its end, and a file without", async () => {
    const resolved = await resolveText(smallManifest("home: [a/, b]\nsystem: [/srv/a/, /srv/b]"));
    const kinds = planNamed(resolved, "f").rules.map((rule) => [rule.path, rule.kind]);
    expect(Object.fromEntries(kinds)).toEqual({
      a: "directory",
      b: "file",
      "/srv/a": "directory",
      "/srv/b": "file",
    });
  });

  it.each([
    [home(".ssh"), "`.ssh/`"],
    [home(".bash_history/"), "`.bash_history`"],
    [home(".config"), "`.config/`"],
    [home("Documents"), "`Documents/`"],
    [system("/etc/machine-id/"), "`/etc/machine-id`"],
    [system("/var/log"), "`/var/log/`"],
    [system("/etc/adjtime/"), "`/etc/adjtime`"],
  ])("that is known and written the wrong way is an error that says so: %#", async (text, right) => {
    const [fault] = withCode(await resolveText(text), "manifest/kind");
    expect(fault?.severity).toBe("error");
    expect(fault?.help).toContain(right);
  });

  it.each([
    ["~/x/", "/home/u/x"],
    ["$HOME/x/", "/home/u/x"],
    ["${HOME}/x/", "/home/u/x"],
    ["$XDG_CONFIG_HOME/x/", "/home/u/.config/x"],
    ["${XDG_CONFIG_HOME}/x/", "/home/u/.config/x"],
    ["$XDG_DATA_HOME/x/", "/home/u/.local/share/x"],
    ["$XDG_STATE_HOME/x/", "/home/u/.local/state/x"],
    ["$XDG_CACHE_HOME/x/", "/home/u/.cache/x"],
    ["$XDG_CACHE_HOME", "/home/u/.cache"],
    ["$home/x/", "/home/u/$home/x"],
    ["a/~/x/", "/home/u/a/~/x"],
    ["{a}/x/", "/home/u/{a}/x"],
    ["[ab]/x/", "/home/u/[ab]/x"],
    ["%h/{{ x }}/'$x'/x/", "/home/u/%h/{{ x }}/'$x'/x"],
    ["a\\b/x/", "/home/u/a\\b/x"],
    ["ü/日本/x/", "/home/u/ü/日本/x"],
  ])("of a home may be written as %s", async (written, live) => {
    const resolved = await resolveText(home(written));
    expect(errorsOf(resolved)).toEqual([]);
    expect(ruleAt(resolved, "f", live)?.live).toBe(live);
  });

  const long = "x".repeat(256);
  it.each([
    [home("../x"), "`.` and `..`"],
    [home("a/../x"), "`.` and `..`"],
    [home("./x"), "`.` and `..`"],
    [home("a/."), "`.` and `..`"],
    [home("a//x"), "`//`"],
    [home("~//x"), "`//`"],
    [home("$XDG_CONFIG_HOME//x"), "`//`"],
    [home("x//"), "`//`"],
    [home("a\0b"), "control characters"],
    [home("a\nb"), "control characters"],
    [home("a\tb"), "control characters"],
    [home("a\u001bb"), "control characters"],
    [home("a\u009bb"), "control characters"],
    [home("a\u2028b"), "control characters"],
    [home("a\\"), "backslash"],
    [home("a\\/"), "backslash"],
    [home("a\ud800b"), "Unicode"],
    [home("a\ufffe/"), "U+FFFE is no character"],
    [home("\ufdd0"), "U+FDD0 is no character"],
    [home("\u{1ffff}/x"), "U+1FFFF is no character"],
    [system("/srv/\u{10fffe}/"), "U+10FFFE is no character"],
    [home(`${"xxxxxxx/".repeat(512)}`), "4095 bytes"],
    [home(long), "255 bytes"],
    [home("é".repeat(128)), "255 bytes"],
    [home("{.ssh,.aws}/"), "brace lists"],
    [home(""), "no path"],
    [home("~"), "no path"],
    [home("~/"), "no path"],
    [home("$HOME"), "no path"],
    [home("$FOO/x"), "known here"],
    [home("/etc/x"), "relative to each user's home"],
    [home("/home/u/x"), "relative to each user's home"],
    [system("x"), "absolute path"],
    [system("~/x"), "absolute path"],
    [system("/"), "no path"],
    [system("//"), "`//`"],
    [system("/srv/../x"), "`.` and `..`"],
    [system(""), "no path"],
  ])("is refused with the reason: %#", async (text, reason) => {
    const faults = withCode(await resolveText(text), "manifest/path");
    expect(faults.map((d) => d.message)).toEqual([expect.stringContaining(reason)]);
  });

  it("may have 255 bytes in a component", async () => {
    expect(errorsOf(await resolveText(home(`${"x".repeat(255)}/`)))).toEqual([]);
  });

  it.each(["/home/u/", "/home/u/x/", "/home/u/a/b"])("of the system may not lie in a home: %s", async (path) => {
    expect(withCode(await resolveText(system(path)), "special/home")[0]?.severity).toBe("error");
  });

  it("may be a list, each with the facts of the entry", async () => {
    const resolved = await resolveText(home({ path: ["a/", "b", "c*"], class: "cache", note: "n" }));
    const rules = planNamed(resolved, "f").rules.map(({ path, kind, class: c, note }) => [path, kind, c, note]);
    expect(rules).toEqual([
      ["a", "directory", "cache", "n"],
      ["b", "file", "cache", "n"],
      ["c*", "pattern", "cache", "n"],
    ]);
  });
});

describe("an entry", () => {
  it("written as a string is short for its path", async () => {
    const short = planNamed(await resolveText(home("x/")), "n").rules;
    const long = planNamed(await resolveText(home({ path: "x/" })), "n").rules;
    const plain = (rules: typeof short): object[] => rules.map((rule) => ({ ...rule, span: null, origin: null }));
    expect(plain(short)).toEqual(plain(long));
    expect(short).toHaveLength(1);
  });

  it.each([
    ["class", "data"],
    ["need", "critical"],
    ["carry", true],
    ["fetch", { git: "https://example.org/x.git" }],
    ["store", "persist"],
    ["mode", "0750"],
    ["owner", "u"],
    ["group", "users"],
    ["how", "symlink"],
    ["writes", "in-place"],
    ["database", true],
    ["expire", "7d"],
    ["users", ["u"]],
    ["on", ["f"]],
    ["note", "a reason"],
  ])("takes the key `%s`", async (key, value) => {
    expect(errorsOf(await resolveText(home({ path: "x/", [key]: value })))).toEqual([]);
  });

  it.each([
    ["clas", "class"],
    ["paht", "path"],
    ["stor", "store"],
    ["owners", "owner"],
    ["Note", "note"],
    ["expires", "expire"],
  ])("refuses `%s`, and asks whether `%s` was meant", async (key, meant) => {
    const faults = withCode(await resolveText(home({ path: "x/", [key]: "x" })), "manifest/unknown-key");
    expect(faults.map((d) => d.label)).toEqual([`did you mean \`${meant}\`?`]);
  });

  it.each(["constructor", "toString", "__proto__", "hasOwnProperty"])(
    "refuses the key `%s` as any other",
    async (key) => {
      const text = smallManifest(`home: [{ path: x/, ${key}: 1 }]\n${key}: 2`);
      const faults = withCode(await resolveText(text), "manifest/unknown-key");
      const keys = expect.stringMatching(/^it may have /);
      expect(faults.map((d) => d.help)).toEqual([keys, keys]);
    },
  );

  it.each([
    [["f"], ["f"]],
    [["fedora"], ["f"]],
    [["nixos"], ["n"]],
    [
      ["nixos", "f"],
      ["n", "f"],
    ],
    [undefined, ["n", "f"]],
  ])("limited to %j is on %j only", async (on, hosts) => {
    const resolved = await resolveText(home({ path: "x/", ...(on === undefined ? {} : { on }) }));
    expect(["n", "f"].filter((host) => ruleAt(resolved, host, "/home/u/x") !== undefined)).toEqual(hosts);
  });

  it("limited to users is theirs only", async () => {
    const text = `version: 1\nusers: { u: {}, v: {}, w: {} }\nhosts: { f: { os: fedora, users: [u, v] } }\nhome: [{ path: x/, users: [v, w] }, y/]\n`;
    const { rules } = planNamed(await resolveText(text), "f");
    expect(rules.map((rule) => rule.live)).toEqual(["/home/u/y", "/home/v/x", "/home/v/y"]);
  });

  it("that is a secret travels in clear in no dotfiles repo", async () => {
    const carried = (carry: unknown) => resolveText(home({ path: "x/", class: "secret", carry }));
    expect(withCode(await carried(true), "manifest/secret-in-clear")).toHaveLength(1);
    expect(withCode(await carried("seed"), "manifest/secret-in-clear")).toHaveLength(1);
    expect(errorsOf(await carried("encrypted"))).toEqual([]);
    expect(errorsOf(await carried({ template: true, encrypted: true }))).toEqual([]);
  });

  it("that is a pattern is only for what is discarded", async () => {
    expect(withCode(await resolveText(home("*.log")), "manifest/kept-pattern")).toHaveLength(1);
    expect(errorsOf(await resolveText(home({ path: "*.log", class: "cache" })))).toEqual([]);
    expect(errorsOf(await resolveText(home({ path: "*.log", class: "log", need: "none" })))).toEqual([]);
  });
});

describe("the whole manifest", () => {
  it("is not code: an address of a fetch must not name a command", async () => {
    for (const git of ["ext::sh -c x", "--upload-pack=x", "https://example.org/ x"]) {
      expect(withCode(await resolveText(home({ path: "x/", fetch: { git } })), "manifest/value")).toHaveLength(1);
    }
  });

  it("may have empty sections", async () => {
    const text =
      "version: 1\nusers: { u: }\nhosts: { f: { os: fedora } }\nstores:\nprofiles:\nsystem:\nhome:\noutputs:\n";
    expect((await resolveText(text)).diagnostics).toEqual([]);
  });

  it.each([
    ["version: 1", true],
    ["version:", false],
    ["version: 2", false],
    ['version: "1"', false],
    ["", false],
  ])("says its version: %s", async (line, isRight) => {
    const resolved = await resolveText(`${line}\nhosts: { f: { os: fedora } }\n`);
    expect(errorsOf(resolved).length === 0).toBe(isRight);
  });

  it("needs a store called `persist` only where something is kept that names none", async () => {
    const text = (entry: string): string => smallManifest(`stores: { a: /a, b: /b }\nhome: [${entry}]`);
    const codes = async (entry: string): Promise<string[]> =>
      withCode(await resolveText(text(entry)), "manifest/default-store").map((d) => d.code);
    expect(await codes("x/")).toHaveLength(1);
    expect(await codes("{ path: x/, store: a }")).toEqual([]);
    expect(await codes("{ path: x/, class: cache }")).toEqual([]);
    expect(await codes("{ path: x/, class: config, carry: true }")).toEqual([]);
  });

  it("takes the default store for the one that an entry names", async () => {
    const resolved = await resolveText(smallManifest("home: [x/, { path: x/, store: persist }]"));
    expect(errorsOf(resolved)).toEqual([]);
  });

  it("reports faults of YAML, of the shape and of the meaning in one run, in the order of the text", async () => {
    const lines = [".ssh", "{ path: x/, clas: data }", "{ path: y/, path: y/ }", "*nobody", '"../z"', "!tag w/"];
    const text = smallManifest(`home:\n${lines.map((line) => `  - ${line}\n`).join("")}`, "f: { os: fedora }");
    expect((await resolveText(text)).diagnostics.map((d) => d.code)).toEqual([
      "manifest/kind",
      "catalogue/secret",
      "manifest/unknown-key",
      "yaml/duplicate-key",
      "manifest/kept-pattern",
      "yaml/unknown-alias",
      "manifest/path",
      "yaml/tag",
    ]);
  });

  it("reports each of many faults", async () => {
    const entries = Array.from({ length: 500 }, (_, i) => `{ path: a${i}/, clas: x }`);
    const resolved = await resolveText(smallManifest(`home: [${entries.join(", ")}]`));
    expect(withCode(resolved, "manifest/unknown-key")).toHaveLength(500);
  });
});
