import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { LostRow, ScannedRow, ScanResult } from "../../src/scan/result.ts";
import { describeWith, engineCommand } from "../support/engines.ts";
import { folderWith, remanence, scratch, writeFiles } from "../support/workspace.ts";
import { asNobody, cli, expectCannotRun, inNamespace, openToAll, run } from "./support.ts";

const manifest = `version: 1
users: { u: {} }
hosts:
  n: { os: nixos, nixos: { wipe: { path: /, method: tmpfs }, home: standalone } }
  f: { os: fedora, stores: { persist: ~/.persist }, backup: { engine: restic, repository: /backup } }
profiles: [ssh]
system: [/var/lib/nixos/]
home:
  - Documents/
  - { path: .config/app/, class: config, carry: true }
  - { path: .cache/, class: cache }
  - { path: only-here/, on: [f] }
`;

type Answer = Omit<ScanResult, "lost"> & { readonly lost?: readonly LostRow[] };

/** What a scan answers, of a folder with the manifest; and its exit code. */
function scanned(folder: string, ...args: string[]): { answer: Answer; code: number | null } {
  const { stdout, stderr, code } = remanence(folder, ["scan", "--format", "json", ...args]);
  expect(stderr).toBe("");
  return { answer: JSON.parse(stdout) as Answer, code };
}

function paths(rows: readonly ScannedRow[] | undefined): string[] {
  return (rows ?? []).map(({ path }) => path).sort();
}

/** Bytes as `du` counts them. */
function du(...args: string[]): number {
  return Number(run("du", ["-s", "--block-size=1", ...args], "/").stdout.split("\t")[0]);
}

function all({ totals, kept }: Answer): number {
  return Object.values(totals).reduce((sum, { bytes }) => sum + bytes, kept.bytes);
}

/** A folder with the manifest, and a home beside it with the given files. */
function homeWith(files: Readonly<Record<string, string>>, text = manifest): { folder: string; home: string } {
  const folder = folderWith({ "persistence.yaml": text });
  const home = join(folder, "u");
  mkdirSync(home);
  writeFiles(home, files);
  return { folder, home };
}

const few = {
  "Documents/letter": "x",
  ".config/app/settings": "x",
  ".config/other/settings": "x".repeat(5000),
  ".config/other/more/deep": "x",
  ".cache/thing/x": "x",
  ".ssh/id_ed25519": "x",
  "games/save": "x".repeat(50_000),
  "games/more/save": "x",
};

