import { rulesOf } from "./fate.ts";
import { rememberFor } from "./memo.ts";
import { type AbsolutePath, joinPath, relativeTo } from "./path.ts";
import { beginnings, type PathTree, pathTree } from "./path-tree.ts";
import { type HostPlan, isRelocated, type PlanEntry, type RelocatedEntry } from "./plan.ts";
import { fixedPrefix } from "./rule-index.ts";

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
 * The places in which a pattern finds what it means, past links: its live place, and the stores of the linked
 * directories that the beginning of the pattern matches (`.config/*` + `/Cache` in the store of `.config/discord`).
 * What is mounted is found at its live place.
 */
export function physicalPatterns(plan: HostPlan, pattern: PlanEntry): AbsolutePath[] {
  const places = beginnings(linkedFolders(plan), pattern.live).map(({ value, rest }) => joinPath(value.stored, rest));
  // Where the beginning of the pattern itself lies in a store, its live place is only a way through a link.
  const around = relocatedAround(plan, joinPath(fixedPrefix(pattern.live), "x"));
  return around?.how === "symlink" ? places : [pattern.live, ...places];
}

const linkedFolders: (plan: HostPlan) => PathTree<RelocatedEntry> = rememberFor((plan: HostPlan) => {
  const linked = mountedEntries(plan).filter(({ kind, how }) => kind === "directory" && how === "symlink");
  return pathTree(linked.map((entry) => [entry.live, entry]));
});

/**
 * The entries that need a mount or link of their own: what lies inside a relocated directory is in its store already,
 * and a mount inside a mount would hide one of the two.
 */
export const mountedEntries: (plan: HostPlan) => readonly RelocatedEntry[] = rememberFor((plan: HostPlan) =>
  plan.entries.filter(isRelocated).filter((entry) => relocatedAround(plan, entry.live) === undefined),
);
