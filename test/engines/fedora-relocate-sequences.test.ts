import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { describeWith } from "../support/engines.ts";
import {
  actions,
  apart,
  contents,
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
import { boundaries, killBefore, pathWith, runBetween } from "../support/fedora-crash.ts";
import { whole } from "../support/fedora-stage.ts";
import { scratch } from "../support/workspace.ts";

const full = { a: "1", below: { b: "2" } };

function shell(text: string, ...args: string[]): void {
  const done = run(["bash", "-euc", text, "-", ...args], { home: "/" });
  expect(done.code, done.err).toBe(0);
}

const reasonOf = (done: { readonly out: string }): string => JSON.parse(done.out).entries[0].reason;

/** Home and store as subvolumes of one btrfs, as many a machine has them. */
async function subvolumes(): Promise<
  { top: string; home: string; store: string } & Pick<Awaited<ReturnType<typeof apart>>, "scripts">
> {
  const top = mounted("btrfs");
  for (const name of ["home", "persist"]) shell('btrfs -q subvolume create "$1"', join(top, name));
  const [home, store] = [join(top, "home", "ann"), join(top, "persist", "home", "ann")];
  for (const folder of [home, store]) mkdirSync(folder, { recursive: true });
  return { top, home, store, scripts: await scriptsOf(manifestOf(["app/"], { store: join(top, "persist") })) };
}

/** Takes a snapshot of a subvolume, and puts it back in place of what has become of it. */
const keep = (top: string, name: string): void => shell('btrfs -q subvolume snapshot "$1/$2" "$1/$2.kept"', top, name);
const rollBack = (top: string, name: string): void =>
  shell('mv "$1/$2" "$1/$2.gone"; mv "$1/$2.kept" "$1/$2"', top, name);

describeWith(["loop", "btrfs", "perl"], "link.sh and unlink.sh after things that happen between runs", () => {
  it("do not take the store's data for an old copy when the home was rolled back to before", async () => {
    const { top, home, store, scripts } = await subvolumes();
    lay(home, { app: full });
    keep(top, "home");
    writeFileSync(join(home, "app", "later"), "newer than the snapshot");
    expectRun(0, scripts, "link", ["--yes"], { home });
    rollBack(top, "home");
    const before = snapshot(store);
    const done = expectRun(5, scripts, "link", ["--yes", "--format", "json"], { home });
    expect(reasonOf(done)).toContain("it was linked, and here is something else since");
    for (const [script, arg] of [
      ["unlink", "--yes"],
      ["unlink", "--commit"],
      ["link", "--commit"],
    ] as const)
      expectRun(0, scripts, script, [arg], { home });
    expect(snapshot(store)).toBe(before);
    expect(readFileSync(join(store, "app", "later"), "utf8")).toBe("newer than the snapshot");
  });

  it("make nothing anew in a store that was rolled back to before, and delete no original then", async () => {
    const { top, home, store, scripts } = await subvolumes();
    lay(home, { app: full });
    keep(top, "persist");
    expectRun(0, scripts, "link", ["--yes"], { home });
    rollBack(top, "persist");
    const before = snapshot(home, store);
    for (const args of [["--yes"], ["--commit"]]) expectRun(3, scripts, "link", args, { home });
    expectRun(3, scripts, "unlink", ["--yes"], { home });
    expect(snapshot(home, store)).toBe(before);
  });

  it("say in every run that a program wrote to an original, and never delete that", async () => {
    const { home, store, scripts } = await apart();
    lay(home, { app: full });
    const write = '[[ $BASH_COMMAND != note_link ]] || echo late >>"$HOME/app.remanence-original/a"';
    const late = runBetween(write, "all", scripts, ["link", "--yes", "--format", "json"], { home });
    expect([late.code, reasonOf(late)]).toEqual([5, expect.stringContaining("wrote to it in the last moment")]);
    for (const args of [["--yes"], ["--yes"], ["--commit"]]) {
      const done = expectRun(5, scripts, "link", [...args, "--format", "json"], { home });
      expect(reasonOf(done)).toContain("~/app.remanence-original was changed after it was copied");
    }
    expect(readFileSync(join(home, "app.remanence-original", "a"), "utf8")).toMatch(/^1late/);
    expect(readFileSync(join(store, "app", "a"), "utf8")).toBe("1");
  });

  it("say in every run that a program wrote to what is left in the store", async () => {
    const { home, store, scripts } = await apart();
    lay(home, { app: full });
    expectRun(0, scripts, "link", ["--yes"], { home });
    expectRun(0, scripts, "link", ["--commit"], { home });
    expectRun(0, scripts, "unlink", ["--yes"], { home });
    expectRun(0, scripts, "unlink", ["--yes"], { home });
    writeFileSync(join(store, "app", "a"), "late");
    for (const args of [["--yes"], ["--commit"]]) {
      const done = expectRun(5, scripts, "unlink", [...args, "--format", "json"], { home });
      expect(reasonOf(done)).toContain("was changed after it was brought back");
    }
    expect(contents(store)).toHaveProperty("app/a");
  });

  it("need no clock: files may be from the future, and what is written may look older than all", async () => {
    const folder = scratch();
    const image = join(folder, "image");
    const top = join(folder, "top");
    mkdirSync(top);
    shell('truncate -s 64M "$1"; mkfs.ext4 -q -I 256 "$1"; mount -o loop "$1" "$2"', image, top);
    onTestFinished(() => void run(["umount", "-l", top], { home: "/" }));
    const home = join(top, "home");
    mkdirSync(home);
    const { top: store } = { top: mounted("tmpfs") };
    mkdirSync(join(store, "home", "ann"), { recursive: true });
    const scripts = await scriptsOf(manifestOf(["app/"], { store }));
    lay(home, { app: full });
    const setTimes = (path: string, when: string): void =>
      shell(
        'umount "$2"; for what in ctime mtime; do debugfs -w -R "sif $3 $what $4" "$1" 2>/dev/null; done; mount -o loop "$1" "$2"',
        ...[image, top, path, when],
      );
    setTimes("/home/app/below/b", "20350101000000");
    expectRun(0, scripts, "link", ["--yes"], { home });
    writeFileSync(join(home, "app.remanence-original", "a"), "2");
    setTimes("/home/app.remanence-original/a", "19990101000000");
    expectRun(5, scripts, "link", [], { home });
    expectRun(5, scripts, "link", ["--commit"], { home });
  });

  it("lose nothing when unlink.sh comes after a link.sh that was stopped anywhere, and link.sh then", async () => {
    const { home, store, scripts } = await apart("ext4");
    const env = { PATH: pathWith("none") };
    const reset = (): void => {
      for (const name of ["home", "copy"]) rmSync(join(store, "..", name), { recursive: true, force: true });
      rmSync(store, { recursive: true, force: true });
      mkdirSync(store, { recursive: true });
      for (const name of ["app", ".remanence", "app.remanence-original"])
        rmSync(join(home, name), { recursive: true, force: true });
      lay(home, { app: full });
    };
    reset();
    const complete = contents(join(home, "app"));
    const isThere = (): boolean =>
      [join(home, "app"), join(home, "app.remanence-original"), join(store, "app")].some(
        (place) =>
          lstatSync(place, { throwIfNoEntry: false })?.isDirectory() === true &&
          JSON.stringify(contents(place)) === JSON.stringify(complete),
      );
    const all = boundaries(scripts, ["link", "--yes"], { home, env }).filter(({ command }) =>
      /^(mv|ln|rm|cp|sync) /.test(command),
    );
    expect(all.length).toBeGreaterThan(10);
    for (const { number, command } of all.filter((_, i) => whole || i % 5 === 0)) {
      reset();
      killBefore(number, scripts, ["link", "--yes"], { home, env });
      for (const script of ["unlink", "link", "unlink"]) {
        const done = runScript(scripts, script, ["--yes"], { home, env });
        expect([0, 3], `${script} after a kill before ${command}: ${done.out}${done.err}`).toContain(done.code);
        expect(isThere(), `${script} after a kill before ${command}`).toBe(true);
      }
    }
  });

  it("do not bring back an old copy when the link was there again in between", async () => {
    const { home, store, scripts } = await apart();
    const env = { PATH: pathWith("none") };
    lay(home, { app: full });
    expectRun(0, scripts, "link", ["--yes"], { home, env });
    expectRun(0, scripts, "link", ["--commit"], { home, env });
    // As an unlink.sh leaves it that was stopped between its two renames.
    expectRun(0, scripts, "unlink", ["--yes"], { home, env });
    run(["mv", "-T", join(home, "app"), join(home, "app.remanence-back")], { home });
    // Somebody linked it again by hand, worked, and the link went.
    writeFileSync(join(store, "app", "a"), "newest");
    const done = expectRun(3, scripts, "unlink", ["--yes", "--format", "json"], { home, env });
    expect(reasonOf(done)).toContain("run link.sh first");
    expectRun(0, scripts, "link", [], { home, env });
    expect(existsSync(join(home, "app.remanence-back"))).toBe(true);
    expectRun(0, scripts, "link", [], { home, env });
    expect(existsSync(join(home, "app.remanence-back"))).toBe(false);
    expectRun(0, scripts, "unlink", ["--yes"], { home, env });
    expect(readFileSync(join(home, "app", "a"), "utf8")).toBe("newest");
  });

  it("do not link what the store had before something newer was brought back, and is gone", async () => {
    const { home, store, scripts } = await apart();
    lay(home, { app: full });
    for (const [script, arg] of [
      ["link", "--yes"],
      ["link", "--commit"],
      ["unlink", "--yes"],
    ] as const)
      expectRun(0, scripts, script, [arg], { home });
    writeFileSync(join(home, "app", "a"), "newer");
    run(["mv", join(home, "app"), join(home, "elsewhere")], { home });
    const before = snapshot(home, store);
    expect(reasonOf(expectRun(3, scripts, "link", ["--yes", "--format", "json"], { home }))).toContain(
      "is from before",
    );
    expect(snapshot(home, store)).toBe(before);
  });

  it("touch nothing when the manifest has another store since, whatever its link is called", async () => {
    const { home, store, scripts } = await apart("tmpfs", ["app/"]);
    lay(home, { app: full });
    expectRun(0, scripts, "link", ["--yes"], { home });
    const top = mounted("tmpfs");
    mkdirSync(join(top, "home", "ann"), { recursive: true });
    const moved = await scriptsOf(manifestOf(["app/"], { store: top }));
    const renamed = await scriptsOf(
      manifestOf(["{ path: app/, store: bulk }"], { store: "~/.persist", top: `stores: { bulk: { path: "${top}" } }` }),
    );
    const before = snapshot(home, store, top);
    expect(expectRun(3, moved, "link", ["--yes"], { home }).err).toContain("~/.remanence leads elsewhere");
    for (const script of ["link", "unlink"]) {
      const done = expectRun(3, renamed, script, ["--yes", "--format", "json"], { home });
      expect(actions(done)).toEqual({ app: "refuse" });
    }
    expectRun(3, moved, "unlink", ["--yes"], { home });
    expect(snapshot(home, store, top)).toBe(before);
  });

  it("refuse names that mean something here, and a subvolume on its way back", async () => {
    const { top, home, store, scripts } = await subvolumes();
    lay(home, { app: full });
    expectRun(0, scripts, "link", ["--yes"], { home });
    shell('btrfs -q subvolume create "$1"', join(store, "app", "inner"));
    lay(join(store, "app", "inner"), full);
    const done = expectRun(3, scripts, "unlink", ["--yes", "--format", "json"], { home });
    expect(reasonOf(done)).toContain("a btrfs subvolume inside it");
    const other = newHome();
    const named = await scriptsOf(manifestOf(["app.remanence-back/"], { store: join(top, "persist") }));
    lay(other, { "app.remanence-back": full });
    expect(reasonOf(expectRun(3, named, "link", ["--yes", "--format", "json"], { home: other }))).toContain("its name");
  });
});
