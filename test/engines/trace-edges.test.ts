import { spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, lstatSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parseYaml } from "../../src/manifest/yaml-source.ts";
import { parseProfile } from "../../src/profiles/parse.ts";
import { describeWith } from "../support/engines.ts";
import { filesBelow, readText, remanence, scratch, writeFiles } from "../support/workspace.ts";
import { type Answer, cli, onTerminal, proposed, type Stage, stage, traced } from "./trace-support.ts";

describeWith(["strace", "python3"], "a program on a terminal", () => {
  it("has the terminal, and ^C goes to it; the answer comes when it has ended", () => {
    const own = stage();
    // Not `read`: a signal that comes just before bash begins to wait is seen only when something has been read.
    const wait = "while :; do sleep 0.1; done";
    const script = `trap 'echo caught; exit 5' INT\necho a >~/.zotrc\ntty\necho ready\n${wait}\n`;
    writeFiles(own.home, { "zot.sh": script });
    const { stdout } = onTerminal(own, ["trace", "--", "bash", join(own.home, "zot.sh")], "\u0003");
    expect(stdout).toMatch(/\/dev\/pts\/\d+\s+ready\s[\s\S]*caught\s[\s\S]*ended with 5[\s\S]*~\/\.zotrc/);
  });

  it("keeps it after the time as well: the answer waits for it", () => {
    const own = stage();
    const script = "echo ready; read x; echo a >~/.early; sleep 1.5; echo b >~/.late; echo done";
    const { stdout } = onTerminal(own, ["trace", "--for", "1s", "--", "bash", "-c", script], "typed\n");
    expect(stdout).toMatch(/done[\s\S]*ended with 0[\s\S]*~\/\.early/);
    expect(stdout).not.toContain("~/.late");
  });

  it("gets the keys", () => {
    const own = stage();
    writeFiles(own.home, { "zot.sh": "echo ready\nread x\necho $x >~/.zotrc\n" });
    onTerminal(own, ["trace", "--", "bash", join(own.home, "zot.sh")], "typed\n");
    expect(readText(own.home, ".zotrc")).toBe("typed\n");
  });
});

