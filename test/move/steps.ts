/** The move of one machine of the examples, as docs/how-to/move.md tells a person to make it. */
import { chmodSync, cpSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import type { Compiled } from "../../src/pipeline.ts";
import { backupSet } from "../../src/plan/backup-set.ts";
import { fate } from "../../src/plan/fate.ts";
import { type AbsolutePath, isWithin } from "../../src/plan/path.ts";
import type { HostPlan } from "../../src/plan/plan.ts";
import { generate } from "../support/chezmoi-tree.ts";
import type { Run } from "../support/fedora.ts";
import { machineFolder } from "../support/machines.ts";
import { folderWith, readText, scratch } from "../support/workspace.ts";
import type { Move } from "./compare.ts";
import { backupJobs, layPassword, runBackups } from "./laptop.ts";
import { layPlan, lies } from "./layer.ts";
import { accountsOf, type Machine, startMachine } from "./machine.ts";
import { type Facts, type Picture, pictureOf } from "./picture.ts";

/** Two machines, the old one laid with state, and the disk that is carried from one to the other. */
export interface Stage {
  readonly laptop: Machine;
  readonly desk: Machine;
  readonly there: HostPlan;
  readonly here: HostPlan;
  readonly compiled: Compiled;
  readonly person: string;
  readonly home: string;
  readonly disk: string;
  readonly laid: readonly AbsolutePath[];
}

const tops = ["/home", "/etc", "/var", "/tmp", "/root", "/mnt", "/run"];

/** Starts both machines of an example and lays the old one. */
export async function setStage(example: string): Promise<Stage> {
  const disk = scratch("remanence-disk-");
  const manifest = readText(machineFolder(example), "persistence.yaml");
  const { folder, compiled } = await generate(folderWith({ "persistence.yaml": manifest }));
  const [there, here] = [planOf(compiled, "laptop"), planOf(compiled, "desk")];
  const daemons = daemonsOf(there, here);
  const laptop = await startMachine({
    os: "nixos",
    accounts: accountsOf("nixos", there.host.users, daemons),
    mounts: mountsOf(there),
    disk,
    folder: scratch("remanence-laptop-"),
  });
  const desk = await startMachine({
    os: "fedora",
    accounts: accountsOf("fedora", here.host.users, daemons),
    mounts: ["/home"],
    disk,
    folder: scratch("remanence-desk-"),
  });
  const laid = layPlan(laptop, there, daemons);
  const [user] = here.host.users;
  if (user === undefined) throw new Error("nobody moves");
  chmodSync(disk, 0o755);
  cpSync(folder, join(disk, "dotfiles"), { recursive: true });
  return { laptop, desk, there, here, compiled, person: user.name, home: user.home, disk, laid };
}

export function planOf({ plans }: Compiled, name: string): HostPlan {
  const plan = plans.find(({ host }) => host.name === name);
  if (plan === undefined) throw new RangeError(`no host ${name}`);
  return plan;
}

/** The daemons that own something, and some that own nothing that the plans know of. */
export function daemonsOf(...plans: readonly HostPlan[]): string[] {
  const rules = plans.flatMap((plan) => plan.rules).filter(({ scope }) => scope === "system");
  const owners = rules.flatMap(({ owner, group }) => [owner, group]).filter((name) => name !== null && name !== "root");
  return [...new Set(["avahi", ...owners, "rtkit"])] as string[];
}

export function mountsOf({ host }: HostPlan): string[] {
  const stores = host.stores.flatMap(({ mount }) => mount ?? []);
  return [...new Set([...stores, ...(host.os === "nixos" ? host.nixos.mounts : [])])].sort();
}

/** What was laid, by live path, as the old machine has it. */
export function laidPicture({ laptop, there, laid }: Stage): Picture {
  const whole = pictureOf(laptop, ["/home", "/persist", "/etc", "/var", "/tmp"]);
  return new Map(
    laid.flatMap((live): [string, Facts][] => {
      const facts = whole.get(lies(there, live));
      return facts === undefined ? [] : [[live, facts]];
    }),
  );
}

export function deskPicture({ desk }: Stage): Picture {
  return pictureOf(desk, tops);
}

/** On the laptop: what is carried goes into the dotfiles repo, and the timer's backup is made. */
export function leaveLaptop({ laptop, there, compiled, person }: Stage): void {
  const carried = there.entries.filter((entry) => entry.disposition === "carry").map(({ live }) => live);
  laptop.run(["chown", "-R", `${person}:`, "/mnt/disk/dotfiles"]);
  if (carried.length > 0) {
    succeed(laptop.run(["chezmoi", "--source", "/mnt/disk/dotfiles/chezmoi", "add", ...carried], { as: person }));
  }
  const git = "git -c user.name=x -c user.email=x@example.org";
  const commit = `git init -q && git add -A && ${git} commit -q -m 'Before the move'`;
  succeed(laptop.run(["bash", "-c", commit], { as: person, cwd: "/mnt/disk/dotfiles" }));
  const jobs = backupJobs(compiled, there.host.name);
  layPassword(laptop, jobs, password);
  runBackups(laptop, jobs, "/mnt/disk/restic");
}

export const password = "correct horse battery staple";

/** A fresh Fedora on which somebody has logged in once: what is there already, and nothing of it from the old machine. */
export function layFresh({ desk, person, home }: Stage): void {
  const put = (path: string, content: string, mode = 0o644): void => {
    mkdirSync(desk.at(dirname(path)), { recursive: true });
    writeFileSync(desk.at(path), content);
    chmodSync(desk.at(path), mode);
  };
  put("/etc/machine-id", "0123456789abcdef0123456789abcdef\n", 0o444);
  put("/etc/ssh/ssh_host_ed25519_key", "the key of this machine", 0o600);
  put("/etc/NetworkManager/system-connections/Wired.nmconnection", "[connection]\n", 0o600);
  chmodSync(desk.at("/etc/NetworkManager/system-connections"), 0o700);
  put("/var/lib/NetworkManager/timestamps", "[timestamps]\n");
  chmodSync(desk.at("/var/lib/NetworkManager"), 0o700);
  mkdirSync(desk.at("/var/lib/bluetooth"), { mode: 0o700 });
  put(join(home, ".bashrc"), "# from /etc/skel\n");
  put(join(home, ".config/dconf/user"), "settings of the first login");
  put(join(home, ".mozilla/firefox/profiles.ini"), "[Profile0]\n");
  for (const name of [".cache/restic", "Desktop", "Documents", "Downloads"])
    mkdirSync(desk.at(join(home, name)), { recursive: true });
  mkdirSync(desk.at("/root/.cache/restic"), { recursive: true });
  succeed(desk.run(["chown", "-R", `${person}:`, home]));
}

/** The disk is plugged in, and the person has written down the password. */
export function plugIn({ desk, person, home }: Stage): void {
  succeed(desk.run(["chown", "-R", `${person}:`, "/mnt/disk"]));
  const write = `printf '%s\\n' ${JSON.stringify(password)} >laptop-password`;
  succeed(desk.run(["bash", "-c", write], { as: person, cwd: home }));
}

/** The commands of a page of docs/how-to, in their order. */
export function pageCommands(name = "move.md"): string[] {
  const page = readText(fileURLToPath(new URL(`../../docs/how-to/${name}`, import.meta.url)));
  return [...page.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, block = ""]) => block.trim().split("\n"));
}

