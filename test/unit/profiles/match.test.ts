import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseYaml } from "../../../src/manifest/yaml-source.ts";
import { readProfiles } from "../../../src/profiles/build-index.ts";
import { suggest } from "../../../src/profiles/conventions.ts";
import { parseProfile } from "../../../src/profiles/parse.ts";
import { type PathIndex, parsePathIndex, printPathIndex } from "../../../src/profiles/path-index.ts";
import type { Profile, ProfileEntry } from "../../../src/profiles/profile.ts";
import { runs } from "../../support/odd-texts.ts";
import { folderWith, remanence, writeFiles } from "../../support/workspace.ts";

const { profiles } = readProfiles();
const text = printPathIndex(profiles);
const index = parsePathIndex(text);

/** A profile of one's own with these paths, as parsed from YAML. */
function profileOf(name: string, ...paths: string[]): Profile {
  const yaml = JSON.stringify({
    name,
    title: name,
    paths: paths.map((path) => ({ path, class: "cache" })),
    sources: ["https://example.org"],
  });
  const { profile, diagnostics } = parseProfile(parseYaml({ path: `${name}.yaml`, text: yaml }), true);
  if (profile === undefined) throw new Error(diagnostics.map(({ message }) => message).join("; "));
  return profile;
}

/** What owner() must find, by looking at every path of the catalogue. */
function slowly(index: PathIndex, path: string): string | undefined {
  const names = path.split("/");
  for (let depth = names.length; depth > 0; depth--) {
    const found = index.exact(names.slice(0, depth).join("/"));
    if (found !== undefined && (depth === names.length || found.kind === "directory")) return found.path;
  }
  return undefined;
}

