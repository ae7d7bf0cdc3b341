import { spawn } from "node:child_process";
import { once } from "node:events";
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
import { actions, apart, type Content, contents, expectRun, lay, run, runScript, snapshot } from "../support/fedora.ts";

const full = { a: "1", below: { b: "2" } };

describeWith(["loop", "btrfs"], "link.sh with a store on another mount, where that cannot be", () => {
  it("copies nothing that a program has open, and names it", async () => {
    const { home, store, scripts } = await apart();
    lay(home, { app: full });
    const program = spawn("bash", ["-c", 'exec 3>>"$1"; echo ready; exec sleep 600', "-", join(home, "app", "a")]);
    onTestFinished(() => void program.kill());
    await new Promise((resolve) => program.stdout.once("data", resolve));
    const before = snapshot(home, store);
    const done = expectRun(4, scripts, "link", ["--yes", "--format", "json"], { home });
    expect(JSON.parse(done.out).entries[0]).toMatchObject({ action: "refuse", reason: "in use by sleep" });
    expect(snapshot(home, store)).toBe(before);
    program.kill();
    await new Promise((resolve) => program.once("exit", resolve));
    expectRun(0, scripts, "link", ["--yes"], { home });
    expect(lstatSync(join(home, "app")).isSymbolicLink()).toBe(true);
  });

  it("does not exchange what somebody keeps writing to, and leaves the home as it was", async () => {
    const { home, scripts } = await apart();
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
    const { home, store, scripts } = await apart("ext4", ["app/", "many/"]);
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
    // As long as it lives it may hold the file, and the room of it.
    await once(filler, "close");
    expect(full_.out).toContain("no copy could be made");
    expect(snapshot(join(home, "app"))).toBe(before);
    rmSync(join(store, "..", "filler"), { force: true });
    expectRun(0, scripts, "link", ["--yes", "--only", "app"], { home });
  });

  it("deletes no original that was changed, nor one that nothing is known of", async () => {
    const { home, store, scripts } = await apart("tmpfs", ["app/", "other/", "hollow/"]);
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
    const { home, store, scripts } = await apart("tmpfs", ["app/", "other/"]);
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
    const { home, store, scripts } = await apart("tmpfs", ["app/", "old/", "changed/"]);
    lay(home, { app: full, old: full, changed: full });
    expectRun(0, scripts, "link", ["--yes"], { home });
    // As a run leaves it that was stopped before the exchange.
    for (const name of ["app", "old", "changed"]) {
      rmSync(join(home, name));
      run(["mv", "-T", join(home, `${name}.remanence-original`), join(home, name)], { home });
      const note = join(store, `${name}.remanence-copied`);
      run(["ln", "-sfnT", readlinkSync(note).replace(/ linked$/, ""), note], { home });
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
    const { home, store, scripts } = await apart();
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

  it("does not take the store for an old copy where a commit was stopped and the link is gone since", async () => {
    const { home, store, scripts } = await apart("tmpfs", ["app/", "later/"]);
    lay(home, { app: full, later: full });
    expectRun(0, scripts, "link", ["--yes"], { home });
    // Before the note was taken away, and after.
    run(["mv", join(home, "app.remanence-original"), join(home, "app.remanence-trash")], { home });
    run(["mv", join(home, "later.remanence-original"), join(home, "later.remanence-trash")], { home });
    rmSync(join(store, "later.remanence-copied"));
    for (const name of ["app", "later"]) {
      rmSync(join(home, name));
      lay(home, { [name]: { new: "profile" } });
    }
    const before = snapshot(home, store);
    const done = expectRun(3, scripts, "link", ["--yes", "--format", "json"], { home });
    expect(actions(done)).toEqual({ app: "refuse", later: "refuse" });
    expectRun(0, scripts, "link", ["--commit"], { home });
    expectRun(0, scripts, "unlink", ["--commit"], { home });
    expect(snapshot(home, store)).toBe(before);
  });

  it("leaves alone what has the names that it would need", async () => {
    const { home, store, scripts } = await apart("tmpfs", ["app/", "other/"]);
    const precious: Content = { precious: "data" };
    lay(home, { app: full, "app.remanence-original": precious, other: full });
    symlinkSync("/etc", join(home, "other.remanence-original"));
    const before = snapshot(home);
    expect(actions(expectRun(3, scripts, "link", ["--yes", "--format", "json"], { home }))).toEqual({
      app: "refuse",
      other: "refuse",
    });
    expect(snapshot(home)).toBe(before);
    expect(contents(store)).toEqual({ ".": "directory 755" });
  });

  it("does not copy into a store that is read-only or that another user can change", async () => {
    const { home, store, scripts } = await apart();
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