describe("scan", () => {
  it("shows the shallowest folders that nobody decided about, largest first, with what the catalogue says", () => {
    const { folder, home } = homeWith({ ...few, ".config/rclone/rclone.conf": "x" });
    const { answer, code } = scanned(folder, "--host", "f", "--home", home);
    expect(code).toBe(1);
    expect(answer.undecided.map(({ path, files }) => [path, files])).toEqual([
      ["/home/u/games", 2],
      ["/home/u/.config/other", 2],
      ["/home/u/.config/rclone", 1],
    ]);
    expect(answer.undecided[0]).toMatchObject({ kind: "directory", bytes: du(join(home, "games")) });
    expect(answer.undecided[2]?.suggestion).toMatchObject({ profile: "rclone", class: "secret", need: "critical" });
    expect(answer.undecided[1]?.suggestion).toMatchObject({ profile: null, class: "config" });
    expect(all(answer)).toBe(du(home));
  });

  it("is content where all is decided", () => {
    const { folder, home } = homeWith({ "Documents/letter": "x" });
    const { answer, code } = scanned(folder, "--host", "f", "--home", home);
    expect([code, answer.undecided]).toEqual([0, []]);
  });

  it("says the newest change, and leaves out what is older or smaller than asked", () => {
    const { folder, home } = homeWith(few);
    const old = new Date("2020-02-03T04:05:06Z");
    for (const path of ["games/save", "games/more/save"]) utimesSync(join(home, path), old, old);
    const { answer } = scanned(folder, "--host", "f", "--home", home);
    expect(answer.undecided.find(({ path }) => path.endsWith("games"))?.newest).toBe("2020-02-03T04:05:06Z");
    for (const since of [["--newer-than", "2020-02-04"], ["--newer-than", "1h"], ["--since-boot"]])
      expect(paths(scanned(folder, "--host", "f", "--home", home, ...since).answer.undecided)).toEqual([
        "/home/u/.config/other",
      ]);
    const { answer: large } = scanned(folder, "--host", "f", "--home", home, "--min-size", "30K");
    expect(paths(large.undecided)).toEqual(["/home/u/games"]);
    // What is left out of the rows is counted all the same.
    expect(large.totals).toEqual(answer.totals);
  });

  it("splits a folder of which a part is decided, and a folder with something of another worth in it", () => {
    const { folder, home } = homeWith(
      { "a/b/kept/x": "x", "a/b/y": "y", "a/c/z": "z", "Music/song": "x", "Music/.netrc": "x" },
      manifest.replace("  - Documents/", "  - a/b/kept/"),
    );
    const { answer } = scanned(folder, "--host", "f", "--home", home);
    expect(paths(answer.undecided)).toEqual(["/home/u/Music", "/home/u/a/b/y", "/home/u/a/c"]);
    expect(answer.undecided.find(({ path }) => path.endsWith("Music"))?.secrets).toEqual(["/home/u/Music/.netrc"]);
  });

  it("tells what of an application is cache", () => {
    const { folder, home } = homeWith({ ".config/discord/Cache/x": "x".repeat(40_000), ".config/discord/y": "y" });
    const [row] = scanned(folder, "--host", "f", "--home", home).answer.undecided;
    expect(row).toMatchObject({
      path: "/home/u/.config/discord",
      bytes: du(join(home, ".config/discord")),
      cache: { bytes: du(join(home, ".config/discord/Cache")), files: 1 },
      suggestion: { profile: "discord", class: "state" },
    });
  });

  it("counts a file with several names once, holes not at all, and a folder of many files as du does", () => {
    const { folder, home } = homeWith(few);
    for (const name of ["games/hard", "zz-hard", "Documents/hard"])
      linkSync(join(home, "games/save"), join(home, name));
    run("truncate", ["-s", "1G", join(home, "hole")], "/");
    for (let i = 0; i < 500; i++) writeFileSync(join(home, "games/more", `f${i}`), "x".repeat(i * 20));
    const first = scanned(folder, "--host", "f", "--home", home).answer;
    expect(all(first)).toBe(du(home));
    // At the first of its names, whichever thread has found it.
    expect(first.totals.persist.bytes).toBe(du(join(home, "Documents"), join(home, ".ssh")) + du(join(home, ".ssh")));
    expect(scanned(folder, "--host", "f", "--home", home).answer).toEqual(first);
  });

  it("takes names of any bytes, and tells them apart", () => {
    const { folder, home } = homeWith({ "a\\xff": "x", "ü\n\u001b[31m": "x" });
    const odd = Buffer.concat([Buffer.from(`${home}/a`), Buffer.of(0xff)]);
    writeFileSync(odd, "x");
    const inside = Buffer.concat([Buffer.from(`${home}/dir`), Buffer.of(0xc3, 0x28)]);
    mkdirSync(inside);
    writeFileSync(Buffer.concat([inside, Buffer.from("/file")]), "x".repeat(9000));
    const { answer } = scanned(folder, "--host", "f", "--home", home);
    expect(paths(answer.undecided)).toEqual(
      ["a\\x5cxff", "a\\xff", "dir\\xc3(", "ü\n\u001b[31m"].map((name) => `/home/u/${name}`).sort(),
    );
    expect(all(answer)).toBe(du(home));
    const { stdout } = remanence(folder, ["scan", "--host", "f", "--home", home]);
    expect(stdout).not.toContain("\u001b");
    expect(stdout).toContain("~/ü\\u{a}\\u{1b}[31m");
  });

  it("never follows a link, and is not lost in a circle of them or in a deep tree", () => {
    const { folder, home } = homeWith({ "games/save": "x" });
    symlinkSync("..", join(home, "games/up"));
    symlinkSync("loop", join(home, "loop"));
    symlinkSync("/etc", join(home, "system"));
    const deep = join(home, "deep");
    const dig = `const { mkdirSync, writeFileSync } = require("node:fs");
      for (const name of ["deep", ...Array(200).fill("d".repeat(60))]) { mkdirSync(name); process.chdir(name); }
      writeFileSync("bottom", "x");`;
    expect(run(process.execPath, ["-e", dig], home)).toMatchObject({ code: 0 });
    onTestFinished(() => void run("rm", ["-rf", deep], "/"));
    const { answer } = scanned(folder, "--host", "f", "--home", home);
    expect(all(answer)).toBe(du(home));
    expect(answer.unread).toEqual([]);
    const row = (name: string) => answer.undecided.find(({ path }) => path === `/home/u/${name}`);
    expect(row("system")).toMatchObject({ kind: "symlink", files: 1, bytes: 0 });
    expect(row("deep")).toMatchObject({ files: 1, bytes: du(deep) });
    expect(row("games")).toMatchObject({ files: 2 });
  });

  it("takes links into stores and into Nix' own for no state", () => {
    const { folder, home } = homeWith({ ".config/x/own": "x", ".persist/.ssh/id": "x", ".persist/stray": "x" });
    symlinkSync("/nix/store/abc-hm/.config/fish", join(home, ".config/fish"));
    symlinkSync("/nix/store/abc-hm/y", join(home, ".config/x/laid"));
    symlinkSync("/home/u/.persist", join(home, ".remanence"));
    symlinkSync(".remanence/.ssh", join(home, ".ssh"));
    const { answer } = scanned(folder, "--host", "f", "--home", home);
    expect(answer.undecided.map(({ path, files }) => [path, files])).toEqual([["/home/u/.config/x", 1]]);
    expect(answer.kept.files).toBe(4);
    // What is kept is counted where it really lies.
    expect(answer.totals.persist).toEqual({ bytes: du(join(home, ".persist/.ssh")), files: 1 });
  });

  it("goes on where files vanish", () => {
    const { folder, home } = homeWith({ "games/save": "x" });
    const churn = `while :; do for i in 1 2 3 4 5 6 7 8 9; do mkdir -p d$i/e; echo > d$i/e/f; done; rm -r d*; done`;
    const { stdout } = run(
      "sh",
      [
        "-c",
        `cd ${home}; (${churn}) 2>/dev/null & for i in 1 2 3 4 5; do ${process.execPath} ${cli} scan --manifest ${folder}/persistence.yaml --host f --home ${home} --format json | grep -c '"unread": \\[\\]'; done; kill $!`,
      ],
      "/",
    );
    expect(stdout).toBe("1\n".repeat(5));
  });
});

