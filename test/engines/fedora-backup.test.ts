import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeWith } from "../support/engines.ts";
import {
  contents,
  expectRun,
  lay,
  manifestOf,
  mounted,
  newHome,
  run,
  runScript,
  type Scripts,
  scriptsOf,
  snapshot,
} from "../support/fedora.ts";
import { pathWith } from "../support/fedora-crash.ts";
import { quicken } from "../support/restic-key.ts";
import { scratch } from "../support/workspace.ts";

const files = { a: "1", below: { b: "2" } };

/** A script that stands in the PATH before a program, to see what happens when that one behaves badly. */
function standIn(program: string, text: string): NodeJS.ProcessEnv {
  const folder = scratch();
  writeFileSync(join(folder, program), `#!/bin/bash\n${text}\n`, { mode: 0o755 });
  chmodSync(folder, 0o755);
  return { PATH: `${folder}:/usr/bin:/usr/sbin` };
}

async function archiving(
  entries: readonly string[] = ["app/", "photos/"],
): Promise<{ scripts: Scripts; home: string; to: string }> {
  const to = scratch();
  const scripts = await scriptsOf(manifestOf(entries, { backup: `{ engine: tar, path: "${to}" }` }));
  const home = newHome();
  lay(home, { app: files, photos: files });
  return { scripts, home, to };
}

const archives = (to: string): string[] => readdirSync(to).filter((name) => name.endsWith(".zst"));
const listed = (to: string): string => run(["bash", "-c", 'tar -tf "$1"/*.zst', "-", to], { home: "/" }).out;

