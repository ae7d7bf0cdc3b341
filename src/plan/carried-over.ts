import { type BackupRoot, backupSet } from "./backup-set.ts";
import { fate, rulesOf } from "./fate.ts";
import { rememberFor } from "./memo.ts";
import { type AbsolutePath, joinPath, parentOf, relativeTo, sortByPath } from "./path.ts";
import { beginnings, pathTree } from "./path-tree.ts";
import { physicalPath } from "./physical.ts";
import type { HostPlan, PlanEntry } from "./plan.ts";
import type { Class } from "./vocabulary.ts";

/** A tree or file that one host's backup holds and another host keeps. */
export interface SavedPlace {
  /** The user of both hosts that it belongs to; null for the system. */
  readonly user: string | null;
  /** The class of the backup that holds it: each is saved by itself. */
  readonly class: Class;
  readonly live: AbsolutePath;
  /** Where the backup has it: where it really lies on the host that was backed up. */
  readonly root: AbsolutePath;
}

/** What comes out of the backup with such a place, but is not kept where it goes. */
export interface UnwantedPlace {
  readonly user: string | null;
  /** As in the backup. */
  readonly path: AbsolutePath;
  readonly pattern: boolean;
}

/**
 * What `here` can take over from the backup of `there`: everything that is backed up there and kept here. Places may
 * lie in each other (one is part of a tree there, and lies elsewhere here): the inner one is a place of its own.
 */
export interface CarriedOver {
  readonly saved: readonly SavedPlace[];
  readonly unwanted: readonly UnwantedPlace[];
}

/** Works out what a host can take from another host's backup, from the two plans alone. */
export function carriedOver(here: HostPlan, there: HostPlan): CarriedOver {
  return carriedTo(here)(there);
}

const carriedTo = rememberFor((here: HostPlan) => rememberFor((there: HostPlan) => findCarriedOver(here, there)));

function findCarriedOver(here: HostPlan, there: HostPlan): CarriedOver {
  const candidates = literalRules(here, there);
  const above = (live: AbsolutePath): AbsolutePath | undefined => nearestAbove(here, there, live);
  const comesWith = (live: AbsolutePath): boolean => {
    const around = above(live);
    return around !== undefined && isShared(here, there, around) && isTogether(there, around, live);
  };
  const isApart = (live: AbsolutePath): boolean =>
    !comesWith(live) ||
    !isTogether(here, above(live) ?? live, live) ||
    [here, there].some((plan) => rulesOf(plan).isInPattern(live));
  const saved = candidates.flatMap((live) => {
    if (!isShared(here, there, live) || !isApart(live)) return [];
    const place = lies(there, live);
    const root = rootAround(there, fate(there, live).rule?.user ?? null, place);
    if (root === undefined) return [];
    return [{ user: root.entry.user, class: root.entry.class, live, root: place }];
  });
  // Also what lies in something that is not backed up: it comes with what is around both.
  const roots = pathTree(saved.map(({ root }) => [root, root]));
  const literals = candidates
    .filter((live) => !isShared(here, there, live) && fate(there, live).backup)
    .filter((live) => beginnings(roots, lies(there, live)).length > 0)
    .map((live) => ({ user: fate(there, live).rule?.user ?? null, path: lies(there, live), pattern: false }));
  return { saved, unwanted: [...literals, ...unwantedPatterns(here, there, saved)] };
}

/** True for what `there` backs up and `here` keeps, and both of the same person. */
function isShared(here: HostPlan, there: HostPlan, live: AbsolutePath): boolean {
  const [kept, saved] = [fate(here, live), fate(there, live)];
  return saved.backup && kept.fate === "persist" && kept.rule?.user === saved.rule?.user;
}

function lies(plan: HostPlan, live: AbsolutePath): AbsolutePath {
  return fate(plan, live).stored ?? physicalPath(plan, live);
}

/** True where what is at `live` is found by walking what is at `around`. */
function isTogether(plan: HostPlan, around: AbsolutePath, live: AbsolutePath): boolean {
  const below = relativeTo(live, around);
  return below !== undefined && lies(plan, live) === joinPath(lies(plan, around), below);
}

function literalRules(...plans: readonly HostPlan[]): AbsolutePath[] {
  const lives = plans.flatMap(({ rules }) => rules.filter(({ kind }) => kind !== "pattern").map(({ live }) => live));
  return sortByPath([...new Set(lives)], (live) => live);
}

/** The innermost directory strictly around a path that either of the two has a rule for. */
function nearestAbove(here: HostPlan, there: HostPlan, live: AbsolutePath): AbsolutePath | undefined {
  const [a, b] = [here, there].map((plan) => rulesOf(plan).above(live)[0]?.live);
  return a === undefined || (b !== undefined && b.length > a.length) ? b : a;
}

function rootAround(plan: HostPlan, user: string | null, place: AbsolutePath): BackupRoot | undefined {
  const roots = rootsByPath(plan, user);
  for (let at: AbsolutePath | undefined = place; at !== undefined; at = parentOf(at)) {
    const root = roots.get(at);
    if (root !== undefined) return root;
  }
  return undefined;
}

const rootsByPath = rememberFor(
  (plan: HostPlan, user: string | null) => new Map(backupSet(plan, user).roots.map((root) => [root.path, root])),
  (user) => user ?? "/",
);

/** Patterns of `here` alone: what they match in a tree of the backup. (What `there` discards too is not in it.) */
function unwantedPatterns(here: HostPlan, there: HostPlan, saved: readonly SavedPlace[]): UnwantedPlace[] {
  const same = new Set(there.rules.filter(({ kind }) => kind === "pattern").map(({ live }) => live));
  const folders = pathTree(saved.map((place) => [place.live, place]));
  const own = (rule: PlanEntry): boolean => rule.kind === "pattern" && !same.has(rule.live);
  const found = here.rules.filter(own).flatMap((rule) =>
    beginnings(folders, rule.live).map(({ value, rest }): UnwantedPlace => {
      const path = joinPath(value.root, rest);
      return { user: value.user, path, pattern: /[*?]/.test(rest) };
    }),
  );
  return [...new Map(found.map((place) => [place.path, place])).values()];
}