/** Runs a command of the page as the person types it: in the clone, and behind `sudo` as root. */
export function type(stage: Stage, line: string): Run {
  const { desk, home, person } = stage;
  const cwd = line.startsWith("git clone") ? home : join(home, "dotfiles");
  const typed = line.replaceAll("~/", `${home}/`);
  const as = typed.startsWith("sudo ") ? "root" : person;
  return desk.run(["bash", "-c", typed.replace(/^sudo /, "")], { as, cwd });
}

/** A script of the desk, in the clone. */
export function script(stage: Stage, as: string, name: string, ...args: string[]): Run {
  return stage.desk.run([`fedora/desk/${name}.sh`, ...args], { as, cwd: join(stage.home, "dotfiles") });
}

export function chezmoi({ desk, home, person }: Stage, ...args: string[]): Run {
  return desk.run(["chezmoi", "--source", join(home, "dotfiles/chezmoi"), ...args], { as: person });
}

export function succeed(done: Run, code = 0): Run {
  expect(done.code, `${done.out}${done.err}`).toBe(code);
  return done;
}

/** True for the whole test, of which the normal run does a part. */
export const isWhole = process.env["REMANENCE_MOVE"] === "full";

/** What the old machine kept without a backup, and this one keeps too, as a person knows the paths. */
export function keptWithoutBackup({ here, there, person, home }: Stage, as: string): string[] {
  const kept = here.entries.filter(({ disposition, user, live }) => {
    const was = fate(there, live);
    return (
      disposition === "persist" && user === (as === person ? person : null) && was.fate === "persist" && !was.backup
    );
  });
  return kept.map(({ live }) => (live.startsWith(`${home}/`) ? `~${live.slice(home.length)}` : live));
}

/** What the desk's plan backs up of what is there. */
export function savedRoots({ here, person }: Stage, as: string, picture: Picture): string[] {
  const { roots } = backupSet(here, as === person ? person : null);
  return roots
    .map(({ path }) => path as string)
    .filter((path) => picture.has(path))
    .sort();
}

/** A picture without what programs write for themselves. */
export function stable(stage: Stage, picture: Picture): Record<string, Facts> {
  const own = othersOf(stage);
  return Object.fromEntries([...picture].filter(([path]) => !own.some((other) => isWithin(path, other))));
}

function othersOf({ home }: Stage): string[] {
  const state = [
    ".local/state/remanence",
    ".config/chezmoi",
    ".cache/chezmoi",
    ".cache/restic",
    "dotfiles",
    "laptop-password",
  ];
  const ofRoot = [
    "/root/laptop-password",
    "/root/.cache/restic",
    "/var/lib/remanence",
    "/etc/systemd/system",
    "/run/mount",
    "/var/tmp",
  ];
  return [...state.map((path) => join(home, path)), ...ofRoot, "/mnt/disk"];
}

/** The move, for the comparison. */
export function moveOf(stage: Stage, laid: Picture, before: Picture, after: Picture): Move {
  return {
    there: stage.there,
    here: stage.here,
    laid,
    before,
    after,
    keepsHoles: stage.desk.run(["restic", "restore", "--help"]).out.includes("--sparse"),
    isHostBound: (live) => hostBound.test(live),
    putAside: [
      "/var/lib/systemd/random-seed",
      ...["monitors.xml", "chezmoi/chezmoistate.boltdb"].map((path) => join(stage.home, ".config", path)),
    ],
    others: othersOf(stage),
  };
}

const hostBound =
  /^\/etc\/(machine-id|ssh\/ssh_host_.*)$|^\/var\/lib\/systemd\/random-seed$|\/\.config\/monitors\.xml$/;
