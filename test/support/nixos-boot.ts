/**
 * A boot of a NixOS host without NixOS: in a mount namespace of its own, on an empty root in memory, with the store of the
 * boot before, what the evaluated modules mount and make is mounted and made, in systemd's order, by the real programs.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { shell } from "../../src/languages/shell.ts";
import type { HostPlan } from "../../src/plan/plan.ts";
import { engineCommand, nixSources } from "./engines.ts";
import type { Mount, TmpfilesRule } from "./nix.ts";
import type { Evaluated } from "./nixos.ts";

export interface Machine {
  readonly report: Evaluated;
  readonly plan: HostPlan;
  /** What stays from boot to boot, mounted at /persist. */
  readonly store: string;
  /** An empty folder to work in. */
  readonly folder: string;
}

export const q = (text: string): string => shell.quote(text).text;

/** Numbers of users and groups on the machine; anybody else has those of root. */
const ids: Readonly<Record<string, number>> = { root: 0, alice: 1001, "bob.b": 1002, app: 200, postgres: 71 };
const groupIds: Readonly<Record<string, number>> = {
  root: 0,
  users: 100,
  staff: 50,
  app: 200,
  postgres: 71,
  "systemd-journal": 62,
  video: 26,
};
export const uid = (user: string | null): number => ids[user ?? "root"] ?? 0;
export const gid = (group: string | null): number => groupIds[group ?? "root"] ?? 0;

/** Boots, runs the lines inside, and switches off; gives what they print. */
export function boot(machine: Machine, inside: readonly string[]): string {
  const { folder, report, plan } = machine;
  mkdirSync(join(folder, "root"), { recursive: true });
  const sources = nixSources();
  for (const name of ["create-directories.bash", "mount-file.bash"])
    copyFileSync(join(sources?.impermanence ?? "", name), join(folder, name));
  writeFileSync(join(folder, "stage"), `${[...stageLines(report), ...inside].join("\n")}\n`);
  for (const stage of ["initrd", "system"] as const) {
    const rules = report.tmpfiles.filter((rule) => rule.stage === stage).map(lineOf);
    const more = stage === "system" ? report.tmpfilesRules : [];
    writeFileSync(join(folder, `${stage}.conf`), [...more, ...rules, ""].join("\n"));
  }
  writeFileSync(join(folder, "outside"), `${outsideLines(machine, plan).join("\n")}\n`);
  const run = spawnSync("unshare", ["--mount", "--propagation", "private", "bash", "-eu", join(folder, "outside")], {
    encoding: "utf8",
  });
  if (run.status !== 0) throw new Error(`${run.stdout}${run.stderr}`);
  return run.stdout;
}

function outsideLines({ folder, store }: Machine, plan: HostPlan): string[] {
  const root = join(folder, "root");
  const passwd = Object.entries(ids).map(([name, id]) => `${name}:x:${id}:0::/:/bin/sh`);
  const group = Object.entries(groupIds).map(([name, id]) => `${name}:x:${id}:`);
  return [
    `cd ${q(root)} 2>/dev/null; mount -t tmpfs -o mode=755 none ${q(root)}; cd ${q(root)}`,
    "mkdir usr proc dev etc persist run tmp; ln -s usr/bin usr/sbin usr/lib usr/lib64 .",
    "mount --bind /usr usr; mount -t proc proc proc; touch dev/null; mount --bind /dev/null dev/null",
    `mount --bind ${q(store)} persist; cp -a ${q(folder)}/{stage,initrd.conf,system.conf,*.bash} tmp`,
    `printf '%s\\n' ${passwd.map(q).join(" ")} >etc/passwd; printf '%s\\n' ${group.map(q).join(" ")} >etc/group`,
    // As the activation does, before anything of stage 2 is mounted.
    ...plan.host.users.map(
      ({ name, home, group: own }) =>
        `mkdir -p ${q(`.${home}`)}; chmod 700 ${q(`.${home}`)}; chown ${uid(name)}:${gid(own)} ${q(`.${home}`)}`,
    ),
    "chroot . /bin/bash -eu /tmp/stage",
  ];
}

/** Where a unit of the initrd works, the root to be is at /sysroot. */
const here = (path: string): string => path.replace(/^\/sysroot(?=\/)/, "");

function stageLines(report: Evaluated): string[] {
  const made = report.directories.filter(({ by }) => by === "activation script");
  const command = engineCommand("systemd").replace(/analyze$/, "tmpfiles");
  const mounts = (stage: Mount["stage"], ofFiles: boolean): string[] =>
    [...report.mounts]
      .filter((mount) => mount.stage === stage && isFileMount(mount) === ofFiles)
      // RequiresMountsFor= comes by itself: what is around is mounted first.
      .sort((a, b) => a.where.split("/").length - b.where.split("/").length)
      .map((mount) => mountLine(mount));
  return [
    ...made.map(({ base, path, user, group, mode }) =>
      ["bash /tmp/create-directories.bash", ...[base, path, user, group, mode, "0"].map(q)].join(" "),
    ),
    ...mounts("initrd", false),
    `${command} --create /tmp/initrd.conf`,
    ...mounts("initrd", true),
    ...mounts("system", false),
    `${command} --create /tmp/system.conf`,
    ...mounts("system", true),
    ...report.fileServices.map(({ file, target, method }) =>
      ["bash /tmp/mount-file.bash", ...[file, target, method, "0"].map(q)].join(" "),
    ),
  ];
}

function isFileMount({ conditions }: Mount): boolean {
  return conditions["ConditionPathExists"] !== undefined;
}

/** What systemd does for a mount unit: it makes both ends of a bind mount where they are missing. */
function mountLine(mount: Mount): string {
  const [what, where] = [q(here(mount.what)), q(here(mount.where))];
  const condition = mount.conditions["ConditionPathExists"];
  const bind = `mountpoint -q ${where} || mount --bind ${what} ${where}`;
  return condition === undefined
    ? `mkdir -p ${what} ${where}; ${bind}`
    : `[[ ! -e ${q(here(String(condition)))} ]] || { ${bind}; }`;
}

/** A line of tmpfiles.d, as NixOS writes it from settings. */
function lineOf({ type, path, mode, user, group, age, argument }: TmpfilesRule): string {
  return `'${type}' '${here(path)}' '${mode}' '${user}' '${group}' '${age}' ${argument}`;
}
