import { spawn } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { describeWith } from "../support/engines.ts";
import { actions, contents, expectRun, lay, mounted, newHome, run, snapshot } from "../support/fedora.ts";
import { pathWith } from "../support/fedora-crash.ts";
import { lose, savedHome, stagesIn } from "../support/fedora-restore.ts";
import { scratch } from "../support/workspace.ts";

const files = { a: "1", below: { b: "2" } };
const entries = ["app/", "photos/", "{ path: .ssh/, class: data, how: none }"];
const content = { app: files, photos: files, ".ssh": { id: "key" } };

/** A PATH where nothing can exchange two names, but all that restore.sh needs is. */
function withoutExchange(): string {
  const folder = pathWith("none");
  for (const tool of ["zstd", "sha256sum", "chmod", "chown", "comm", "cmp", "tr", "wc", "dirname", "restic"]) {
    run(["bash", "-c", 'ln -s "$(command -v "$1")" "$2"', "-", tool, folder], { home: "/" });
  }
  return folder;
}

describeWith(["zstd", "python3"], "restore.sh --replace", () => {
  it.each(["exchange", "two renames"] as const)(
    "puts what was restored in place and keeps what was there beside it, by %s",
    async (way) => {
      const { scripts, home } = await savedHome(entries, content);
      const env = way === "exchange" ? {} : { PATH: withoutExchange() };
      writeFileSync(join(home, "app", "a"), "newer");
      writeFileSync(join(home, ".ssh", "id"), "newer");
      const [app, ssh] = [join(home, ".persist/app"), join(home, ".ssh")];
      const inode = statSync(app).ino;
      const done = expectRun(0, scripts, "restore", ["--replace", "--format", "json"], { home, env });
      expect(actions(done)).toEqual({ [app]: "replace", [ssh]: "replace", [join(home, ".persist/photos")]: "same" });
      expect(readFileSync(join(home, "app", "a"), "utf8")).toBe("1");
      expect(readFileSync(`${app}.remanence-original/a`, "utf8")).toBe("newer");
      expect(statSync(`${app}.remanence-original`).ino).toBe(inode);
      expect(readFileSync(`${ssh}.remanence-original/id`, "utf8")).toBe("newer");
      expect(readdirSync(join(home, ".persist")).sort()).toEqual(["app", "app.remanence-original", "photos"]);
      expect(stagesIn(home)).toEqual([]);
      expectRun(0, scripts, "link", [], { home });
      // What was kept is never written over, nor asked about where nothing is to be done.
      const before = snapshot(`${app}.remanence-original`);
      expectRun(0, scripts, "restore", ["--replace"], { home, env });
      writeFileSync(join(home, "app", "a"), "newest");
      const again = expectRun(3, scripts, "restore", ["--replace", "--only", "app"], { home, env });
      expect(again.out).toContain("what was there before is still in ~/.persist/app.remanence-original");
      expect(readFileSync(join(home, "app", "a"), "utf8")).toBe("newest");
      expect(snapshot(`${app}.remanence-original`)).toBe(before);
    },
  );

  it("shows with --dry-run what would be replaced, and how much comes, and changes nothing", async () => {
    const { scripts, home } = await savedHome(["app/"], { app: { big: "x".repeat(100_000) } });
    writeFileSync(join(home, "app", "big"), "y");
    const before = snapshot(home);
    const done = expectRun(0, scripts, "restore", ["--replace", "--dry-run"], { home });
    expect(done.out).toMatch(/~\/\.persist\/app +9[0-9.]*KiB +would be replaced; what was there stays/);
    expect(snapshot(home)).toBe(before);
  });

  it("touches nothing that a program has open, and names the program", async () => {
    const { scripts, home } = await savedHome(entries, content);
    writeFileSync(join(home, "app", "a"), "newer");
    run(["mount", "--bind", join(home, ".persist/app"), join(home, "photos")], { home });
    onTestFinished(() => void run(["umount", "-l", join(home, "photos")], { home }));
    const shown = expectRun(4, scripts, "restore", ["--replace", "--only", "app"], { home });
    expect(shown.out).toContain("it is what is mounted at ~/.persist/photos, and would go on being that");
    const reader = spawn("sleep", ["60"], { cwd: join(home, "app") });
    onTestFinished(() => void reader.kill());
    const done = expectRun(4, scripts, "restore", ["--replace", "--only", "app"], { home });
    expect(done.out).toContain("in use by sleep; the restored copy is ~/.remanence-restore-");
    expect(readFileSync(join(home, "app", "a"), "utf8")).toBe("newer");
  });

  it("leaves all as it was where the exchange fails", async () => {
    const { scripts, home } = await savedHome(["app/"], { app: files });
    writeFileSync(join(home, "app", "a"), "newer");
    const before = contents(join(home, ".persist"));
    const tools = scratch();
    writeFileSync(join(tools, "python3"), "#!/bin/bash\nexit 1\n", { mode: 0o755 });
    const env = { PATH: `${tools}:/usr/bin:/usr/sbin` };
    const done = expectRun(3, scripts, "restore", ["--replace"], { home, env });
    expect(done.out).toContain("REFUSED: it cannot be put there; the restored copy is ~/.remanence-restore-");
    expect(contents(join(home, ".persist"))).toEqual(before);
    const [stage = ""] = stagesIn(home);
    expect(readFileSync(join(home, stage, home, ".persist/app/a"), "utf8")).toBe("1");
  });

  it("replaces no link, no mount, and nothing that has something in it that was not asked for", async () => {
    const { scripts, home } = await savedHome(
      [
        "{ path: a/, how: none }",
        "{ path: b/, how: none }",
        "{ path: c/, how: none }",
        "{ path: c/x/, class: cache }",
        "{ path: c/x/kept/, class: data, how: none }",
      ],
      { a: files, b: { inner: { b: "1" } }, c: { y: "1", x: { z: "1", kept: { k: "1" } } } },
    );
    rmSync(join(home, "a"), { recursive: true });
    symlinkSync("elsewhere", join(home, "a"));
    run(["mount", "--bind", scratch(), join(home, "b", "inner")], { home });
    onTestFinished(() => void run(["umount", "-l", join(home, "b", "inner")], { home }));
    writeFileSync(join(home, "c", "y"), "2");
    const before = snapshot(join(home, "c"));
    const done = expectRun(3, scripts, "restore", ["--replace", "--class", "state"], { home });
    expect(done.out).toContain("there is a link, to elsewhere");
    expect(done.out).toContain("something is mounted there or inside it");
    expect(done.out).toContain("~/c/x/kept lies inside it and was not asked for");
    expect(lstatSync(join(home, "a")).isSymbolicLink()).toBe(true);
    expect(snapshot(join(home, "c"))).toBe(before);
    // Both are asked for: the outer first, then the inner.
    expectRun(0, scripts, "restore", ["--replace", "--only", "c"], { home });
    expect(contents(join(home, "c"))).toMatchObject({
      y: expect.stringContaining("6b86"),
      "x/kept/k": expect.anything(),
    });
    expect(existsSync(join(home, "c", "x", "z"))).toBe(false);
    expect(existsSync(join(home, "c.remanence-original", "x", "z"))).toBe(true);
  });
});

