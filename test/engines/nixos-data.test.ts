import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { fate } from "../../src/plan/fate.ts";
import type { AbsolutePath } from "../../src/plan/path.ts";
import { mountedEntries } from "../../src/plan/physical.ts";
import type { HostPlan, RelocatedEntry } from "../../src/plan/plan.ts";
import { describeWith, engineCommand } from "../support/engines.ts";
import { compileMachine, machines } from "../support/machines.ts";
import { evalNix, parses } from "../support/nix.ts";
import { modulesOf, nixosPlan } from "../support/nixos.ts";
import { compileText, filesBelow, scratch, writeFiles } from "../support/workspace.ts";

type Listed = string | { directory?: string; file?: string; mode?: string; user?: string; group?: string };
interface Lists {
  directories?: Listed[];
  files?: Listed[];
}

/** A module as data: what a set of options it defines, its arguments answered by stand-ins. */
function dataOf(module: string): unknown {
  return evalNix(`let m = import ${module}; args = {
    config.users.users = {};
    lib.mkDefault = x: x;
    utils = {};
  }; in if builtins.isFunction m then removeAttrs (m args) [ "assertions" "warnings" ] else m`);
}

/** Lines of `directories` and `files`, as `store path mode user:group`. */
function linesOf(store: string, scope: string, { directories = [], files = [] }: Lists): string[] {
  return [...directories, ...files].map((item) => {
    const full = typeof item === "string" ? { directory: item } : item;
    return [store, scope, full.directory ?? full.file, full.mode ?? "-", full.user ?? "-", full.group ?? "-"].join(" ");
  });
}

function expectedLine(entry: RelocatedEntry): string {
  const own = entry.scope === "home" && entry.owner === entry.user;
  const mode = entry.kind === "file" ? "-" : (entry.mode ?? "-");
  const [user, group] = own || entry.kind === "file" ? ["-", "-"] : [entry.owner ?? "-", entry.group ?? "-"];
  return [storeOf(entry), entry.user ?? "system", entry.path, mode, user, group].join(" ");
}

function storeOf(entry: RelocatedEntry): string {
  return entry.stored.slice(0, entry.stored.length - entry.live.length);
}

function written(plan: HostPlan, modules: readonly string[]): string[] {
  const persistence = modules.find((path) => path.endsWith("persistence.nix")) ?? "";
  const stores = (
    dataOf(persistence) as { environment?: { persistence?: Record<string, Lists & { users?: Record<string, Lists> }> } }
  ).environment?.persistence;
  void plan;
  return Object.entries(stores ?? {}).flatMap(([store, lists]) => [
    ...linesOf(store, "system", lists),
    ...Object.entries(lists.users ?? {}).flatMap(([user, own]) => linesOf(store, user, own)),
  ]);
}

describeWith(["nix"], "NixOS modules as nix reads them", () => {
  it("all parse", async () => {
    const golden = fileURLToPath(new URL("../golden/", import.meta.url));
    const files = filesBelow(golden).filter((path) => path.endsWith(".nix"));
    for (const machine of machines) {
      const compiled = await compileMachine(machine);
      const { name } = nixosPlan(compiled).host;
      for (const path of [...modulesOf(compiled, name, "nixos"), ...modulesOf(compiled, name, "home-manager")]) {
        expect(parses(path), path).toEqual({ ok: true, error: null });
      }
    }
    expect(files.length).toBeGreaterThan(5);
    for (const path of files) expect(parses(join(golden, path)), path).toEqual({ ok: true, error: null });
  });

  it.each(machines)("list for %s what the plan mounts, with owners and modes, and nothing else", async (machine) => {
    const compiled = await compileMachine(machine);
    const plan = nixosPlan(compiled);
    const module = plan.host.nixos.home === "nixos-module";
    const mounted = mountedEntries(plan).filter((entry) => entry.scope === "system" || module);
    expect(written(plan, modulesOf(compiled, plan.host.name, "nixos")).sort()).toEqual(
      mounted.map(expectedLine).sort(),
    );
  });
});

const backupManifest = (root: string): string => `version: 1
stores: { persist: "${root}/persist", bulk: { path: "${root}/bulk", backup: false } }
users: { alice: {} }
hosts:
  laptop:
    os: nixos
    backup: { engine: restic, repository: "${root}/repo", password-file: "${root}/password", need: important }
profiles: [nixos-ids]
home:
  - Documents/
  - { path: "Documents/[odd] it's $HOME {a}/", class: cache }
  - { path: "Documents/[odd] it's $HOME {a}/kept/deep/", class: data }
  - { path: "Documents/*/Cache/", class: cache }
  - { path: Documents/app/Cache/precious/, class: data }
  - { path: "Documents/#x/Cache/kept/", class: data }
  - { path: "Documents/#x/Cache/kept/tmp/", class: cache }
  - { path: Videos/, store: bulk }
  - { path: .ssh/, class: secret }
  - { path: .minor/, need: optional }
`;