describeWith(["zstd"], "backup.sh with archives", () => {
  it("writes one that only its owner can read, with its checksum, and says when it was", async () => {
    const { scripts, home, to } = await archiving();
    expectRun(0, scripts, "link", [], { home });
    expectRun(0, scripts, "backup", ["--format", "json"], { home });
    const [name = ""] = archives(to);
    expect(contents(to)[name]).toMatch(/^file 600/);
    expect(
      run(["sha256sum", "-c", `${name}.sha256`], { home }).code === 0 ||
        run(["bash", "-c", `cd '${to}' && sha256sum -c *.sha256`], { home }).code === 0,
    ).toBe(true);
    expect(expectRun(0, scripts, "verify", [], { home }).out).toMatch(/backup\s+last: \S+Z, complete/);
    expect(readdirSync(to).filter((file) => file.endsWith(".part"))).toEqual([]);
  });

  it("says before it begins what goes where, and how much that is at most", async () => {
    const { scripts, home, to } = await archiving();
    const { out } = expectRun(0, scripts, "backup", [], { home });
    expect(out.split("\n")[0]).toMatch(/^\d+ entries, at most [\d.]+KiB, go to \S+ \(tar\)\.$/);
    expect(out).toContain(` go to ${to} (tar).\nbacked up `);
    rmSync(to, { recursive: true });
    const failed = expectRun(2, scripts, "backup", [], { home });
    expect(failed.err).toContain("is it mounted?");
  });

  it("keeps going where a file vanishes or changes or cannot be read, says so, and calls the backup incomplete", async () => {
    const { scripts, home, to } = await archiving();
    lay(home, { photos: { vanishes: "x" } });
    run(["chown", "-R", "4321:4321", home], { home });
    writeFileSync(join(home, "photos", "unreadable"), "x", { mode: 0o600 });
    mkdirSync(join(home, "photos", "closed"), { mode: 0o700 });
    chmodSync(to, 0o777);
    // What find lists is gone when tar comes by.
    const list = join(scratch(), "list");
    chmodSync(join(list, ".."), 0o777);
    const env = standIn("tar", `cat >'${list}'\nrm -f '${home}/photos/vanishes'\nexec /usr/bin/tar "$@" <'${list}'`);
    const done = runScript(scripts, "backup", ["--format", "json"], { home, env, uid: 4321 });
    expect(done.code, done.err).toBe(4);
    expect(done.err).toContain("vanishes");
    expect(done.err).toContain("unreadable");
    expect(JSON.parse(done.out)).toMatchObject({ complete: false });
    expect(archives(to).length).toBe(1);
    expect(listed(to)).toContain("photos/below/b");
    expect(runScript(scripts, "verify", [], { home, uid: 4321 }).out).toMatch(/backup\s+last: \S+Z, incomplete/);
  });

  it("says when a file changed while it was read", async () => {
    const { scripts, home, to } = await archiving();
    const env = standIn("tar", '/usr/bin/tar "$@"\n[[ $* == *--create* ]] && exit 1');
    expectRun(4, scripts, "backup", [], { home, env });
    expect(archives(to).length).toBe(1);
  });

  it("leaves older archives alone and no half one behind when it cannot finish", async () => {
    const { scripts, home, to } = await archiving();
    expectRun(0, scripts, "backup", [], { home });
    const before = snapshot(to);
    for (const [program, text] of [
      ["tar", '/usr/bin/tar "$@" | head -c 1000\nexit 2'],
      ["zstd", "head -c 100\nexit 1"],
    ] as const) {
      await new Promise((resolve) => setTimeout(resolve, 1100));
      expectRun(2, scripts, "backup", [], { home, env: standIn(program, text) });
      expect(readdirSync(to).length).toBe(2);
    }
    expect(snapshot(to).split("\n").slice(1)).toEqual(before.split("\n").slice(1));
  });

  it("cannot run without its folder, without writing there, and without its tools", async () => {
    const { scripts, home, to } = await archiving();
    const done = expectRun(2, scripts, "backup", [], { home, env: { PATH: pathWith("perl") } });
    expect(done.err).toContain("is not installed");
    chmodSync(to, 0o555);
    run(["chown", "-R", "4321:4321", home], { home });
    expect(runScript(scripts, "backup", [], { home, uid: 4321 }).err).toContain("not writable");
    rmSync(to, { recursive: true });
    expect(runScript(scripts, "backup", [], { home, uid: 4321 }).err).toContain("is it mounted?");
  });

  it("saves what is not linked yet from where it is, and both where there are two", async () => {
    const { scripts, home, to } = await archiving();
    lay(home, { ".persist/app": { other: "3" } });
    const done = expectRun(0, scripts, "backup", [], { home });
    expect(done.err).toContain("~/app is not linked");
    const names = listed(to);
    for (const path of ["app/below/b", ".persist/app/other", "photos/a"]) expect(names).toContain(`.${home}/${path}\n`);
  });

  it("leaves out what marks itself as a cache", async () => {
    const { scripts, home, to } = await archiving();
    const mark = { "CACHEDIR.TAG": "Signature: 8a477f597d28d172789f06886806bc55\n", film: "x" };
    lay(home, { photos: { target: mark, fake: { "CACHEDIR.TAG": "x", film: "x" } }, app: mark });
    expect(expectRun(0, scripts, "backup", [], { home }).err).toContain("marked as caches: 1 directories");
    const names = listed(to);
    for (const path of ["photos/target/CACHEDIR.TAG", "photos/fake/film", "app/film"]) {
      expect(names).toContain(`.${home}/${path}\n`);
    }
    expect(names).not.toContain("target/film");
  });

  it("says where a store is not there, or a link stands in place of the data", async () => {
    const { scripts, home } = await archiving(["app/", "{ path: photos/, how: none }"]);
    expectRun(0, scripts, "link", [], { home });
    rmSync(join(home, ".persist", "app"), { recursive: true });
    expect(expectRun(4, scripts, "backup", [], { home }).err).toContain("is the store mounted?");
    lay(home, { ".persist": { app: {} } });
    run(["mv", join(home, "photos"), join(home, "elsewhere")], { home });
    symlinkSync("elsewhere", join(home, "photos"));
    expect(expectRun(4, scripts, "backup", [], { home }).err).toContain("only the link is saved");
  });
});

describeWith(["zstd", "loop"], "backup.sh and other file systems", () => {
  it("does not wander into another file system, and says what it left out", async () => {
    const { scripts, home, to } = await archiving([
      "{ path: photos/, how: none }",
      "{ path: photos/cache/, class: cache }",
    ]);
    lay(home, { photos: { disk: {}, cache: { tmp: {} } } });
    for (const point of ["disk", "cache/tmp"]) {
      run(["mount", "--bind", mounted("tmpfs"), join(home, "photos", point)], { home });
      writeFileSync(join(home, "photos", point, "film"), "x");
    }
    try {
      const done = expectRun(4, scripts, "backup", [], { home });
      expect(done.err).toContain("photos/disk is another file system");
      expect(done.err).not.toContain("cache");
      expect(listed(to)).not.toContain("film");
    } finally {
      for (const point of ["disk", "cache/tmp"]) run(["umount", join(home, "photos", point)], { home });
    }
  });
});