describeWith(["zstd", "root"], "restore.sh and what is mounted", () => {
  it.each(["full", "empty"] as const)(
    "leaves a directory in the store in its place while it is mounted: %s",
    async (how) => {
      const { scripts, home } = await savedHome(["{ path: Music/, class: data }"], { Music: files });
      const [live, stored] = [join(home, "Music"), join(home, ".persist/Music")];
      rmSync(live);
      mkdirSync(live);
      for (const name of readdirSync(stored)) rmSync(join(stored, name), { recursive: true });
      if (how === "full") lay(stored, { a: "newer" });
      run(["mount", "--bind", stored, live], { home });
      onTestFinished(() => void run(["umount", "-l", live], { home }));
      for (const args of [["--dry-run"], []]) {
        const done = expectRun(4, scripts, "restore", ["--replace", ...args], { home });
        expect(done.out).toContain("it is what is mounted at ~/Music");
      }
      expect(lstatSync(stored).ino).toBe(lstatSync(live).ino);
      expectRun(1, scripts, "restore", ["--rehearse"], { home });
      run(["umount", live], { home });
      expectRun(0, scripts, "restore", ["--replace"], { home });
      expect(readFileSync(join(stored, "a"), "utf8")).toBe("1");
    },
  );
});

describeWith(["zstd", "loop"], "restore.sh and stores on other mounts", () => {
  it("unpacks on the mount of each place, and moves by a rename", async () => {
    const top = mounted("ext4");
    const store = join(top, "home", "ann");
    mkdirSync(store, { recursive: true });
    const { scripts, home } = await savedHome(["app/", ".profile"], { app: files, ".profile": "p" }, { store: top });
    lose(home);
    rmSync(join(store, "app"), { recursive: true });
    // On the mount of the store there is no room for a second copy to be made of the first.
    const done = expectRun(0, scripts, "restore", ["--format", "json"], { home });
    expect(actions(done)).toEqual({ [join(store, "app")]: "restore", [join(home, ".profile")]: "restore" });
    expect([...stagesIn(home), ...stagesIn(top), ...stagesIn(store)]).toEqual([]);
    expectRun(0, scripts, "link", [], { home });
    expect(readFileSync(join(home, "app", "a"), "utf8")).toBe("1");
    // What is refused stays beside its place, on its mount.
    writeFileSync(join(home, "app", "a"), "2");
    expectRun(3, scripts, "restore", [], { home });
    expect([...stagesIn(top), ...stagesIn(store)].length).toBe(1);
    expect(stagesIn(home)).toEqual([]);
  });

  it("finds out before unpacking that there is no room", async () => {
    const { scripts, home } = await savedHome(["app/"], { app: { big: "x".repeat(3 << 20) } });
    const small = newHome(smallMount());
    const before = snapshot(small);
    const done = expectRun(2, scripts, "restore", [], { home: small });
    expect(done.err).toMatch(
      /there is room for 1(\.\d)?MiB in ~, and 3(\.\d)?MiB are needed; nothing was put in place/,
    );
    expect(snapshot(small)).toBe(before);
    // A disk that fills up meanwhile.
    const env = { PATH: `${lyingDf()}:/usr/bin:/usr/sbin` };
    const full = expectRun(2, scripts, "restore", [], { home: small, env });
    expect(full.err).toContain("big: Wrote only");
    expect(full.err).toContain("nothing was put in place");
    expect(readdirSync(small)).toEqual([]);
    expect(existsSync(home)).toBe(true);
    // A disk that has room, but not for more files.
    const many = await savedHome(["app/"], {
      app: Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`f${i}`, ""])),
    });
    const few = newHome(smallMount("nr_inodes=30"));
    expect(expectRun(2, many.scripts, "restore", [], { home: few }).err).toMatch(
      /room for \d+ files in ~, and 61 are needed/,
    );
  });
});

