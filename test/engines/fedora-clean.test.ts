import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { describeWith } from "../support/engines.ts";
import {
  contents,
  expectRun,
  lay,
  manifestOf,
  newHome,
  run,
  type Scripts,
  scriptsOf,
  snapshot,
} from "../support/fedora.ts";
import { fates, lawManifest, layLaw } from "../support/fedora-law.ts";
import { scratch } from "../support/workspace.ts";

/** Makes everything below a folder as old as that; links themselves too. */
function age(folder: string, days: number): void {
  run(["bash", "-c", 'find "$1" -depth -exec touch -h -d "$2 days ago" {} +', "-", folder, String(days)], {
    home: "/",
  });
}

const old = { a: "x", below: { b: "x" }, ".hidden": "x" };

/** The user's rules, run by systemd-tmpfiles as the user's own timer runs them. */
function runRules(scripts: Scripts, home: string): { code: number | null; err: string } {
  const rules = join(scripts.folder, "user-tmpfiles.d", "ann.conf");
  return run(["systemd-tmpfiles", "--user", "--clean", rules], { home });
}

describeWith(["systemd"], "clean.sh with systemd-tmpfiles", () => {
  it("lets old files of discarded places go, and nothing else in a home of odd names", async () => {
    const scripts = await scriptsOf(lawManifest(`{ engine: tar, path: "${scratch()}" }`));
    const home = newHome();
    layLaw(home);
    expectRun(0, scripts, "link", [], { home });
    age(home, 60);
    const all = fates(home, scripts.plan);
    // Files that a pattern matches themselves stay: only what is in directories ages.
    const goes = all.filter(
      ({ live, fate }) => fate.fate === "discard" && fate.rule?.expire === "30d" && !/\/(?:tmp|[^/]*\.log)$/.test(live),
    );
    expect(goes.length).toBeGreaterThan(100);
    const counted = JSON.parse(expectRun(0, scripts, "clean", ["--dry-run", "--format", "json"], { home }).out) as {
      files: number;
    };
    expect(counted.files).toBe(goes.length);
    expectRun(0, scripts, "clean", [], { home });
    const gone = new Set(goes.map(({ path }) => path));
    expect(fates(home, scripts.plan).map(({ path }) => path)).toEqual(
      all.map(({ path }) => path).filter((path) => !gone.has(path)),
    );
    expectRun(0, scripts, "verify", [], { home });
    expect(expectRun(0, scripts, "clean", [], { home }).out).toContain("0 files");
  });

  it("takes what is old and leaves what is new, by the time of its last change", async () => {
    const scripts = await scriptsOf(manifestOf(["{ path: .cache/, class: cache, expire: 10d }"]));
    const home = newHome();
    lay(home, { ".cache": { old, young: { a: "x" }, mixed: { a: "x", b: "x" } } });
    age(join(home, ".cache"), 11);
    age(join(home, ".cache/young"), 9);
    writeFileSync(join(home, ".cache/mixed/b"), "just now");
    expectRun(0, scripts, "clean", [], { home });
    expect(Object.keys(contents(join(home, ".cache"))).sort()).toEqual([".", "mixed", "mixed/b", "young", "young/a"]);
  });

  it("never works through a link, on the way or at the end, and keeps what a link inside leads to", async () => {
    const entries = [
      "{ path: .cache/app/, class: cache }",
      "{ path: linked/, class: cache }",
      "{ path: real/, class: cache }",
      '{ path: "apps/*/Cache/", class: cache }',
    ];
    const scripts = await scriptsOf(manifestOf(entries));
    const home = newHome();
    lay(home, {
      elsewhere: { app: old, Cache: old },
      real: { link: { link: "../elsewhere" } },
      apps: { two: { Cache: { link: "../../elsewhere" } } },
    });
    symlinkSync("elsewhere", join(home, ".cache"));
    symlinkSync("elsewhere", join(home, "linked"));
    symlinkSync("../elsewhere", join(home, "apps", "one"));
    age(home, 60);
    const before = snapshot(join(home, "elsewhere"));
    expectRun(0, scripts, "clean", [], { home });
    expect(snapshot(join(home, "elsewhere"))).toBe(before);
  });

  it("does not follow a pattern of live places into a store, where all lies at another depth", async () => {
    const scripts = await scriptsOf(manifestOf(["docs/", '{ path: "*/*/Cache/", class: cache }']));
    const home = newHome();
    const cache = { old: "x" };
    lay(home, { docs: { Cache: cache, deep: { Cache: cache } }, other: { deep: { Cache: cache } } });
    expectRun(0, scripts, "link", [], { home });
    age(home, 60);
    expectRun(0, scripts, "clean", [], { home });
    const left = ["docs/Cache", "docs/deep/Cache", "other/deep/Cache"].map((path) => readdirSync(join(home, path)));
    expect(left).toEqual([["old"], [], []]);
  });

  it("leaves what a more exact pattern says never ages, directories and files", async () => {
    const entries = [
      '{ path: "apps/*/", class: cache }',
      '{ path: "apps/keep*/", class: cache, expire: never }',
      "{ path: .cache/, class: cache }",
      '{ path: ".cache/keep*", class: cache, expire: never }',
    ];
    const scripts = await scriptsOf(manifestOf(entries));
    const home = newHome();
    lay(home, { apps: { keep1: old, other: old }, ".cache": { keep1: old, "keep me": "x", other: old } });
    age(home, 60);
    const rules = newHome();
    run(["cp", "-a", `${home}/.`, rules], { home });
    expectRun(0, scripts, "clean", [], { home });
    expect(readdirSync(join(home, "apps", "keep1")).length).toBe(3);
    expect(readdirSync(join(home, "apps", "other"))).toEqual([]);
    expect(runRules(scripts, rules)).toMatchObject({ code: 0, err: "" });
    for (const place of [home, rules]) {
      expect(readdirSync(join(place, ".cache")).sort()).toEqual(["keep me", "keep1"]);
      expect(readdirSync(join(place, ".cache", "keep1")).length).toBe(3);
    }
  });

  it("keeps links to kept things and all that is kept, inside of what may go", async () => {
    const entries = [
      ".local/share/keyrings/",
      "{ path: .local/share/, need: none, expire: 30d }",
      "{ path: .local/share/notes/, how: none }",
      ".local/share/one-file",
      "{ path: .local/share/never/, class: cache, expire: never }",
    ];
    const scripts = await scriptsOf(manifestOf(entries));
    const home = newHome();
    lay(home, { ".local/share": { keyrings: old, junk: old, notes: old, "one-file": "x", never: old } });
    expectRun(0, scripts, "link", [], { home });
    age(home, 60);
    const rules = newHome();
    run(["cp", "-a", `${home}/.`, rules], { home });
    expectRun(0, scripts, "clean", [], { home });
    expect(runRules(scripts, rules)).toMatchObject({ code: 0, err: "" });
    for (const place of [home, rules]) {
      expect(readdirSync(join(place, ".local/share")).sort()).toEqual(["keyrings", "never", "notes", "one-file"]);
      expect(readFileSync(join(place, ".local/share/keyrings/below/b"), "utf8")).toBe("x");
      expect(readdirSync(join(place, ".local/share/never")).length).toBe(3);
    }
  });

  it("ages a directory that several rules find as the most exact of them says", async () => {
    const entries = [
      '{ path: "apps/*/Cache/", class: cache, expire: 7d }',
      '{ path: "apps/slow*/Cache/", class: cache, expire: 90d }',
      "{ path: apps/slow1/Cache/, class: cache, expire: 200d }",
      "{ path: apps/kept/Cache/, class: data, how: none }",
    ];
    const scripts = await scriptsOf(manifestOf(entries));
    const home = newHome();
    lay(home, {
      apps: {
        a: { Cache: old },
        slow1: { Cache: old },
        slow2: { Cache: old },
        kept: { Cache: old },
        "(1)": { Cache: old },
      },
    });
    age(home, 60);
    expectRun(0, scripts, "clean", [], { home });
    const left = (app: string): number => readdirSync(join(home, "apps", app, "Cache")).length;
    expect(["a", "slow1", "slow2", "kept", "(1)"].map(left)).toEqual([0, 3, 3, 3, 0]);
    age(home, 150);
    expectRun(0, scripts, "clean", [], { home });
    expect(["slow1", "slow2", "kept"].map(left)).toEqual([3, 0, 3]);
  });

  it("cleans only what --only names, and not what another rule has inside of it", async () => {
    const scripts = await scriptsOf(
      manifestOf([
        "{ path: one/, class: cache }",
        '{ path: "one/*/slow/", class: cache, expire: 90d }',
        "{ path: two/, class: cache }",
      ]),
    );
    const home = newHome();
    lay(home, { one: { a: "x", b: { slow: old, c: "x" } }, two: old });
    age(home, 60);
    expectRun(0, scripts, "clean", ["--only", "one"], { home });
    expect(existsSync(join(home, "one", "a")) || existsSync(join(home, "one/b/c"))).toBe(false);
    expect([readdirSync(join(home, "one/b/slow")).length, readdirSync(join(home, "two")).length]).toEqual([3, 3]);
  });

  it("is not fooled by a name with a line break, which would be a rule of its own", async () => {
    const scripts = await scriptsOf(manifestOf(['{ path: "apps/*/", class: cache }']));
    const home = newHome();
    lay(home, { precious: old, apps: { fine: old } });
    mkdirSync(join(home, "apps", `x"\nR "${home.replaceAll("/", "\\x2f")}`, "y"), { recursive: true });
    mkdirSync(join(home, "apps", "x\ny"));
    age(home, 60);
    expectRun(0, scripts, "clean", [], { home });
    expect(readdirSync(join(home, "precious")).length).toBe(3);
    expect(readdirSync(join(home, "apps", "fine"))).toEqual([]);
  });

  it("keeps the directories of logs that are kept", async () => {
    const scripts = await scriptsOf(manifestOf(["{ path: logs/, class: log, need: important, expire: 14d }"]));
    const home = newHome();
    lay(home, { logs: { app: { "today.log": "x", "old.log": "x" }, "empty one": {} } });
    expectRun(0, scripts, "link", [], { home });
    age(home, 60);
    writeFileSync(join(home, "logs/app/today.log"), "new");
    expectRun(0, scripts, "clean", [], { home });
    expect(Object.keys(contents(join(home, ".persist/logs"))).sort()).toEqual([
      ".",
      "app",
      "app/today.log",
      "empty one",
    ]);
  });
});

