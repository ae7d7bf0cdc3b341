import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { resticExclude, resticPath } from "../../src/languages/restic.ts";
import { describeWith, engineCommand } from "../support/engines.ts";
import { knownOddNames, oddName, sampleOf } from "../support/odd-texts.ts";
import { scratch } from "../support/workspace.ts";

/** Backs up a folder with lists of lines, and says which files are in the backup, relative to it. */
function backedUp(
  folder: string,
  lists: { readonly exclude?: readonly string[]; readonly from?: readonly string[] },
): string[] {
  const other = scratch();
  const restic = (...args: string[]): string => {
    const run = spawnSync(engineCommand("restic"), ["--no-cache", "--quiet", ...args], {
      cwd: folder,
      env: {
        PATH: process.env.PATH,
        HOME: other,
        RESTIC_REPOSITORY: join(other, "repo"),
        RESTIC_PASSWORD: "x",
        VAR: "wrong",
      },
      encoding: "utf8",
      maxBuffer: 1 << 28,
    });
    if (run.status !== 0) throw new Error(`restic ended with ${run.status}: ${run.stderr}`);
    return run.stdout;
  };
  const list = (name: string, lines: readonly string[]): string => {
    writeFileSync(join(other, name), lines.map((line) => `${line}\n`).join(""));
    return join(other, name);
  };
  restic("init");
  const from = lists.from === undefined ? [folder] : ["--files-from", list("from", lists.from)];
  restic("backup", "--exclude-file", list("exclude", lists.exclude ?? []), ...from);
  return restic("ls", "--json", "latest")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { type?: string; path?: string })
    .flatMap(({ type, path }) => (type === "file" && path !== undefined ? [path.slice(folder.length + 1)] : []))
    .sort();
}

/** A folder with a file `f` in a directory of each name. */
function filesIn(names: readonly string[]): string {
  const folder = scratch();
  for (const name of names) {
    mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, name, "f"), "");
  }
  return folder;
}

const names = [
  ...new Set([...knownOddNames, ...sampleOf(oddName, 500, 9), "$VAR", "${VAR}", "a ", " a", " ", "\u00a0", "a\u3000"]),
];
/** Every other name, and all with blanks at an end: a list's lines are trimmed. */
const half = names.filter((name, i) => i % 2 === 0 || name !== name.trim());
const files = (list: readonly string[]): string[] => list.map((name) => `${name}/f`).sort();

describeWith(["restic"], "restic's lists, read by restic", () => {
  it("leave out exactly these names", () => {
    const folder = filesIn(names);
    const exclude = half.map((name) => resticExclude(join(folder, name), false));
    expect(backedUp(folder, { exclude })).toEqual(files(names.filter((name) => !half.includes(name))));
  });

  it("take exactly these names", () => {
    const folder = filesIn(names);
    expect(backedUp(folder, { from: half.map((name) => resticPath(join(folder, name))) })).toEqual(files(half));
  });

  it("take back exactly these names from what a line above leaves out", () => {
    const folder = filesIn(names);
    const all = resticExclude(join(folder, "*"), true);
    const exclude = [all, ...half.map((name) => resticExclude(join(folder, name), false, true))];
    expect(backedUp(folder, { exclude })).toEqual(files(half));
  });

  it("match a star and a question mark of a pattern within one component, all else as it stands", () => {
    const hit = ["a[b]x", "a[b]é", "a[b].", "$VAR/a/Cache", "$VAR/.b/Cache"];
    const missed = ["abx", "a[b]", "a[b]xy", "$VAR/a/b/Cache", "$VAR/Cache", "wrong/a/Cache"];
    const folder = filesIn([...hit, ...missed]);
    const exclude = ["a[b]?", "$VAR/*/Cache"].map((pattern) => resticExclude(join(folder, pattern), true));
    expect(backedUp(folder, { exclude })).toEqual(files(missed));
  });
});