describe("scan --root", () => {
  function rootWith(files: Readonly<Record<string, string>>): { folder: string; root: string } {
    const folder = folderWith({ "persistence.yaml": manifest });
    const root = join(folder, "root");
    writeFiles(root, files);
    return { folder, root };
  }

  it("looks at the homes of the plan and at the system's own places, and at nothing else", () => {
    const { folder, root } = rootWith({
      "home/u/games/save": "x",
      "home/else/secret": "x",
      "root/.bash_history": "x",
      "etc/my.conf": "x",
      "etc/NIXOS": "",
      "var/lib/nixos/uid-map": "x",
      "var/lib/thing/data": "x",
      "srv/www/index": "x",
      "opt/tool/bin": "x",
      "usr/local/bin/mine": "x",
      "usr/bin/ls": "x",
      "data/photos": "x",
      "proc/1/x": "x",
      "nix/store/x": "x",
      "persist/home/u/Documents/x": "x",
      "tmp/x": "x",
    });
    const { answer } = scanned(folder, "--host", "n", "--root", root);
    expect(paths(answer.undecided)).toEqual([
      "/data",
      "/etc/NIXOS",
      "/etc/my.conf",
      "/home/u/games",
      "/opt/tool",
      "/root/.bash_history",
      "/srv/www",
      "/usr/local/bin",
      "/var/lib/thing",
    ]);
    expect(answer.totals.persist.files).toBe(1);
    expect(answer.notes).toEqual([]);
  });

  it("takes a home behind a link for where it lies on that machine, and says when the machine is another one", () => {
    const { folder, root } = rootWith({ "var/home/u/games/save": "x", "var/home/else/x": "x" });
    symlinkSync("/var/home", join(root, "home"));
    const { answer } = scanned(folder, "--host", "n", "--root", root);
    expect(paths(answer.undecided)).toEqual(["/home/u/games"]);
    expect(answer.notes).toEqual([
      "what was looked at does not look like NixOS: it is judged by the plan of n all the same",
    ]);
  });

  it("leaves out what packages brought, by a stub of rpm, and says when there is none", () => {
    const { folder, root } = rootWith({
      "etc/fedora-release": "Fedora",
      "etc/brought.conf": "as it was",
      "etc/edited.conf": "edited since",
      "etc/d/brought": "x",
      "etc/d/mine": "x",
      "home/u/x": "x",
    });
    const time = new Date("2026-01-01T00:00:00Z");
    for (const path of ["etc/brought.conf", "etc/d/brought", "etc/fedora-release"])
      utimesSync(join(root, path), time, time);
    const line = (path: string, flags = 0): string => {
      const { size, mode } = lstatSync(join(root, path));
      return [`/${path}`, size, time.getTime() / 1000, mode, flags, ""].join("\t");
    };
    const lines = [
      line("etc/brought.conf"),
      line("etc/edited.conf"),
      line("etc/d/brought"),
      line("etc/fedora-release", 64),
    ];
    const stub = folderWith({ "bin/rpm": `#!/bin/sh\ncat <<'END'\n${lines.join("\n")}\nEND\n` });
    chmodSync(join(stub, "bin/rpm"), 0o755);
    const answer = (env: NodeJS.ProcessEnv): Answer =>
      JSON.parse(remanence(folder, ["scan", "--format", "json", "--host", "f", "--root", root], env).stdout) as Answer;
    const known = answer({ PATH: `${stub}/bin:${process.env["PATH"]}` });
    expect(paths(known.undecided)).toEqual(["/etc/d/mine", "/etc/edited.conf", "/etc/fedora-release", "/home/u/x"]);
    expect([known.kept.files, known.notes]).toEqual([2, []]);
    const without = answer({ PATH: scratch() });
    expect(paths(without.undecided)).toContain("/etc/brought.conf");
    expect(without.notes.join()).toMatch(/packages brought were not told apart/);
  });
});

