import { appendFileSync, chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeWith } from "../support/engines.ts";
import { filesBelow, readText, remanence, writeFiles } from "../support/workspace.ts";
import { expectCannotRun, run, small, stateOf, workspace } from "./support.ts";

/** git as it is where nobody has set anything, and nothing of this machine is seen. */
const env = {
  HOME: "/nonexistent",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_AUTHOR_NAME: "u",
  GIT_AUTHOR_EMAIL: "u@example.org",
  GIT_COMMITTER_NAME: "u",
  GIT_COMMITTER_EMAIL: "u@example.org",
};
const nobody = { GIT_AUTHOR_NAME: "", GIT_AUTHOR_EMAIL: "", GIT_COMMITTER_NAME: "", GIT_COMMITTER_EMAIL: "" };

function git(folder: string, ...args: string[]): string {
  const { code, stdout, stderr } = run("git", args, folder, env);
  expect({ args, code, stderr }).toMatchObject({ args, code: 0 });
  return stdout;
}

/** A repository with a commit, a staged change, an unstaged one, and a file that git does not know. */
function repository(below = ".", others: Readonly<Record<string, string>> = {}): { top: string; folder: string } {
  const top = workspace(small);
  const folder = join(top, below);
  if (below !== ".") writeFiles(folder, { "persistence.yaml": readText(top, "persistence.yaml") });
  writeFiles(top, { staged: "1\n", unstaged: "1\n", ...others });
  git(top, "init", "-q");
  git(top, "add", ".");
  git(top, "commit", "-qm", "first");
  writeFiles(top, { staged: "2\n", unstaged: "2\n", untracked: "1\n" });
  git(top, "add", "staged");
  return { top, folder };
}

const commit = (folder: string, ...more: string[]) => remanence(folder, ["generate", "--commit", ...more], env);
const committed = (folder: string): string[] =>
  git(folder, "-c", "core.quotePath=false", "show", "-z", "--format=", "--name-only", "--no-renames", "HEAD")
    .split("\0")
    .filter((name) => name !== "");
const personal = "M  staged\n M unstaged\n?? untracked\n";

describeWith(["git"], "generate --commit", () => {
  it.each([".", "hosts of mine/ü\"'$(x)"])("commits the outputs and nothing else, from %s", (below) => {
    const { top, folder } = repository(below);
    expect(commit(folder)).toMatchObject({ code: 0, stdout: expect.stringMatching(/Committed as [0-9a-f]{7,}\.\n$/) });
    const prefix = below === "." ? "" : `${below}/`;
    const outputs = filesBelow(folder).filter((path) =>
      /^(?:nixos|home-manager|chezmoi|fedora|\.remanence)\//.test(path),
    );
    expect(committed(top).sort()).toEqual(outputs.map((path) => prefix + path).sort());
    expect(git(top, "status", "--porcelain", "--untracked-files=all")).toBe(personal);
    expect(git(top, "log", "-1", "--format=%s")).toMatch(/^Generate outputs/);

    const head = git(top, "rev-parse", "HEAD");
    expect(commit(folder)).toMatchObject({ code: 0, stdout: expect.stringContaining("Nothing to commit.\n") });
    expect(git(top, "rev-parse", "HEAD")).toBe(head);
  });

  it("commits what is removed as removed, and leaves the manifest and names that contain an output's", () => {
    const { top } = repository(".", { "old/nixos/n/persistence.nix": "1\n" });
    commit(top);
    writeFileSync(join(top, "persistence.yaml"), small.replace(/^ {2}f: .*\n/m, ""));
    appendFileSync(join(top, "old/nixos/n/persistence.nix"), "2\n");
    expect(commit(top).code).toBe(0);
    expect(committed(top)).toEqual(expect.arrayContaining(["fedora/f/link.sh", ".remanence/outputs.json"]));
    expect(git(top, "ls-files", "fedora")).toBe("");
    expect(git(top, "status", "--porcelain", "--untracked-files=all")).toBe(
      ` M old/nixos/n/persistence.nix\n M persistence.yaml\n${personal}`,
    );
  });

  it("works in a repository without commits, and with a limited run", () => {
    const folder = workspace();
    git(folder, "init", "-q");
    writeFileSync(join(folder, "mine"), "1\n");
    git(folder, "add", "mine");
    expect(commit(folder, "--target", "nixos").code).toBe(0);
    expect(committed(folder).sort()).toEqual([
      ".remanence/outputs.json",
      "nixos/n/carry.nix",
      "nixos/n/migrate.sh",
      "nixos/n/persistence.nix",
      "nixos/n/wipe.nix",
    ]);
    expect(git(folder, "status", "--porcelain")).toBe("A  mine\n?? persistence.yaml\n");
  });

  it("leaves out what git is told to ignore", () => {
    const { top } = repository(".", { ".gitignore": "fedora/\n" });
    expect(commit(top).code).toBe(0);
    expect(committed(top).filter((path) => path.startsWith("fedora/"))).toEqual([]);
    expect(git(top, "status", "--porcelain", "--untracked-files=all")).toBe(personal);
  });

  it("does not break the answer in JSON", () => {
    const { top } = repository();
    const { code, stdout } = commit(top, "--format", "json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ version: 1, refused: [] });
  });

  it("does not care what editor or pager there is", () => {
    const { top } = repository();
    const odd = {
      ...env,
      GIT_EDITOR: "false",
      EDITOR: "false",
      PAGER: "false",
      GIT_PAGER: "false",
      GIT_SSH_COMMAND: "x",
    };
    expect(remanence(top, ["generate", "--commit"], odd)).toMatchObject({ code: 0 });
  });

  it("without a repository nothing is written", () => {
    const folder = workspace();
    expectCannotRun(
      commit(folder),
      /nothing can be committed in .*: it is in no git repository\. Nothing was written\.\n/,
    );
    expect(filesBelow(folder)).toEqual(["persistence.yaml"]);
    expectCannotRun(remanence(folder, ["generate", "--commit"], { PATH: "/nonexistent" }), /no git on this machine/);
  });

  it.each([
    [
      "nobody has said who commits",
      nobody,
      undefined,
      /git did not commit them: [\s\S]*(?:tell me who you are|empty ident)/,
    ],
    ["a hook refuses", {}, "#!/bin/sh\necho not today >&2\nexit 1\n", /git did not commit them: not today\n/],
  ])("where %s the outputs are written and the index is as it was", (_, more, hook, message) => {
    const { top } = repository();
    if (hook !== undefined) {
      mkdirSync(join(top, ".git/hooks"), { recursive: true });
      writeFileSync(join(top, ".git/hooks/pre-commit"), hook);
      chmodSync(join(top, ".git/hooks/pre-commit"), 0o755);
    }
    const before = git(top, "ls-files", "--stage");
    const { code, stdout, stderr } = remanence(top, ["generate", "--commit", "--format", "json"], { ...env, ...more });
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(JSON.parse(stdout)).toMatchObject({ version: 1, refused: [] });
    expect(git(top, "ls-files", "--stage")).toBe(before);
    expect(git(top, "log", "--format=%s")).toBe("first\n");
    rmSync(join(top, ".git/hooks"), { recursive: true, force: true });
    const state = stateOf(join(top, "nixos"));
    expect(commit(top)).toMatchObject({ code: 0 });
    expect(stateOf(join(top, "nixos"))).toEqual(state);
  });
});
