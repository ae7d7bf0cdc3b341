import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { describeWith, type EngineName, engineCommand } from "../support/engines.ts";
import {
  environment,
  expectRun,
  lay,
  manifestOf,
  mounted,
  newHome,
  run,
  type Scripts,
  scriptsOf,
} from "../support/fedora.ts";
import { quicken } from "../support/restic-key.ts";
import { scratch } from "../support/workspace.ts";

const versions = ["restic", "restic-current"] as const;
const markOf = (home: string, kind: string): string =>
  readFileSync(join(home, ".local/state/remanence", `backup-user-ann.${kind}`), "utf8");

interface Saving {
  readonly scripts: Scripts;
  readonly home: string;
  readonly to: string;
  readonly env: NodeJS.ProcessEnv;
  readonly restic: (...args: string[]) => ReturnType<typeof run>;
}

/** An environment in which `restic` is that one. */
function envOf(engine: EngineName, cache = scratch()): NodeJS.ProcessEnv {
  const folder = scratch();
  symlinkSync(engineCommand(engine), join(folder, "restic"));
  return { PATH: `${folder}:/usr/bin:/usr/sbin`, RESTIC_CACHE_DIR: cache };
}

async function saving(engine: EngineName, more = "", to = join(scratch(), "r")): Promise<Saving> {
  const home = newHome();
  const backup = `{ engine: restic, repository: "${to}", password-file: ~/.password${more} }`;
  lay(home, { photos: { a: "1", below: { b: "2" } }, app: { x: "1" } });
  const password = join(home, ".password");
  writeFileSync(password, "secret\n", { mode: 0o600 });
  const env = envOf(engine);
  return {
    scripts: await scriptsOf(
      manifestOf(["{ path: photos/, class: data, how: none }", "{ path: app/, how: none }"], { backup }),
    ),
    home,
    to,
    env,
    restic: (...args) => run(["restic", "-r", to, "--password-file", password, ...args], { home, env }),
  };
}