describeWith(["restic"], "backup.sh with restic", () => {
  async function saving(
    entries: readonly string[],
    retain = "",
  ): Promise<{ scripts: Scripts; home: string; to: string; password: string }> {
    const to = join(scratch(), "repository");
    const home = newHome();
    const backup = `{ engine: restic, repository: "${to}", password-file: ~/.password${retain} }`;
    lay(home, { app: files, photos: files });
    const password = join(home, ".password");
    writeFileSync(password, "secret\n", { mode: 0o600 });
    return { scripts: await scriptsOf(manifestOf(entries, { backup })), home, to, password };
  }
  const env = (): NodeJS.ProcessEnv => ({ RESTIC_CACHE_DIR: scratch() });

  it("uses no password file that others can read or that is somebody else's", async () => {
    const { scripts, home, to, password } = await saving(["app/"]);
    chmodSync(password, 0o640);
    expect(expectRun(3, scripts, "backup", ["--init"], { home, env: env() }).err).toContain("others can read");
    chmodSync(password, 0o600);
    run(["chown", "4321", password], { home });
    expect(expectRun(3, scripts, "backup", ["--init"], { home, env: env() }).err).toContain("another user");
    run(["chown", "0", password], { home });
    expect(existsSync(to)).toBe(false);
    expectRun(0, scripts, "backup", ["--init"], { home, env: env() });
    quicken(to);
    writeFileSync(password, "wrong\n");
    expectRun(2, scripts, "backup", [], { home, env: env() });
    expectRun(2, scripts, "restore", ["--dry-run"], { home, env: env() });
    rmSync(password);
    expectRun(2, scripts, "backup", [], { home, env: env() });
  });

  it("leaves out what marks itself as a cache, but not where the manifest names it or something in it", async () => {
    const mark = { "CACHEDIR.TAG": "Signature: 8a477f597d28d172789f06886806bc55\n", film: "x" };
    const content = { target: mark, other: { ...mark, keep: { a: "1" } }, fake: { "CACHEDIR.TAG": "x", film: "x" } };
    const { scripts, home, to, password } = await saving(["photos/", "photos/other/keep/"]);
    lay(home, { photos: content, ".cache": mark });
    expectRun(0, scripts, "backup", ["--init"], { home, env: env() });
    quicken(to);
    const list = run(["restic", "-r", to, "--password-file", password, "ls", "latest"], { home, env: env() }).out;
    for (const path of ["target/CACHEDIR.TAG", "other/film", "other/keep/a", "fake/film"]) {
      expect(list).toContain(`photos/${path}\n`);
    }
    expect(list).not.toContain("target/film");
  });

  it("saves an entry that is marked as a cache, or lies in something that is", async () => {
    const mark = { "CACHEDIR.TAG": "Signature: 8a477f597d28d172789f06886806bc55\n", film: "x" };
    const { scripts, home, to, password } = await saving([".cache/app/"]);
    lay(home, { ".cache": { ...mark, app: { ...mark, below: { b: "1" } } } });
    expectRun(0, scripts, "backup", ["--init"], { home, env: env() });
    quicken(to);
    const list = run(["restic", "-r", to, "--password-file", password, "ls", "latest"], { home, env: env() }).out;
    expect(list).toContain(".cache/app/film");
    expect(list).toContain(".cache/app/below/b");
  });

  it("calls a backup incomplete when something could not be read", async () => {
    const { scripts, home } = await saving(["photos/"]);
    run(["chown", "-R", "4321:4321", home], { home });
    writeFileSync(join(home, "photos", "unreadable"), "x", { mode: 0o600 });
    const to = scratch();
    run(["chown", "4321", to], { home });
    const cache = scratch();
    run(["chown", "4321", cache], { home });
    const other = { RESTIC_CACHE_DIR: cache };
    const open = { ...scripts, folder: scripts.folder };
    const script = readFileSync(join(open.folder, "backup.sh"), "utf8").replace(
      /target='[^']*'/,
      () => `target='${to}'`,
    );
    writeFileSync(join(open.folder, "backup.sh"), script);
    const done = runScript(open, "backup", ["--init"], { home, env: other, uid: 4321 });
    expect(done.code, done.err).toBe(4);
  });

  it("forgets only its own user's old snapshots", async () => {
    const { scripts, home, to, password } = await saving(["app/"], ", retain: { last: 1 }");
    expectRun(0, scripts, "backup", ["--init"], { home, env: env() });
    quicken(to);
    const restic = (...args: string[]): string =>
      run(["restic", "-r", to, "--password-file", password, ...args], { home, env: env() }).out;
    restic("backup", join(home, "photos"), "--host", "desk", "--tag", "remanence,user-bob,class-state");
    for (let i = 0; i < 2; i++) expectRun(0, scripts, "backup", [], { home, env: env() });
    const snapshots = JSON.parse(restic("snapshots", "--json")) as { tags: string[] }[];
    expect(snapshots.map(({ tags }) => tags[1]).sort()).toEqual(["user-ann", "user-bob"]);
  });
});
