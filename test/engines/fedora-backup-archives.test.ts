import { spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeWith, engineCommand } from "../support/engines.ts";
import {
  environment,
  expectRun,
  lay,
  manifestOf,
  mounted,
  newHome,
  run,
  runScript,
  type Scripts,
  scriptsOf,
  snapshot,
} from "../support/fedora.ts";
import { quicken } from "../support/restic-key.ts";
import { folderWith, scratch } from "../support/workspace.ts";

async function archiving(
  entries: readonly string[] = ["{ path: photos/, how: none }"],
  more = "",
  to = scratch(),
): Promise<{ scripts: Scripts; home: string; to: string }> {
  const scripts = await scriptsOf(manifestOf(entries, { backup: `{ engine: tar, path: "${to}"${more} }` }));
  const home = newHome();
  lay(home, { photos: { a: "1", below: { b: "2" } } });
  return { scripts, home, to };
}

const archives = (to: string): string[] => readdirSync(to).filter((name) => /\.zst(\.age)?$/.test(name));
const markOf = (home: string, kind: string): string =>
  readFileSync(join(home, ".local/state/remanence", `backup-user-ann.${kind}`), "utf8");

/** An archive as a run would have left it at some time. */
function pretend(to: string, when: string, whole = true, name = `remanence-desk-user-ann-${when}.tar.zst`): string {
  writeFileSync(join(to, name), when);
  const hash = run(["bash", "-c", 'sha256sum <"$1" | cut -d" " -f1', "-", join(to, name)], { home: "/" }).out.trim();
  writeFileSync(join(to, `${name}.sha256`), `# ${whole ? "complete" : "incomplete"}\n${hash}  ${name}\n`);
  return name;
}

/** Turns one bit of a file. */
function flip(file: string): void {
  const fd = openSync(file, "r+");
  const byte = Buffer.alloc(1);
  const at = Math.floor(statSync(file).size / 2);
  readSync(fd, byte, 0, 1, at);
  writeSync(fd, Buffer.from([(byte[0] ?? 0) ^ 4]), 0, 1, at);
}

describeWith(["zstd", "restic-current"], "old archives", () => {
  /** A repository with snapshots of these times, and what restic would keep of them. */
  function oracle(times: readonly string[]): (keep: readonly string[]) => string[] {
    const restic = engineCommand("restic-current");
    const folder = scratch();
    const env = { RESTIC_PASSWORD: "x", RESTIC_REPOSITORY: join(folder, "r"), TZ: "UTC", XDG_CACHE_HOME: folder };
    writeFileSync(join(folder, "f"), "x");
    const call = (...args: string[]): string => {
      const done = run([restic, ...args], { home: folder, env });
      expect(done.code, done.err).toBe(0);
      return done.out;
    };
    call("init");
    quicken(join(folder, "r"), "x");
    for (const time of times) call("backup", "-q", "--force", "--time", time.replace("T", " "), join(folder, "f"));
    return (keep) => {
      const [report] = JSON.parse(call("forget", "--dry-run", "--json", "--group-by", "", ...keep)) as {
        keep: { time: string }[];
      }[];
      return (report?.keep ?? []).map(({ time }) => time.slice(0, 19)).sort();
    };
  }

  it("are chosen as restic chooses them", async () => {
    const times = [
      ...["2024-12-30T10:00:00", "2024-12-31T10:00:00", "2025-01-01T10:00:00", "2025-01-05T23:59:59"],
      ...["2025-01-06T00:00:00", "2025-03-01T03:00:00", "2025-03-01T03:30:00", "2025-03-01T14:00:00"],
      ...["2025-12-28T03:00:00", "2025-12-29T03:00:00", "2026-01-04T03:00:00"],
    ];
    const wanted = oracle(times);
    for (const retain of [
      { last: 2, weekly: 4 },
      { hourly: 3, daily: 4, yearly: 1 },
      { monthly: 3 },
      { weekly: 30, yearly: 5 },
      { yearly: 2 },
    ]) {
      const { scripts, home, to } = await archiving(undefined, `, retain: ${JSON.stringify(retain)}`);
      for (const time of times) pretend(to, `${time.replaceAll(":", "-")}Z`);
      const done = expectRun(0, scripts, "backup", ["--dry-run", "--format", "json"], { home });
      const gone = new Set((JSON.parse(done.out) as { expendable: string[] }).expendable);
      const kept = archives(to)
        .filter((name) => !gone.has(name))
        .map((name) => name.slice(-28, -9).replace(/T(..)-(..)-(..)/, "T$1:$2:$3"));
      const keep = Object.entries(retain).flatMap(([kind, count]) => [`--keep-${kind}`, String(count)]);
      expect(kept.sort(), JSON.stringify(retain)).toEqual(wanted(keep));
    }
  });
});

