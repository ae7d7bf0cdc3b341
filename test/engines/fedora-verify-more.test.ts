import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { describeWith } from "../support/engines.ts";
import {
  expectRun,
  lay,
  manifestOf,
  mounted,
  newHome,
  type Run,
  run,
  runScript,
  type Scripts,
  scriptsOf,
  snapshot,
} from "../support/fedora.ts";
import { dataIn } from "../support/fedora-wrong-states.ts";
import { scratch } from "../support/workspace.ts";

interface Row {
  readonly path: string;
  readonly result: string;
  readonly says: string;
  readonly next: readonly string[];
  readonly [field: string]: unknown;
}
interface Report {
  readonly entries: readonly Row[];
  readonly backup: string;
  readonly lastBackup: { result: string; when: string | null; good: string | null; overdue: boolean };
  readonly findings: number;
}

const reportOf = (done: Run): Report => JSON.parse(done.out) as Report;
const full = { a: "1", deep: { b: "2" } };

async function linked(entries = ["app/"]): Promise<{ scripts: Scripts; home: string; store: string }> {
  const scripts = await scriptsOf(manifestOf(entries));
  const home = newHome();
  const names = entries.map((entry) => /(?:path: "?)?([^ "{]+)\//.exec(entry)?.[1] ?? "");
  lay(home, Object.fromEntries(names.map((name) => [name, full])));
  chmodSync(home, 0o755);
  expectRun(0, scripts, "link", [], { home });
  return { scripts, home, store: join(home, ".persist") };
}

describeWith([], "verify.sh", () => {
  it("tells of each entry where it leads, what is there and what should be", async () => {
    const { scripts, home, store } = await linked([
      "app/",
      "{ path: keys/, class: secret }",
      "{ path: stays/, how: none }",
    ]);
    chmodSync(join(store, "keys"), 0o700);
    const { entries } = reportOf(expectRun(0, scripts, "verify", ["--format", "json"], { home }));
    const row = (path: string) => entries.find((entry) => entry.path === path);
    expect(row("keys")).toMatchObject({
      result: "ok",
      next: [],
      state: "link",
      live: join(home, "keys"),
      stored: join(store, "keys"),
      resolved: join(store, "keys"),
      kind: "directory",
      owner: "root",
      group: "root",
      mode: "0700",
      label: null,
      newer: null,
      expected: { how: "link", kind: "directory", owner: null, group: null, mode: "0700", label: null },
    });
    expect(row("stays")).toMatchObject({ state: "data", resolved: join(home, "stays"), stored: null });
    const text = expectRun(0, scripts, "verify", [], { home }).out;
    expect(text).toMatch(/ok +~\/keys +directory +root +0700 +-> ~\/\.persist\/keys\n/);
    expect(text).toMatch(/ok +~\/stays +directory +root +0755\n/);
  });

  it("prints the command to type next, in a form that a shell takes", async () => {
    const { scripts, home } = await linked(['{ path: "it\'s/" }']);
    rmSync(join(home, "it's"));
    lay(home, { "it's": { new: "x" } });
    const [row] = reportOf(expectRun(1, scripts, "verify", ["--format", "json"], { home })).entries;
    expect(row?.next.length).toBe(3);
    for (const command of row?.next ?? []) {
      const done = run(
        ["bash", "-c", `${command.replace("link.sh", 'bash "$0"')} --dry-run`, join(scripts.folder, "link.sh")],
        { home },
      );
      expect(done.code, `${command}\n${done.err}`).toBe(0);
    }
  });

  it.each(["--only", "--quick"])("looks at what is asked for only: %s", async (option) => {
    const { scripts, home } = await linked(["app/", "other/"]);
    rmSync(join(home, "other"));
    const args = option === "--only" ? ["--only", "app"] : ["--quick"];
    expectRun(option === "--only" ? 0 : 1, scripts, "verify", args, { home });
  });
});

describeWith(["root"], "verify.sh for the system", () => {
  it("knows whose each entry is to be, and what is not there or something else", async () => {
    const top = mkdtempSync("/var/lib/remanence-test-");
    onTestFinished(() => rmSync(top, { recursive: true }));
    const system = ["svc/", "other/", "gone/", "file", "pipe"].map((path) => join(top, path));
    const manifest = [
      "version: 1",
      "users: { ann: {} }",
      "hosts: { desk: { os: fedora, stores: { persist: ~/.persist } } }",
      "system:",
      ...system.map((path) => `  - { path: ${path}, owner: bin, group: bin, mode: "0750" }`),
    ];
    const scripts = await scriptsOf(`${manifest.join("\n")}\n`);
    lay(top, { svc: full, other: full, file: { not: "a file" } });
    run(["mkfifo", join(top, "pipe")], { home: "/" });
    run(["chown", "bin:bin", join(top, "svc")], { home: "/" });
    run(["chown", "bin:", join(top, "other")], { home: "/" });
    chmodSync(join(top, "svc"), 0o750);
    chmodSync(join(top, "other"), 0o750);
    run(["chgrp", "0", join(top, "other")], { home: "/" });
    const done = runScript(scripts, "verify", ["--format", "json"], { home: "/root" });
    const { entries } = reportOf(done);
    expect(Object.fromEntries(entries.map(({ path, result }) => [path.slice(top.length + 1), result]))).toEqual({
      file: "kind",
      gone: "absent",
      other: "owner",
      pipe: "special",
      svc: "ok",
    });
    expect(entries.find(({ path }) => path.endsWith("svc"))?.expected).toMatchObject({
      owner: "bin",
      group: "bin",
    });
  });
});

describeWith(["root"], "verify.sh for a user", () => {
  const uid = 4321;

  it("names directories that cannot be read, and what belongs to root", async () => {
    const { scripts, home, store } = await linked(["app/", "shut/", "foreign/"]);
    run(["chown", "-R", "-h", `${uid}:${uid}`, home], { home });
    mkdirSync(join(store, "app", "deep", "closed"), { mode: 0 });
    chmodSync(join(store, "shut"), 0);
    run(["chown", "0", join(store, "foreign")], { home });
    const { entries } = reportOf(expectRun(1, scripts, "verify", ["--format", "json"], { home, uid }));
    expect(entries.map(({ path, result }) => [path, result])).toEqual([
      ["app", "unreadable"],
      ["foreign", "owner"],
      ["shut", "unreadable"],
    ]);
    expect(entries[0]?.says).toContain("1 directories in it cannot be read by you, so they are in no backup");
    expect(entries[1]?.says).toContain("belongs to root, not to you");
  });

  it("names what keeps sshd from taking a key, up to the home", async () => {
    const { scripts, home, store } = await linked(["{ path: .ssh/, class: secret }"]);
    run(["chown", "-R", "-h", `${uid}:${uid}`, home], { home });
    chmodSync(join(store, ".ssh"), 0o700);
    writeFileSync(join(store, ".ssh", "authorized_keys"), "");
    expectRun(0, scripts, "verify", [], { home, uid });
    for (const place of [home, store, join(store, ".ssh/authorized_keys")]) {
      chmodSync(place, 0o775);
      const { entries } = reportOf(expectRun(1, scripts, "verify", ["--format", "json"], { home, uid }));
      const row = entries.find(({ path }) => path === ".ssh");
      expect(row?.result).toBe("ssh");
      expect(row?.says).toContain("sshd takes no key while others can change");
      chmodSync(place, 0o755);
    }
    expectRun(0, scripts, "verify", [], { home, uid });
  });
});

/** What can be wrong with a store and the link to it. */
const storeStates: Record<string, { path: string; result: string; make: (home: string) => void }> = {
  "a store that is a link": {
    path: ".persist",
    result: "store-link",
    make: (home) => {
      renameSync(join(home, ".persist"), join(home, "moved"));
      symlinkSync("moved", join(home, ".persist"));
    },
  },
  "a store that others can write to": {
    path: ".persist",
    result: "store-open",
    make: (home) => chmodSync(join(home, ".persist"), 0o777),
  },
  "a store that is gone": {
    path: ".persist",
    result: "missing",
    make: (home) => rmSync(join(home, ".persist"), { recursive: true }),
  },
  "a link to the store that leads in a circle": {
    path: ".remanence",
    result: "loop",
    make: (home) => {
      rmSync(join(home, ".remanence"));
      symlinkSync(".remanence", join(home, ".remanence"));
    },
  },
  "a directory in place of the link to the store": {
    path: ".remanence",
    result: "replaced",
    make: (home) => {
      rmSync(join(home, ".remanence"));
      lay(home, { ".remanence": { app: { new: "x" } } });
    },
  },
};

describeWith([], "verify.sh and a store", () => {
  it.each(Object.keys(storeStates))("names %s, and no script makes it worse", async (name) => {
    const { path, result, make } = storeStates[name] as (typeof storeStates)[string];
    const { scripts, home } = await linked();
    make(home);
    const laid = dataIn([home]);
    const before = snapshot(home);
    const { entries } = reportOf(expectRun(1, scripts, "verify", ["--format", "json"], { home }));
    expect(entries.find((row) => row.path === path)?.result).toBe(result);
    expect(snapshot(home)).toBe(before);
    for (const call of [
      ["link", "--yes"],
      ["link", "--commit"],
      ["clean"],
      ["unlink", "--yes"],
      ["unlink", "--commit"],
    ] as const) {
      runScript(scripts, call[0], call.slice(1), { home });
      const left = dataIn([home]);
      expect(
        [...laid].filter((data) => !left.has(data)),
        call.join(" "),
      ).toEqual([]);
    }
  });

  it("says that the store's file system is not mounted where fstab has one", async () => {
    const { scripts, home, store } = await linked();
    const fstab = join(scratch(), "fstab");
    writeFileSync(fstab, `tmpfs ${store} tmpfs defaults 0 0\n`);
    const env = { LIBMOUNT_FSTAB: fstab };
    const { entries } = reportOf(expectRun(1, scripts, "verify", ["--format", "json"], { home, env }));
    expect(entries.find(({ path }) => path === ".persist")).toMatchObject({
      result: "unmounted",
      next: [`sudo mount '${store}'`],
    });
    rmSync(join(store, "app"), { recursive: true });
    const again = reportOf(expectRun(1, scripts, "verify", ["--format", "json"], { home, env }));
    expect(again.entries.find(({ path }) => path === "app")?.result).toBe("unmounted");
  });
});

describeWith(["loop", "btrfs"], "verify.sh on btrfs", () => {
  it("names a subvolume inside of an entry", async () => {
    const scripts = await scriptsOf(manifestOf(["app/"]));
    const home = newHome(mounted("btrfs"));
    lay(home, { app: full });
    expectRun(0, scripts, "link", [], { home });
    expect(run(["btrfs", "-q", "subvolume", "create", join(home, ".persist/app/deep/nested")], { home }).code).toBe(0);
    const [row] = reportOf(expectRun(1, scripts, "verify", ["--format", "json"], { home })).entries;
    expect(row).toMatchObject({ result: "nested" });
    expect(row?.says).toContain("a btrfs subvolume inside it, which no backup has: ~/.persist/app/deep/nested");
  });
});

describeWith(["systemd"], "verify.sh and the last backup", () => {
  const day = 86_400_000;
  const at = (days: number): string => `${new Date(Date.now() - days * day).toISOString().slice(0, 19)}Z`;

  async function withMarks(marks: Record<string, string>): Promise<{ scripts: Scripts; home: string }> {
    const backup = `{ engine: tar, path: "${scratch()}", schedule: daily }`;
    const scripts = await scriptsOf(manifestOf(["app/"], { backup }));
    const home = newHome();
    lay(join(home, ".local/state/remanence"), marks);
    return { scripts, home };
  }

  it.each([
    ["none that is not due yet", {}, 0, "never", false],
    ["none though two were due", { journal: `${at(3)} link move ~/app\n` }, 1, "never", true],
    ["a complete one of today", { "backup-user-ann.last": `${at(0.1)} complete 9.4GiB\n` }, 0, "complete", false],
    ["one that is two days late", { "backup-user-ann.last": `${at(3.1)} complete 9.4GiB\n` }, 1, "complete", true],
    [
      "one that failed today, after a complete one",
      { "backup-user-ann.last": `${at(0.1)} failed no room\n`, "backup-user-ann.good": `${at(1)} 9.4GiB\n` },
      1,
      "failed",
      false,
    ],
    [
      "one that was not complete, the last complete one long ago",
      { "backup-user-ann.last": `${at(0.1)} incomplete 9GiB\n`, "backup-user-ann.good": `${at(9)} 9GiB\n` },
      1,
      "incomplete",
      true,
    ],
  ] as const)("tells of %s", async (_, marks, code, result, overdue) => {
    const { scripts, home } = await withMarks(marks);
    const report = reportOf(expectRun(code, scripts, "verify", ["--format", "json"], { home }));
    expect(report.lastBackup).toMatchObject({ result, overdue });
    expect(report.findings).toBe(code);
    const text = expectRun(code, scripts, "verify", [], { home }).out;
    expect(text).toMatch(new RegExp(`backup +(?:last: \\S+Z, )?${result}`));
    if (code === 1) expect(text).toContain("$ backup.sh");
    if (result === "complete") expect(text).toMatch(/9\.4GiB, (?:2 hours|3 days) ago/);
  });

  it("shows a mark as text, whatever is in it", async () => {
    const { scripts, home } = await withMarks({ "backup-user-ann.last": `${at(0.1)} complete \u001b]0;x\u0007\n` });
    expect(expectRun(0, scripts, "verify", [], { home }).out.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
  });
});
