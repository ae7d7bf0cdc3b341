import { chmodSync, linkSync, lstatSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { folderWith, remanence, scratch, writeFiles } from "../support/workspace.ts";
import { type Answer, all, du, few, homeWith, manifest, paths, scanned } from "./scan-support.ts";
import { cli, run } from "./support.ts";

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