describeWith(["zstd"], "backup.sh and the archives that are there", () => {
  it("removes old ones only when a new one is complete, and never what is not its own", async () => {
    const { scripts, home, to } = await archiving(undefined, ", retain: { last: 1 }");
    const old = pretend(to, "2025-01-01T00-00-00Z");
    const others = [
      pretend(to, "2025-01-02T00-00-00Z", true, "remanence-desk-user-anna-2025-01-02T00-00-00Z.tar.zst"),
      pretend(to, "2025-01-02T00-00-00Z", true, "remanence-desk-user-ann-2025-13-02T00-00-00Z.tar.zst"),
      pretend(to, "2025-01-02T00-00-00Z", true, "remanence-desk-user-ann-2025-01-02T00-00-00Z.tar.zst.bak"),
    ];
    writeFileSync(join(to, "notes"), "x");
    // Not complete: nothing goes.
    lay(home, { photos: { disk: {} } });
    run(["mount", "--bind", mounted("tmpfs"), join(home, "photos/disk")], { home });
    try {
      expectRun(4, scripts, "backup", [], { home });
    } finally {
      run(["umount", join(home, "photos/disk")], { home });
    }
    expect(existsSync(join(to, old))).toBe(true);
    expect(markOf(home, "last")).toMatch(/^\S+Z incomplete remanence-desk-user-ann-/);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    // Complete: the old ones go, but never the newest complete one for the sake of one that is not.
    expect(expectRun(0, scripts, "backup", [], { home }).err).toContain(`removed ${old}`);
    const [newest = ""] = archives(to)
      .filter((name) => name.startsWith("remanence-desk-user-ann-20") && !others.includes(name))
      .slice(-1);
    expect(archives(to).sort()).toEqual([...others.slice(0, 2), newest].sort());
    expect(markOf(home, "good")).toContain(newest);
    const half = pretend(to, "2999-01-01T00-00-00Z", false);
    expectRun(0, scripts, "backup", ["--dry-run"], { home });
    expect(archives(to)).toContain(half);
    for (const name of ["notes", ...others]) expect(existsSync(join(to, name)), name).toBe(true);
  });

  it("keeps the one that it has just made where a clock that was wrong has given another a later time", async () => {
    const { scripts, home, to } = await archiving(undefined, ", retain: { daily: 1 }");
    const later = pretend(to, "2999-01-01T00-00-00Z");
    const done = expectRun(0, scripts, "backup", [], { home });
    expect(done.err).not.toContain("removed");
    expect(archives(to)).toHaveLength(2);
    expect(archives(to)).toContain(later);
  });

  it("writes through no link that somebody else puts in place of its files, before or meanwhile", async () => {
    const { scripts, home, to } = await archiving();
    const victim = join(scratch(), "victim");
    writeFileSync(victim, "mine");
    for (let second = -1; second < 2; second++) {
      const when = `${new Date(Date.now() + second * 1000).toISOString().slice(0, 19).replaceAll(":", "-")}Z`;
      symlinkSync(victim, join(to, `remanence-desk-user-ann-${when}.tar.zst.sha256`));
    }
    expectRun(0, scripts, "backup", [], { home });
    expect(readFileSync(victim, "utf8")).toBe("mine");
    const tools = folderWith({
      zstd: `#!/bin/bash\nfor part in '${to}'/*.part; do ln -sf '${victim}' "$part"; done\nexec /usr/bin/zstd "$@"\n`,
    });
    chmodSync(join(tools, "zstd"), 0o755);
    expectRun(2, scripts, "backup", [], { home, env: { PATH: `${tools}:/usr/bin:/usr/sbin` } });
    expect(readFileSync(victim, "utf8")).toBe("mine");
    expect(archives(to)).toHaveLength(1);
  });

  it("says once a week that one is damaged, and fails", async () => {
    const { scripts, home, to } = await archiving();
    expectRun(0, scripts, "backup", [], { home });
    const [name = ""] = archives(to);
    flip(join(to, name));
    expect(expectRun(2, scripts, "restore", ["--dry-run"], { home }).err).toContain("damaged");
    expectRun(0, scripts, "backup", [], { home }); // looked at less than a week ago
    writeFileSync(join(home, ".local/state/remanence/backup-user-ann.checked"), "2020-01-01T00:00:00Z tar\n");
    const done = expectRun(2, scripts, "backup", [], { home });
    expect(done.err).toContain(`THE BACKUPS ARE DAMAGED, as the weekly check says: ${name}.`);
    expect(markOf(home, "last")).toMatch(/^\S+Z failed THE BACKUPS ARE DAMAGED/);
    expect(existsSync(join(to, name))).toBe(true);
  });

  it("leaves a result at every end", async () => {
    const { scripts, home, to } = await archiving();
    expectRun(0, scripts, "backup", [], { home });
    expect(markOf(home, "last")).toMatch(/^\S+Z complete remanence-desk-user-ann-.*\n$/);
    const good = markOf(home, "good");
    rmSync(to, { recursive: true });
    expectRun(2, scripts, "backup", [], { home });
    expect(markOf(home, "last")).toMatch(/^\S+Z failed .* is it mounted\?\n$/);
    expect(markOf(home, "good")).toBe(good);
    const told = expectRun(0, scripts, "backup", ["--notify", "remanence-backup.service"], {
      home,
      env: { PATH: `${loud()}:/usr/bin:/usr/sbin` },
    });
    expect(told.out).toMatch(/remanence-backup.service failed. Last backup of user-ann: \S+ failed .*is it mounted/);
  });

  /** systemd-cat that shows what the journal would get. */
  function loud(): string {
    const folder = scratch();
    writeFileSync(join(folder, "systemd-cat"), "#!/bin/sh\nexec cat\n", { mode: 0o755 });
    return folder;
  }

  it("takes a part under a name that is never taken for the whole", async () => {
    const { scripts, home, to } = await archiving(["{ path: photos/, how: none }", "{ path: app/, how: none }"]);
    lay(home, { app: { x: "1" } });
    expectRun(0, scripts, "backup", [], { home });
    const last = markOf(home, "last");
    const [whole = ""] = archives(to);
    expectRun(0, scripts, "backup", ["--only", "photos"], { home });
    expect(markOf(home, "last")).toBe(last);
    expect(archives(to).length).toBe(2);
    expect(expectRun(3, scripts, "restore", ["--dry-run"], { home }).out).toContain(`from ${whole}`);
  });
});

