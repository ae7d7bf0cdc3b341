import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { NixosPolicy } from "../manifest/manifest.ts";
import { planDiagnostics as say } from "./diagnostics.ts";
import { type AbsolutePath, depthOf, joinPath, relativeTo, sortByPath } from "./path.ts";
import { isRelocated, type PlanEntry, type PlanHost, type RelocatedEntry } from "./plan.ts";
import { indexRules, type RuleIndex } from "./rule-index.ts";
import { isWiped, storedPath } from "./stores.ts";
import { classMode, type How } from "./vocabulary.ts";

/** A rule that does not know yet where it is stored; `wantedHow` is what its entry asks for. */
export type UnplacedEntry = PlanEntry & { readonly wantedHow: How | "none" | null };

/**
 * Decides where each persisted rule lies: in its store, with the entry around it, or in place. Then folds rules that
 * add nothing to the one around them.
 */
export function placeEntries(
  unplaced: readonly UnplacedEntry[],
  host: PlanHost,
  diagnostics: Diagnostic[],
): { rules: PlanEntry[]; entries: PlanEntry[] } {
  const index = indexRules(unplaced);
  const placed = new Map<string, PlanEntry>();
  // From the outside in: what lies in a relocated directory moves with it.
  for (const entry of [...unplaced].sort((a, b) => depthOf(a.live) - depthOf(b.live))) {
    placed.set(entry.live, place(entry, host, around(entry, index, placed), diagnostics));
  }
  const rules = sortByPath([...placed.values()], (entry) => entry.live);
  const final = indexRules(rules);
  return { rules, entries: rules.filter((entry) => !isFolded(entry, final)) };
}

/** The innermost relocated directory around an entry, already placed. */
function around(
  entry: PlanEntry,
  index: RuleIndex,
  placed: ReadonlyMap<string, PlanEntry>,
): RelocatedEntry | undefined {
  for (const above of index.above(entry.live)) {
    const outer = placed.get(above.live);
    if (outer !== undefined && outer.disposition === "persist" && isRelocated(outer)) return outer;
  }
  return undefined;
}

function place(
  { wantedHow, ...entry }: UnplacedEntry,
  host: PlanHost,
  outer: RelocatedEntry | undefined,
  diagnostics: Diagnostic[],
): PlanEntry {
  if (entry.disposition !== "persist") return entry;
  if (outer !== undefined) {
    if (host.os === "fedora" && wantedHow === "bind" && outer.how === "symlink") {
      const names = { path: entry.path, outer: outer.path, host: host.name };
      diagnostics.push(say["fedora/mount-inside-link"](names, entry.span));
    }
    return placeInside(entry, outer, diagnostics);
  }
  const how = howOn(entry, wantedHow, host);
  if (how === null) return inPlace(entry, wantedHow, host, diagnostics);
  const store = host.stores.find((s) => s.name === entry.store);
  const user = host.users.find((u) => u.name === entry.user) ?? null;
  const stored = store === undefined ? undefined : storedPath(store, user, entry.live);
  if (stored === undefined) {
    if (store !== undefined)
      diagnostics.push(say["plan/system-in-home-store"]({ path: entry.path, store: store.name }, entry.span));
    return entry;
  }
  return { ...entry, stored, how };
}

/** Inside a relocated directory an entry already lies in that directory's store. */
function placeInside(entry: PlanEntry, outer: RelocatedEntry, diagnostics: Diagnostic[]): PlanEntry {
  if (entry.store !== outer.store) {
    const names = { path: entry.path, store: entry.store ?? "", outer: outer.path, outerStore: outer.store ?? "" };
    diagnostics.push(say["plan/nested-store"](names, entry.span));
  }
  const below = relativeTo(entry.live, outer.live) ?? "";
  return { ...entry, stored: joinPath(outer.stored, below), how: outer.how };
}

function inPlace(
  entry: PlanEntry,
  wantedHow: UnplacedEntry["wantedHow"],
  host: PlanHost,
  diagnostics: Diagnostic[],
): PlanEntry {
  if (wantedHow === "none" && isWiped(entry.live, host)) {
    diagnostics.push(say["plan/in-place-on-wiped"]({ path: entry.path, host: host.name }, entry.span));
  }
  const isSystemLink = host.os === "fedora" && entry.scope === "system" && wantedHow === "symlink";
  if (isSystemLink && !isFromProfile(entry)) {
    diagnostics.push(say["fedora/system-symlink"]({ path: entry.path, host: host.name }, entry.span));
  }
  return entry;
}

/** How a persisted entry appears at its place; null: it stays there (design, section 3, "Resolution"). */
function howOn(entry: PlanEntry, wanted: UnplacedEntry["wantedHow"], host: PlanHost): How | null {
  if (wanted === "none") return null;
  if (host.os === "nixos") {
    if (host.nixos.relocate === "wiped" && !isWiped(entry.live, host) && (wanted === null || isFromProfile(entry)))
      return null;
    return wanted ?? (entry.scope === "home" && isLinkedBy(host.nixos.home, entry) ? "symlink" : "bind");
  }
  // What a profile knows of the system's places is for hosts that have mounts anyway; on Fedora those stay in place.
  const asked = isFromProfile(entry) ? null : wanted;
  if (entry.scope === "system") return asked === "bind" ? "bind" : null;
  if (entry.kind === "file") return asked;
  const link = host.fedora.link === "none" ? null : host.fedora.link;
  // It knows which directory of a home cannot be a link; and where it says `symlink`, a mount does no harm.
  return asked ?? (link !== null && wanted === "bind" ? "bind" : link);
}

/** home-manager on its own links whatever it keeps; the legacy module of impermanence mounts directories and links files. */
function isLinkedBy(home: NixosPolicy["home"], { kind }: PlanEntry): boolean {
  return home === "standalone" || (home === "home-manager-v1" && kind === "file");
}

function isFromProfile(entry: PlanEntry): boolean {
  return entry.origin.profile !== null;
}

/** True for a rule that says nothing new inside the entry around it: same fate, nothing of its own to create. */
function isFolded(entry: PlanEntry, rules: RuleIndex): boolean {
  if (entry.disposition !== "persist") return false;
  const outer = decidingAround(entry, rules);
  if (outer === undefined || outer.disposition !== "persist" || outer.kind === "file") return false;
  // Without this rule a pattern would decide.
  if (rules.matching(entry.live) !== undefined) return false;
  return (
    outer.store === entry.store &&
    outer.backup === entry.backup &&
    outer.how === entry.how &&
    isStoredWith(entry, outer) &&
    hasModeOf(entry, outer) &&
    entry.owner === outer.owner &&
    entry.group === outer.group &&
    entry.expire === outer.expire
  );
}

/** A private file needs no mode of its own in a directory that is private for the same reason. */
function hasModeOf(entry: PlanEntry, outer: PlanEntry): boolean {
  if (entry.mode === null || entry.mode === outer.mode) return true;
  return entry.class === outer.class && entry.mode === classMode(entry) && outer.mode === classMode(outer);
}

function decidingAround(entry: PlanEntry, rules: RuleIndex): PlanEntry | undefined {
  const at = entry.live.lastIndexOf("/");
  return at <= 0 ? undefined : rules.deciding(entry.live.slice(0, at) as AbsolutePath);
}

/** True where the stored path of `entry` follows from that of `outer`; both in place counts. */
function isStoredWith(entry: PlanEntry, outer: PlanEntry): boolean {
  if (outer.stored === null || entry.stored === null) return outer.stored === entry.stored;
  const below = relativeTo(entry.live, outer.live);
  return below !== undefined && joinPath(outer.stored, below) === entry.stored;
}
