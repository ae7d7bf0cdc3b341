import { type Binding, type Item, type NixValue, nix } from "../../languages/nix.ts";
import { tmpfilesLine } from "../../languages/systemd.ts";
import type { NixosPolicy } from "../../manifest/manifest.ts";
import { type AgedPlace, ageingOf } from "../../plan/ageing.ts";
import { foldersBetween, isWithin, relativeTo } from "../../plan/path.ts";
import { beginnings, pathTree } from "../../plan/path-tree.ts";
import { mountedEntries } from "../../plan/physical.ts";
import type { HostPlan, PlanHost, RelocatedEntry } from "../../plan/plan.ts";
import { storeFolder } from "../../plan/stores.ts";
import { generatedFrom } from "../emitter.ts";
import { earlyFiles } from "./early-files.ts";
import { keptByImpermanence } from "./impermanence.ts";
import { isOfSystem, type Keeping } from "./keeping.ts";
import { keptByMounts } from "./plain.ts";
import { keptByPreservation } from "./preservation.ts";

type NixosHost = Extract<PlanHost, { os: "nixos" }>;

const keepers: Readonly<
  Record<NixosPolicy["module"], (plan: HostPlan, host: NixosHost, entries: readonly RelocatedEntry[]) => Keeping>
> = { impermanence: keptByImpermanence, preservation: keptByPreservation, none: keptByMounts };

/** `persistence.nix`: what a NixOS host keeps, as a module to import beside the one that does it, if any. */
export function persistenceModule(plan: HostPlan, host: NixosHost): string {
  const entries = mountedEntries(plan);
  const agreed = agreements(host, entries);
  const keeping = keepers[host.nixos.module](plan, host, entries);
  const needed = neededForBoot(host, entries);
  const early = earlyFiles(host);
  const body = [
    ...fileSystemBindings(needed),
    ...keeping.body,
    ...tmpfilesBindings(plan, host, entries, keeping.rules),
    ...fuseBindings(host, entries),
    ...early.body,
    ...(agreed.length === 0 ? [] : [{ name: "assertions", value: nix.list(agreed), gap: true }]),
  ];
  return nix.module({
    header: [
      `What ${host.name} keeps across a wiped root.`,
      generatedFrom(plan),
      keeping.needs === null
        ? `For NixOS ${host.nixos.release}, initrd: ${host.nixos.initrd}; it needs no further module.`
        : `For ${keeping.needs}, NixOS ${host.nixos.release}, initrd: ${host.nixos.initrd}.`,
      "An entry hides what is at its place now: migrate.sh copies existing data into the store, before the first switch.",
    ],
    args: [
      ...(agreed.length > 0 || keeping.usesConfig || early.body.length > 0 ? ["config"] : []),
      ...(early.body.length > 0 ? ["lib", "utils"] : []),
    ],
    let: [...keeping.let, ...early.let],
    body,
  });
}

/** Stores, and other file systems with mounts of ours on them, must be there before those mounts (stage 1). */
function neededForBoot(host: NixosHost, entries: readonly RelocatedEntry[]): ReadonlyMap<string, string> {
  const used = new Set(entries.map((entry) => entry.store));
  const stores = host.stores.filter((store) => used.has(store.name) && store.mount !== null);
  const needed = new Map(stores.map((store) => [store.mount as string, "holds what is kept"]));
  for (const mount of host.nixos.mounts) {
    const carries = entries.some((entry) => isOfSystem(entry, host.nixos) && isWithin(entry.live, mount));
    if (carries && !needed.has(mount)) needed.set(mount, "has mounts of kept state on it");
  }
  return needed;
}

function fileSystemBindings(needed: ReadonlyMap<string, string>): Binding[] {
  return [...needed]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([mount, comment]) => ({ name: ["fileSystems", mount, "neededForBoot"], value: true, comment }));
}

/** bindfs is started by users, and the system has to read what they mount. */
function fuseBindings(host: NixosHost, entries: readonly RelocatedEntry[]): Binding[] {
  if (host.nixos.home !== "home-manager-v1" || !entries.some((entry) => entry.scope === "home")) return [];
  const comment = "home-manager mounts by bindfs with allowOther";
  return [{ name: ["programs", "fuse", "userAllowOther"], value: true, comment, gap: true }];
}

