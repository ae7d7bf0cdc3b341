import { existsSync, lstatSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeWith } from "../support/engines.ts";
import {
  apart,
  expectRun,
  lay,
  manifestOf,
  mounted,
  newHome,
  run,
  runScript,
  scriptsOf,
  snapshot,
} from "../support/fedora.ts";
import { runBetween } from "../support/fedora-crash.ts";
import { layRich } from "../support/fedora-tree.ts";

const full = { a: "1", below: { b: "2" } };
const uid = 4321;

/** What a script says about its only entry. */
function reasonOf(done: { readonly out: string }): string {
  return JSON.parse(done.out).entries[0].reason;
}

function shell(text: string, ...args: string[]): void {
  const done = run(["bash", "-euc", text, "-", ...args], { home: "/" });
  expect(done.code, done.err).toBe(0);
}

/** Makes home and store those of a user who is not root. */
function letIn(home: string, store: string): void {
  shell('chown -R 4321:4321 "$1" "$2"; chmod 0711 "${2%/*/*/*}"', home, store);
}

describeWith(["loop", "btrfs"], "link.sh and unlink.sh where something runs out", () => {
  it("leave the store as it is when the home has no room on the way back", async () => {
    const top = mounted("ext4");
    const home = newHome(mounted("ext4"));
    const store = join(top, "home", "ann");
    mkdirSync(store, { recursive: true });
    const scripts = await scriptsOf(manifestOf(["app/"], { store: top }));
    lay(home, { app: full });
    shell('head -c 60M /dev/urandom >"$1/app/big"', home);
    expectRun(0, scripts, "link", ["--yes"], { home });
    expectRun(0, scripts, "link", ["--commit"], { home });
    const before = snapshot(store);

    const filler = join(home, "filler");
    shell('fallocate -l 230M "$1"', filler);
    expect(reasonOf(expectRun(3, scripts, "unlink", ["--yes", "--format", "json"], { home }))).toMatch(
      /there is room for .*MiB there, and 6.*MiB are needed/,
    );
    // There was room when it looked.
    rmSync(filler);
    const fill = `[[ $BASH_COMMAND != bring_back ]] || fallocate -l 230M ${filler}`;
    const done = runBetween(fill, "all", scripts, ["unlink", "--yes"], { home });
    expect(done.code, done.out).toBe(4);
    expect(snapshot(store)).toBe(before);
    expect(lstatSync(join(home, "app")).isSymbolicLink()).toBe(true);
    rmSync(filler);
    expectRun(0, scripts, "unlink", ["--yes"], { home });
    expect(statSync(join(home, "app", "big")).size).toBe(60 << 20);
  });

  it("refuse where the store has no names left for so many files", async () => {
    const { home, store, scripts } = await apart("tmpfs");
    run(["mount", "-o", "remount,nr_inodes=60", join(store, "..", "..")], { home });
    lay(home, { app: Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`f${i}`, "x"])) });
    const before = snapshot(home, store);
    const done = expectRun(3, scripts, "link", ["--yes", "--format", "json"], { home });
    expect(reasonOf(done)).toMatch(/there is room for \d+ files there, and 101 are needed/);
    expect(snapshot(home, store)).toBe(before);
  });

  it("give up where a quota ends before the disk does, and go on where it is raised", async () => {
    const { home, store, scripts } = await apart("btrfs");
    const top = join(store, "..", "..");
    shell('btrfs -q quota enable "$1"; btrfs qgroup limit 20M "$1"', top);
    lay(home, { app: full });
    shell('head -c 40M /dev/urandom >"$1/app/big"', home);
    const before = snapshot(join(home, "app"));
    const done = expectRun(4, scripts, "link", ["--yes"], { home });
    expect(done.out + done.err).toMatch(/no copy could be made[\s\S]*quota exceeded/i);
    expect(snapshot(join(home, "app"))).toBe(before);
    expect(existsSync(join(store, "app"))).toBe(false);
    shell('btrfs qgroup limit none "$1"', top);
    expectRun(0, scripts, "link", ["--yes"], { home });
    expect(statSync(join(store, "app", "big")).size).toBe(40 << 20);
  });

  it("refuse as a user what they may not read or not give away, before anything is copied", async () => {
    const names = ["closed", "theirs", "group", "device"];
    const { home, store, scripts } = await apart(
      "tmpfs",
      names.map((name) => `${name}/`),
    );
    for (const name of names) lay(home, { [name]: full });
    letIn(home, store);
    shell(
      'mknod "$1/device/null" c 1 3; chmod 0 "$1/closed/below"; chown 5000 "$1/theirs/a"; chgrp 5000 "$1/group/a"',
      home,
    );
    const before = snapshot(home, store);
    const done = expectRun(3, scripts, "link", ["--yes", "--format", "json"], { home, uid });
    const entries: { path: string; action: string; reason: string }[] = JSON.parse(done.out).entries;
    expect(entries.map(({ path, action, reason }) => [path, action, /not read (\S+),/.exec(reason)?.[1]])).toEqual([
      ["closed", "refuse", "~/closed/below"],
      ["device", "refuse", "~/device/null"],
      ["group", "refuse", "~/group/a"],
      ["theirs", "refuse", "~/theirs/a"],
    ]);
    expect(snapshot(home, store)).toBe(before);
  });

  it("work as a user with directories that nobody may write to, also in what is thrown away", async () => {
    const { home, store, scripts } = await apart("tmpfs");
    lay(home, { app: { modules: { one: full, two: full } } });
    letIn(home, store);
    shell('chmod -R a-w "$1/app/modules"', home);
    // As a run that was stopped has left it.
    shell('cp -a "$1/app" "$2/app.remanence-partial"', home, store);
    expectRun(0, scripts, "link", ["--yes"], { home, uid });
    expectRun(0, scripts, "link", ["--commit"], { home, uid });
    expect(existsSync(join(home, "app.remanence-original"))).toBe(false);
    expectRun(0, scripts, "unlink", ["--yes"], { home, uid });
    expectRun(0, scripts, "unlink", ["--commit"], { home, uid });
    expect(existsSync(join(store, "app"))).toBe(false);
    expect(statSync(join(home, "app", "modules", "one")).mode & 0o777).toBe(0o555);
  });

  it("say how many sockets and second names a copy cannot keep, and keep devices and pipes", async () => {
    const { home, store, scripts } = await apart("ext4");
    layRich(home, "app");
    shell('mknod "$1/app/null" c 1 3', home);
    const done = expectRun(0, scripts, "link", ["--yes"], { home });
    expect(done.err).toContain("~/app: 1 files have a second name elsewhere");
    expect(done.err).toContain("~/app: 1 sockets lead nowhere");
    expect(statSync(join(store, "app", "null")).isCharacterDevice()).toBe(true);
    expect(statSync(join(store, "app", "pipe")).isFIFO()).toBe(true);
  });

  it("copy within one btrfs what there would be no room for twice", async () => {
    const top = mounted("btrfs");
    for (const name of ["home", "persist"]) shell('btrfs -q subvolume create "$1"', join(top, name));
    const home = join(top, "home", "ann");
    const store = join(top, "persist", "home", "ann");
    for (const folder of [home, store]) mkdirSync(folder, { recursive: true });
    const scripts = await scriptsOf(manifestOf(["app/"], { store: join(top, "persist") }));
    lay(home, { app: full });
    shell('head -c 120M /dev/urandom >"$1/app/big"; sync -f "$1"', home);
    expectRun(0, scripts, "link", ["--yes"], { home });
    expect(statSync(join(store, "app", "big")).size).toBe(120 << 20);
  });

  it("refuse a file system whose names cannot be relied on", async () => {
    const home = newHome();
    const top = join(home, "..", `${home.split("/").pop()}-ram`);
    mkdirSync(top);
    shell('mount -t ramfs ramfs "$1"; mkdir -p "$1/home/ann"', top);
    try {
      const scripts = await scriptsOf(manifestOf(["app/"], { store: top }));
      lay(home, { app: full });
      const before = snapshot(home, top);
      const done = runScript(scripts, "link", ["--yes", "--format", "json"], { home });
      expect([done.code, reasonOf(done)]).toEqual([
        3,
        expect.stringContaining("a ramfs file system is nothing to move"),
      ]);
      expect(snapshot(home, top)).toBe(before);
    } finally {
      shell('umount -l "$1"; rmdir "$1"', top);
    }
  });

  it("refuse where the store's folder is not there: its file system may not be mounted", async () => {
    const { home, store, scripts } = await apart();
    lay(home, { app: full });
    rmSync(store, { recursive: true });
    const before = snapshot(home);
    expect(expectRun(3, scripts, "link", ["--yes"], { home }).err).toContain(`there is no ${store}`);
    expect(snapshot(home)).toBe(before);
    // Linked already: nothing is made anew in its place, and the link stays.
    mkdirSync(store, { recursive: true });
    expectRun(0, scripts, "link", ["--yes"], { home });
    expectRun(0, scripts, "link", ["--commit"], { home });
    run(["mv", join(store, "..", "..", "home"), join(store, "..", "..", "gone")], { home });
    const linked = snapshot(home);
    expectRun(3, scripts, "link", ["--yes"], { home });
    expect(expectRun(3, scripts, "unlink", ["--yes"], { home }).out).toContain("is the store mounted?");
    expect(snapshot(home)).toBe(linked);
  });

  it("does not enter what was mounted in an original", async () => {
    const { home, scripts } = await apart();
    const precious = newHome();
    lay(home, { app: { a: "1", mount: {} } });
    lay(precious, { precious: "data" });
    expectRun(0, scripts, "link", ["--yes"], { home });
    const inside = join(home, "app.remanence-original", "mount");
    shell('mount --bind "$1" "$2"', precious, inside);
    try {
      const done = runScript(scripts, "link", ["--commit"], { home });
      expect(done.code).not.toBe(0);
      expect(existsSync(join(precious, "precious"))).toBe(true);
    } finally {
      run(["umount", "-l", existsSync(inside) ? inside : inside.replace("original", "trash")], { home });
    }
    writeFileSync(join(precious, "still"), "here");
    expectRun(0, scripts, "link", ["--commit"], { home });
    expect(existsSync(join(precious, "precious"))).toBe(true);
  });
});
