import { rulesOf } from "./fate.ts";
import { rememberFor } from "./memo.ts";
import { type AbsolutePath, depthOf, isWithin, joinPath, parentOf, relativeTo } from "./path.ts";
import { type HostPlan, isRelocated, type PlanEntry, type RelocatedEntry } from "./plan.ts";
import { fixedPrefix, patternRegex } from "./rule-index.ts";

/** The innermost relocated directory strictly around a path: what lies in it lies in its store. */
export function relocatedAround(plan: HostPlan, path: AbsolutePath): RelocatedEntry | undefined {
  for (const entry of rulesOf(plan).above(path)) {
    if (entry.disposition === "persist" && isRelocated(entry)) return entry;
  }
  return undefined;
}

/** Where the name `path` really is on disk: in the store of the relocated directory around it, else at its live place. */
export function physicalPath(plan: HostPlan, path: AbsolutePath): AbsolutePath {
  const around = relocatedAround(plan, path);
  const below = around === undefined ? undefined : relativeTo(path, around.live);
  return around === undefined || below === undefined ? path : joinPath(around.stored, below);
}

/**
 * The places in which a pattern finds what it means: its live place, and the stores of the relocated directories that
 * the beginning of the pattern matches (`.config/*` + `/Cache` in the store of `.config/discord`). With `links` only
 * linked directories count as being elsewhere: what is mounted is found at its live place too.
 */
export function physicalPatterns(plan: HostPlan, pattern: PlanEntry, through: "links" | "all"): AbsolutePath[] {
  const components = pattern.live.split("/").slice(1);
  const counts = (entry: RelocatedEntry): boolean => through === "all" || entry.how === "symlink";
  const prefix = fixedPrefix(pattern.live);
  const places = mountedEntries(plan).flatMap((entry) => {
    if (entry.kind !== "directory" || !counts(entry)) return [];
    if (!isWithin(entry.live, prefix) && !isWithin(prefix, entry.live)) return [];
    const depth = depthOf(entry.live);
    if (depth >= components.length) return [];
    if (!patternRegex(`/${components.slice(0, depth).join("/")}`).test(entry.live)) return [];
    return [joinPath(entry.stored, components.slice(depth).join("/"))];
  });
  // Where the beginning of the pattern itself lies in a store, its live place is only a way through a link.
  const around = relocatedAround(plan, joinPath(prefix, "x"));
  return around !== undefined && counts(around) ? places : [pattern.live, ...places];
}

/** True where a pattern of the plan matches the path or something above it. */
export function isInPattern(plan: HostPlan, path: AbsolutePath): boolean {
  const index = rulesOf(plan);
  for (let at: AbsolutePath | undefined = path; at !== undefined; at = parentOf(at)) {
    if (index.matching(at) !== undefined) return true;
  }
  return false;
}

/**
 * The entries that need a mount or link of their own: what lies inside a relocated directory is in its store already,
 * and a mount inside a mount would hide one of the two.
 */
export const mountedEntries: (plan: HostPlan) => readonly RelocatedEntry[] = rememberFor((plan: HostPlan) =>
  plan.entries.filter(isRelocated).filter((entry) => relocatedAround(plan, entry.live) === undefined),
);