describeWith(["root"], "scan without permission", () => {
  it("counts and names what it may not look into, and shows the rest", () => {
    const { folder, home } = homeWith({ "games/save": "x", "games/shut/save": "x", "shut/x": "x", "blind/x": "x" });
    openToAll(folder);
    chmodSync(join(home, "games/shut"), 0o700);
    chmodSync(join(home, "shut"), 0o000);
    // Its names can be read, but nothing of what they stand for.
    chmodSync(join(home, "blind"), 0o744);
    const { stdout, code } = asNobody(folder, ["scan", "--host", "f", "--home", home, "--format", "json"]);
    const { unread, undecided } = JSON.parse(stdout) as Answer;
    expect(code).toBe(1);
    expect(unread.map(({ path, why }) => [path, why]).sort()).toEqual([
      ["/home/u/blind/x", "no permission"],
      ["/home/u/games/shut", "no permission"],
      ["/home/u/shut", "no permission"],
    ]);
    expect(paths(undecided)).toEqual(["/home/u/games"]);
    const { stdout: text } = asNobody(folder, ["scan", "--host", "f", "--home", home]);
    expect(text).toMatch(/3 places could not be looked into, and may hold more:\n {4}\/home\/u/);
  });
});

describeWith(["mount-namespace", "loop"], "scan and mounts", () => {
  /** Mounts of each sort in a home, and what a scan says there. */
  function inMounts(...args: string[]): Answer {
    const files = { "games/save": "x", "Documents/x": "hidden", "big/x": "x", "games/bound/x": "x", "disk/x": "x" };
    const { folder } = homeWith({ ...files, ".cache/x": "x", machine: "x" });
    writeFiles(folder, { "store/Documents/kept": "x".repeat(20_000), "elsewhere/file": "y".repeat(90_000) });
    const { stdout, stderr } = inNamespace(
      folder,
      `mount --bind store/Documents u/Documents
       mount --bind elsewhere u/games/bound
       mount --bind elsewhere/file u/machine
       mount -t tmpfs none u/.cache
       truncate -s 8M image; mkfs.ext4 -q image; mount -o loop image u/disk; echo more > u/disk/more
       "$1" "$2" scan --host n --home "$PWD/u" --format json ${args.join(" ")} || test $? = 1`,
    );
    expect(stderr).toBe("");
    return JSON.parse(stdout) as Answer;
  }

  it("enters none, but where a kept directory is mounted at its place", () => {
    const answer = inMounts();
    // The file that is mounted there takes more than that.
    expect(answer.undecided.find(({ path }) => path.endsWith("games"))?.bytes).toBeLessThan(80_000);
    expect(paths(answer.undecided)).toEqual(["/home/u/big", "/home/u/games"]);
    expect(answer.totals.persist).toMatchObject({ files: 1 });
    expect(answer.totals.persist.bytes).toBeGreaterThan(20_000);
    expect(answer.notes.join()).toMatch(/not entered: .*\/home\/u\/games\/bound/);
    expect(answer.notes.join()).toMatch(/\/home\/u\/disk/);
  });

  it("enters another disk when asked, but no second view of the same one", () => {
    const answer = inMounts("--cross-file-systems");
    expect(paths(answer.undecided)).toEqual(["/home/u/big", "/home/u/disk", "/home/u/games"]);
    expect(answer.undecided.find(({ path }) => path.endsWith("disk"))?.files).toBe(1);
    expect(answer.undecided.find(({ path }) => path.endsWith("games"))?.files).toBe(1);
  });
});

