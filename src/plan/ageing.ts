import { fate, rulesOf } from "./fate.ts";
import { rememberFor } from "./memo.ts";
import { type AbsolutePath, comparePaths, isBelow, parentOf, sortByPath } from "./path.ts";
import { physicalPath, physicalPatterns, relocatedAround } from "./physical.ts";
import type { HostPlan, PlanEntry, PlanUser } from "./plan.ts";
import { isAgedBySystem } from "./special-paths.ts";
import { isWiped, storeFolder } from "./stores.ts";

/** A place whose content may go after a time, where nothing wipes. */
export interface AgedPlace {
  readonly entry: PlanEntry;
  readonly path: AbsolutePath;
  readonly pattern: boolean;
  /** Such as `30d`. */
  readonly age: string;
  /** True for logs that are kept: only their files age, directories stay. */
  readonly filesOnly: boolean;
}

/** A place inside an aged one that must stay as it is. */
export interface SparedPlace {
  readonly entry: PlanEntry;
  readonly path: AbsolutePath;
}

export interface Ageing {
  readonly aged: readonly AgedPlace[];
  readonly spared: readonly SparedPlace[];
  /**
   * Folders of stores in the home. A pattern of live places must not be followed into them: there everything lies at
   * another depth, and it would match what it does not mean.
   */
  readonly stores: readonly AbsolutePath[];
}

/**
 * What ages out on a host, for one user (or the system, `null`): places as they really are on disk, so that no rule
 * passes through a link (systemd-tmpfiles follows intermediate ones).
 */
export const ageingOf: (plan: HostPlan, user: string | null) => Ageing = rememberFor(findAgeing, (user) => user ?? "/");

function findAgeing(plan: HostPlan, user: string | null): Ageing {
  const own = plan.rules.filter((rule) => rule.user === user);
  const aged = own.filter((rule) => ages(plan, rule));
  if (aged.length === 0) return { aged: [], spared: [], stores: [] };
  const agedRules = new Set(aged);
  const spared = own.filter(
    (rule) => !agedRules.has(rule) && rule.kind !== "pattern" && isInside(plan, rule, agedRules),
  );
  return {
    aged: sortByPath(
      aged.flatMap((rule) => placesOf(plan, rule)),
      (place) => place.path,
    ),
    spared: sortByPath(
      spared.map((entry) => ({ entry, path: place(plan, entry.live) })),
      (place) => place.path,
    ),
    stores: plan.host.users.filter(({ name }) => name === user).flatMap((owner) => storesInHome(plan, owner)),
  };
}

function storesInHome({ host }: HostPlan, user: PlanUser): AbsolutePath[] {
  const folders = host.stores.flatMap((store) => storeFolder(store, user) ?? []);
  return folders.filter((folder) => isBelow(folder, user.home)).sort(comparePaths);
}

/** Only directories and patterns age; the system's own only inside what is kept, homes also where nothing wipes. */
function ages(plan: HostPlan, rule: PlanEntry): boolean {
  if (rule.expire === null || rule.kind === "file" || isAgedBySystem(rule.live)) return false;
  const kept = rule.disposition === "persist";
  if (!kept && rule.disposition !== "discard") return false;
  const inStore = relocatedAround(plan, rule.live) !== undefined || (kept && rule.stored !== null);
  if (plan.host.os === "nixos") return inStore || (rule.scope === "home" && !isWiped(rule.live, plan.host));
  return rule.scope === "home";
}

function placesOf(plan: HostPlan, rule: PlanEntry): AgedPlace[] {
  const common = { entry: rule, age: rule.expire ?? "", filesOnly: rule.disposition === "persist" };
  if (rule.kind !== "pattern") return [{ ...common, path: ownPlace(plan, rule), pattern: false }];
  return physicalPatterns(plan, rule).map((path) => ({ ...common, path, pattern: /[*?]/.test(path) }));
}

/** A linked directory ages where it really lies; a mounted one at its live place, which is real too. */
function ownPlace(plan: HostPlan, rule: PlanEntry): AbsolutePath {
  return rule.how === "symlink" && rule.stored !== null ? rule.stored : place(plan, rule.live);
}

function place(plan: HostPlan, path: AbsolutePath): AbsolutePath {
  return relocatedAround(plan, path)?.how === "symlink" ? physicalPath(plan, path) : path;
}

/** True where an aged rule lies around this one, or a pattern reaches it. */
function isInside(plan: HostPlan, rule: PlanEntry, aged: ReadonlySet<PlanEntry>): boolean {
  if (rulesOf(plan).isInPattern(rule.live)) return true;
  for (const above of rulesOf(plan).above(rule.live)) if (aged.has(above)) return true;
  const parent = parentOf(rule.live);
  const around = parent === undefined ? null : fate(plan, parent).rule;
  return around !== null && aged.has(around);
}

/** Discarded patterns that never age: inside of what does, or among what another pattern finds, they stay. */
export function neverAged(plan: HostPlan, user: PlanUser): AgedPlace[] {
  const never = plan.rules.filter(
    (rule) =>
      rule.user === user.name && rule.kind === "pattern" && rule.disposition === "discard" && rule.expire === null,
  );
  return never.flatMap((entry) =>
    physicalPatterns(plan, entry).map((path) => ({ entry, path, pattern: true, age: "never", filesOnly: false })),
  );
}
