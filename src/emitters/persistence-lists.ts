import type { Binding, Item, NixValue } from "../languages/nix.ts";
import { nix } from "../languages/nix.ts";
import { fate } from "../plan/fate.ts";
import { type AbsolutePath, parentOf } from "../plan/path.ts";
import type { HostPlan, PlanUser, RelocatedEntry } from "../plan/plan.ts";
import { groupEntries } from "./groups.ts";

/**
 * `directories` and `files` of impermanence's interface (current: facts on Nix, section 3.3), grouped under headings,
 * the reason beside each line; `user` is whose home it is. Paths without a slash at their end; strings where nothing else is set.
 */
export function persistenceLists(entries: readonly RelocatedEntry[], user: PlanUser | null): Binding[] {
  const directories = entries.filter((entry) => entry.kind === "directory");
  const files = entries.filter((entry) => entry.kind === "file");
  // The first line that makes a folder decides about its mode, so all of one folder have to agree.
  const secluded = new Set(files.filter(needsPrivateParent).map(({ live }) => parentOf(live)));
  return [
    ...(directories.length === 0
      ? []
      : [{ name: "directories", value: listOf(directories, (entry) => directoryValue(entry, user)) }]),
    ...(files.length === 0
      ? []
      : [{ name: "files", value: listOf(files, (entry) => fileValue(entry, secluded)), gap: directories.length > 0 }]),
  ];
}

function listOf(entries: readonly RelocatedEntry[], shape: (entry: RelocatedEntry) => NixValue): NixValue {
  const items = groupEntries(entries).flatMap(({ heading, entries: members }) =>
    members.map((entry, i): Item => {
      const value = shape(entry);
      // A set carries its remark inside, beside the path; a string carries it on its own line.
      const comment = typeof value === "string" ? entry.note : null;
      return i === 0 ? { value, comment, above: heading } : { value, comment };
    }),
  );
  return nix.list(items);
}

function directoryValue(entry: RelocatedEntry, user: PlanUser | null): NixValue {
  // In a home the user and their group are what the module takes by itself.
  const settings: Binding[] = [
    ...(entry.owner === null || entry.owner === user?.name ? [] : [{ name: "user", value: entry.owner }]),
    ...(entry.group === null || entry.group === user?.group ? [] : [{ name: "group", value: entry.group }]),
    ...(entry.mode === null ? [] : [{ name: "mode", value: entry.mode }]),
  ];
  if (settings.length === 0) return entry.path;
  return nix.set([{ name: "directory", value: entry.path, comment: entry.note }, ...settings]);
}

function fileValue(entry: RelocatedEntry, secluded: ReadonlySet<AbsolutePath | undefined>): NixValue {
  const settings: Binding[] = [
    ...(entry.how === "symlink" ? [{ name: "method", value: "symlink" }] : []),
    ...(entry.scope === "system" && secluded.has(parentOf(entry.live))
      ? [{ name: ["parentDirectory", "mode"], value: "0700" }]
      : []),
  ];
  if (settings.length === 0) return entry.path;
  return nix.set([{ name: "file", value: entry.path, comment: entry.note }, ...settings]);
}

/**
 * What each store of impermanence begins with. Where `/var/lib/nixos` is kept by staying in its place, impermanence, which
 * knows of nothing but its own stores, would warn that it is not.
 */
export function storeSettings(plan: HostPlan): Binding[] {
  const ids = fate(plan, "/var/lib/nixos" as AbsolutePath);
  const staysInPlace = ids.fate === "persist" && ids.stored === null;
  const silent = { name: "enableWarnings", value: false, comment: "/var/lib/nixos stays in its place" };
  return [{ name: "hideMounts", value: true }, ...(staysInPlace ? [silent] : [])];
}

/** Directories that everybody must be able to enter; any other that holds a single secret of the system is private. */
const sharedParents = new Set(["/", "/etc", "/var", "/var/lib", "/var/log", "/var/db", "/srv", "/opt", "/usr"]);

/** True for a single secret of the system whose folder nobody else needs. */
export function needsPrivateParent(entry: RelocatedEntry): boolean {
  const { scope, kind, class: what } = entry;
  return scope === "system" && kind === "file" && what === "secret" && !hasSharedParent(entry);
}

export function hasSharedParent({ live }: RelocatedEntry): boolean {
  const parent = parentOf(live) ?? "/";
  return sharedParents.has(parent) || parent.startsWith("/etc/");
}
