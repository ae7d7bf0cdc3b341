import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { describeWith } from "../support/engines.ts";
import {
  expectRun,
  lay,
  manifestOf,
  mounted,
  newHome,
  type Run,
  run,
  runScript,
  type Scripts,
  scriptsOf,
} from "../support/fedora.ts";
import { quicken } from "../support/restic-key.ts";
import { scratch } from "../support/workspace.ts";

const entries = ["{ path: app/, database: true, how: none }", "photos/"];
const rounds = 8;

async function saving(engine: "tar" | "restic", to: string): Promise<Scripts> {
  const backup =
    engine === "tar"
      ? `{ engine: tar, path: "${to}" }`
      : `{ engine: restic, repository: "${to}", password-file: ~/.password }`;
  return scriptsOf(manifestOf(entries, { backup }));
}

/** A program that commits to a database all the time, in several pages at once. */
function writing(file: string, uid = 4321): ChildProcess {
  const statements = [
    "pragma journal_mode=wal; create table if not exists t(x); create table if not exists u(x); insert into u values(randomblob(3000000));",
    "while :; do echo 'begin; insert into t values(randomblob(3000)); insert into u values(randomblob(1000)); commit;'; sleep 0.01; done",
  ];
  const writer = spawn(
    "setpriv",
    [
      ...[`--reuid=${uid}`, `--regid=${uid}`, "--clear-groups", "bash", "-c"],
      `{ echo '${statements[0]}'; ${statements[1]}; } | exec sqlite3 -cmd '.timeout 2000' "$1"`,
      "-",
      file,
    ],
    { stdio: "ignore", detached: true },
  );
  onTestFinished(() => {
    if (writer.pid !== undefined && writer.exitCode === null) process.kill(-writer.pid, "SIGKILL");
  });
  return writer;
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 100 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(condition()).toBe(true);
}

const rows = (file: string): number =>
  Number(run(["sqlite3", "-readonly", file, "select count(*) from t"], { home: "/" }).out);

/** What SQLite says of a restored database; its rows, so that they can be seen to be more each time. */
function expectWhole(file: string): number {
  expect(run(["sqlite3", file, "pragma integrity_check"], { home: "/" })).toMatchObject({ code: 0, out: "ok\n" });
  return rows(file);
}

/** A home of user 4321 with a database that is being written. */
async function busyHome(home = newHome()): Promise<string> {
  lay(home, { app: { "with space": { notes: "x" } }, photos: { a: "1" } });
  writeFileSync(join(home, ".password"), "secret\n", { mode: 0o600 });
  run(["chown", "-R", "4321:4321", home], { home });
  chmodSync(home, 0o700);
  const file = join(home, "app", "with space", "it's.sqlite");
  writing(file);
  await until(() => rows(file) > 0);
  return home;
}

const inside = (home: string): string => join(home, "app", "with space", "it's.sqlite");