describeWith(["strace"], "scan, watched", () => {
  it("opens folders and no file of what it looks at, but the manifest's own", () => {
    const { folder, home } = homeWith({ ...few, "keys/id_rsa": "x", "etc/os-release": "x" });
    symlinkSync("/nix/store/x", join(home, "link"));
    const log = join(folder, "log");
    const args = ["-f", "-o", log, "-e", "trace=open,openat,openat2,creat", process.execPath, cli];
    const traced = run(
      engineCommand("strace"),
      [...args, "scan", "--host", "f", "--root", folder, "--home", home],
      folder,
    );
    expect(traced.code).toBe(1);
    const opened = readFileSync(log, "utf8")
      .split("\n")
      .filter((line) => line.includes(folder) && !line.includes("ENOENT") && !line.includes("O_DIRECTORY"));
    const files = opened.map((line) => line.replace(/^.*?"([^"]*)".*$/, "$1"));
    expect([...new Set(files)]).toEqual([join(folder, "persistence.yaml")]);
    expect(readFileSync(log, "utf8")).toContain(`"${home}/keys", O_RDONLY`);
  });
});

describe("scan --lost-on", () => {
  it("wipe: what nobody decided about and what is given up, not what is kept or carried", () => {
    const { folder, home } = homeWith(few);
    const { answer, code } = scanned(folder, "--host", "n", "--home", home, "--lost-on", "wipe");
    expect(code).toBe(1);
    expect((answer.lost ?? []).map(({ path, fate, need }) => [path, fate, need])).toEqual([
      ["/home/u/games", "undecided", null],
      ["/home/u/.config/other", "undecided", null],
      ["/home/u/.cache", "discard", "none"],
    ]);
  });

  it("wipe: nothing on a host that wipes nothing, and it says so", () => {
    const { folder, home } = homeWith(few);
    const { answer, code } = scanned(folder, "--host", "f", "--home", home, "--lost-on", "wipe");
    expect([code, answer.lost]).toEqual([0, []]);
    expect(answer.notes.join()).toMatch(/nothing is wiped on f/);
  });

  it("wipe: only what lies on what is wiped", () => {
    const { folder, home } = homeWith(few, manifest.replace("wipe: {", "mounts: [/home/u/games], wipe: {"));
    const { answer } = scanned(folder, "--host", "n", "--home", home, "--lost-on", "wipe");
    expect(paths(answer.lost)).toEqual(["/home/u/.cache", "/home/u/.config/other"]);
    // It is undecided all the same.
    expect(paths(answer.undecided)).toEqual(["/home/u/.config/other", "/home/u/games/more", "/home/u/games/save"]);
  });

  it("disk: what is in no backup, kept or not", () => {
    const { folder, home } = homeWith(few);
    const { answer, code } = scanned(folder, "--host", "f", "--home", home, "--lost-on", "disk");
    expect(code).toBe(1);
    expect(paths(answer.lost)).toEqual(["/home/u/.cache", "/home/u/.config/other", "/home/u/games"]);
    const { answer: bare } = scanned(folder, "--host", "n", "--home", home, "--lost-on", "disk");
    expect(bare.lost?.[0]).toMatchObject({ path: "/home/u/.ssh", fate: "persist", class: "secret", need: "critical" });
    expect(paths(bare.lost)).toContain("/home/u/Documents");
    expect(bare.notes.join()).toMatch(/there is no backup of n/);
  });

  it("move: what the other host does not have", () => {
    const { folder, home } = homeWith({ ...few, "only-here/x": "x" });
    const { answer, code } = scanned(folder, "--host", "f", "--home", home, "--lost-on", "move:n");
    expect(code).toBe(1);
    expect((answer.lost ?? []).map(({ path, fate, why }) => [path, fate, why])).toEqual([
      ["/home/u/games", "undecided", "nobody has decided about it"],
      ["/home/u/.config/other", "undecided", "nobody has decided about it"],
      ["/home/u/only-here", "persist", "only here: nothing keeps it on n"],
      ["/home/u/.cache", "discard", "given up: it can be made again"],
    ]);
  });

  it("exits 0 where only what was given up would be gone", () => {
    const { folder, home } = homeWith({ ".cache/x": "x", "Documents/x": "x" });
    expect(scanned(folder, "--host", "n", "--home", home, "--lost-on", "wipe").code).toBe(0);
  });

  it("reads as an answer, worst first, with the next command at the end", () => {
    const { folder, home } = homeWith(few);
    const { stdout, code } = remanence(folder, ["scan", "--host", "n", "--home", home, "--lost-on", "wipe"]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^If \/ were wiped now, 84 KiB in 2 places that nobody has decided about would be gone\.\n/);
    expect(stdout).toMatch(/ {2}\d+ KiB {2}~\/games\/ {2,}undecided {2,}data\? {2,}important {2}games-folder/);
    expect(stdout).toMatch(/Decide them one by one: remanence triage\n$/);
  });

  it.each([
    ["nothing", /--lost-on takes wipe, disk, move:n/],
    ["wipes", /did you mean wipe\?/],
    ["move:f", /f is the host that is looked at/],
    ["move:x", /--lost-on takes/],
  ])("refuses %s", (which, message) => {
    const { folder, home } = homeWith({});
    expectCannotRun(remanence(folder, ["scan", "--host", "f", "--home", home, "--lost-on", which]), message);
  });
});
