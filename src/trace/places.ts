import { type AbsolutePath, isWithin, joinPath } from "../plan/path.ts";
import { type HostPlan, isRelocated } from "../plan/plan.ts";
import { storeFolder } from "../plan/stores.ts";

/** A home that state may be in, and all names that lead to it: `/home` may be a link to `/var/home`. */
export interface TracedHome {
  readonly user: string;
  readonly home: AbsolutePath;
  readonly names: readonly string[];
}

/** A path as an entry would name it: relative to a home, or absolute. */
export interface Place {
  readonly scope: "home" | "system";
  readonly user: string | null;
  readonly path: string;
  /** Where the programs of the plan's host look for it. */
  readonly live: AbsolutePath;
}

/** Trees that hold nothing to keep: empty after each boot, or taken care of by somebody else. */
const passing: readonly string[] = [
  "/dev",
  "/proc",
  "/sys",
  "/run",
  "/tmp",
  "/var/tmp",
  "/var/run",
  "/var/lock",
  "/nix",
  "/boot",
];

/** Finds the place of an absolute path; undefined for what nobody would keep, and for a home itself. */
export type PlaceFinder = (path: string) => Place | undefined;

/**
 * Places by the homes and, where there is a plan, by its stores: what is written through a link or mount may appear under its stored
 * path, and belongs to the live one. Of homes inside of each other the inner one counts.
 */
export function placeFinder(homes: readonly TracedHome[], plan: HostPlan | null): PlaceFinder {
  const names = homes
    .flatMap(({ user, home, names: all }) => all.map((name) => ({ user, home, name })))
    .sort((a, b) => b.name.length - a.name.length);
  const stored = (plan?.rules ?? []).filter(isRelocated).sort((a, b) => b.stored.length - a.stored.length);
  const stores = plan === null ? [] : storeFolders(plan);
  return (path) => {
    const rule = stored.find((entry) => isWithin(path, entry.stored));
    const live = rule === undefined ? path : `${rule.live}${path.slice(rule.stored.length)}`;
    // What lies in a store and belongs to no entry is kept already.
    if (rule === undefined && stores.some((store) => isWithin(path, store))) return undefined;
    const home = names.find(({ name }) => isWithin(live, name));
    if (home !== undefined) {
      const below = live.slice(home.name.length + 1);
      if (below === "") return undefined;
      return { scope: "home", user: home.user, path: below, live: joinPath(home.home, below) };
    }
    if (passing.some((tree) => isWithin(live, tree)) || live === "/") return undefined;
    return { scope: "system", user: null, path: live, live: live as AbsolutePath };
  };
}

function storeFolders({ host }: HostPlan): string[] {
  return host.stores.flatMap((store) => [null, ...host.users].flatMap((user) => storeFolder(store, user) ?? []));
}

/** True for a path where a program may look for its settings or state: in a home, `/etc` or `/var`. */
export function isSettingsPlace(place: Place | undefined): boolean {
  return (
    place !== undefined && (place.scope === "home" || isWithin(place.path, "/etc") || isWithin(place.path, "/var"))
  );
}
