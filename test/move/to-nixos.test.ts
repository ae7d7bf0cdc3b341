import { chmodSync, cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { HostPlan } from "../../src/plan/plan.ts";
import { generate } from "../support/chezmoi-tree.ts";
import { describeWith } from "../support/engines.ts";
import { machineFolder } from "../support/machines.ts";
import { quicken } from "../support/restic-key.ts";
import { folderWith, readText, scratch } from "../support/workspace.ts";
import { compareMove, faultLines } from "./compare.ts";
import { backupJobs, layPassword, runBackups } from "./laptop.ts";
import { layPlan, lies } from "./layer.ts";
import { accountsOf, type Machine, startMachine } from "./machine.ts";
import { type Facts, type Picture, pictureOf } from "./picture.ts";
import { daemonsOf, isWhole, mountsOf, pageCommands, password, planOf, succeed } from "./steps.ts";

/** The example, with both machines' backups in repositories of restic. `npm run test:move` moves all of its applications. */
const manifest = readText(machineFolder("mitsio"), "persistence.yaml")
  .replace(
    /backup:\n {6}engine: tar\n.*?\n {6}encrypt: .*?\n/s,
    'backup: { engine: restic, repository: /mnt/disk/restic, password-file: "~/.password" }\n',
  )
  .replace(/ {2}# applications\n.*(?= {2}# histories)/s, (some) => (isWhole ? some : ""));
const person = "mitsio";
const home = "/home/mitsio";

async function start(os: "nixos" | "fedora", plan: HostPlan, disk: string, daemons: string[]): Promise<Machine> {
  return startMachine({
    os,
    accounts: accountsOf(os, plan.host.users, daemons),
    mounts: os === "nixos" ? mountsOf(plan) : ["/home"],
    disk,
    folder: scratch(`remanence-${plan.host.name}-`),
  });
}

function laidPicture(machine: Machine, plan: HostPlan, laid: readonly string[]): Picture {
  const whole = pictureOf(machine, ["/home", "/etc", "/var", "/tmp"]);
  return new Map(
    laid.flatMap((live): [string, Facts][] => {
      const facts = whole.get(lies(plan, live as never));
      return facts === undefined ? [] : [[live, facts]];
    }),
  );
}

function put(machine: Machine, path: string, content: string, owner: string): void {
  writeFileSync(machine.at(path), content);
  chmodSync(machine.at(path), 0o600);
  succeed(machine.run(["chown", owner, path]));
}

/** Types a page's line as the person, or behind `sudo` as root. */
function type(machine: Machine, line: string, code: number) {
  const as = line.startsWith("sudo ") ? "root" : person;
  const typed = line.replaceAll("~/", `${home}/`).replace(/^sudo /, "");
  const cwd = line.startsWith("git clone") ? home : join(home, "dotfiles");
  return succeed(machine.run(["bash", "-c", typed], { as, cwd }), code);
}

describeWith(
  ["nix", "restic", "chezmoi", "git", "attr", "acl", "mount-namespace"],
  "the move to NixOS, as its page says",
  () => {
    it("brings all that both keep into the store, and what only the new machine has", {
      timeout: 900_000,
    }, async () => {
      const disk = scratch("remanence-disk-");
      const { folder, compiled } = await generate(folderWith({ "persistence.yaml": manifest }));
      const [there, here] = [planOf(compiled, "desk"), planOf(compiled, "laptop")];
      const daemons = daemonsOf(there, here);
      const desk = await start("fedora", there, disk, daemons);
      const laid = layPlan(desk, there, daemons);
      chmodSync(disk, 0o755);
      cpSync(folder, join(disk, "dotfiles"), { recursive: true });
      const git = "git -c user.name=x -c user.email=x@example.org";
      succeed(desk.run(["chown", "-R", `${person}:`, "/mnt/disk"]));
      const commit = `git init -q && git add -A && ${git} commit -q -m all`;
      succeed(desk.run(["bash", "-c", commit], { as: person, cwd: "/mnt/disk/dotfiles" }));
      put(desk, `${home}/.password`, password, person);
      put(desk, "/root/.password", password, "root");
      succeed(
        desk.run(["restic", "-q", "-r", "/mnt/disk/restic", "--password-file", `${home}/.password`, "init"], {
          as: person,
        }),
      );
      quicken(join(disk, "restic"), password);
      for (const as of [person, "root"])
        succeed(desk.run(["/mnt/disk/dotfiles/fedora/desk/backup.sh", "--yes"], { as }));

      const laptop = await start("nixos", here, disk, daemons);
      mkdirSync(laptop.at("/var/lib/nixos"), { recursive: true });
      writeFileSync(laptop.at("/var/lib/nixos/uid-map"), '{"avahi":200}\n');
      writeFileSync(laptop.at("/etc/machine-id"), "0123456789abcdef0123456789abcdef\n");
      put(laptop, `${home}/desk-password`, password, person);
      succeed(laptop.run(["bash", "-c", `cd /mnt/disk; chown -R root: .; chown -R ${person}: dotfiles`]));
      succeed(laptop.run(["setfacl", "-R", "-m", `u:${person}:rX`, "/mnt/disk/restic"]));
      const tops = ["/home", "/persist", "/etc", "/var", "/root"];
      const before = pictureOf(laptop, tops);
      const lines = pageCommands("move-to-nixos.md");
      expect(lines.length).toBeGreaterThan(8);
      for (const line of lines) if (isWhole || !line.includes("--dry-run")) type(laptop, line, 0);

      const after = pictureOf(laptop, tops);
      const isHostBound = (live: string): boolean =>
        /^\/etc\/(machine-id|ssh\/ssh_host_.*)$|^\/var\/lib\/(nixos(\/.*)?|systemd\/random-seed)$|\/\.config\/(monitors\.xml|chezmoi\/chezmoistate\.boltdb)$/.test(
          live,
        );
      const comparison = compareMove({
        there,
        here,
        laid: laidPicture(desk, there, laid),
        before,
        after,
        keepsHoles: laptop.run(["restic", "restore", "--help"]).out.includes("--sparse"),
        isHostBound,
        putAside: [],
        others: [],
      });
      // Nothing is mounted yet, chezmoi was not asked, and the machine's own id is there: what programs see is another test's.
      const faults = comparison.faults.filter(
        ({ outcome, says, path }) =>
          !["carried", "extra"].includes(outcome) &&
          !says.startsWith("programs that look") &&
          path !== "/etc/machine-id",
      );
      expect(faultLines(faults)).toEqual([]);
      expect(comparison.counts.moved).toBeGreaterThan(isWhole ? 600 : 300);
      expect(after.get("/persist/var/lib/nixos/uid-map")?.content).toBe(after.get("/var/lib/nixos/uid-map")?.content);
      expect(after.get("/persist/etc/machine-id")?.content).toBe(after.get("/etc/machine-id")?.content);

      // Its own backup, in the same repository, lost and brought back: the same, but for what belongs to one machine.
      const jobs = backupJobs(compiled, "laptop");
      layPassword(laptop, jobs, password);
      runBackups(laptop, jobs, "/mnt/disk/restic");
      succeed(laptop.run(["setfacl", "-R", "-m", `u:${person}:rX`, "/mnt/disk/restic"]));
      succeed(laptop.run(["bash", "-c", "rm -rf /persist/home/*/* /persist/home/*/.[a-z]* /persist/var /persist/etc"]));
      const own = lines.filter((line) => /restore\.sh(?!.*--dry-run)/.test(line));
      for (const line of own) type(laptop, line.replace("--host desk ", ""), 0);
      const back = pictureOf(laptop, ["/persist"]);
      const lost = [...after].filter(
        ([path, was]) => path.startsWith("/persist/") && was.kind === "file" && back.get(path)?.content !== was.content,
      );
      const saved = (path: string): boolean =>
        Object.values(jobs).some((job) => job.paths.some((p) => path.startsWith(`${p}/`) || p === path));
      expect(
        lost.map(([path]) => path).filter((path) => saved(path) && !isHostBound(path.replace("/persist", ""))),
      ).toEqual([]);
      expect([...back.keys()].length).toBeGreaterThan(200);
    });
  },
);