describeWith(["nix", "restic"], "backup.nix, run as the NixOS module runs restic", () => {
  it("backs up what the plan says, path by path, and nothing else", async () => {
    const root = scratch();
    const compiled = await compileText(backupManifest(root));
    const plan = nixosPlan(compiled);
    const tree = [
      "Documents/letter.txt",
      "Documents/[odd] it's $HOME {a}/old",
      "Documents/[odd] it's $HOME {a}/kept/deep/new",
      "Documents/[odd] it's $HOME {a}/kept/other",
      "Documents/x/Cache/blob",
      "Documents/x/y/Cache/no pattern",
      "Documents/app/Cache/blob",
      "Documents/app/Cache/precious/ring",
      "Documents/#x/Cache/kept/ring",
      "Documents/#x/Cache/kept/tmp/blob",
      "Videos/film",
      ".ssh/id",
      ".minor/x",
    ];
    const storedOf = (path: string): string => {
      const found = fate(plan, `/home/alice/${path}` as AbsolutePath);
      const outer = mountedEntries(plan).find((e) => `/home/alice/${path}`.startsWith(`${e.live}/`));
      return found.stored ?? `${outer?.stored}${`/home/alice/${path}`.slice(outer?.live.length ?? 0)}`;
    };
    for (const path of tree) writeFiles("/", { [storedOf(path)]: path });
    writeFiles(root, { password: "secret" });
    const module = modulesOf(compiled, "laptop", "nixos").find((path) => path.endsWith("backup.nix")) ?? "";
    const jobs = (dataOf(module) as { services: { restic: { backups: Record<string, Job> } } }).services.restic.backups;
    const saved = runJobs(root, jobs);
    const expected = tree.filter((path) => fate(plan, `/home/alice/${path}` as AbsolutePath).backup).map(storedOf);
    expect(saved).toEqual(expected.sort());
    expect(expected.length).toBe(6);
  });

  it("lets through what is kept inside of what is left out, for every user", async () => {
    const manifest = backupManifest("/keep").replace("alice: {}", "alice: {}, bob: { home: /data/bob }");
    const module = modulesOf(await compileText(manifest), "laptop", "nixos").find((path) =>
      path.endsWith("backup.nix"),
    );
    const jobs = (dataOf(module ?? "") as { services: { restic: { backups: Record<string, Job> } } }).services;
    const lines = jobs.restic.backups["remanence-data"]?.exclude ?? [];
    const ofAlice = lines.filter((line) => line.includes("/home/alice/")).map((l) => l.replace("/home/alice/", "/H/"));
    const ofBob = lines.filter((line) => line.includes("/data/bob/")).map((l) => l.replace("/data/bob/", "/H/"));
    expect(ofAlice.filter((line) => line.startsWith("!")).length).toBeGreaterThan(2);
    expect(ofBob).toEqual(ofAlice);
  });
});

describeWith(["nix"], "backup.nix", () => {
  it("leaves its own repository out, where that lies in what is backed up", async () => {
    const excludes = async (repository: string): Promise<readonly (string | undefined)[]> => {
      const manifest = backupManifest("/keep").replace("/keep/repo", repository);
      const compiled = await compileText(manifest);
      const module = modulesOf(compiled, "laptop", "nixos").find((path) => path.endsWith("backup.nix"));
      const { services } = dataOf(module ?? "") as { services: { restic: { backups: Record<string, Job> } } };
      return (services.restic.backups["remanence-state"]?.exclude ?? []).filter((line) => line.includes("the-repo"));
    };
    expect(await excludes("/home/alice/Documents/the-repo")).toEqual(["/keep/persist/home/alice/Documents/the-repo"]);
    expect(await excludes("/keep/the-repo")).toEqual([]);
    expect(await excludes("sftp:nas:/keep/persist/home/alice/Documents/the-repo")).toEqual([]);
  });
});

interface Job {
  repository: string;
  passwordFile: string;
  paths: string[];
  exclude?: string[];
  extraBackupArgs: string[];
}

/** As services.restic does: paths and excludes in files, the extra arguments as they are. Gives the files that were saved. */
function runJobs(root: string, jobs: Readonly<Record<string, Job>>): string[] {
  const restic = (job: Job, ...args: string[]): string =>
    execFileSync(engineCommand("restic"), ["--quiet", "--no-cache", ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PATH: process.env["PATH"],
        HOME: root,
        RESTIC_REPOSITORY: job.repository,
        RESTIC_PASSWORD_FILE: job.passwordFile,
      },
    });
  const first = Object.values(jobs)[0];
  if (first === undefined) throw new Error("no jobs");
  restic(first, "init");
  const saved = new Set<string>();
  for (const [name, job] of Object.entries(jobs)) {
    writeFiles(root, {
      [`${name}.paths`]: `${job.paths.join("\n")}\n`,
      [`${name}.exclude`]: `${(job.exclude ?? []).join("\n")}\n`,
    });
    const lists = [`--files-from=${join(root, `${name}.paths`)}`, `--exclude-file=${join(root, `${name}.exclude`)}`];
    restic(job, "backup", ...lists, ...job.extraBackupArgs);
    const out = join(root, "out", name);
    restic(job, "restore", "latest", `--tag=remanence,class-${name.replace("remanence-", "")}`, `--target=${out}`);
    for (const file of filesBelow(out)) saved.add(`/${file}`);
  }
  expect(readdirSync(root)).toContain("repo");
  return [...saved].sort();
}
