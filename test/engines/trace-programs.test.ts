import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { describeWith, engineCommand } from "../support/engines.ts";
import { readText, writeFiles } from "../support/workspace.ts";
import { proposed, savedHow, stage, traced } from "./trace-support.ts";

describeWith(["strace", "git"], "a trace of git", () => {
  it("says that its settings are saved by rename, and where others would be", () => {
    const own = stage();
    const answer = traced(own, [engineCommand("git"), "config", "--global", "user.name", "me"]);
    expect(answer).toMatchObject({ by: "calls", ended: { code: 0, signal: null }, notes: [] });
    expect(proposed(answer)).toEqual([".gitconfig config git"]);
    expect(savedHow(answer, own)).toEqual({ ".gitconfig": "rename" });
    expect(answer.missing).toContainEqual({
      scope: "home",
      path: ".config/git/config",
      profile: "git",
      class: "config",
    });
  });

  it("collapses a repository into the folder of a person's own that it is in", () => {
    const own = stage("profiles: [git]\n");
    const script =
      "mkdir -p ~/sources/x && cd ~/sources/x && git init -q && echo a >a && git add a && git -c user.name=m -c user.email=m@x commit -qm a";
    const answer = traced(own, ["sh", "-c", script]);
    expect(proposed(answer)).toEqual(["sources/ data null"]);
    expect(savedHow(answer, own)).toMatchObject({
      "sources/x/a": "in-place",
      "sources/x/.git/index": "rename",
      "sources/x/.git/COMMIT_EDITMSG": "in-place",
    });
    expect(readText(own.home, "sources/x/.git/HEAD")).toContain("refs/heads/");
  });

  it("says which line decides already", () => {
    const own = stage("profiles:\n  - git\n");
    const answer = traced(own, [engineCommand("git"), "config", "--global", "user.name", "me"]);
    expect(answer.proposals).toEqual([]);
    expect(answer.decided).toMatchObject([{ path: ".gitconfig", files: 1, origin: { line: 5, profile: "git" } }]);
  });
});

describeWith(["strace", "git", "sqlite"], "a trace of what is kept already", () => {
  it("says what its lines do not: how a file is saved, and that there is a database", () => {
    const own = stage(
      "home:\n  - .gitconfig\n  - { path: .zotrc, writes: in-place }\n  - .zot/\n  - { path: .cache/, class: cache }\n",
    );
    const script = `mkdir ~/.zot ~/.cache
      git config --global a.b c; for file in .zotrc .cache/x; do echo a >~/new; mv ~/new ~/$file; done
      sqlite3 ~/.zot/y.db 'create table t(a)'; sqlite3 ~/.cache/y.db 'create table t(a)'`;
    const { notes, proposals } = traced(own, ["sh", "-c", script]);
    expect(proposals).toEqual([]);
    expect(notes).toEqual([
      "~/.zot/ has a database ($HOME/.zot/y.db); persistence.yaml:7 does not say `database: true`".replace(
        "$HOME",
        own.home,
      ),
      "~/.zotrc is saved by rename; persistence.yaml:6 does not say `writes: rename`",
    ]);
  });
});

describeWith(["strace"], "a trace of npm", () => {
  const quiet = { npm_config_update_notifier: "false", npm_config_offline: "true" };

  it("finds its settings, saved in their place, and its cache", () => {
    const own = stage();
    writeFiles(own.home, { "pkg/package.json": '{ "name": "pkg", "version": "1.0.0" }' });
    const env = { ...own.env, ...quiet };
    expect(spawnSync("npm", ["pack"], { cwd: join(own.home, "pkg"), env: { ...process.env, ...env } }).status).toBe(0);
    // That has filled the cache already.
    rmSync(join(own.home, ".npm"), { recursive: true });
    const settings = traced({ ...own, env }, ["npm", "config", "set", "fund", "false", "--location=user"]);
    expect(savedHow(settings, own)).toMatchObject({ ".npmrc": "in-place" });
    expect(proposed(settings)).toContain(".npmrc secret npm");
    const cache = traced({ ...own, env }, ["npm", "cache", "add", join(own.home, "pkg/pkg-1.0.0.tgz")]);
    expect(cache.ended?.code).toBe(0);
    expect(proposed(cache)).toContain(".npm/ cache npm");
    const content = Object.entries(savedHow(cache, own)).filter(([path]) =>
      path.startsWith(".npm/_cacache/content-v2/"),
    );
    expect(content.map(([, way]) => way)).toEqual(["rename"]);
  });
});