describe("the owner of a path", () => {
  const literal = profiles.flatMap(({ name, paths, flavours }) =>
    [...paths, ...Object.values(flavours).flatMap((flavour) => flavour.paths)]
      .filter(({ kind }) => kind !== "pattern")
      .map((entry) => ({ name, entry })),
  );

  it("is for each path of the catalogue the profile that lists it, and for what is in a directory the same", () => {
    for (const { name, entry } of literal) {
      expect(index.owner(entry.path)).toMatchObject({
        relation: "exact",
        indexed: { profile: name, path: entry.path, class: entry.class, need: entry.need },
      });
      expect(index.exact(entry.path)).toMatchObject({ profile: name, path: entry.path, scope: entry.scope });
      expect(index.exact(`${entry.path}!`)).toBeUndefined();
      const inside = index.owner(`${entry.path}/no such thing`);
      if (entry.kind === "directory")
        expect(inside).toMatchObject({ relation: "below", indexed: { path: entry.path } });
      else expect(inside?.indexed.path).not.toBe(entry.path);
    }
  });

  it("is the deepest one, whatever the path", () => {
    const part = fc.constantFrom(...new Set(literal.flatMap(({ entry }) => entry.path.split("/"))), "x", "y z");
    const withoutPatterns = (entries: readonly ProfileEntry[]): ProfileEntry[] =>
      entries.filter(({ kind }) => kind !== "pattern");
    const noPattern = parsePathIndex(
      printPathIndex(
        profiles.map((profile) => ({
          ...profile,
          paths: withoutPatterns(profile.paths),
          flavours: Object.fromEntries(
            Object.entries(profile.flavours).map(([name, flavour]) => [
              name,
              { ...flavour, paths: withoutPatterns(flavour.paths) },
            ]),
          ),
        })),
      ),
    );
    fc.assert(
      fc.property(fc.constantFrom("home", "system"), fc.array(part, { minLength: 1, maxLength: 5 }), (scope, parts) => {
        const path = `${scope === "system" ? "/" : ""}${parts.filter((name) => name !== "").join("/")}`;
        expect(noPattern.owner(path)?.indexed.path).toBe(slowly(noPattern, path));
      }),
      runs(2000),
    );
  });

  it("may be a pattern, where no literal path lies deeper", () => {
    const own = parsePathIndex(
      printPathIndex([
        profileOf("a", "a/", "a/x/Cache/y/"),
        profileOf("p", "a/*/Cache"),
        profileOf("t", "*.tmp", "q?/*/r"),
      ]),
    );
    const of = (path: string) => own.owner(path);
    expect(of("a/b/Cache")).toMatchObject({ relation: "exact", indexed: { profile: "p" } });
    expect(of("a/b/Cache/z")).toMatchObject({ relation: "below", indexed: { profile: "p" } });
    expect(of("a/x/Cache/y/z")).toMatchObject({ relation: "below", indexed: { profile: "a", path: "a/x/Cache/y" } });
    expect(of("a/b")).toMatchObject({ relation: "below", indexed: { profile: "a" } });
    expect(of("q.tmp")).toMatchObject({ relation: "exact", indexed: { profile: "t" } });
    expect(of("b/q.tmp")).toBeUndefined();
    expect(of("q1/z/r/s")).toMatchObject({ relation: "below", indexed: { profile: "t", path: "q?/*/r" } });
    expect(own.exact("a/b/Cache")).toBeUndefined();
    expect(own.hasBelow("/")).toBe(false);
    for (const path of ["/srv/x/", "/srv/*/tmp", "/*/tmp"])
      expect(parsePathIndex(printPathIndex([profileOf("s", path)])).hasBelow("/"), path).toBe(true);
  });

  it("is what looking at each path and pattern finds, in letters of all alphabets", () => {
    const name = fc.constantFrom("a", "b", "ab", "Ä", "Я", "😀", '"', "\\u0041", "x y");
    const wild = fc.constantFrom("*", "a*", "?", "*b", "Я*");
    const pathOf = (part: fc.Arbitrary<string>) => fc.array(part, { minLength: 1, maxLength: 4 });
    const entry = fc.record({
      isSystem: fc.boolean(),
      names: pathOf(fc.oneof({ arbitrary: name, weight: 3 }, wild)),
      isDirectory: fc.boolean(),
    });
    type Entry = { isSystem: boolean; names: string[]; isDirectory: boolean };
    const textOf = ({ isSystem, names }: Pick<Entry, "isSystem" | "names">) =>
      `${isSystem ? "/" : ""}${names.join("/")}`;
    const isWild = ({ names }: Entry) => names.some((part) => /[*?]/.test(part));
    const matches = (part: string, given: string) =>
      new RegExp(`^${part.replaceAll("\\", "\\\\").replaceAll("*", ".*").replaceAll("?", ".")}$`, "su").test(given);
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 8 }), fc.boolean(), pathOf(name), (given, isSystem, names) => {
        const entries = [...new Map(given.map((one) => [textOf(one), one])).values()];
        const profile = {
          name: "p",
          flavours: {},
          paths: entries.map((one) => ({
            scope: one.isSystem ? "system" : "home",
            path: textOf(one),
            kind: isWild(one) ? "pattern" : one.isDirectory ? "directory" : "file",
          })),
        } as unknown as Profile;
        const around = entries.filter(
          (one) =>
            one.isSystem === isSystem &&
            one.names.length <= names.length &&
            (isWild(one) || one.isDirectory || one.names.length === names.length) &&
            one.names.every((part, i) => matches(part, names[i] ?? "")),
        );
        const deepest = Math.max(...around.map((one) => one.names.length));
        const found = around.filter((one) => one.names.length === deepest);
        const literal = found.filter((one) => !isWild(one));
        const expected = (literal.length > 0 ? literal : found).map(textOf);
        const index = parsePathIndex(printPathIndex([profile]));
        const owner = index.owner(textOf({ isSystem, names }));
        if (expected.length === 0) expect(owner).toBeUndefined();
        else {
          expect(expected).toContain(owner?.indexed.path);
          expect(owner?.relation).toBe(deepest === names.length ? "exact" : "below");
          expect(JSON.parse(`{${owner?.answer}`)).toMatchObject({ matched: owner?.indexed.path, profile: "p" });
        }
        const isBelow = entries.some(
          (one) =>
            one.isSystem === isSystem &&
            one.names.length > names.length &&
            names.every((part, i) => matches(one.names[i] ?? "", part)),
        );
        expect(index.hasBelow(textOf({ isSystem, names }))).toBe(isBelow);
      }),
      runs(3000),
    );
  });
});

describe("a suggestion", () => {
  it.each([
    ["home", ".config/Foo/GPUCache/x", "cache", ".config/Foo/GPUCache"],
    ["home", ".config/Foo/Partitions/p/Code Cache", "cache", ".config/Foo/Partitions/p/Code Cache"],
    ["home", ".config/Foo", "config", ".config/Foo"],
    ["home", ".cache/foo/bar", "cache", ".cache/foo"],
    ["home", ".var/app/org.x.Y/data/z", "state", ".var/app/org.x.Y"],
    ["home", ".var/app/org.x.Y/cache/z", "cache", ".var/app/org.x.Y/cache"],
    ["home", ".config/foo/api-token.json", "secret", ".config/foo/api-token.json"],
    ["home", "work/id_ed25519", "secret", "work/id_ed25519"],
    ["home", "work/tokenizer.py", "data", "work"],
    ["home", "work/x/node_modules/y", "cache", "work/x/node_modules"],
    ["home", ".foo/x", "state", ".foo"],
    ["system", "/var/lib/private/foo/x", "state", "/var/lib/private/foo"],
    ["system", "/var/cache/foo", "cache", "/var/cache/foo"],
    ["system", "/var/log/foo/x", "log", "/var/log/foo"],
    ["system", "/etc/foo/server.key", "secret", "/etc/foo/server.key"],
    ["system", "/srv/git/x", "data", "/srv/git"],
  ] as const)("of %s %s is %s, for %s", (scope, path, entryClass, matched) => {
    expect(suggest(scope, path)).toMatchObject({ class: entryClass, matched });
  });

  it("is not made where nobody can say", () => {
    for (const path of ["/", "/var", "/var/lib", "/nonsense/x", "/home"])
      expect(suggest("system", path)).toBeUndefined();
    for (const path of [".config", ".local", ".local/share", ".cache", ".var/app"])
      expect(suggest("home", path)).toBeUndefined();
  });

  it("never gives away what is below folders of a person's own, whatever it is called", () => {
    fc.assert(
      fc.property(fc.constantFrom("Cache", "cache", "tmp", "logs", "Trash", "old", "backup"), (name) => {
        expect(suggest("home", `Documents/${name}`)?.need).not.toBe("none");
        expect(suggest("home", `.local/share/app/${name}`)?.need).not.toBe("none");
      }),
    );
  });
});