describeWith(["systemd", "mount-namespace"], "clean.sh --dry-run", () => {
  it("counts before what then goes: hard links, locks, sockets, device nodes, sticky files, mounts", async () => {
    const scripts = await scriptsOf(manifestOf(["{ path: .cache/, class: cache, expire: 10d }"]));
    const home = newHome();
    const cache = join(home, ".cache");
    lay(home, {
      ".cache": {
        plain: "x".repeat(9000),
        locked: { a: "x" },
        sticky: "x",
        inside: "x",
        link: { link: "nowhere" },
        mount: {},
      },
      outside: "x".repeat(9000),
    });
    const prepare = [
      'cd -- "$1"; ln inside again; ln ../outside half; chmod +t sticky; mkfifo fifo; mknod device c 1 3',
      "mount -t tmpfs tmpfs mount; echo x >mount/a; exec 8<locked; flock -s 8; echo ready; exec sleep 600",
    ].join("; ");
    const program = spawn("bash", ["-c", prepare, "-", cache]);
    const server = createServer();
    onTestFinished(() => {
      program.kill();
      server.close();
      run(["umount", join(cache, "mount")], { home });
    });
    await new Promise((resolve) => program.stdout.once("data", resolve));
    await new Promise<void>((resolve) => server.listen(join(cache, "socket"), resolve));
    age(home, 11);
    const before = Object.keys(contents(cache)).filter((path) => !contents(cache)[path]?.startsWith("directory"));
    const shown = JSON.parse(expectRun(0, scripts, "clean", ["--dry-run", "--format", "json"], { home }).out);
    expect(expectRun(0, scripts, "clean", [], { home }).out).toContain(`${shown.files} files`);
    const left = Object.keys(contents(cache)).filter((path) => !contents(cache)[path]?.startsWith("directory"));
    expect(left.sort()).toEqual(["device", "locked/a", "mount/a", "socket", "sticky"]);
    expect(shown.files).toBe(before.length - left.length);
    // The content of `half` still has its other name.
    expect(shown.bytes).toBe(12288 + 4096);
  });
});

describeWith(["systemd"], "user-tmpfiles.d with systemd-tmpfiles", () => {
  it("does as the plan says for a home of odd names, without a word of complaint", async () => {
    const scripts = await scriptsOf(lawManifest(`{ engine: tar, path: "${scratch()}" }`));
    const home = newHome();
    layLaw(home);
    expectRun(0, scripts, "link", [], { home });
    age(home, 60);
    const all = fates(home, scripts.plan);
    expect(runRules(scripts, home)).toMatchObject({ code: 0, err: "" });
    const left = new Set(fates(home, scripts.plan).map(({ path }) => path));
    for (const { path, fate } of all) {
      const isPattern = fate.rule?.kind === "pattern";
      const goes = fate.fate === "discard" && !isPattern && fate.rule?.kind === "directory";
      expect(left.has(path), path).toBe(!goes);
    }
  });
});