describeWith(["strace", "ssh"], "a trace of ssh-keygen", () => {
  it("finds the keys, in the directory that the catalogue keeps as a secret", () => {
    const own = stage();
    mkdirSync(join(own.home, ".ssh"), { mode: 0o700 });
    const key = join(own.home, ".ssh/id_ed25519");
    const answer = traced(own, ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key]);
    expect(proposed(answer)).toEqual([".ssh/ secret ssh"]);
    expect(savedHow(answer, own)).toEqual({ ".ssh/id_ed25519": "in-place", ".ssh/id_ed25519.pub": "in-place" });
  });

  it("sees known_hosts replaced by rename", () => {
    const own = stage();
    writeFiles(own.home, { ".ssh/known_hosts": `host ${readKey(own.home)}` });
    const answer = traced(own, ["ssh-keygen", "-R", "host", "-f", join(own.home, ".ssh/known_hosts")]);
    expect(savedHow(answer, own)).toMatchObject({ ".ssh/known_hosts": "rename" });
  });

  function readKey(home: string): string {
    expect(spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(home, "other")]).status).toBe(0);
    return readText(home, "other.pub");
  }
});

describeWith(["strace", "gpg"], "a trace of gpg", () => {
  it("finds its directory, and lets the agent go on that it leaves behind", () => {
    // The agent's socket has a short path only.
    const own = stage("", "rg-");
    const home = join(own.home, ".gnupg");
    mkdirSync(home, { mode: 0o700 });
    const env = { ...own.env, GNUPGHOME: home };
    onTestFinished(() => void spawnSync("gpgconf", ["--kill", "all"], { env: { ...process.env, ...env } }));
    const generate = [
      "gpg",
      "--batch",
      "--quiet",
      "--passphrase",
      "",
      "--quick-generate-key",
      "me@x",
      "ed25519",
      "default",
      "never",
    ];
    const answer = traced({ ...own, env }, generate);
    expect(answer.ended).toEqual({ code: 0, signal: null });
    expect(proposed(answer)).toEqual([".gnupg/ secret gnupg"]);
    const ways = savedHow(answer, own);
    expect(ways).toMatchObject({ ".gnupg/pubring.kbx": "rename" });
    expect(Object.keys(ways).some((path) => path.startsWith(".gnupg/private-keys-v1.d/"))).toBe(true);
    expect(answer.notes.join()).toContain("gpg-agent");
    const sign = spawnSync("gpg", ["--batch", "--passphrase", "", "--clearsign"], {
      input: "x",
      env: { ...process.env, ...env },
    });
    expect(sign.status, String(sign.stderr)).toBe(0);
  });
});

describeWith(["strace"], "a trace of bash", () => {
  it("finds the history: appended in its place, written whole by rename", () => {
    const own = stage();
    const script = (how: string): string[] => [
      "bash",
      "--norc",
      "-c",
      `HISTFILE=~/.bash_history; set -o history; history -s "echo x"; history ${how}`,
    ];
    const first = traced(own, script("-a"));
    expect(proposed(first)).toEqual([".bash_history state bash-history"]);
    expect(savedHow(first, own)).toEqual({ ".bash_history": "in-place" });
    expect(savedHow(traced(own, script("-w")), own)).toEqual({ ".bash_history": "rename" });
    expect(readText(own.home, ".bash_history")).toContain("echo x");
  });
});

describeWith(["strace", "vim"], "a trace of vim", () => {
  it("finds what it remembers, saved by rename, and the file that was edited", () => {
    const own = stage();
    writeFileSync(join(own.home, "note.txt"), "a\n");
    const edit = ["-c", "set viminfo='10,n~/.viminfo", "-c", "e ~/note.txt", "-c", "normal ix", "-c", "wv", "-c", "wq"];
    const answer = traced(own, ["vim", "-N", "-u", "NONE", "-es", ...edit]);
    expect(readText(own.home, "note.txt")).toBe("xa\n");
    expect(proposed(answer)).toEqual([".viminfo state vim", "note.txt data null"]);
    expect(savedHow(answer, own)).toMatchObject({ ".viminfo": "rename" });
  });
});

describeWith(["strace", "neovim"], "a trace of nvim", () => {
  it("finds its state in the directories that the catalogue knows", () => {
    const own = stage();
    const answer = traced(own, [
      "nvim",
      "--headless",
      "-c",
      "e ~/note.txt",
      "-c",
      "normal ix",
      "-c",
      "wshada",
      "-c",
      "wq",
    ]);
    const shada = Object.entries(savedHow(answer, own)).filter(([path]) => path.endsWith("/shada/main.shada"));
    expect(shada.map(([, way]) => way)).toEqual(["rename"]);
    expect(
      answer.proposals.find(({ written }) => written.some(({ path }) => path.endsWith("main.shada"))),
    ).toMatchObject({
      profile: "neovim",
      class: "state",
    });
  });
});

describeWith(["strace", "sqlite"], "a trace of SQLite", () => {
  it.each(["delete", "wal"])("finds a database with the journal %s, written in its place", (journal) => {
    const own = stage();
    mkdirSync(join(own.home, ".local/share/x"), { recursive: true });
    const sql = `pragma journal_mode=${journal}; create table t(a); insert into t values (1);`;
    const answer = traced(own, ["sqlite3", join(own.home, ".local/share/x/y.db"), sql]);
    expect(answer.proposals).toMatchObject([
      { path: ".local/share/x", kind: "directory", class: "state", database: true },
    ]);
    expect(savedHow(answer, own)).toEqual({ ".local/share/x/y.db": "in-place" });
  });
});
