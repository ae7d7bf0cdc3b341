import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeWith } from "../support/engines.ts";
import { contents, expectRun, type Run, run } from "../support/fedora.ts";
import { archiveIn, lose, type SavedHome, savedHome, stagesIn } from "../support/fedora-restore.ts";
import { scratch } from "../support/workspace.ts";

const entries = ["app/", "{ path: photos/, class: data }"];
const noise = Array.from({ length: 40_000 }, (_, i) => ((i * 7919) % 9973).toString(36)).join("");
const content = { app: { a: "1", below: { b: noise } }, photos: { c: "3" } };

/** A PATH in which a program is preceded by a script of that name. */
function standIn(program: string, text: string): NodeJS.ProcessEnv {
  const folder = scratch();
  writeFileSync(join(folder, program), `#!/bin/bash\n${text}\n`, { mode: 0o755 });
  return { PATH: `${folder}:/usr/bin:/usr/sbin` };
}

/** Restores over what is there, which must fail and leave all of that. */
function failsToReplace({ scripts, home }: SavedHome, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Run {
  writeFileSync(join(home, "app", "a"), "live");
  const before = contents(join(home, ".persist"));
  const done = expectRun(2, scripts, "restore", ["--replace", ...args], { home, env });
  expect(contents(join(home, ".persist"))).toEqual(before);
  return done;
}

describeWith(["zstd"], "restore.sh and archives that are not what they were", () => {
  it("puts nothing in place of an archive with a bit flipped anywhere, with and without its checksum", async () => {
    const saved = await savedHome(entries, content);
    const archive = archiveIn(saved.to);
    const whole = readFileSync(archive);
    rmSync(`${archive}.sha256`);
    for (const part of [0.1, 0.35, 0.6, 0.95]) {
      const at = Math.floor(whole.length * part);
      writeFileSync(
        archive,
        whole.map((byte, i) => (i === at ? byte ^ 4 : byte)),
      );
      expect(failsToReplace(saved).err).toMatch(/damaged|not what is in it/);
    }
    truncateSync(archive, whole.length >> 1);
    expect(failsToReplace(saved).err).toMatch(/damaged|not what is in it/);
    expect(stagesIn(saved.home).filter((name) => !name.endsWith(".incomplete"))).toEqual([]);
  });

  it("puts nothing in place that is not on the disk as it is in the archive", async () => {
    const saved = await savedHome(entries, content);
    // A disk that loses what was written: after tar is done, one byte is another.
    const env = standIn(
      "tar",
      '/usr/bin/tar "$@"\ncode=$?\n[[ $* != *--extract* ]] || find "$4" -name c -exec sh -c \'printf 4 >"$1"; touch -d @1000000000 "$1"\' - {} \\;\nexit "$code"',
    );
    const done = failsToReplace(saved, [], env);
    expect(done.err).toContain("photos/c: Mod time differs");
    expect(done.err).toContain("photos/c: Contents differ");
    const [left = ""] = stagesIn(saved.home);
    expect(left).toMatch(/\.incomplete$/);
    expect(done.err).toContain(`what came out of it is in ${join(saved.home, left)}`);
    // What came out is named again and never taken for data, nor deleted.
    expect(expectRun(0, saved.scripts, "restore", ["--replace"], saved).err).toContain(left);
    expect(existsSync(join(saved.home, left))).toBe(true);
  });

  it("removes what a run that was stopped had not verified, and nothing else", async () => {
    const { scripts, home } = await savedHome(entries, content);
    for (const name of [".remanence-restore-abcdef.partial", ".remanence-restore-abcdef", ".remanence-restore-mine"]) {
      mkdirSync(join(home, name, "x"), { recursive: true });
    }
    const done = expectRun(0, scripts, "restore", [], { home });
    expect(done.err).toContain("removing ~/.remanence-restore-abcdef.partial");
    expect(done.err).toContain("~/.remanence-restore-abcdef has what an earlier run restored");
    expect(stagesIn(home).sort()).toEqual([".remanence-restore-abcdef", ".remanence-restore-mine"]);
  });
});

describeWith(["restic"], "restore.sh and repositories that are not what they were", () => {
  it("says what is wrong with a password, a repository and a snapshot, and puts nothing in place", async () => {
    const saved = await savedHome(entries, content, { engine: "restic" });
    const env = { RESTIC_CACHE_DIR: scratch() };
    const password = join(scratch(), "password");
    writeFileSync(password, "wrong\n", { mode: 0o600 });
    expect(failsToReplace(saved, ["--password-file", password], env).err).toContain("does not open with this password");
    expect(failsToReplace(saved, ["--repository", join(scratch(), "config")], env).err).toContain("no archive of desk");
    expect(failsToReplace(saved, ["--from", "12345678"], env).err).toContain("there is no snapshot 12345678");
    const packs = run(["find", join(saved.to, "data"), "-type", "f", "-size", "+8k"], { home: "/" }).out.trim();
    for (const pack of packs.split("\n")) {
      const bytes = readFileSync(pack);
      rmSync(pack);
      writeFileSync(
        pack,
        bytes.map((byte, i) => (i === 100 ? byte ^ 1 : byte)),
      );
    }
    expect(failsToReplace(saved, [], env).err).toContain("restic could not bring back all of it");
    expect(readdirSync(saved.home).some((name) => name.endsWith(".partial"))).toBe(false);
  });

  it("takes a repository that lies elsewhere now", async () => {
    const { scripts, home, to } = await savedHome(entries, content, { engine: "restic" });
    const moved = join(scratch(), "usb");
    run(["mv", to, moved], { home: "/" });
    lose(home);
    expectRun(2, scripts, "restore", [], { home });
    expectRun(0, scripts, "restore", ["--repository", moved], { home });
    expect(readFileSync(join(home, ".persist/photos/c"), "utf8")).toBe("3");
  });
});

describeWith(["zstd"], "restore.sh and archives that lie elsewhere", () => {
  it("takes the newest of a folder, or one that is named, whatever the manifest's engine is", async () => {
    const tar = await savedHome(entries, content);
    const moved = join(scratch(), "usb");
    run(["mv", tar.to, moved], { home: "/" });
    lose(tar.home);
    expectRun(2, tar.scripts, "restore", [], tar);
    expectRun(0, tar.scripts, "restore", ["--repository", moved], tar);
    expect(readFileSync(join(tar.home, ".persist/photos/c"), "utf8")).toBe("3");
    const restic = await savedHome(entries, {}, { engine: "restic" });
    lose(restic.home);
    expectRun(0, restic.scripts, "restore", ["--from", archiveIn(moved)], restic);
    expect(readFileSync(join(restic.home, ".persist/app/a"), "utf8")).toBe("1");
  });
});
