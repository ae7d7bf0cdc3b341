import { spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { describeWith } from "../support/engines.ts";
import { contents, lay, manifestOf, type Run, run, type Scripts, scriptsOf } from "../support/fedora.ts";
import { archiveIn, type Engine, withSettings } from "../support/fedora-restore.ts";
import { scratch } from "../support/workspace.ts";

interface System {
  readonly scripts: Scripts;
  /** What is /srv, /etc/passwd and /etc/group to the scripts. */
  readonly srv: string;
  readonly accounts: string;
  readonly to: string;
}

/** System entries below /srv, in a root where only that, the state folder and the accounts are our own. */
async function system(entries: readonly string[], engine: Engine = "tar", user = "ann: {}"): Promise<System> {
  const [srv, accounts, to] = [scratch(), scratch(), join(scratch(), "backup")];
  for (const folder of [srv, accounts]) chmodSync(folder, 0o755);
  for (const file of ["passwd", "group"]) writeFileSync(join(accounts, file), readFileSync(`/etc/${file}`));
  if (engine === "tar") mkdirSync(to);
  const password = join(scratch(), "password");
  writeFileSync(password, "secret\n", { mode: 0o600 });
  const backup =
    engine === "tar"
      ? `{ engine: tar, path: "${to}" }`
      : `{ engine: restic, repository: "${to}", password-file: "${password}" }`;
  const scripts = await scriptsOf(
    manifestOf(["unused/"], { backup, top: `system: [${entries.join(", ")}]` }).replace("ann: {}", user),
  );
  return { scripts, srv, accounts, to };
}

/** Runs a script as root for the system, who sees those folders in place of the machine's own. */
function asRoot({ scripts, srv, accounts }: System, name: string, args: readonly string[] = []): Run {
  const mounts =
    'mount --bind "$1" /srv; mount -t tmpfs tmpfs /var/lib; mount -t tmpfs -o mode=700 tmpfs /root; mount --bind "$2/passwd" /etc/passwd; mount --bind "$2/group" /etc/group; shift 2; exec bash "$@"';
  return run(
    [
      "unshare",
      "--mount",
      "--propagation",
      "private",
      "bash",
      "-ec",
      mounts,
      "-",
      srv,
      accounts,
      join(scripts.folder, `${name}.sh`),
      ...args,
    ],
    { home: "/root" },
  );
}

function expectRoot(code: number, at: System, name: string, args: readonly string[] = []): Run {
  const done = asRoot(at, name, args);
  expect(done.code, `${name} ${args.join(" ")}\n${done.out}${done.err}`).toBe(code);
  return done;
}

const account = ({ accounts }: System, name: string, id: number | null): void => {
  for (const [file, line] of [
    ["passwd", `${name}:x:${id}:${id}::/:/bin/false\n`],
    ["group", `${name}:x:${id}:\n`],
  ] as const) {
    const text = readFileSync(join(accounts, file), "utf8");
    const others = text.split("\n").filter((l) => l !== "" && !l.startsWith(`${name}:`));
    writeFileSync(join(accounts, file), `${others.join("\n")}\n${id === null ? "" : line}`);
  }
};

describeWith(["zstd", "restic", "mount-namespace"], "restore.sh for the system", () => {
  it.each(["tar", "restic"] as const)(
    "gives everything back to its owner by name, with the modes of the manifest, and refuses a name it does not know: %s",
    async (engine) => {
      const at = await system(
        ['{ path: /srv/db/, mode: "0750" }', "{ path: /srv/own/, owner: daemon, group: games }"],
        engine,
      );
      account(at, "dbuser", 4001);
      lay(at.srv, { db: { data: { a: "1", run: "x" }, plain: "r" }, own: { f: "1" } });
      for (const path of ["db", "db/data", "db/data/a", "db/data/run"]) chownSync(join(at.srv, path), 4001, 4001);
      chmodSync(join(at.srv, "db/data/run"), 0o4755);
      expectRoot(0, at, "backup", engine === "restic" ? ["--init"] : []);
      rmSync(join(at.srv, "db"), { recursive: true });
      rmSync(join(at.srv, "own"), { recursive: true });
      account(at, "dbuser", null);
      const refused = expectRoot(3, at, "restore");
      expect(refused.out).toContain("it belongs to dbuser, unknown here");
      expect(existsSync(join(at.srv, "db"))).toBe(false);
      expect(statSync(join(at.srv, "own")).uid).toBe(1);
      // The same name, another number; and the old number is somebody else's.
      account(at, "dbuser", 4002);
      account(at, "other", 4001);
      expectRoot(0, at, "restore");
      const owner = (path: string): string => `${statSync(join(at.srv, path)).uid}:${statSync(join(at.srv, path)).gid}`;
      expect(["db", "db/data", "db/data/a", "db/data/run", "db/plain"].map(owner)).toEqual([
        "4002:4002",
        "4002:4002",
        "4002:4002",
        "4002:4002",
        "0:0",
      ]);
      expect(statSync(join(at.srv, "db")).mode & 0o7777).toBe(0o750);
      expect(statSync(join(at.srv, "db/data/run")).mode & 0o7777).toBe(0o4755);
      expect(owner("own")).toBe("1:60");
    },
  );

  it("does so for the system too where root is a user of the plan", async () => {
    const at = await system(["/srv/db/"], "tar", "root: { home: /root }");
    account(at, "dbuser", 4001);
    lay(at.srv, { db: { a: "1" } });
    chownSync(join(at.srv, "db/a"), 4001, 4001);
    expectRoot(0, at, "backup");
    rmSync(join(at.srv, "db"), { recursive: true });
    account(at, "dbuser", 4002);
    expectRoot(0, at, "restore");
    expect(statSync(join(at.srv, "db/a")).uid).toBe(4002);
    expect(statSync(join(at.srv, "db")).uid).toBe(0);
  });

  it("takes no archive as the newest that another user made", async () => {
    const at = await system(["/srv/app/"]);
    lay(at.srv, { app: { a: "1" } });
    expectRoot(0, at, "backup");
    rmSync(join(at.srv, "app"), { recursive: true });
    const archive = archiveIn(at.to);
    chownSync(archive, 4321, 4321);
    expect(expectRoot(3, at, "restore").err).toContain("does not belong to root");
    expect(existsSync(join(at.srv, "app"))).toBe(false);
    expectRoot(0, at, "restore", ["--from", archive]);
    expect(readFileSync(join(at.srv, "app", "a"), "utf8")).toBe("1");
  });

  it("leaves what belongs to one machine alone unless it is asked for", async () => {
    const at = await system(["/etc/machine-id", "/srv/app/"]);
    lay(at.srv, { app: { a: "1" } });
    expectRoot(0, at, "backup");
    rmSync(join(at.srv, "app"), { recursive: true });
    const done = expectRoot(0, at, "restore");
    expect(done.err).toContain("since they belong to one machine (--host-bound): /etc/machine-id");
    expect(done.out).not.toContain("/etc/machine-id");
    expect(expectRoot(0, at, "restore", ["--host-bound"]).out).toMatch(/\/etc\/machine-id +\S+ +the same/);
    expect(expectRoot(0, at, "restore", ["--only", "/etc/machine-id"]).out).toContain("1 the same already");
  });
});

describeWith(["zstd", "mount-namespace"], "restore.sh for the system and a user who means harm", () => {
  it("refuses every path through a directory or a link that another user can change", async () => {
    const at = await system(["/srv/pub/app/", "/srv/theirs/app/", "/srv/link/app/", "/srv/good/app/"]);
    for (const name of ["pub", "theirs", "link", "good"]) lay(at.srv, { [name]: { app: { a: name } } });
    expectRoot(0, at, "backup");
    const canary = scratch();
    lay(canary, { app: { a: "canary" } });
    const before = contents(canary);
    for (const name of ["pub", "theirs", "link", "good"]) rmSync(join(at.srv, name), { recursive: true });
    mkdirSync(join(at.srv, "pub"), { mode: 0o777 });
    chmodSync(join(at.srv, "pub"), 0o777);
    mkdirSync(join(at.srv, "theirs"));
    chownSync(join(at.srv, "theirs"), 4321, 4321);
    symlinkSync(canary, join(at.srv, "link"));
    for (const args of [["--dry-run"], [], ["--replace"]]) {
      const done = expectRoot(3, at, "restore", args);
      for (const name of ["pub", "theirs", "link"])
        expect(done.out).toMatch(new RegExp(`/srv/${name}/app .*REFUSED: others can change`));
    }
    expect(readFileSync(join(at.srv, "good/app/a"), "utf8")).toBe("good");
    expect(existsSync(join(at.srv, "pub", "app"))).toBe(false);
    expect(contents(canary)).toEqual(before);
  });

  it("leads nowhere else where directory and link take each other's place all the time", async () => {
    const at = await system(["/srv/theirs/app/"]);
    lay(at.srv, { theirs: { app: { a: "1" } } });
    expectRoot(0, at, "backup");
    rmSync(join(at.srv, "theirs"), { recursive: true });
    const canary = scratch();
    lay(canary, { app: { a: "canary" } });
    chmodSync(canary, 0o755);
    const before = contents(canary);
    // A user owns the directory above: it is a real one of theirs, root's own, or a link to what is not theirs.
    const open = join(at.srv, "theirs");
    mkdirSync(open);
    chownSync(open, 4321, 4321);
    const loop = spawn(
      "setpriv",
      [
        "--reuid=4321",
        "--regid=4321",
        "--clear-groups",
        "bash",
        "-c",
        'cd "$1" && mkdir -p keep && while :; do ln -sfnT "$2/app" app; rm -f app; mkdir app; rmdir app; done 2>/dev/null',
        "-",
        open,
        canary,
      ],
      { stdio: "ignore" },
    );
    onTestFinished(() => void loop.kill("SIGKILL"));
    for (let i = 0; i < 4; i++) expectRoot(3, at, "restore", i % 2 === 0 ? [] : ["--replace"]);
    expect(contents(canary)).toEqual(before);
  });

  it("looks again at the directory itself when it moves something there", async () => {
    const at = await system(["/srv/mine/app/"]);
    lay(at.srv, { mine: { app: { a: "1" } } });
    expectRoot(0, at, "backup");
    rmSync(join(at.srv, "mine", "app"), { recursive: true });
    const canary = scratch();
    const before = contents(canary);
    // As if somebody were faster than the checks: the place becomes a link when everything is unpacked.
    withSettings(at, [`name_stages() { mv /srv/mine /srv/was; ln -s ${canary} /srv/mine; }`]);
    const done = expectRoot(3, at, "restore");
    expect(done.out).toContain("REFUSED: it cannot be put there");
    expect(contents(canary)).toEqual(before);
    expect(existsSync(archiveIn(at.to))).toBe(true);
    renameSync(join(at.srv, "was"), join(at.srv, "again"));
  });
});