/** What keeps needs, what ages out where nothing wipes, and the homes in the stores, where nobody else makes them. */
function tmpfilesBindings(
  plan: HostPlan,
  host: NixosHost,
  entries: readonly RelocatedEntry[],
  rules: readonly Item[],
): Binding[] {
  const system = [...homeFolders(host, entries), ...rules, ...ageingRules(plan, null, "/")];
  const users = host.users.flatMap((user) => {
    const rules = ageingRules(plan, user.name, user.home);
    const name = ["systemd", "user", "tmpfiles", "users", user.name, "rules"];
    const above = "what may go after a while, where nothing wipes it";
    return rules.length === 0 ? [] : [{ name, value: nix.list(rules), gap: true, above }];
  });
  if (system.length === 0) return users;
  return [{ name: ["systemd", "tmpfiles", "rules"], value: nix.list(system), gap: true }, ...users];
}

/** The stores' folders for homes: root makes them, the users' own home-manager or mounts fill them. */
function homeFolders(host: NixosHost, entries: readonly RelocatedEntry[]): { value: string; comment?: string }[] {
  const byUsers = host.nixos.home === "standalone" || host.nixos.home === "home-manager-v1";
  if (!byUsers && host.nixos.module !== "none") return [];
  const lines = new Map<string, { value: string; comment?: string }>();
  for (const store of host.stores) {
    for (const user of host.users) {
      const folder = storeFolder(store, user);
      const used = entries.some((entry) => entry.user === user.name && entry.store === store.name);
      if (folder === undefined || typeof store.path !== "string" || !used) continue;
      const top = store.path === store.mount ? [] : [store.path];
      for (const above of [...top, ...foldersBetween(store.path, folder)]) {
        lines.set(above, { value: directoryLine(above, "0755", "root", "root") });
      }
      lines.set(folder, {
        value: directoryLine(folder, "0700", user.name, user.group),
        comment: `${user.name}'s home in the store`,
      });
    }
  }
  return [...lines.values()];
}

function directoryLine(path: string, mode: string, user: string, group: string): string {
  return tmpfilesLine({ type: "d", path, pattern: false, mode, user, group }).text;
}

function ageingRules(plan: HostPlan, user: string | null, home: string): { value: NixValue; comment: string | null }[] {
  const { aged, spared, stores } = ageingOf(plan, user);
  // There everything lies at another depth: a pattern from outside would find what it does not mean.
  const apart = pathTree(stores.map((store) => [store, store]));
  const leadsIn = ({ path, pattern }: AgedPlace): boolean =>
    pattern && beginnings(apart, path).some(({ value }) => !isWithin(path, value));
  const below = (path: string): { path: string; inHome: boolean } => {
    const inside = user === null ? undefined : relativeTo(path as never, home as never);
    return inside === undefined ? { path, inHome: false } : { path: inside, inHome: true };
  };
  return [
    ...aged
      .filter((place) => !leadsIn(place))
      .map(({ entry, path, pattern, age, filesOnly }) => ({
        value: tmpfilesLine({ type: "e", ...below(path), pattern, age: `${filesOnly ? "m" : "mM"}:${age}` }).text,
        comment: entry.note,
      })),
    ...spared.map(({ path }) => ({
      value: tmpfilesLine({ type: "x", ...below(path), pattern: false }).text,
      comment: "stays",
    })),
  ];
}

/**
 * Stored paths follow from the home that NixOS knows, and rules of ours give folders to the group that the manifest knows:
 * where the two differ data would seem gone, or be another group's.
 */
function agreements(host: NixosHost, entries: readonly RelocatedEntry[]): Item[] {
  if (host.nixos.home === "standalone") return [];
  return host.users
    .filter((user) => entries.some((entry) => entry.user === user.name))
    .flatMap((user) => [
      { value: agreement(user.name, "home", user.home) },
      ...(host.nixos.module === "none" ? [{ value: agreement(user.name, "group", user.group) }] : []),
    ]);
}

function agreement(user: string, key: "home" | "group", value: string): NixValue {
  const message = `The ${key} of ${user} is not ${value}, as the manifest of Remanence says: correct one of the two.`;
  return nix.set([
    { name: "assertion", value: nix.equal(nix.select("config", ["users", "users", user, key]), value) },
    { name: "message", value: message },
  ]);
}
