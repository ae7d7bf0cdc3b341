import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import { printUnit, type TmpfilesLine, tmpfilesLine, type Unit, unitName } from "../../src/languages/systemd.ts";
import { describeWith, engineCommand } from "../support/engines.ts";
import { batchOf, knownOddNames, oddLine, oddName, runs, sampleOf } from "../support/odd-texts.ts";
import { folderWith, scratch } from "../support/workspace.ts";

const manager = ["/usr/lib/systemd/systemd", "/lib/systemd/systemd"].find((path) => existsSync(path)) ?? "";

/** What systemd makes of units: it loads them in its test mode, as a user, and prints them out. */
function loaded(units: Readonly<Record<string, Unit>>): Map<string, string[]> {
  const folder = scratch();
  mkdirSync(join(folder, "run"));
  chmodSync(folder, 0o755);
  chmodSync(join(folder, "run"), 0o777);
  const all = { ...units, "all.target": { Unit: { Wants: Object.keys(units) } } };
  for (const [name, unit] of Object.entries(all)) writeFileSync(join(folder, name), printUnit(["# of a test"], unit));
  // it refuses to do that as root
  const asNobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
  const systemd = [manager, "--user", "--test", "--unit=all.target", "--log-level=warning"];
  const [command = "", ...args] = process.getuid?.() === 0 ? [...asNobody, ...systemd] : systemd;
  const run = spawnSync(command, args, {
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      XDG_RUNTIME_DIR: join(folder, "run"),
      SYSTEMD_UNIT_PATH: `${folder}:`,
    },
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  const complaints = run.stderr.split("\n").filter((line) => line.includes(folder));
  if (run.status !== 0 || complaints.length > 0)
    throw new Error(`${run.status}: ${complaints.join("\n") || run.stderr}`);
  const blocks = run.stdout.split(/^\t*-> Unit /m).slice(1);
  return new Map(
    blocks.map((block) => {
      const lines = block.split("\n").map((line) => line.trimStart());
      return [lines[0]?.replace(/:$/, "") ?? "", lines.slice(1)];
    }),
  );
}

/** The value of a line of a dump. */
function fieldOf(lines: readonly string[] | undefined, name: string): string | undefined {
  return lines?.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
}

/** The words of a command line as systemd prints it: in double quotes where need be, its own `$$` still doubled. */
function wordsOf(commandLine: string): string[] {
  const found = [...commandLine.matchAll(/"((?:[^"\\]|\\.)*)"|[^ "]+/gs)];
  const [program = "", ...words] = found.map(([bare, quoted]) => quoted?.replace(/\\(.)/gs, "$1") ?? bare);
  for (const word of words)
    expect(
      word.replaceAll("$$", () => ""),
      word,
    ).not.toContain("$");
  return [program, ...words.map((word) => word.replaceAll("$$", () => "$"))];
}

/** systemd ignores a line that ends in a backslash (it takes the next to it) or has code points that are no characters. */
const isCarried = (text: string): boolean => !text.endsWith("\\") && !/\p{Noncharacter_Code_Point}/u.test(text);
const unitLine = oddLine.filter(isCarried);
const carriedName = oddName.filter(isCarried);

describeWith(["systemd"], "systemd units, loaded by systemd", () => {
  it.skipIf(manager === "")("hold the words of a command line", () => {
    fc.assert(
      fc.property(batchOf(unitLine, 100), carriedName, (words, below) => {
        const unit: Unit = { Service: { Type: "oneshot", ExecStart: ["/bin/echo", { inHome: below }, ...words] } };
        const lines = loaded({ "one.service": unit }).get("one.service");
        const [program, inHome, ...rest] = wordsOf(fieldOf(lines, "Command Line") ?? "");
        expect([program, ...rest]).toEqual(["/bin/echo", ...words]);
        expect(inHome?.endsWith(`/${below}`)).toBe(true);
      }),
      runs(15),
    );
  });

  it.skipIf(manager === "")("hold text, and paths of mounts under the name of their unit", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(unitLine, carriedName, carriedName), { minLength: 1, maxLength: 30 }), (rows) => {
        const units: Record<string, Unit> = {};
        const expected: [string, string, string][] = [];
        for (const [i, [text, from, to]] of rows.entries()) {
          const where = `/tmp/${i}/${to}`;
          const name = unitName(where, ".mount");
          // blanks at the ends are cut, and a file's name has its limit
          const plain = text.trim() === text && from.trim() === from && where.trim() === where;
          if (!plain || Buffer.byteLength(name) > 255 || /[^ -~]/.test(where)) continue;
          units[name] = {
            Unit: {
              Description: text,
              RequiresMountsFor: [`/persist/${from}`, where],
              ConditionPathIsDirectory: where,
              ConditionPathIsSymbolicLink: [where, `/persist/${from}`],
            },
            Mount: { What: `/persist/${from}`, Where: where, Type: "none", Options: "bind" },
          };
          expected.push([name, text, where]);
        }
        const found = loaded(units);
        for (const [name, text, where] of expected) {
          const lines = found.get(name);
          expect([fieldOf(lines, "Description"), fieldOf(lines, "Where")]).toEqual([text, where]);
          const what = units[name]?.Mount?.What ?? "";
          expect(fieldOf(lines, "What")).toBe(what);
          const waitsFor = lines?.flatMap(
            (line) => line.match(/^RequiresMountsFor: (.*) \(origin-file\S*\)$/)?.[1] ?? [],
          );
          expect(waitsFor?.sort()).toEqual([what, where].sort());
          const conditions = lines?.filter((line) => line.startsWith("ConditionPathIs")).sort();
          expect(conditions).toEqual([
            `ConditionPathIsDirectory: ${where} untested`,
            ...[
              `ConditionPathIsSymbolicLink: !${what} untested`,
              `ConditionPathIsSymbolicLink: !${where} untested`,
            ].sort(),
          ]);
        }
      }),
      runs(25),
    );
  });

  it("are named as systemd-escape names them", () => {
    const path = fc.array(oddName, { minLength: 1, maxLength: 3 }).map((names) => `/${names.join("/")}`);
    fc.assert(
      fc.property(batchOf(path, 60), (paths) => {
        const systemdEscape = engineCommand("systemd").replace(/analyze$/, "escape");
        const run = spawnSync(systemdEscape, ["--path", "--suffix=mount", "--", ...paths], {
          encoding: "utf8",
          maxBuffer: 1 << 26,
        });
        expect(run.stdout.trimEnd().split(" ")).toEqual(paths.map((p) => unitName(p, ".mount")));
      }),
      runs(60),
    );
    expect(["/", "/.a", "/a.b/.c", "/a//b/"].map((p) => unitName(p, ""))).toEqual(["-", "\\x2ea", "a.b-.c", "a-b"]);
  });

  it("refuse what no line can carry", () => {
    for (const text of ["a\nb", "a\tb", "a\0b", "a\\"]) {
      expect(() => printUnit([], { Unit: { Description: text } }), text).toThrow("cannot carry");
      expect(() => printUnit([], { Service: { ExecStart: ["/bin/true", text] } }), text).toThrow("cannot carry");
    }
    expect(printUnit(["a\nb\u2028c\r"], {})).toBe("# a b c\n");
  });
});

