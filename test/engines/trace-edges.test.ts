import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, lstatSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseYaml } from "../../src/manifest/yaml-source.ts";
import { parseProfile } from "../../src/profiles/parse.ts";
import { describeWith } from "../support/engines.ts";
import { filesBelow, readText, remanence, scratch, writeFiles } from "../support/workspace.ts";
import { cli, onTerminal, proposed, type Stage, stage, traced } from "./trace-support.ts";

describeWith(["strace"], "a program on a terminal", () => {
  it("has the terminal, and ^C goes to it; the answer comes when it has ended", () => {
    const own = stage();
    writeFiles(own.home, { "zot.sh": "trap 'echo caught; exit 5' INT\necho a >~/.zotrc\ntty\necho ready\nread x\n" });
    const { stdout } = onTerminal(own, ["trace", "--", "bash", join(own.home, "zot.sh")], "\u0003");
    expect(stdout).toMatch(/\/dev\/pts\/\d+\s+ready\s[\s\S]*caught\s[\s\S]*ended with 5[\s\S]*~\/\.zotrc/);
  });

  it("gets the keys", () => {
    const own = stage();
    writeFiles(own.home, { "zot.sh": "echo ready\nread x\necho $x >~/.zotrc\n" });
    onTerminal(own, ["trace", "--", "bash", join(own.home, "zot.sh")], "typed\n");
    expect(readText(own.home, ".zotrc")).toBe("typed\n");
  });
});

describeWith(["strace"], "without a strace that may trace", () => {
  it("does the same, and says why", () => {
    const own = stage();
    const inner = [process.execPath, cli, "trace", "--format", "json", "--", "sh", "-c", "echo b >~/.zotrc"];
    // What is traced already cannot be traced a second time.
    const args = ["-f", "-qq", "-o", "/dev/null", "-e", "trace=none", ...inner];
    const { stdout } = spawnSync("strace", args, {
      cwd: own.folder,
      env: { ...process.env, ...own.env },
      encoding: "utf8",
    });
    const answer = JSON.parse(stdout) as ReturnType<typeof traced>;
    expect(answer.by).toBe("changes");
    expect(proposed(answer)).toContain(".zotrc state null");
    expect(answer.notes.join()).toContain("strace may not trace here");
  });
});

describe("without strace", () => {
  it("says what changed meanwhile, and that it saw no more than that", () => {
    const own = stage();
    writeFiles(own.home, { ".old": "", ".config/zot/old": "" });
    const before = lstatSync(join(own.home, ".old")).ctimeMs;
    while (Date.now() - before < 50);
    const env = { ...own.env, PATH: pathWithoutStrace() };
    const script = "echo a >~/.config/zot/new.tmp; mv ~/.config/zot/new.tmp ~/.config/zot/new; echo b >~/.zotrc";
    const answer = traced({ ...own, env }, ["sh", "-c", script]);
    const inHome = answer.proposals.filter(({ scope }) => scope === "home");
    expect(answer.by).toBe("changes");
    expect(inHome.map(({ path, written }) => [path, written.length, written[0]?.writes])).toEqual([
      [".config/zot", 1, null],
      [".zotrc", 1, null],
    ]);
    expect(answer.notes.join()).toMatch(/no strace here.*whoever did it.*not seen/);
  });

  /** Links to the few programs of the test, so that strace is not among them. */
  function pathWithoutStrace(): string {
    const folder = scratch();
    const found = spawnSync("sh", ["-c", "command -v sh mv"], { encoding: "utf8" }).stdout.trim().split("\n");
    for (const program of found) symlinkSync(program, join(folder, program.slice(program.lastIndexOf("/") + 1)));
    return folder;
  }
});

describeWith(["strace"], "a profile of one's own", () => {
  const script = "mkdir -p ~/.config/zot; echo a >~/.config/zot/a; echo b >~/.zotrc";
  const trace = (own: Stage, name: string) =>
    remanence(own.folder, ["trace", "--save-profile", name, "--", join(own.home, "bin/zot")], own.env);

  function withProgram(): Stage {
    const own = stage();
    writeFiles(own.home, { "bin/zot": `#!/bin/sh\n${script}\n` });
    chmodSync(join(own.home, "bin/zot"), 0o755);
    return own;
  }

  it("is written beside the manifest, is sound, and decides what the program writes next time", () => {
    const own = withProgram();
    const { stdout } = trace(own, "zot");
    expect(stdout).toContain("Written: profiles/zot.yaml");
    expect(stdout).toContain("profiles:\n  - zot # ~/.config/zot/, ~/.zotrc\n");
    const text = readText(own.folder, "profiles/zot.yaml");
    expect(parseProfile(parseYaml({ path: "zot.yaml", text }), true).diagnostics).toEqual([]);
    writeFileSync(join(own.folder, "persistence.yaml"), `${readText(own.folder, "persistence.yaml")}profiles: [zot]\n`);
    const second = traced(own, [join(own.home, "bin/zot")]);
    expect([second.proposals, second.decided.map(({ path }) => path)]).toEqual([[], [".config/zot", ".zotrc"]]);
  });

  it("never takes the place of another, and then nothing is run", () => {
    const own = withProgram();
    writeFiles(own.folder, { "profiles/mine.yaml": "mine\n" });
    for (const [name, message] of [
      ["mine", "profiles/mine.yaml is there already"],
      ["git", "the catalogue has a profile git already"],
      ["../x", "a profile's name has lower-case letters"],
    ] as const) {
      const { code, stderr } = trace(own, name);
      expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
    }
    expect(existsSync(join(own.home, ".zotrc"))).toBe(false);
    expect(filesBelow(own.folder)).toEqual(["persistence.yaml", "profiles/mine.yaml"]);
    expect(readText(own.folder, "profiles/mine.yaml")).toBe("mine\n");
  });

  it("is not written through a link out of the manifest's folder", () => {
    const own = withProgram();
    const elsewhere = scratch();
    symlinkSync(elsewhere, join(own.folder, "profiles"));
    expect(trace(own, "zot").stderr).toContain("leads out of the manifest's folder");
    expect(filesBelow(elsewhere)).toEqual([]);
  });
});