describeWith(["zstd", "loop"], "backup.sh where there is no room or no permission", () => {
  it("leaves the archives that are there alone", async () => {
    const to = mounted("ext4");
    const { scripts, home } = await archiving(undefined, "", to);
    expectRun(0, scripts, "backup", [], { home });
    run(["bash", "-c", 'head -c 2M /dev/urandom >"$1"', "-", join(home, "photos/film")], { home });
    run(["bash", "-c", 'head -c 1G /dev/zero >"$1"', "-", join(to, "filler")], { home });
    const before = snapshot(join(to, archives(to)[0] ?? ""));
    const done = expectRun(2, scripts, "backup", [], { home });
    expect(done.err).toContain("No space left");
    expect(done.err).toContain("earlier ones are untouched");
    expect(archives(to).length).toBe(1);
    expect(readdirSync(to).filter((name) => name.endsWith(".part"))).toEqual([]);
    expect(snapshot(join(to, archives(to)[0] ?? ""))).toBe(before);
    run(["mount", "-o", "remount,ro", to], { home });
    expect(expectRun(2, scripts, "backup", [], { home }).err).toContain("not writable");
  });
});

describeWith(["zstd", "age"], "backup.sh and secrets", () => {
  const entries = [
    "{ path: photos/, how: none }",
    "{ path: photos/below/keys/, class: secret }",
    "{ path: .ssh/, class: secret, how: none }",
  ];

  it("puts none into an archive that is not encrypted, nor what a move left of one", async () => {
    const { scripts, home, to } = await archiving(entries);
    lay(home, { photos: { below: { keys: { key: "SECRET" } } }, ".ssh": { id: "SECRET" } });
    lay(home, { "photos/below/keys.remanence-original": { key: "SECRET" } });
    const done = expectRun(0, scripts, "backup", [], { home });
    expect(done.err).toMatch(/^\.ssh is a secret, and is left out/m);
    expect(done.err).toMatch(/^photos\/below\/keys is a secret, and is left out/m);
    const inside = run(["bash", "-c", 'zstd -dc "$1"/*.zst', "-", to], { home }).out;
    expect(inside).not.toContain("SECRET");
    expect(inside).toContain("photos/below/b");
    const report = JSON.parse(expectRun(0, scripts, "backup", ["--dry-run", "--format", "json"], { home }).out);
    expect(report).toMatchObject({ withheld: [".ssh", "photos/below/keys"], result: null });
  });

  it("refuses one where the encryption was taken out, and does nothing without the program", async () => {
    const { scripts, home, to } = await archiving(entries, ', encrypt: { age: "age1x" }');
    lay(home, { ".ssh": { id: "SECRET" } });
    const done = expectRun(2, scripts, "backup", [], { home, env: { PATH: withoutAge() } });
    expect(done.err).toContain("age is not installed");
    expect(expectRun(2, scripts, "backup", [], { home }).err).toContain("could not be written");
    const file = join(scripts.folder, "backup.sh");
    writeFileSync(file, readFileSync(file, "utf8").replace("encrypt_tool='age'", "encrypt_tool=''"));
    expect(expectRun(3, scripts, "backup", [], { home }).err).toContain("is a secret");
    expect(readdirSync(to)).toEqual([]);
  });

  function withoutAge(): string {
    const folder = scratch();
    run(["bash", "-c", 'ln -s /usr/bin/* "$1"; rm -f "$1"/age*', "-", folder], { home: "/" });
    return folder;
  }
});

