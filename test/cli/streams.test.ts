import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { afterRemanence } from "../../src/commands/help.ts";
import { filesBelow, folderWith, remanence } from "../support/workspace.ts";
import { cli, expectNoTrace, generated, run, small, workspace } from "./support.ts";

const commands = [
  "check",
  "plan",
  "explain",
  "generate",
  "diff",
  "profiles",
  "profiles list",
  "profiles show",
  "schema",
];
const colorCode = "\u001b[";

/** Runs the command in a shell; `$0` is node, `$1` the command. */
function shell(folder: string, script: string, env: NodeJS.ProcessEnv = {}) {
  return run("bash", ["-c", script, process.execPath, cli], folder, env);
}

describe("a reader that stops early", () => {
  it.each([
    ["diff", "diff", 1],
    ["plan", "plan --host n", 0],
    ["schema", "schema", 0],
    ["the list of profiles in JSON", "profiles list --format json", 0],
    ["the version", "--version", 0],
    ["the help", "--help", 0],
  ])("of %s is no fault", (_, args, code) => {
    const { stderr, stdout } = shell(workspace(), `"$0" "$1" ${args} | true; echo "\${PIPESTATUS[0]}"`);
    expect({ stderr, stdout }).toEqual({ stderr: "", stdout: `${code}\n` });
  });

  it("does not keep generate from finishing", () => {
    const folder = workspace();
    shell(folder, `"$0" "$1" generate 2>&1 | true`);
    expect(filesBelow(folder)).toEqual(filesBelow(generated()));
    expect(remanence(folder, ["generate", "--check"]).code).toBe(0);
  });

  it("that is slow, at a pipe that does not wait, gets all of it", () => {
    const list = `"$0" "$1" profiles list --format json`;
    const unwaiting = `perl -MFcntl -e 'fcntl(STDOUT, F_SETFL, O_WRONLY | O_NONBLOCK); exec @ARGV'`;
    const { stdout } = shell(folderWith({}), `${list} | md5sum; ${unwaiting} ${list} | { sleep 1; md5sum; }`);
    const [plain, late] = stdout.trim().split("\n");
    expect(late).toBe(plain);
  });

  it("but an answer that finds no room is", () => {
    const { code, stderr } = shell(workspace(), `"$0" "$1" schema > /dev/full`);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^remanence: the answer could not be written: .*\n$/);
  });
});

describe("colour", () => {
  const faulty = () => workspace(`${small}  - ../x\n`);
  const sound = () => workspace(small);

  it.each([
    ["not into a pipe", {}, false],
    ["where it is asked for", { FORCE_COLOR: "1" }, true],
    ["but NO_COLOR wins", { FORCE_COLOR: "1", NO_COLOR: "1" }, false],
    ["FORCE_COLOR=0 asks for none", { FORCE_COLOR: "0" }, false],
  ])("%s", (_, more, colored) => {
    const env = { NO_COLOR: "", FORCE_COLOR: "0", ...more };
    expect(remanence(sound(), ["plan", "--host", "n"], env).stdout.includes(colorCode)).toBe(colored);
    expect(remanence(faulty(), ["check"], env).stderr.includes(colorCode)).toBe(colored);
    expect(remanence(sound(), ["plan", "--host", "n", "--format", "json"], env).stdout).not.toContain(colorCode);
  });

  it("on a terminal, unless NO_COLOR is set or the terminal is dumb", () => {
    const onTerminal = (env: NodeJS.ProcessEnv): string =>
      shell(sound(), `script -qec "'$0' '$1' plan --host n" /dev/null`, { NO_COLOR: "", TERM: "xterm", ...env }).stdout;
    expect(onTerminal({})).toContain(colorCode);
    expect(onTerminal({ TERM: "dumb" })).not.toContain(colorCode);
    expect(onTerminal({ NO_COLOR: "1" })).not.toContain(colorCode);
  });
});

describe("stdout has answers, stderr problems", () => {
  it("of a manifest with warnings", () => {
    const folder = workspace(`${small}  - .gnupg/\n`);
    const check = remanence(folder, ["check"]);
    expect(check).toMatchObject({ code: 0, stdout: "The manifest is sound for f, n.\n" });
    expect(check.stderr).toMatch(/^warning: `\.gnupg` holds secrets[\s\S]*^3 warnings, 1 note\.\n$(?![\s\S])/m);
    expect(remanence(folder, ["generate"]).stderr).toBe("  3 warnings, 1 note: remanence check\n");
  });

  it("of a first run, and of one without anything to do", () => {
    const folder = workspace();
    const first = remanence(folder, ["generate"]).stdout;
    expect(first).toMatch(/^ {2}f +· fedora .* fedora\/f\/ +(\d+) files, \1 new$/m);
    expect(first).toMatch(/^ +chezmoi +chezmoi\/ +(\d+) files, \1 new$/m);
    expect(first).toMatch(/^ {2}f: see what would move with fedora\/f\/link\.sh --dry-run$/m);
    const second = remanence(folder, ["generate"]).stdout;
    expect(second).toMatch(/^ {2}f +· fedora .* fedora\/f\/ +\d+ files$/m);
    expect(second).not.toMatch(/new|changed|removed|see what/);
    rmSync(join(folder, "fedora"), { recursive: true });
    const limited = remanence(folder, ["generate", "--target", "fedora", "--dry-run"]).stdout;
    expect(limited).toMatch(/fedora\/f\/ +(\d+) files, \1 new\n\n {2}Nothing was written\.\n$/);
    expect(limited).not.toMatch(/nixos|chezmoi/);
  });
});

describe("help", () => {
  it.each(["", ...commands])("of `remanence %s` keeps within the width, and teaches", (command) => {
    const args = command === "" ? [] : command.split(" ");
    for (const columns of [80, 120]) {
      const { code, stdout, stderr } = remanence(workspace(), [...args, "--help"], { COLUMNS: String(columns) });
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      const lines = stdout.split("\n");
      expect(lines.filter((line) => line.length > columns)).toEqual([]);
      // A paragraph that was broken by hand has short lines in its middle.
      const [, text = ""] = stdout.split("\n\n");
      const ragged = text
        .split("\n")
        .slice(0, -1)
        .filter((line) => line.length < columns - 24);
      expect(ragged).toEqual([]);
      if (command !== "profiles") expect(stdout).toMatch(/^(?:Examples?|Then):$/m);
    }
  });

  it("shows a first manifest that is one, and commands that there are", () => {
    const example = /persistence\.yaml:\n((?: {2}.*\n)+)/.exec(afterRemanence)?.[1] ?? "";
    const folder = folderWith({ "persistence.yaml": example.replace(/^ {2}/gm, "") });
    for (const [, args] of afterRemanence.matchAll(/^ {2}remanence (.*?)(?: {2,}.*)?$/gm)) {
      const { code, stderr } = shell(folder, `"$0" "$1" ${args}`);
      // There is something to write, and there is a manifest already.
      const expected = { diff: 1, init: 2 }[args ?? ""] ?? 0;
      expect({ args, code }).toEqual({ args, code: expected });
      expectNoTrace(stderr);
    }
  });

  it("without a command goes to stderr, and is no success", () => {
    const { code, stdout, stderr } = remanence(workspace(), []);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^Usage: remanence/);
  });
});
