import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "@iarna/toml";
import { expect, it } from "vitest";
import { apply } from "../support/chezmoi.ts";
import { aliceAt, complaints, generate, homeIn, manifestOf, picture } from "../support/chezmoi-tree.ts";
import { describeWith, engineCommand } from "../support/engines.ts";
import { folderWith, readText, writeFiles } from "../support/workspace.ts";

const sha256 = (text: string | Buffer): string => createHash("sha256").update(text).digest("hex");

/** A folder with something of each kind to fetch, by file:// from itself. */
function remote(): { folder: string; url: (name: string) => string } {
  const folder = folderWith({
    "remote/notes/note.txt": "from the repo\n",
    "remote/pack/dir/member": "from the archive\n",
  });
  writeFiles(folder, { "remote/file.txt": "from the file\n" });
  const run = (...args: string[]) => {
    const { status, stderr } = spawnSync(args[0] ?? "", args.slice(1), {
      cwd: join(folder, "remote"),
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(stderr);
  };
  const git = (...args: string[]) =>
    run(engineCommand("git"), "-C", "notes", "-c", "user.name=n", "-c", "user.email=n@n.invalid", ...args);
  git("init", "--quiet");
  git("add", ".");
  git("commit", "--quiet", "--message", "notes");
  run("tar", "-czf", "pack.tar.gz", "-C", "pack", "dir");
  return { folder, url: (name) => `file://${folder}/remote/${name}` };
}

const entry = (path: string, fetch: object, more: object = {}): string => JSON.stringify({ path, fetch, ...more });

/** Generates into the folder of a remote, with the given entries, and gives a home. */
async function fetching(folder: string, home: readonly string[], own: Readonly<Record<string, string>> = {}) {
  writeFiles(folder, { "persistence.yaml": manifestOf(home), ...own });
  const { source } = await generate(folder);
  return { source, home: homeIn(folder) };
}

describeWith(["chezmoi", "git"], "what is fetched by the real chezmoi", () => {
  it("comes: a repository, an archive and a file with its checksum, on both systems", async () => {
    const { folder, url } = remote();
    const sum = sha256(readFileSync(join(folder, "remote/file.txt")));
    const { source } = await fetching(folder, [
      entry("Projects/notes/", { git: url("notes"), refresh: "7d" }),
      entry(".pack/", { archive: url("pack.tar.gz") }),
      entry(".local/bin/odd {{ name }} #1", { file: url("file.txt"), sha256: sum }),
    ]);
    for (const os of ["fedora", "nixos"] as const) {
      const home = homeIn(folder, `home-${os}`);
      const host = aliceAt(home, { os, hostname: os === "nixos" ? "laptop" : "desk" });
      expect(apply(source, home, [], host).code).toBe(0);
      expect(picture(home)).toMatchObject({
        "Projects/notes/note.txt": "0644 from the repo\n",
        ".pack/dir/member": "0644 from the archive\n",
        ".local/bin/odd {{ name }} #1": "0644 from the file\n",
      });
      expect(apply(source, home, ["--verbose"], host)).toMatchObject({ code: 0, stdout: "" });
    }
  });

  it("is written as TOML that a parser reads back, durations in hours", async () => {
    const { folder, url } = remote();
    const { source } = await fetching(folder, [
      entry("a b/é\"'\\x/", { git: url("notes"), refresh: "2w" }),
      entry("f", { file: "https://example.org/x?y=%20&z#{}", sha256: "0".repeat(64), refresh: "36h" }),
    ]);
    expect(parse(readText(source, ".chezmoiexternals/remanence.toml"))).toEqual({
      "a b/é\"'\\x": { type: "git-repo", url: url("notes"), refreshPeriod: "336h" },
      f: {
        type: "file",
        url: "https://example.org/x?y=%20&z#{}",
        refreshPeriod: "36h",
        checksum: { sha256: "0".repeat(64) },
      },
    });
  });

  it("is not taken when the checksum is another", async () => {
    const { folder, url } = remote();
    const { source, home } = await fetching(folder, [entry("file", { file: url("file.txt"), sha256: "0".repeat(64) })]);
    const { code, stderr } = apply(source, home, [], aliceAt(home));
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("SHA256 mismatch") });
    expect(picture(home)).toEqual({});
  });

  it("never takes the place of something of another kind", async () => {
    const { folder, url } = remote();
    const { source, home } = await fetching(folder, [
      entry("one", { file: url("file.txt") }),
      entry("two/", { archive: url("pack.tar.gz") }),
      entry("three/", { git: url("notes") }),
      entry("four/", { git: url("notes") }),
      entry("five", { file: url("file.txt") }),
    ]);
    writeFiles(home, {
      "one/data": "precious",
      two: "precious",
      "three/data": "precious",
      four: "precious",
      far: "mine",
    });
    symlinkSync("far", join(home, "five"));
    const before = picture(home);
    for (const flags of [[], ["--force"], ["--force", "--refresh-externals=always"]]) {
      const { code, stderr } = apply(source, home, flags, aliceAt(home));
      expect(code).toBe(0);
      for (const [path, what] of [
        ["one", "directory"],
        ["two", "file"],
        ["three", "directory that is no clone"],
        ["four", "file"],
        ["five", "symlink"],
      ])
        expect(stderr).toContain(`~/${path} is not fetched: a ${what} is there`);
      expect(picture(home)).toEqual(before);
    }
  });

  it("does not come where a link on the way would have to give place to a directory", async () => {
    const { folder, url } = remote();
    const { source, home } = await fetching(folder, [
      entry("Projects/notes/", { git: url("notes") }),
      entry("Projects/deep/file", { file: url("file.txt") }),
      entry("Projects/pack/", { archive: url("pack.tar.gz") }),
      entry("closed/pack/", { archive: url("pack.tar.gz") }),
      entry("dangling/notes/", { git: url("notes") }),
    ]);
    writeFiles(folder, { "elsewhere/mine": "precious" });
    symlinkSync("../elsewhere", join(home, "Projects"));
    symlinkSync("nowhere", join(home, "dangling"));
    writeFileSync(join(home, "closed"), "a file");
    const before = picture(home);
    for (const flags of [[], ["--force"]]) {
      const { code, stderr } = apply(source, home, flags, aliceAt(home));
      expect(code).toBe(0);
      for (const path of ["notes", "deep/file", "pack"])
        expect(stderr).toContain(`~/Projects/${path} is not fetched: a link on the way is there`);
      expect(stderr).toContain("~/closed is not a directory: a file is there");
      expect(stderr).toContain("~/dangling is not a directory: a symlink is there");
      expect(picture(home)).toEqual(before);
      expect(picture(join(folder, "elsewhere"))).toEqual({ mine: "0644 precious" });
    }
  });

  it("comes only where it is asked for", async () => {
    const { folder, url } = remote();
    const { source, home } = await fetching(folder, [
      entry("desk", { file: url("file.txt") }, { on: ["desk"] }),
      entry("laptop", { file: url("file.txt") }, { on: ["laptop"] }),
    ]);
    expect(apply(source, home, [], aliceAt(home)).code).toBe(0);
    expect(Object.keys(picture(home))).toEqual(["desk"]);
    const unknown = homeIn(folder, "unknown");
    expect(apply(source, unknown, [], aliceAt(unknown, { os: "debian" })).code).toBe(0);
    expect(picture(unknown)).toEqual({});
  });

  it("is refused where the person manages the place, or where it differs between machines", async () => {
    const one = entry("x/", { git: "https://example.org/x.git" }, { on: ["desk"] });
    const other = entry("x/", { git: "https://example.org/y.git" }, { on: ["laptop"] });
    expect(await complaints(manifestOf([one, other]))).toEqual(["chezmoi/fetch-differs"]);
    expect(await complaints(manifestOf([one]), { "chezmoi/x/own": "" })).toEqual(["chezmoi/fetch-hand-managed"]);
    expect(await complaints(manifestOf([one]), { "chezmoi/symlink_x": "" })).toEqual(["chezmoi/fetch-hand-managed"]);
    expect(await complaints(manifestOf([one]), { "chezmoi/y": "" })).toEqual([]);
  });
});
