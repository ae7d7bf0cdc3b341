import { spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { describeWith } from "../support/engines.ts";
import {
  actions,
  type Content,
  contents,
  expectRun,
  lay,
  manifestOf,
  mounted,
  newHome,
  oddNames,
  run,
  runScript,
  type Scripts,
  scriptsOf,
  snapshot,
} from "../support/fedora.ts";

const full = { a: "1", below: { b: "2" } };

/** A home, and a store on a file system of its own, with the scripts that move entries between them. */
async function worlds(
  kind: "ext4" | "btrfs" | "xfs" | "tmpfs" = "tmpfs",
  entries: readonly string[] = ["app/"],
): Promise<{ home: string; store: string; scripts: Scripts }> {
  const top = mounted(kind);
  const store = join(top, "home", "ann");
  mkdirSync(store, { recursive: true });
  return { home: newHome(), store, scripts: await scriptsOf(manifestOf(entries, { store: top })) };
}

/** A tree with everything that a file system can hold. */
function layEverything(home: string, odd: readonly string[]): void {
  lay(home, {
    app: {
      ...Object.fromEntries(odd.map((name) => [name, `content of ${name}`])),
      one: "1",
      sub: { deep: "2" },
      link: { link: "one" },
      gone: { link: "nowhere" },
      empty: {},
    },
  });
  const made = run(
    [
      ...["bash", "-euc"],
      `cd "$1/app"
       ln one sub/same; mkfifo pipe; chmod 4755 one; chmod 1777 empty; chown 4321:4321 sub/deep; chown -h 4321 link
       setfattr -n user.note -v "$(printf 'a\\nb')" sub; for i in 1 2 3 4 5; do setfattr -n user.$((i * 7 % 5)) -v $i one; done; setfacl -m u:4321:r sub/deep; setfacl -d -m u:4321:rx sub
       cp /bin/true cap; setcap cap_net_raw+ep cap; truncate -s 64M sparse; printf x >>sparse
       touch -d '2001-02-03 04:05:06.123456789' sub/deep; touch -h -d '2002-02-03 04:05:06.5' link; touch -d 2003-01-01 sub .`,
      ...["bash", home],
    ],
    { home },
  );
  expect(made.code, made.err).toBe(0);
}

/** What `contents` does not tell: owners, times, hard links, ACLs, extended attributes, blocks in thousands. */
function details(tree: string): string {
  const script = `cd "$1" && find . \\( -type d -printf '%p %y %m %U %G %T@\\n' -o -printf '%p %y %m %U %G %n %T@ %l\\n' \\) | sort
    find . -type f -printf '%p %k\\n' | awk '{ print $1, int($2 / 1024) }' | sort
    find . -print0 | sort -z | xargs -0 getfattr -h -d -m '^(user|security.capability)' 2>/dev/null
    find . ! -type l -print0 | sort -z | xargs -0 getfacl -n 2>/dev/null`;
  return run(["bash", "-c", script, "-", tree], { home: "/" }).out;
}

describeWith(["loop", "btrfs", "xfs", "acl", "attr"], "link.sh with a store on another mount", () => {
  it.each(["ext4", "btrfs", "xfs", "tmpfs"] as const)(
    "copies everything there is, keeps the original, and brings it all back: %s",
    async (kind) => {
      const { home, store, scripts } = await worlds(kind);
      layEverything(home, oddNames);
      const [whole, all] = [contents(join(home, "app")), details(join(home, "app"))];
      expect(actions(expectRun(0, scripts, "link", ["--yes", "--format", "json"], { home }))).toEqual({ app: "copy" });
      for (const place of [join(store, "app"), join(home, "app.remanence-original")]) {
        expect(contents(place), place).toEqual(whole);
        expect(details(place), place).toBe(all);
      }
      expect(readlinkSync(join(home, "app"))).toBe(".remanence/app");
      expect(expectRun(0, scripts, "verify", [], { home }).out).toContain("the original is kept");

      expectRun(0, scripts, "link", ["--commit"], { home });
      expect(existsSync(join(home, "app.remanence-original"))).toBe(false);
      expect(details(join(store, "app"))).toBe(all);
      expect(Object.keys(contents(store)).filter((path) => path.includes("remanence"))).toEqual([]);

      expectRun(0, scripts, "unlink", ["--yes"], { home });
      expect(details(join(home, "app"))).toBe(all);
      expect(details(join(store, "app"))).toBe(all);
      expectRun(0, scripts, "unlink", ["--commit"], { home });
      expect(contents(store)).toEqual({ ".": "directory 755" });
      expect(details(join(home, "app"))).toBe(all);
      expect(
        Object.keys(contents(home)).filter((path) => path.includes("remanence") && !path.startsWith(".local")),
      ).toEqual([]);
    },
  );

  it("shows with --dry-run what would be copied and deleted, and changes nothing", async () => {
    const { home, store, scripts } = await worlds();
    lay(home, { app: full });
    for (const [script, ...args] of [
      ["link", "--yes"],
      ["link", "--commit"],
      ["unlink", "--yes"],
      ["unlink", "--commit"],
    ] as const) {
      const before = snapshot(home, store);
      expectRun(0, scripts, script, [...args, "--dry-run"], { home });
      expect(snapshot(home, store)).toBe(before);
      expectRun(0, scripts, script, args, { home });
    }
  });

  it("links what only the store has, as on a new machine, and what is new", async () => {
    const { home, store, scripts } = await worlds("tmpfs", ["app/", "empty/", "new/"]);
    lay(home, { empty: {} });
    lay(store, { app: full, empty: full });
    expect(actions(expectRun(0, scripts, "link", ["--yes", "--format", "json"], { home }))).toEqual({
      app: "place",
      empty: "adopt",
      new: "create",
    });
    expect(contents(realpathSync(join(home, "app")))).toMatchObject({ a: expect.stringMatching(/^file/) });
  });

  it("says which files have a second name outside, which a copy cannot keep", async () => {
    const { home, store, scripts } = await worlds();
    lay(home, { app: full });
    run(["ln", join(home, "app", "a"), join(home, "outside")], { home });
    expect(expectRun(0, scripts, "link", ["--yes"], { home }).err).toContain("1 files have a second name elsewhere");
    expect(lstatSync(join(store, "app", "a")).nlink).toBe(1);
  });
});

describeWith(["loop", "btrfs"], "link.sh with a store on another mount, where that cannot be", () => {
  it("copies nothing that a program has open, and names it", async () => {
    const { home, store, scripts } = await worlds();
    lay(home, { app: full });
    const program = spawn("bash", ["-c", 'exec 3>>"$1"; echo ready; exec sleep 600', "-", join(home, "app", "a")]);
    onTestFinished(() => void program.kill());
    await new Promise((resolve) => program.stdout.once("data", resolve));
    const before = snapshot(home, store);
    const done = expectRun(4, scripts, "link", ["--yes", "--format", "json"], { home });
    expect(JSON.parse(done.out).entries[0]).toMatchObject({ action: "refuse", reason: "in use by sleep" });
    expect(snapshot(join(home, "app"), store)).toBe(snapshot(join(home, "app"), store));
    expect(before).toContain("app/a");
    expect(lstatSync(join(home, "app")).isDirectory()).toBe(true);
    program.kill();
    await new Promise((resolve) => program.once("exit", resolve));
    expectRun(0, scripts, "link", ["--yes"], { home });
    expect(lstatSync(join(home, "app")).isSymbolicLink()).toBe(true);
  });

  it("does not exchange what somebody keeps writing to, and leaves the home as it was", async () => {
    const { home, scripts } = await worlds();
    lay(home, { app: full });
    // Opened anew for each line: nothing has it open when somebody looks.
    const writer = spawn("bash", [
      "-c",
      'while :; do echo line >>"$1"; sleep 0.01; done',
      "-",
      join(home, "app", "log"),
    ]);
    onTestFinished(() => void writer.kill());
    const done = expectRun(4, scripts, "link", ["--yes"], { home });
    expect(done.out + done.err).toMatch(/changed while it was copied|no copy could be made/);
    expect(lstatSync(join(home, "app")).isDirectory()).toBe(true);
    writer.kill();
    await new Promise((resolve) => writer.once("exit", resolve));
    expectRun(0, scripts, "link", ["--yes"], { home });
    expect(contents(realpathSync(join(home, "app")))).toEqual(contents(join(home, "app.remanence-original")));
  });

  it("refuses what there is no room for before it copies, and survives a disk that fills up", async () => {
    const { home, store, scripts } = await worlds("ext4", ["app/", "many/"]);
    lay(home, { many: full, app: full });
    run(["dd", "if=/dev/urandom", `of=${join(home, "app", "big")}`, "bs=1M", "count=400", "status=none"], { home });
    const done = expectRun(3, scripts, "link", ["--yes", "--format", "json"], { home });
    expect(JSON.parse(done.out).entries[0].reason).toMatch(/there is room for .*MiB there, and .*MiB are needed/);
    expect(actions(done)).toEqual({ app: "refuse", many: "copy" });
    expect(existsSync(join(store, "app"))).toBe(false);

    // A sparse file looks small until something that counts its size has to hold it: here the disk is filled meanwhile.
    rmSync(join(home, "app", "big"));
    run(["dd", "if=/dev/urandom", `of=${join(home, "app", "big")}`, "bs=1M", "count=150", "status=none"], { home });
    const before = snapshot(join(home, "app"));
    const filler = spawn("bash", [
      "-c",
      'while [ ! -e "$1".remanence-partial ]; do sleep 0.002; done; fallocate -l 200M "$2"',
      "-",
      join(store, "app"),
      join(store, "..", "filler"),
    ]);
    const full_ = expectRun(4, scripts, "link", ["--yes", "--only", "app"], { home });
    filler.kill();
    expect(full_.out).toContain("no copy could be made");
    expect(snapshot(join(home, "app"))).toBe(before);
    rmSync(join(store, "..", "filler"), { force: true });
    expectRun(0, scripts, "link", ["--yes", "--only", "app"], { home });
  });

  it("deletes no original that was changed, nor one that nothing is known of", async () => {
    const { home, store, scripts } = await worlds("tmpfs", ["app/", "other/", "hollow/"]);
    lay(home, { app: full, other: full, hollow: full });
    expectRun(0, scripts, "link", ["--yes"], { home });
    writeFileSync(join(home, "app.remanence-original", "late"), "newest");
    rmSync(join(store, "other.remanence-copied"));
    rmSync(join(store, "hollow"), { recursive: true });
    mkdirSync(join(store, "hollow"));
    const before = snapshot(home, store);
    const done = expectRun(5, scripts, "link", ["--commit", "--format", "json"], { home });
    expect(actions(done)).toEqual({ app: "refuse", hollow: "refuse", other: "refuse" });
    expect(snapshot(home, store)).toBe(before);
  });

  it("deletes nothing from the store that was changed after it was brought back, or when the home has something else", async () => {
    const { home, store, scripts } = await worlds("tmpfs", ["app/", "other/"]);
    lay(home, { app: full, other: full });
    expectRun(0, scripts, "link", ["--yes"], { home });
    expectRun(0, scripts, "link", ["--commit"], { home });
    expectRun(0, scripts, "unlink", ["--yes"], { home });
    writeFileSync(join(store, "app", "late"), "newest");
    rmSync(join(home, "other"), { recursive: true });
    lay(home, { other: { made: "anew" } });
    const before = snapshot(home, store);
    expectRun(5, scripts, "unlink", ["--commit"], { home });
    expectRun(3, scripts, "link", ["--yes"], { home });
    expect(snapshot(home, store)).toBe(before);
  });

  it("goes on with a finished copy, throws an outdated one away, and asks where somebody changed it", async () => {
    const { home, store, scripts } = await worlds("tmpfs", ["app/", "old/", "changed/"]);
    lay(home, { app: full, old: full, changed: full });
    expectRun(0, scripts, "link", ["--yes"], { home });
    // As a run leaves it that was stopped before the exchange.
    for (const name of ["app", "old", "changed"]) {
      rmSync(join(home, name));
      run(["mv", "-T", join(home, `${name}.remanence-original`), join(home, name)], { home });
    }
    writeFileSync(join(home, "old", "new"), "since");
    writeFileSync(join(store, "changed", "new"), "since");
    expect(actions(runScript(scripts, "verify", ["--format", "json"], { home }), "result")).toEqual({
      app: "interrupted",
      changed: "interrupted",
      old: "interrupted",
    });
    const done = expectRun(5, scripts, "link", ["--yes", "--format", "json"], { home });
    expect(actions(done)).toEqual({ app: "copy", changed: "refuse", old: "copy" });
    expect(existsSync(join(store, "old", "new"))).toBe(true);
    expect(existsSync(join(home, "changed", "new"))).toBe(false);
    expect(existsSync(join(store, "changed", "new"))).toBe(true);
  });

  it("does not take a directory that a program made in place of the link for a run that was stopped", async () => {
    const { home, store, scripts } = await worlds();
    lay(home, { app: full });
    expectRun(0, scripts, "link", ["--yes"], { home });
    rmSync(join(home, "app"));
    lay(home, { app: { new: "profile" } });
    const before = snapshot(home, store);
    expectRun(3, scripts, "link", ["--yes"], { home });
    expectRun(3, scripts, "link", ["--commit"], { home });
    expectRun(0, scripts, "unlink", ["--commit"], { home });
    expect(actions(expectRun(1, scripts, "verify", ["--format", "json"], { home }), "result")).toEqual({
      app: "replaced",
    });
    expect(snapshot(home, store)).toBe(before);
  });

  it("leaves alone what has the names that it would need", async () => {
    const { home, store, scripts } = await worlds("tmpfs", ["app/", "other/"]);
    const precious: Content = { precious: "data" };
    lay(home, { app: full, "app.remanence-original": precious, other: full });
    symlinkSync("/etc", join(home, "other.remanence-original"));
    const before = snapshot(home);
    expect(actions(expectRun(3, scripts, "link", ["--yes", "--format", "json"], { home }))).toEqual({
      app: "refuse",
      other: "refuse",
    });
    expect(snapshot(join(home, "app"), join(home, "app.remanence-original"))).toContain("precious");
    expect(before).toContain("precious");
    expect(contents(store)).toEqual({ ".": "directory 755" });
  });

  it("does not copy into a store that is read-only or that another user can change", async () => {
    const { home, store, scripts } = await worlds();
    lay(home, { app: full });
    chmodSync(store, 0o777);
    expectRun(3, scripts, "link", ["--yes"], { home });
    chmodSync(store, 0o755);
    const top = join(store, "..", "..");
    run(["mount", "-o", "remount,ro", top], { home });
    const done = runScript(scripts, "link", ["--yes"], { home });
    run(["mount", "-o", "remount,rw", top], { home });
    expect(done.code, done.out + done.err).toBe(3);
    expect(statSync(join(home, "app")).isDirectory()).toBe(true);
    expect(lstatSync(join(home, "app")).isSymbolicLink()).toBe(false);
  });
});