/** A run of restic that holds a lock on the repository for as long as it is let live. */
async function holding({ home, to, env }: Saving, ...args: string[]): Promise<ChildProcess> {
  const restic = run(["bash", "-c", "type -P restic"], { home, env }).out.trim();
  const child = spawn(restic, ["-r", to, "--password-file", join(home, ".password"), ...args], {
    stdio: ["pipe", "ignore", "ignore"],
    env: environment({ home, env }),
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  for (let i = 0; i < 600 && readdirSync(join(to, "locks")).length === 0; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  // It looks again whether it is alone before it goes on.
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(readdirSync(join(to, "locks")).length).toBe(1);
  return child;
}

async function killed(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await gone;
}

describeWith(["restic", "restic-current"], "backup.sh with either version of restic", () => {
  it.each(versions)("says what is wrong: the password, no repository, a file that vanished: %s", async (engine) => {
    const { scripts, home, env, to } = await saving(engine);
    expect(expectRun(2, scripts, "backup", [], { home, env }).err).toContain("there is no repository at");
    expectRun(0, scripts, "backup", ["--init"], { home, env });
    quicken(to);
    expect(markOf(home, "last")).toMatch(/^\S+Z complete restic, /);
    writeFileSync(join(home, ".password"), "wrong\n");
    const wrong = expectRun(2, scripts, "backup", ["--init"], { home, env });
    expect(wrong.err).toContain("the password does not open the repository");
    expect(markOf(home, "last")).toMatch(/^\S+Z failed .*the password does not open/);
    writeFileSync(join(home, ".password"), "secret\n");
    // A root that is gone when its turn comes: to 0.14 that is no fault.
    const folder = scratch();
    const real = run(["bash", "-c", "type -P restic"], { home, env }).out.trim();
    const text = `[[ $* == *class-data* ]] && rm -r '${home}/photos'\nexec '${real}' "$@"`;
    writeFileSync(join(folder, "restic"), `#!/bin/bash\n${text}\n`, { mode: 0o755 });
    const done = expectRun(4, scripts, "backup", [], { home, env: { ...env, PATH: `${folder}:${env["PATH"]}` } });
    expect(done.out).toContain("not complete");
    expect(markOf(home, "last")).toMatch(/^\S+Z incomplete restic, /);
    expect(readdirSync(join(to, "snapshots")).length).toBeGreaterThan(1);
  });

  it.each(versions)("waits for a run at work, and removes the lock of one that was killed: %s", async (engine) => {
    const saved = await saving(engine, ", retain: { last: 3 }");
    const { scripts, home, env, to } = saved;
    run(["bash", "-c", 'head -c 300K /dev/urandom >"$1"', "-", join(home, "photos/film")], { home });
    expectRun(0, scripts, "backup", ["--init"], { home, env });
    quicken(to);
    // Other backups may go on beside a backup; what needs the repository for itself is put off.
    const backup = await holding(saved, "backup", "-q", "--stdin");
    const beside = expectRun(0, scripts, "backup", ["--wait", "0"], { home, env });
    expect(beside.err).toContain("old backups were not forgotten: another run is at work");
    await killed(backup);
    // A check has it for itself.
    rmSync(join(to, "locks"), { recursive: true });
    mkdirSync(join(to, "locks"));
    const check = await holding(saved, "check", "--read-data", "--limit-download", "1");
    const done = expectRun(75, scripts, "backup", ["--wait", "0"], { home, env });
    expect(done.err).toContain("another run is at work in the repository");
    expect(markOf(home, "last")).toMatch(/^\S+Z failed .*another run is at work/);
    expect(readdirSync(join(to, "locks")).length).toBe(1);
    await killed(check);
    const after = expectRun(0, scripts, "backup", ["--wait", "0"], { home, env });
    expect(after.err).toContain("removed 1 stale lock");
    expect(readdirSync(join(to, "locks"))).toEqual([]);
  });

  it("reads what is there once a week, says where it is damaged, and keeps it", async () => {
    const { scripts, home, env, to, restic } = await saving("restic-current", ", retain: { last: 1 }");
    run(["bash", "-c", 'head -c 300K /dev/urandom >"$1"', "-", join(home, "photos/film")], { home });
    expectRun(0, scripts, "backup", ["--init"], { home, env });
    quicken(to);
    const due = (): void =>
      writeFileSync(join(home, ".local/state/remanence/backup-user-ann.checked"), "2020-01-01T00:00:00Z x\n");
    due();
    writeFileSync(join(home, "photos", "a"), "changed");
    expectRun(0, scripts, "backup", [], { home, env });
    expect(markOf(home, "checked")).not.toContain("2020");
    expect(JSON.parse(restic("snapshots", "--json").out).length).toBe(2); // one a class
    const packs = run(["find", join(to, "data"), "-type", "f", "-size", "+200k"], { home }).out.trim();
    truncateSync(packs, 1000);
    due();
    const done = expectRun(2, scripts, "backup", [], { home, env });
    expect(done.err).toContain("THE WEEKLY CHECK OF THE BACKUPS FAILED");
    expect(markOf(home, "last")).toMatch(/^\S+Z failed THE WEEKLY CHECK/);
    expect(readdirSync(join(to, "snapshots")).length).toBe(2);
  });
});

describeWith(["restic", "restic-current"], "a repository of one version of restic", () => {
  it.each([
    ["restic", "restic-current"],
    ["restic-current", "restic"],
  ] as const)("written by %s is restored and continued by %s", async (writer, reader) => {
    const { scripts, home, env, to } = await saving(writer);
    expectRun(0, scripts, "backup", ["--init"], { home, env });
    quicken(to);
    const other = envOf(reader);
    rmSync(join(home, "photos"), { recursive: true });
    expectRun(0, scripts, "restore", ["--only", "photos"], { home, env: other });
    expect(readFileSync(join(home, "photos/below/b"), "utf8")).toBe("2");
    writeFileSync(join(home, "photos", "new"), "x");
    expectRun(0, scripts, "backup", [], { home, env: other });
    rmSync(join(home, "photos"), { recursive: true });
    expectRun(0, scripts, "restore", ["--only", "photos"], { home, env });
    expect(readdirSync(join(home, "photos")).sort()).toEqual(["a", "below", "new"]);
    expect(readdirSync(join(to, "locks"))).toEqual([]);
  });
});

describeWith(["restic", "restic-current", "loop"], "backup.sh with restic and no room", () => {
  it.each(versions)("says so, and earlier backups are there: %s", async (engine) => {
    const fs = mounted("ext4");
    const { scripts, home, env, to, restic } = await saving(engine, "", join(fs, "r"));
    expectRun(0, scripts, "backup", ["--init"], { home, env });
    quicken(to);
    run(
      [
        "bash",
        "-c",
        'head -c 1G /dev/zero >"$1"; head -c 30M /dev/urandom >"$2"',
        "-",
        join(fs, "filler"),
        join(home, "photos/film"),
      ],
      {
        home,
      },
    );
    const done = expectRun(2, scripts, "backup", [], { home, env });
    expect(done.err).toContain("there is no room left");
    expect(markOf(home, "last")).toMatch(/^\S+Z failed .*no room left/);
    rmSync(join(fs, "filler"));
    expect(restic("check").code).toBe(0);
    rmSync(join(home, "photos"), { recursive: true });
    expectRun(0, scripts, "restore", ["--only", "photos"], { home, env });
    expect(readdirSync(join(home, "photos")).sort()).toEqual(["a", "below"]);
  });
});