function smallMount(options = "size=1M"): string {
  const folder = scratch();
  run(["mount", "-t", "tmpfs", "-o", `${options},mode=0755`, "tmpfs", folder], { home: "/" });
  onTestFinished(() => void run(["umount", "-l", folder], { home: "/" }));
  return folder;
}

/** A `df` that sees more room than there is. */
function lyingDf(): string {
  const folder = scratch();
  writeFileSync(join(folder, "df"), "#!/bin/bash\necho avail\necho 99999999999\n", { mode: 0o755 });
  return folder;
}

describeWith(["zstd"], "restore.sh and what was asked for", () => {
  it("brings back one class, or several", async () => {
    const { scripts, home } = await savedHome(
      ["app/", "{ path: keys/, class: config, how: none }", "{ path: letters/, class: data }"],
      { app: files, keys: files, letters: files },
    );
    lose(home);
    expectRun(2, scripts, "restore", ["--class", "log"], { home });
    expectRun(2, scripts, "restore", ["--class", "secret"], { home });
    expectRun(0, scripts, "restore", ["--class", "data", "--class", "state"], { home });
    expect(readdirSync(join(home, ".persist")).sort()).toEqual(["app", "letters"]);
    lay(home, { app: {} });
  });

  it("asks on a terminal about what belongs to one machine", async () => {
    const { scripts, home } = await savedHome(["app/", "{ path: .config/monitors.xml, class: config }"], {
      app: files,
      ".config": { "monitors.xml": "here" },
    });
    const onTerminal = (answer: string): string => {
      lose(home);
      const call = 'script -qec "bash $1" /dev/null <<<"$2"';
      return run(["bash", "-c", call, "-", join(scripts.folder, "restore.sh"), answer], { home }).out;
    };
    expect(onTerminal("n")).toContain("belong to one machine. Restore them here too? [y/N]");
    expect(existsSync(join(home, ".config"))).toBe(false);
    expect(onTerminal("y")).toContain("2 restored");
    expect(readFileSync(join(home, ".config/monitors.xml"), "utf8")).toBe("here");
  });

  it("puts data where it is now: in its place as long as it is not linked, in the store when it is", async () => {
    const { scripts, home } = await savedHome(["app/"], { app: files });
    // Saved from the store; now it is in its place, unlinked.
    lose(home);
    lay(home, { app: { a: "2" } });
    expectRun(0, scripts, "restore", ["--replace"], { home });
    expect(readFileSync(join(home, "app", "a"), "utf8")).toBe("1");
    expect(existsSync(join(home, ".persist"))).toBe(false);
    rmSync(join(home, "app.remanence-original"), { recursive: true });
    expectRun(0, scripts, "link", [], { home });
    // Saved from its place; now it is in the store, linked.
    expectRun(0, scripts, "unlink", [], { home });
    rmSync(join(home, ".local"), { recursive: true });
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expectRun(0, scripts, "backup", [], { home });
    expectRun(0, scripts, "link", [], { home });
    writeFileSync(join(home, "app", "a"), "3");
    expectRun(0, scripts, "restore", ["--replace"], { home });
    expect(lstatSync(join(home, "app")).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(home, "app", "a"), "utf8")).toBe("1");
    expect(readFileSync(join(home, ".persist/app.remanence-original/a"), "utf8")).toBe("3");
    expectRun(0, scripts, "verify", [], { home });
  });
});