describe("profiles match", () => {
  const matches = (args: string[], folder = folderWith({})) => {
    const run = remanence(folder, ["profiles", "match", "--format", "json", ...args], { HOME: "/home/me" });
    expect(run.stderr).toBe("");
    return (JSON.parse(run.stdout) as { matches: Record<string, unknown>[] }).matches;
  };

  it("says whose a path is, however it is written", () => {
    for (const path of [
      ".ssh/",
      "~/.ssh",
      "/home/me/.ssh",
      "/home/you/.ssh/",
      "$HOME/.ssh",
      "./.ssh",
      "/var/home/you/.ssh",
    ]) {
      expect(matches([path]), path).toEqual([
        {
          scope: "home",
          path: ".ssh",
          relation: "exact",
          matched: ".ssh",
          profile: "ssh",
          flavour: null,
          class: "secret",
          need: "critical",
          why: "private keys and known hosts and configuration",
        },
      ]);
    }
    expect(matches(["/var/lib/docker/volumes/x"])).toMatchObject([
      { relation: "below", matched: "/var/lib/docker/volumes" },
    ]);
    expect(matches([".var/app/org.mozilla.firefox/cache"])).toMatchObject([{ profile: "firefox", flavour: "flatpak" }]);
    expect(matches(["/nonsense"])).toMatchObject([
      { relation: null, matched: null, profile: null, class: null, why: "unknown" },
    ]);
  });

  it("finds what a service with DynamicUser= keeps by the name of the link to it too", () => {
    const folder = folderWith({ "persistence.yaml": "version: 1\n" });
    const own = "paths: [{ path: /var/lib/private/own/, class: state }]\nsources: [https://example.org/]\n";
    writeFiles(folder, { "profiles/own.yaml": `name: own\ntitle: Own\n${own}` });
    expect(matches(["/var/lib/own/x"], folder)).toMatchObject([
      { path: "/var/lib/own/x", relation: "below", matched: "/var/lib/private/own", profile: "own" },
    ]);
  });

  it("knows the profiles beside the manifest, which win where they are as deep", () => {
    const folder = folderWith({ "persistence.yaml": "version: 1\n" });
    writeFiles(folder, {
      "profiles/mine.yaml":
        "name: mine\ntitle: Mine\npaths: [{ path: .ssh/, class: data }, { path: .mine/, class: data }]\nsources: [https://example.org/]\n",
    });
    expect(matches([".ssh", ".mine/x", ".gnupg"], folder).map(({ profile }) => profile)).toEqual([
      "mine",
      "mine",
      "gnupg",
    ]);
  });

  it("reads paths from stdin, also where they come late, and says why where it cannot", () => {
    const cli = fileURLToPath(new URL("../../../dist/cli.cjs", import.meta.url));
    const match = (input: string) =>
      spawnSync("bash", ["-c", `${input} ${process.execPath} ${cli} profiles match -`], { encoding: "utf8", cwd: "/" });
    expect(match("(sleep 0.3; echo .ssh) |").stdout).toMatch(/^~\/\.ssh +ssh /);
    const refused = match("< /");
    expect([refused.status, refused.stdout]).toEqual([2, ""]);
    expect(refused.stderr).toMatch(/^remanence: cannot read paths from stdin: .*\n$/);
  });

  it("refuses a path that cannot be of the scope", () => {
    const run = remanence(folderWith({}), ["profiles", "match", "--scope", "home", "/etc/x"]);
    expect(run).toMatchObject({ code: 2, stdout: "" });
    expect(run.stderr).toContain("/etc/x");
  });
});

describe("profiles search", () => {
  it("finds profiles that have all the words somewhere", () => {
    const names = (words: string[]) => {
      const run = remanence(folderWith({}), ["profiles", "search", "--format", "json", ...words]);
      return (JSON.parse(run.stdout) as { profiles: { name: string }[] }).profiles.map(({ name }) => name);
    };
    expect(names(["org.mozilla.firefox"])).toContain("firefox");
    expect(names(["FIREFOX", "crash"])).toContain("firefox");
    expect(names(["firefox", "no such word"])).toEqual([]);
  });
});