describeWith(["strace", "bubblewrap"], "without a strace that may trace", () => {
  /** Of the whole machine only little is looked through: the other trees are empty here. */
  const small = ["bwrap", "--dev-bind", "/", "/", "--tmpfs", "/root", "--tmpfs", "/var"];

  function changes(own: Stage, command: readonly string[], env: NodeJS.ProcessEnv = {}): Answer {
    const [wrapper = "", ...args] = [...small, ...command];
    const { stdout, stderr } = spawnSync(wrapper, args, {
      cwd: own.folder,
      env: { ...process.env, ...own.env, ...env },
      encoding: "utf8",
    });
    if (stdout === "") throw new Error(stderr);
    return JSON.parse(stdout) as Answer;
  }

  const trace = [process.execPath, cli, "trace", "--format", "json", "--", "/bin/sh", "-c"];

  it("says what changed meanwhile, and that it saw no more than that", () => {
    const own = stage();
    writeFiles(own.home, { ".old": "", ".config/zot/old": "" });
    const before = lstatSync(join(own.home, ".old")).ctimeMs;
    while (Date.now() - before < 50);
    const script = "echo a >~/.config/zot/new.tmp; /bin/mv ~/.config/zot/new.tmp ~/.config/zot/new; echo b >~/.zotrc";
    const answer = changes(own, ["--setenv", "PATH", "/nowhere", ...trace, script]);
    expect(answer).toMatchObject({ by: "changes", ended: { code: 0 } });
    expect(answer.proposals.map(({ path, written }) => [path, written.length, written[0]?.writes])).toEqual([
      [".config/zot", 1, null],
      [".zotrc", 1, null],
    ]);
    expect(answer.notes.join()).toMatch(/no strace here.*whoever did it.*not seen/);
  });

  it("waits for a process that runs, and sees that it has ended", () => {
    const own = stage();
    const service = spawn("sh", ["-c", "sleep 1; echo a >~/.zotrc"], { env: { ...process.env, ...own.env } });
    const args = [
      "--setenv",
      "PATH",
      "/nowhere",
      process.execPath,
      cli,
      "trace",
      "--format",
      "json",
      "--pid",
      `${service.pid}`,
    ];
    const answer = changes(own, args);
    expect(answer).toMatchObject({ by: "changes", ended: { code: null, signal: null } });
    expect(proposed(answer)).toEqual([".zotrc state null"]);
  });

  it("says that strace may not trace here", () => {
    const own = stage();
    // What is traced already cannot be traced a second time.
    const strace = ["strace", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-e", "trace=exit"];
    const answer = changes(own, [...strace, ...trace, "echo b >~/.zotrc"]);
    expect(answer.by).toBe("changes");
    expect(proposed(answer)).toEqual([".zotrc state null"]);
    expect(answer.notes.join()).toContain("strace may not trace here");
  });
});

describeWith(["strace"], "a profile of one's own", () => {
  const script = "mkdir -p ~/.config/zot; echo a >~/.config/zot/a; echo b >~/.zotrc";
  const trace = (own: Stage, name: string, options: readonly string[] = []) =>
    remanence(own.folder, ["trace", "--save-profile", name, ...options, "--", join(own.home, "bin/zot")], own.env);

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

  it("goes into the manifest with --write", () => {
    const own = withProgram();
    const { code, stdout } = trace(own, "zot", ["--write"]);
    expect([code, stdout]).toEqual([0, expect.stringContaining("Added to persistence.yaml:\n\nprofiles:\n  - zot #")]);
    expect(readText(own.folder, "persistence.yaml")).toMatch(/^profiles:\n {2}- zot # /m);
    expect(remanence(own.folder, ["check"]).code).toBe(0);
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

describeWith(["strace"], "trace --write", () => {
  const script =
    "mkdir ~/.config; mkdir ~/.config/zot; echo a >~/.config/zot/a; git config --global a.b c; echo b >~/.zotrc";

  it("adds what is proposed to the manifest, all else as it was, and then all is decided", () => {
    const own = stage("# mine\nhome:   # odd, and kept\n  - .kept/   # why\n");
    const before = readText(own.folder, "persistence.yaml");
    const first = traced(own, ["sh", "-c", script], ["--write"]);
    expect(first.added).toBe("persistence.yaml");
    const after = readText(own.folder, "persistence.yaml").split("\n");
    expect(before.split("\n").filter((line) => !after.includes(line))).toEqual([]);
    expect(after).toContain("  - { path: .config/zot/, class: config }");
    expect(after).toContain("  - git # ~/.gitconfig");
    const second = traced(
      own,
      ["sh", "-c", "echo a >~/.config/zot/a; git config --global a.b d; echo b >~/.zotrc"],
      ["--write"],
    );
    expect([second.proposals, second.added, second.decided.length]).toEqual([[], null, 3]);
    expect(readText(own.folder, "persistence.yaml").split("\n")).toEqual(after);
  });

  it("writes nothing without being asked", () => {
    const own = stage();
    const before = readText(own.folder, "persistence.yaml");
    expect(traced(own, ["sh", "-c", script]).added).toBeNull();
    expect(readText(own.folder, "persistence.yaml")).toBe(before);
  });

  it("is refused as a whole where the manifest would be at fault", () => {
    const own = stage("system: &none []\nhome: *none\n");
    const before = readText(own.folder, "persistence.yaml");
    const { code, stderr, stdout } = remanence(own.folder, ["trace", "--write", "--", "sh", "-c", script], own.env);
    expect([code, stderr]).toEqual([1, expect.stringContaining("Nothing was added")]);
    expect(stdout).toContain("For the manifest:");
    expect(readText(own.folder, "persistence.yaml")).toBe(before);
  });

  it("needs a manifest, and says so before anything is run", () => {
    const own = stage();
    const { code } = remanence(own.home, ["trace", "--write", "--", "sh", "-c", script], own.env);
    expect([code, filesBelow(own.home)]).toEqual([2, []]);
  });
});