/** Names as a file system takes them, in a fixed order, each once. */
const names = [...new Set([...knownOddNames, ...sampleOf(carriedName, 300, 5)])];
const old = new Date("2001-01-01");

/** A folder with a directory of each name, an old file in each. */
function oldFiles(list: readonly string[]): string {
  const folder = scratch();
  for (const name of list) {
    mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, name, "old"), "");
    utimesSync(join(folder, name, "old"), old, old);
    utimesSync(join(folder, name), old, old);
  }
  return folder;
}

/** Runs tmpfiles rules as a user whose home is the folder. */
function tmpfiles(home: string, action: "--create" | "--clean", lines: readonly TmpfilesLine[]): void {
  const config = folderWith({ "rules.conf": lines.map((line) => `${tmpfilesLine(line).text}\n`).join("") });
  const command = engineCommand("systemd").replace(/analyze$/, "tmpfiles");
  const run = spawnSync(command, ["--user", action, join(config, "rules.conf")], {
    env: { PATH: process.env.PATH, HOME: home, LC_ALL: "C.UTF-8" },
    encoding: "utf8",
  });
  expect(run.stderr.replace(/^.*(?:Skipping|unsafe path transition).*\n/gm, "")).toBe("");
}

/** The directories that still have their old file. */
function keptIn(folder: string, list: readonly string[]): string[] {
  return list.filter((name) => existsSync(join(folder, name, "old")));
}

describeWith(["systemd"], "tmpfiles rules, carried out by systemd-tmpfiles", () => {
  const half = names.filter((_, i) => i % 2 === 0);
  const rest = names.filter((_, i) => i % 2 === 1);

  it.each([
    ["in full", false],
    ["below the home", true],
  ])("make directories of exactly these names, written %s", (_, inHome) => {
    const home = scratch();
    const path = (name: string) => (inHome ? name : join(home, name));
    tmpfiles(
      home,
      "--create",
      names.map((name) => ({ type: "d", path: path(name), pattern: false, mode: "0700", inHome })),
    );
    expect(readdirSync(home).sort()).toEqual([...names].sort());
  });

  it("age what is in directories of exactly these names, and no others", () => {
    const home = oldFiles(names);
    tmpfiles(
      home,
      "--clean",
      half.map((name) => ({ type: "e", path: name, pattern: false, age: "m:30d", inHome: true })),
    );
    expect(keptIn(home, names)).toEqual(names.filter((name) => rest.includes(name)));
  });

  it("spare exactly these names inside an aged directory", () => {
    const home = oldFiles(names.map((name) => `all/${name}`));
    const spared = half.map((name): TmpfilesLine => ({ type: "x", path: `all/${name}`, pattern: false, inHome: true }));
    tmpfiles(home, "--clean", [{ type: "e", path: "all", pattern: false, age: "m:30d", inHome: true }, ...spared]);
    expect(keptIn(join(home, "all"), names)).toEqual(names.filter((name) => half.includes(name)));
  });

  it("take a glob character of a plain path as it stands", () => {
    const plain = ["a*", "a?", "[ab]", "{a,b}", "a\\*", "a[!b]", "{a", "a}", "a]"];
    const decoys = ["aa", "ab", "a", "b", "ac", "a\\b", "axx"];
    const home = oldFiles([...plain, ...decoys]);
    tmpfiles(
      home,
      "--clean",
      plain.map((path) => ({ type: "e", path, pattern: false, age: "m:30d", inHome: true })),
    );
    expect(keptIn(home, [...plain, ...decoys])).toEqual(decoys);
  });

  it("take a star and a question mark of a pattern within one component, all else as it stands", () => {
    const hit = ["x/a[b]c/Cache", "x/a[b]d/Cache"];
    const missed = ["x/abc/Cache", "x/a[b]/Cache", "x/a[b]cd/Cache", "x/a[b]c/d/Cache"];
    const home = oldFiles([...hit, ...missed]);
    tmpfiles(home, "--clean", [{ type: "e", path: "x/a[b]?/C*e", pattern: true, age: "m:30d", inHome: true }]);
    expect(keptIn(home, [...hit, ...missed])).toEqual(missed);
  });
});
