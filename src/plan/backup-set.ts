import { rulesOf } from "./fate.ts";
import { rememberFor } from "./memo.ts";
import { type AbsolutePath, isBelow, isWithin, parentOf, sortByPath } from "./path.ts";
import { isInPattern, physicalPath, physicalPatterns } from "./physical.ts";
import type { HostPlan, PlanEntry } from "./plan.ts";
import { fixedPrefix, patternRegex } from "./rule-index.ts";

/** A tree or file that is backed up, where it really lies. */
export interface BackupRoot {
  readonly entry: PlanEntry;
  readonly path: AbsolutePath;
}

/** A place inside a backed-up tree that is left out. */
export interface BackupExclude {
  readonly entry: PlanEntry;
  readonly path: AbsolutePath;
  readonly pattern: boolean;
}

/** What a backup holds: everything below the roots, without the excludes, and roots inside excludes all the same. */
export interface BackupSet {
  readonly roots: readonly BackupRoot[];
  readonly excludes: readonly BackupExclude[];
}

/**
 * The backup of a host, for one user or the system (`null`), from the plan alone: paths where the state really lies (a
 * link would be stored as a link, without what it points to).
 */
export const backupSet: (plan: HostPlan, user: string | null) => BackupSet = rememberFor(
  findBackupSet,
  (u) => u ?? "/",
);

function findBackupSet(plan: HostPlan, user: string | null): BackupSet {
  const own = plan.rules.filter((rule) => rule.user === user);
  const roots = own.filter((rule) => rule.backup && isRoot(plan, rule));
  const excludes = own.filter((rule) => !rule.backup && isInBackup(plan, rule));
  const places = roots.map((entry) => ({ entry, path: entry.stored ?? physicalPath(plan, entry.live) }));
  const reaching = excludes
    .flatMap((entry) => placesOf(plan, entry))
    .filter((exclude) => places.some((root) => reaches(exclude, root)));
  return {
    roots: sortByPath(places, (root) => root.path),
    excludes: sortByPath(reaching, (exclude) => exclude.path),
  };
}

/** True where an exclude can match below a root. */
function reaches({ path, pattern }: BackupExclude, root: BackupRoot): boolean {
  if (!pattern) return isBelow(path, root.path);
  const fixed = fixedPrefix(path);
  return isWithin(fixed, root.path) || isWithin(root.path, fixed);
}

/** True unless the walk of another root comes by: a backed-up rule around it, with nothing left out in between. */
function isRoot(plan: HostPlan, rule: PlanEntry): boolean {
  const around = nearest(plan, rule);
  if (around === undefined || !around.backup) return true;
  return !liesTogether(plan, rule, around) || isInPattern(plan, rule.live);
}

function isInBackup(plan: HostPlan, rule: PlanEntry): boolean {
  if (rule.kind === "pattern") return true;
  const around = nearest(plan, rule);
  if (around === undefined || !around.backup) return false;
  // A directory that lives elsewhere is only a link or a mount point in that tree.
  return liesTogether(plan, rule, around);
}

function nearest(plan: HostPlan, rule: PlanEntry): PlanEntry | undefined {
  for (const above of rulesOf(plan).above(rule.live)) return above;
  return undefined;
}

/** True where `rule` is found on disk by walking `around`. */
function liesTogether(plan: HostPlan, rule: PlanEntry, around: PlanEntry): boolean {
  const base = around.stored ?? physicalPath(plan, around.live);
  const own = rule.stored ?? physicalPath(plan, rule.live);
  return isBelow(own, base);
}

function placesOf(plan: HostPlan, rule: PlanEntry): BackupExclude[] {
  if (rule.kind !== "pattern") return [{ entry: rule, path: physicalPath(plan, rule.live), pattern: false }];
  return physicalPatterns(plan, rule, "all").map((path) => ({ entry: rule, path, pattern: /[*?]/.test(path) }));
}

/** The roots that lie inside an exclude: each way of excluding has to let them through. */
export function rootsInside(set: BackupSet, exclude: BackupExclude): BackupRoot[] {
  return set.roots.filter(({ path }) => {
    if (!exclude.pattern) return isBelow(path, exclude.path);
    return matchesBeginning(path, exclude.path);
  });
}

function matchesBeginning(path: AbsolutePath, pattern: AbsolutePath): boolean {
  const depth = pattern.split("/").length;
  const components = path.split("/");
  return components.length >= depth && patternRegex(pattern).test(components.slice(0, depth).join("/"));
}

/** The parent chain from just below `top` down to `path`, outermost first: what must be let through on the way. */
export function chainBetween(top: AbsolutePath, path: AbsolutePath): AbsolutePath[] {
  const chain: AbsolutePath[] = [];
  for (let at: AbsolutePath | undefined = path; at !== undefined && isBelow(at, top); at = parentOf(at))
    chain.unshift(at);
  return chain;
}
