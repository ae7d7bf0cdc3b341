import { type Binding, nix } from "../../languages/nix.ts";
import { resticExclude, resticPath } from "../../languages/restic.ts";
import type { Backup } from "../../manifest/manifest.ts";
import { type BackupRoot, type BackupSet, backupSet } from "../../plan/backup-set.ts";
import { type AbsolutePath, depthOf, isBelow, isWithin, sortByPath } from "../../plan/path.ts";
import { physicalPath } from "../../plan/physical.ts";
import type { HostPlan, PlanHost } from "../../plan/plan.ts";
import { type Class, classes } from "../../plan/vocabulary.ts";
import { generatedFrom } from "../emitter.ts";
import { type ExcludeLine, resticExcludes } from "../restic-excludes.ts";

type NixosHost = Extract<PlanHost, { os: "nixos" }>;

/**
 * `backup.nix`: one `services.restic.backups` job a class, tagged as the scripts for Fedora tag theirs, so that either
 * system finds the other's. Undefined where nothing is backed up.
 */
export function backupModule(plan: HostPlan, host: NixosHost, backup: Backup): string | undefined {
  const sets = [null, ...host.users.map((user) => user.name)].map((user) => backupSet(plan, user));
  const roots = sets.flatMap((set) => set.roots);
  const whole: BackupSet = {
    // As in each of the sets: what is let through is looked for in that order.
    roots: sortByPath(roots, ({ path }) => path),
    // The deepest rule decides, and to restic the last line does.
    excludes: sets.flatMap((set) => set.excludes).sort((a, b) => depthOf(a.path) - depthOf(b.path)),
  };
  const excludes = [...resticExcludes(whole), ...repositoryItself(plan, roots, backup)];
  const jobs = classes.flatMap((c) => jobBindings(c, roots, excludes, host, backup));
  if (jobs.length === 0) return undefined;
  return nix.module({
    header: [
      `What ${host.name} backs up: stored paths, so that nothing depends on mounts being in place.`,
      generatedFrom(plan),
      "restore.sh brings it back.",
    ],
    args: backup.to.includes("%") ? ["pkgs"] : [],
    body: [{ name: ["services", "restic", "backups"], value: nix.set(jobs) }],
  });
}

function jobBindings(
  c: Class,
  everything: readonly BackupRoot[],
  all: readonly ExcludeLine[],
  host: NixosHost,
  backup: Backup,
): Binding[] {
  const roots = everything.filter(({ entry }) => entry.class === c);
  if (roots.length === 0) return [];
  const excludes = all.filter((line) => roots.some(({ path }) => reaches(line, path)));
  const paths = roots.map(({ entry, path }) => ({ value: resticPath(path), comment: entry.note }));
  return [
    {
      name: `remanence-${c}`,
      gap: true,
      value: nix.set([
        repositoryBinding(backup.to),
        { name: "passwordFile", value: backup.passwordFile },
        { name: "initialize", value: true },
        { name: "paths", value: nix.list(paths) },
        ...(excludes.length === 0
          ? []
          : [{ name: "exclude", value: nix.list(excludes.map(({ line, note }) => ({ value: line, comment: note }))) }]),
        { name: "extraBackupArgs", value: backupArguments(c, host) },
        ...(Object.keys(backup.retain).length === 0
          ? []
          : [{ name: "pruneOpts", value: pruneOptions(c, host, backup) }]),
        { name: "timerConfig", value: timer(backup) },
      ]),
    },
  ];
}

/** A repository in what is backed up would grow with each run. */
function repositoryItself(plan: HostPlan, roots: readonly BackupRoot[], { to }: Backup): ExcludeLine[] {
  if (!to.startsWith("/")) return [];
  const place = physicalPath(plan, to as AbsolutePath);
  if (!roots.some(({ path }) => isBelow(place, path))) return [];
  return [{ line: resticExclude(place, false), place, note: "the repository itself" }];
}

/** NixOS writes the address into the unit as it is, where systemd takes `%` for a specifier: then it goes into a file. */
function repositoryBinding(repository: string): Binding {
  if (!repository.includes("%")) return { name: "repository", value: repository };
  return { name: "repositoryFile", value: nix.call("pkgs.writeText", "restic-repository", repository) };
}

/** True where a line can match below a root: its place lies in it, or, for a pattern, above it. */
function reaches({ place }: ExcludeLine, root: AbsolutePath): boolean {
  return isWithin(place, root) || isWithin(root, place);
}

function backupArguments(c: Class, host: NixosHost): string[] {
  return ["--exclude-caches", "--one-file-system", "--tag=remanence", `--tag=class-${c}`, `--host=${host.name}`];
}

function pruneOptions(c: Class, host: NixosHost, backup: Backup): string[] {
  const keep = Object.entries(backup.retain).map(([kind, count]) => `--keep-${kind}=${count}`);
  return [`--tag=remanence,class-${c}`, `--host=${host.name}`, "--group-by=host,tags", ...keep];
}

function timer(backup: Backup) {
  return nix.set([
    { name: "OnCalendar", value: backup.schedule },
    { name: "Persistent", value: true, comment: "a run missed while the machine slept is made up for" },
    { name: "RandomizedDelaySec", value: "1h" },
  ]);
}
