/** Whole machines to move between: each a root with its own accounts, in a mount namespace of its own. */
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { engineCommand } from "../support/engines.ts";
import type { Run } from "../support/fedora.ts";

/** An account of a machine; the ids of one name differ between machines, as they do in life. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly group: string;
  readonly home: string;
}

export interface Machine {
  readonly accounts: ReadonlyMap<string, Account>;
  /** Groups by name. */
  readonly groups: ReadonlyMap<string, number>;
  /** Where a path of the machine is for this process. Links in it are not to be followed: they lead through our own root. */
  at(path: string): string;
  /** Runs a program as an account: by default root. */
  run(command: readonly string[], options?: { as?: string; input?: string; cwd?: string }): Run;
}

export interface MachineSpec {
  readonly os: "nixos" | "fedora";
  readonly accounts: readonly Account[];
  /** Further file systems of it, outer before inner. */
  readonly mounts: readonly string[];
  /** A folder of ours that is its `/mnt/disk`. */
  readonly disk: string;
  /** An empty folder to mount it on. */
  readonly folder: string;
}

const engines = ["restic", "chezmoi", "age", "zstd", "git"] as const;

/** Starts a machine; it is gone with the test. */
export async function startMachine(spec: MachineSpec): Promise<Machine> {
  const programs = engines.map((name) => realpathSync(engineCommand(name))).filter((path) => !path.startsWith("/usr/"));
  const script = fileURLToPath(new URL("root.sh", import.meta.url));
  const holder = spawn(
    "unshare",
    ["--mount", "--propagation", "private", "bash", script, spec.folder, spec.disk, ...spec.mounts],
    { stdio: ["pipe", "pipe", "inherit"], env: { PATH: process.env["PATH"], ENGINES: programs.join(" ") } },
  );
  const ended = new Promise<void>((resolve) => holder.once("exit", () => resolve()));
  onTestFinished(async () => {
    holder.stdin.end();
    await ended;
  });
  await new Promise<void>((resolve, reject) => {
    holder.stdout.once("data", () => resolve());
    holder.once("exit", (code) => reject(new Error(`the root of a machine could not be made (${code})`)));
  });
  const machine = machineOf(spec, holder.pid ?? 0);
  layAccounts(machine, spec);
  return machine;
}

function machineOf({ folder, accounts }: MachineSpec, pid: number): Machine {
  const byName = new Map(accounts.map((account) => [account.name, account]));
  const enter = ["nsenter", `--mount=/proc/${pid}/ns/mnt`, "--", "chroot", folder];
  return {
    accounts: byName,
    groups: new Map(accounts.map(({ group, gid }) => [group, gid])),
    at: (path) => `/proc/${pid}/root${folder}${path}`,
    run(command, { as = "root", input = "", cwd = "/" } = {}) {
      const account = byName.get(as);
      if (account === undefined) throw new RangeError(`no account ${as}`);
      const { uid, gid, home } = account;
      const become = ["setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--init-groups"];
      const variables = [`HOME=${home}`, `USER=${as}`, "PATH=/usr/bin:/usr/sbin:/opt/engines", "LANG=C.UTF-8"];
      const args = [...enter, ...become, "env", "-i", `--chdir=${cwd}`, ...variables, ...command];
      const done = spawnSync(args[0] ?? "", args.slice(1), { cwd: "/", encoding: "utf8", input, maxBuffer: 1 << 28 });
      if (done.error !== undefined) throw done.error;
      return { code: done.status, out: done.stdout, err: done.stderr };
    },
  };
}

function layAccounts(machine: Machine, { os, accounts }: MachineSpec): void {
  const file = (name: string, lines: readonly string[]): void => {
    writeFileSync(machine.at(join("/etc", name)), `${lines.join("\n")}\n`);
    chmodSync(machine.at(join("/etc", name)), 0o644);
  };
  file("os-release", [`ID=${os}`, `NAME=${os}`]);
  file("hostname", [os === "nixos" ? "laptop" : "desk"]);
  file("nsswitch.conf", ["passwd: files", "group: files"]);
  file(
    "passwd",
    accounts.map(({ name, uid, gid, home }) => `${name}:x:${uid}:${gid}::${home}:/bin/bash`),
  );
  file(
    "group",
    [...machine.groups].map(([name, gid]) => `${name}:x:${gid}:`),
  );
  for (const { home, uid, gid } of accounts.filter((account) => account.home.startsWith("/home/"))) {
    mkdirSync(machine.at(home), { recursive: true });
    machine.run(["chown", `${uid}:${gid}`, home]);
    chmodSync(machine.at(home), 0o700);
  }
}

/** The accounts of a machine: root, the people of a plan, and the daemons that own something in it. */
export function accountsOf(
  os: "nixos" | "fedora",
  people: readonly { readonly name: string; readonly home: string; readonly group: string }[],
  daemons: readonly string[],
): Account[] {
  const nixos = os === "nixos";
  const root: Account = { name: "root", uid: 0, gid: 0, group: "root", home: "/root" };
  return [
    root,
    ...people.map(({ name, home, group }, i): Account => {
      const uid = (nixos ? 1000 : 1001) + i;
      return { name, uid, gid: nixos ? 100 : uid, group, home };
    }),
    ...daemons.map((name, i): Account => {
      const uid = nixos ? 200 + i : 990 - i;
      return { name, uid, gid: uid, group: name, home: "/var/empty" };
    }),
  ];
}
