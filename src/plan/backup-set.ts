import { rulesOf } from "./fate.ts";
import { rememberFor } from "./memo.ts";
import {
  type AbsolutePath,
  comparePaths,
  componentsOf,
  depthOf,
  isBelow,
  joinPath,
  parentOf,
  sortByPath,
} from "./path.ts";
import { beginnings, type PathTree, pathTree } from "./path-tree.ts";
import { patternRegex } from "./pattern.ts";
import { physicalPath } from "./physical.ts";
import type { HostPlan, PlanEntry } from "./plan.ts";
import { fixedPrefix } from "./rule-index.ts";

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
  const roots = own
    .filter((rule) => rule.backup && isRoot(plan, rule))
    .map((entry) => ({ entry, path: entry.stored ?? physicalPath(plan, entry.live) }));
  return {
    roots: sortByPath(roots, (root) => root.path),
    excludes: sortByPath(excludesOf(plan, own, roots), (exclude) => exclude.path),
  };
}

function excludesOf(plan: HostPlan, own: readonly PlanEntry[], roots: readonly BackupRoot[]): BackupExclude[] {
  const directories = roots.filter(({ entry }) => entry.kind === "directory");
  const folders = pathTree(directories.map(({ entry, path }) => [entry.live, path]));
  const kept = new Set(roots.map((root) => root.path));
  const excludes = new Map<AbsolutePath, BackupExclude>();
  for (const entry of own.filter((rule) => !rule.backup)) {
    const places = entry.kind === "pattern" ? patternPlaces(entry, folders) : literalPlaces(plan, entry);
    for (const path of places) {
      // What is kept at exactly this place is a rule of its own, and a literal one beats a pattern.
      if (!kept.has(path) && !excludes.has(path)) excludes.set(path, { entry, path, pattern: isPattern(path) });
    }
  }
  return [...excludes.values()];
}

function isPattern(path: AbsolutePath): boolean {
  return /[*?]/.test(path);
}

/** A pattern as seen in each root: it must match nothing beside them, as in a store where all lies deeper. */
function patternPlaces({ live }: PlanEntry, folders: PathTree<AbsolutePath>): AbsolutePath[] {
  return beginnings(folders, live).map(({ value, rest }) => joinPath(value, rest));
}

function literalPlaces(plan: HostPlan, rule: PlanEntry): AbsolutePath[] {
  const around = nearest(plan, rule);
  if (around === undefined || !around.backup) return [];
  // A directory that lives elsewhere is only a link or a mount point in that tree.
  return liesTogether(plan, rule, around) ? [physicalPath(plan, rule.live)] : [];
}

/** True unless the walk of another root comes by: a backed-up rule around it, with nothing left out in between. */
function isRoot(plan: HostPlan, rule: PlanEntry): boolean {
  const around = nearest(plan, rule);
  if (around === undefined || !around.backup) return true;
  return !liesTogether(plan, rule, around) || rulesOf(plan).isInPattern(rule.live);
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

/** The roots that lie inside an exclude: each way of excluding has to let them through. */
export function rootsInside(set: BackupSet, exclude: BackupExclude): BackupRoot[] {
  if (!exclude.pattern) return rootsBelow(set.roots, exclude.path);
  const depth = depthOf(exclude.path);
  const regex = patternRegex(exclude.path);
  const beginning = (path: AbsolutePath): string => `/${componentsOf(path).slice(0, depth).join("/")}`;
  return rootsBelow(set.roots, fixedPrefix(exclude.path)).filter(
    ({ path }) => depthOf(path) >= depth && regex.test(beginning(path)),
  );
}

/** Roots are sorted: those below a folder stand together, and are found without looking at the others. */
function rootsBelow(roots: readonly BackupRoot[], folder: AbsolutePath): BackupRoot[] {
  const prefix = folder === "/" ? "/" : `${folder}/`;
  let low = 0;
  let high = roots.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (comparePaths(roots[middle]?.path ?? "", prefix) < 0) low = middle + 1;
    else high = middle;
  }
  let end = low;
  while (roots[end]?.path.startsWith(prefix) === true) end++;
  return roots.slice(low, end);
}

/** The parent chain from just below `top` down to `path`, outermost first: what must be let through on the way. */
export function chainBetween(top: AbsolutePath, path: AbsolutePath): AbsolutePath[] {
  const chain: AbsolutePath[] = [];
  for (let at: AbsolutePath | undefined = path; at !== undefined && isBelow(at, top); at = parentOf(at))
    chain.unshift(at);
  return chain;
}