describeWith(["zstd", "gpg"], "backup.sh with gpg", () => {
  it("encrypts for a key that is there, and writes nothing for one that is not", async () => {
    const { scripts, home, to } = await archiving(
      ["{ path: .ssh/, class: secret, how: none }"],
      ", encrypt: { gpg: ann@x }",
    );
    lay(home, { ".ssh": { id: "SECRET" } });
    const env = { GNUPGHOME: scratch() };
    expect(expectRun(2, scripts, "backup", [], { home, env }).err).toContain("could not be written");
    expect(readdirSync(to)).toEqual([]);
    const made = run(["gpg", "--batch", "--passphrase", "", "--quick-gen-key", "ann@x", "future-default"], {
      home,
      env,
    });
    expect(made.code, made.err).toBe(0);
    try {
      expectRun(0, scripts, "backup", [], { home, env });
      const [name = ""] = readdirSync(to);
      expect(name).toMatch(/\.tar\.zst\.gpg$/);
      const out = run(["bash", "-c", 'gpg --batch -d "$1" | zstd -dc', "-", join(to, name)], { home, env }).out;
      expect(out).toContain("SECRET");
    } finally {
      run(["gpgconf", "--kill", "all"], { home, env });
    }
  });
});

describeWith(["zstd"], "backup.sh killed, or twice at once", () => {
  it("leaves no half archive under a name that counts, and the next run sweeps", async () => {
    const { scripts, home, to } = await archiving();
    run(["bash", "-c", 'head -c 40M /dev/urandom >"$1"', "-", join(home, "photos/film")], { home });
    for (const delay of [150, 300, 450, 700]) {
      const child = spawn("bash", [join(scripts.folder, "backup.sh")], {
        detached: true,
        stdio: "ignore",
        env: environment({ home }),
      });
      await new Promise((resolve) => setTimeout(resolve, delay));
      if (child.exitCode === null) process.kill(-(child.pid ?? 0), "SIGKILL");
      for (const name of archives(to)) expectRunOk("sha256sum", to, name);
    }
    mkdirSync(join(to, "x"));
    const parts = ["remanence-desk-user-ann-2025-01-01T00-00-00Z.tar.zst.part", "mine.part"];
    for (const name of parts) {
      writeFileSync(join(to, name), "x");
      utimesSync(join(to, name), 0, 0);
    }
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const before = archives(to).length;
    expect(expectRun(0, scripts, "backup", [], { home }).err).toContain(`removed ${parts[0]}`);
    expect(parts.map((name) => existsSync(join(to, name)))).toEqual([false, true]);
    expect(archives(to).length).toBe(before + 1);
  });

  function expectRunOk(program: string, to: string, name: string): void {
    const done = run(["bash", "-c", `cd "$1" && ${program} -c "$2.sha256"`, "-", to, name], { home: "/" });
    expect(done.code, done.err).toBe(0);
  }

  it("lets one of two runs go on", async () => {
    const { scripts, home } = await archiving();
    const blocker = spawn("flock", [home, "sleep", "20"], { detached: true, stdio: "ignore" });
    await new Promise((resolve) => setTimeout(resolve, 300));
    try {
      expect(runScript(scripts, "backup", [], { home }).code).toBe(75);
    } finally {
      process.kill(-(blocker.pid ?? 0), "SIGKILL");
    }
  });
});
