import { chmodSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeWith, engineCommand } from "../support/engines.ts";
import { writeFiles } from "../support/workspace.ts";
import { type Answer, few, homeWith, paths } from "./scan-support.ts";
import { asNobody, cli, inNamespace, openToAll, run } from "./support.ts";

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
