import type { Fragment } from "../../languages/fragment.ts";
import { shell } from "../../languages/shell.ts";
import { isWithin, parentOf } from "../../plan/path.ts";
import { mountedEntries } from "../../plan/physical.ts";
import type { HostPlan, PlanHost, RelocatedEntry } from "../../plan/plan.ts";
import { isWiped } from "../../plan/stores.ts";
import { beside } from "../backup-settings.ts";
import { groupEntries } from "../groups.ts";
import { hostScript, userLines } from "../host-scripts.ts";
import { needsPrivateParent } from "../persistence-lists.ts";
import { appearsAs, isOfSystem } from "./keeping.ts";

type NixosHost = Extract<PlanHost, { os: "nixos" }>;
type Line = Fragment<"shell">;

/** `migrate.sh`: copies what is there into the store before the first boot, and back. Undefined where nothing lies in a store. */
export function migrateScript(plan: HostPlan, host: NixosHost): string | undefined {
  const entries = mountedEntries(plan);
  if (entries.length === 0) return undefined;
  const settings = groupEntries(entries).flatMap(({ heading, entries: members }) => [
    shell.comment(heading),
    ...members.map((entry) => beside(entryLine(host, entry), entry.note)),
  ]);
  return hostScript(
    plan,
    "Copies what is kept into its store before the first boot, and back.",
    ["common", "links", "checks", "relocate", "mounts", "hands", "nixos/migrating", "nixos/bringing"],
    [...userLines(plan), shell.define("settings", [...placeLines(host, entries), ...settings])],
    "nixos/migrate",
  );
}

/** Where the stores are mounted, what else is a file system of its own with something kept on it, and folders of secrets. */
function placeLines(host: NixosHost, entries: readonly RelocatedEntry[]): Line[] {
  const used = new Set(entries.map(({ store }) => store));
  const stores = host.stores.filter(({ name }) => used.has(name)).flatMap(({ mount }) => mount ?? []);
  const others = [...host.nixos.mounts, ...host.nixos.wipes.map(({ path }) => path)];
  const carrying = others.filter((path) => path !== "/" && entries.some(({ live }) => isWithin(live, path)));
  const around = entries.filter(needsPrivateParent).flatMap(({ stored }) => parentOf(stored) ?? []);
  return [
    ...[...new Set(stores)].sort().map((path) => shell.call("store_mount", path)),
    ...[...new Set(carrying)].sort().map((path) => shell.call("file_system", path)),
    ...[...new Set(around)].sort().map((path) => shell.call("private_folder", path)),
  ];
}

/** As for a mount on Fedora, and last whether a link has to find its place free. root's own home is the system's. */
function entryLine(host: NixosHost, entry: RelocatedEntry): Line {
  const { live, stored, kind, mode, owner, group } = entry;
  const user = host.users.find(({ name }) => name === entry.user && name !== "root");
  // In a home everything is its user's as it is.
  const owners = [owner === user?.name ? null : owner, group === user?.group ? null : group].map((name) => name ?? "-");
  const last = isLinked(host, entry) && !isWiped(live, host) ? "link" : "-";
  const path = user === undefined ? live : entry.path;
  return shell.call("bound", user?.name ?? "-", kind, path, stored, mode ?? "-", ...owners, last);
}

function isLinked(host: NixosHost, entry: RelocatedEntry): boolean {
  if (!isOfSystem(entry, host.nixos)) return host.nixos.home === "standalone" || entry.how === "symlink";
  return appearsAs(entry, host.nixos.module) === "symlink";
}