describeWith(["zstd", "sqlite", "root"], "backup.sh and databases that are being written", () => {
  it("puts a whole one in the archive, and restores it as it is", async () => {
    const to = scratch();
    run(["chown", "4321", to], { home: "/" });
    const scripts = await saving("tar", to);
    const home = await busyHome();
    let before = 0;
    for (let i = 0; i < rounds; i++) {
      const done = expectRun(0, scripts, "backup", [], { home, uid: 4321 });
      expect(done.err).not.toContain("in use");
      const archive = readdirSync(to).sort().at(-2) ?? "";
      const out = scratch();
      run(["tar", "-xf", join(to, archive), "-C", out], { home });
      expect(readdirSync(join(out, home, "app", "with space")).sort()).toEqual(["it's.sqlite", "notes"]);
      const now = expectWhole(join(out, inside(home)));
      expect(now).toBeGreaterThan(before);
      before = now;
    }
  });

  it("names the program where it cannot copy them", async () => {
    const to = scratch();
    run(["chown", "4321", to], { home: "/" });
    const scripts = await saving("tar", to);
    const home = await busyHome();
    const folder = scratch();
    chmodSync(folder, 0o755);
    writeFileSync(join(folder, "sqlite3"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    const env = { PATH: `${folder}:/usr/bin:/usr/sbin` };
    const done = runScript(scripts, "backup", [], { home, uid: 4321, env });
    expect(done.err).toMatch(/~\/app is in use \(sqlite3\): .*close the program first/);
  });
});

describeWith(["restic", "restic-current", "sqlite", "root"], "backup.sh with restic and databases", () => {
  it("saves a whole one under the path of the database", async () => {
    const to = scratch();
    run(["chown", "4321", to], { home: "/" });
    const scripts = await saving("restic", join(to, "r"));
    const home = await busyHome();
    const cache = scratch();
    run(["chown", "4321", cache], { home });
    const env = { RESTIC_CACHE_DIR: cache };
    expectRun(0, scripts, "backup", ["--init"], { home, uid: 4321, env });
    quicken(join(to, "r"));
    const restic = ["restic", "-r", join(to, "r"), "--password-file", join(home, ".password")];
    let before = 0;
    for (let i = 0; i < 2; i++) {
      const out = scratch();
      expectRun(0, scripts, "backup", [], { home, uid: 4321, env });
      run([...restic, "restore", "latest", "--target", out], { home, env });
      expect(readdirSync(join(out, home, "app", "with space")).sort()).toEqual(["it's.sqlite", "notes"]);
      const now = expectWhole(join(out, inside(home)));
      expect(now).toBeGreaterThan(before);
      before = now;
      expect(run(["stat", "-c", "%u:%g", join(out, inside(home))], { home }).out).toBe("4321:4321\n");
    }
  });
});

describeWith(["zstd", "sqlite", "btrfs", "loop", "mount-namespace"], "backup.sh --snapshot", () => {
  /** Runs a script as root where the file system is at /mnt and `ann` is user 4321 with a home there. */
  function runThere(fs: string, scripts: Scripts, args: readonly string[], before = ":"): Run {
    const passwd = join(scratch(), "passwd");
    writeFileSync(passwd, `${readFileSync("/etc/passwd", "utf8")}ann:x:4321:4321::/mnt/home/ann:/bin/bash\n`, {
      mode: 0o644,
    });
    const script = `mount --bind "$1" /etc/passwd; mount --bind "$2" /mnt; mount --bind "$2/state" /var/lib
      ${before}; script=$3; shift 3; exec bash "$script" "$@"`;
    return run(
      ["unshare", "--mount", "bash", "-c", script, "-", passwd, fs, join(scripts.folder, "backup.sh"), ...args],
      { home: "/root", env: { XDG_CACHE_HOME: scratch() } },
    );
  }

  async function machine(): Promise<{ fs: string; scripts: Scripts; home: string }> {
    const fs = mounted("btrfs");
    chmodSync(dirname(fs), 0o711);
    run(["btrfs", "subvolume", "create", join(fs, "home")], { home: "/" });
    const home = join(fs, "home", "ann");
    mkdirSync(home);
    for (const name of ["backups", "state"]) mkdirSync(join(fs, name));
    chmodSync(join(fs, "backups"), 0o777);
    await busyHome(home);
    return { fs, scripts: await saving("tar", "/mnt/backups"), home };
  }

  const archivesOf = (fs: string): string[] =>
    readdirSync(join(fs, "backups"))
      .filter((name) => name.endsWith(".zst"))
      .sort();

  it("saves a user's part from one instant, as that user, and leaves nothing behind", async () => {
    const { fs, scripts } = await machine();
    let before = 0;
    for (let i = 0; i < rounds; i++) {
      const done = runThere(fs, scripts, ["--snapshot", "--for", "ann"]);
      expect(done.code, done.err + done.out).toBe(0);
      const out = scratch();
      const archive = join(fs, "backups", archivesOf(fs).at(-1) ?? "");
      expect(run(["stat", "-c", "%U", archive], { home: "/" }).out).toBe("UNKNOWN\n");
      run(["tar", "-xf", archive, "-C", out], { home: "/" });
      const now = expectWhole(join(out, "mnt/home/ann/app/with space/it's.sqlite"));
      expect(now).toBeGreaterThan(before);
      before = now;
    }
    expect(run(["btrfs", "subvolume", "list", fs], { home: "/" }).out.trim().split("\n").length).toBe(1);
    expect(readFileSync(join(fs, "home/ann/.local/state/remanence/backup-user-ann.good"), "utf8")).toContain(
      archivesOf(fs).at(-1),
    );
  });

  it("saves the system's part under its own paths, and as it is what is on another file system", async () => {
    const fs = mounted("btrfs");
    const backup = '{ engine: tar, path: "/mnt/backups" }';
    const system = "system: [{ path: /mnt/srv/app/, database: true }, /etc/ssl/]";
    const scripts = await scriptsOf(manifestOf(["photos/"], { backup, top: system }));
    lay(fs, { srv: { app: { x: "1" } }, backups: {}, state: {} });
    const file = join(fs, "srv/app/data.sqlite");
    writing(file, 0);
    await until(() => rows(file) > 0);
    const done = runThere(fs, scripts, ["--snapshot"]);
    expect(done.code, done.err).toBe(0);
    expect(done.err).toContain("not from a snapshot: 1 entries, since they are not on btrfs");
    const out = scratch();
    run(["tar", "-xf", join(fs, "backups", archivesOf(fs)[0] ?? ""), "-C", out], { home: "/" });
    expect(expectWhole(join(out, "mnt/srv/app/data.sqlite"))).toBeGreaterThan(0);
    expect(readdirSync(join(out, "etc/ssl"))).toEqual(readdirSync("/etc/ssl"));
    expect(readFileSync(join(fs, "state/remanence/backup-system.good"), "utf8")).toContain(archivesOf(fs)[0]);
    expect(run(["btrfs", "subvolume", "list", fs], { home: "/" }).out).toBe("");
  });

  it("is for root, and for users of whom something is kept", async () => {
    const { scripts, home } = { scripts: await saving("tar", scratch()), home: newHome() };
    run(["chown", "4321", home], { home });
    expect(runScript(scripts, "backup", ["--snapshot"], { home, uid: 4321 })).toMatchObject({ code: 2 });
    expect(runScript(scripts, "backup", ["--for", "ann"], { home, uid: 4321 }).err).toContain("--for is for root");
    expect(expectRun(2, scripts, "backup", ["--snapshot", "--for", "eve"], { home }).err).toContain("nothing is kept");
  });

  it("names a subvolume inside, which a snapshot does not hold, and removes what a killed run left", async () => {
    const { fs, scripts, home } = await machine();
    run(["btrfs", "subvolume", "create", join(home, "photos", "nested")], { home: "/" });
    mkdirSync(join(fs, ".remanence-snapshots"), { mode: 0o700 });
    for (const [name, ro] of [
      ["user-ann-0", "-r"],
      ["user-bob-0", "-r"],
      ["user-ann-1", ""],
    ] as const) {
      const options = ro === "" ? [] : [ro];
      const to = join(fs, ".remanence-snapshots", name);
      run(["btrfs", "subvolume", "snapshot", ...options, join(fs, "home"), to], { home: "/" });
    }
    mkdirSync(join(home, "photos", "disk"));
    const done = runThere(
      fs,
      scripts,
      ["--snapshot", "--for", "ann"],
      "mount -t tmpfs tmpfs /mnt/home/ann/photos/disk",
    );
    expect(done.code, done.err).toBe(4);
    expect(done.err).toContain("/mnt/home/ann/photos/disk is another file system");
    expect(done.err).toContain("/mnt/home/ann/photos/nested is another file system");
    expect(done.err).toContain("removed a snapshot");
    expect(readdirSync(join(fs, ".remanence-snapshots")).sort()).toEqual(["user-ann-1", "user-bob-0"]);
  });
});
