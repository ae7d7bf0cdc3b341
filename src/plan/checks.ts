import { defineDiagnostics } from "../diagnostics/define.ts";
import type { Diagnostic, Severity } from "../diagnostics/diagnostic.ts";
import { otherKind } from "../manifest/known-shapes.ts";
import type { Catalogue } from "../profiles/catalogue.ts";
import { catalogueFaults } from "./catalogue-checks.ts";
import { fate, rulesOf } from "./fate.ts";
import { type AbsolutePath, depthOf, isBelow, isWithin } from "./path.ts";
import { reaches } from "./pattern.ts";
import { mountedEntries } from "./physical.ts";
import { placeFaults } from "./place-checks.ts";
import { type HostPlan, isRelocated, type PlanEntry, type PlanStore } from "./plan.ts";
import { specialFaults } from "./special-paths.ts";
import { isWiped, storeFolder, wipedMount } from "./stores.ts";

interface Special {
  readonly path: string;
  readonly why: string;
  readonly instead: string;
}
const special = <S extends Severity>(severity: S) => ({
  severity,
  message: ({ path, why }: Special) => `\`${path}\` must not be kept like this: ${why}`,
  help: ({ instead }: Special) => instead,
});

const say = defineDiagnostics({
  "special/error": special("error"),
  "special/warning": special("warning"),
  "special/store": {
    severity: "error",
    message: ({ path, store }: { path: string; store: string }) => `\`${path}\` lies in the store \`${store}\``,
    help: () => "write the live path, where programs look for it; the stored path follows from it",
  },
  "special/store-inside": {
    severity: "error",
    message: ({ path, store }: { path: string; store: string }) =>
      `the store \`${store}\` lies inside \`${path}\`, which is persisted itself`,
    help: () => "place the store outside of what it keeps, or list the parts that are kept one by one",
  },
  "special/store-ages": {
    severity: "error",
    message: ({ path, store }: { path: string; store: string }) =>
      `the store \`${store}\` lies in \`${path}\`, whose content ages out`,
    help: () => "place the store outside of what may go, or name the parts that may go one by one",
  },
  "special/home": {
    severity: "error",
    message: ({ path, user }: { path: string; user: string }) =>
      `\`${path}\` is the home of ${user}, or lies in it or around it`,
    help: () => "list what is kept of a home under `home`, relative to it; a whole home is never an entry",
  },
  "special/store-contains-home": {
    severity: "error",
    message: ({ store, user }: { store: string; user: string }) =>
      `the path of store \`${store}\` ends in the home of ${user}`,
    help: () => "name the store's own folder (/persist): the home is added to it for each user",
  },
  "special/network-credentials": {
    severity: "warning",
    message: (_: object) => "`/var/lib/NetworkManager/` holds no Wi-Fi or VPN credentials",
    help: () =>
      "they are in `/etc/NetworkManager/system-connections/`: keep it too, or use the profile `networkmanager`",
  },
  "special/user-ids": {
    severity: "warning",
    message: ({ host }: { host: string }) => `nothing keeps \`/var/lib/nixos/\` on ${host}`,
    help: () =>
      "add the profile `nixos-ids`: without it user and group numbers may be given out anew at each boot, and files change owner",
  },
  "special/private-parent": {
    severity: "warning",
    message: ({ path }: { path: string }) =>
      `\`${path}\` is kept without the directory around it, which must have mode 0700`,
    help: () => "keep `/var/lib/private/` as a whole",
  },
  "store/on-wiped": {
    severity: "error",
    message: ({ store, mount, host }: { store: string; mount: string; host: string }) =>
      `store \`${store}\` lies on ${mount}, which is wiped on ${host}`,
    help: () => "give the store a file system of its own, or say with `mount:` on which one it is",
  },
  "store/other-home": {
    severity: "error",
    message: ({ store, user }: { store: string; user: string }) =>
      `store \`${store}\` lies in the home of ${user}, but keeps state of others too`,
    help: () => "write it as `~/…`, so that each user has one, or place it outside every home",
  },
  "files/below-file": {
    severity: "warning",
    message: ({ path, file }: { path: string; file: string }) =>
      `\`${path}\` lies in \`${file}\`, which is written as a file`,
    help: ({ file }) => `if it is a directory, write \`${file}/\``,
  },
  "files/rename-writer": {
    severity: "warning",
    message: ({ path }: { path: string; how: "bind" | "symlink"; host: string }) =>
      `\`${path}\` is replaced by rename when its program saves it`,
    label: ({ how, host }) =>
      how === "bind"
        ? `on ${host} a mounted file cannot be replaced: saving fails with EBUSY`
        : `on ${host} the link is replaced by a file, which is not kept`,
    help: () =>
      "keep the directory it can be moved to (HISTFILE=~/.local/state/bash/history), or limit it with `on: [fedora]`",
  },
  "files/unknown-writer": {
    severity: "warning",
    message: ({ path }: { path: string }) =>
      `\`${path}\` is kept as a single file, and how its program saves it is not known`,
    help: () =>
      "keep its directory if you can; if the program writes it in place say `writes: in-place`, if it writes a new file and renames it, `writes: rename`",
  },
});

const specialCodes = { error: "special/error", warning: "special/warning" } as const;

/** Everything that is wrong or doubtful about a plan as such, whatever the target. */
export function checkPlan(plan: HostPlan, catalogue: Catalogue): Diagnostic[] {
  return [
    ...plan.rules.flatMap((entry) => [
      ...specialFaults(entry, plan.host, (severity, params) => say[specialCodes[severity]](params, entry.span)),
      ...homeFaults(entry, plan),
      ...storeFaults(entry, plan),
      ...fileFaults(entry, plan, catalogue),
    ]),
    ...belowFileFaults(plan),
    ...storesFaults(plan),
    ...placeFaults(plan),
    ...companionFaults(plan),
    ...catalogueFaults(plan, catalogue),
  ];
}

function homeFaults(entry: PlanEntry, { host }: HostPlan): Diagnostic[] {
  if (entry.scope !== "system") return [];
  const user = host.users.find((u) => {
    if (entry.kind === "pattern") return reaches(entry.live, u.home);
    return isWithin(entry.live, u.home) || (entry.disposition === "persist" && isBelow(u.home, entry.live));
  });
  return user === undefined ? [] : [say["special/home"]({ path: entry.path, user: user.name }, entry.span)];
}

function storeFaults(entry: PlanEntry, { host }: HostPlan): Diagnostic[] {
  const user = host.users.find((u) => u.name === entry.user) ?? null;
  return host.stores.flatMap((store) => {
    const path = typeof store.path === "string" ? store.path : user === null ? undefined : storeFolder(store, user);
    if (path === undefined) return [];
    // A store around the whole home is at fault itself, not each entry.
    if (user !== null && isWithin(user.home, path)) return [];
    if (isWithin(entry.live, path)) return [say["special/store"]({ path: entry.path, store: store.name }, entry.span)];
    if (!holds(entry, path)) return [];
    const named = { path: entry.path, store: store.name };
    if (entry.disposition === "persist") return [say["special/store-inside"](named, entry.span)];
    return entry.expire === null ? [] : [say["special/store-ages"](named, entry.span)];
  });
}

/** True where a path lies in what an entry covers. */
function holds({ kind, live }: PlanEntry, path: AbsolutePath): boolean {
  if (kind === "pattern") return depthOf(live) <= depthOf(path) && reaches(live, path);
  return kind === "directory" && isBelow(path, live);
}

/** What lies in a file, as it is written, is taken by no entry around it: most likely it is a directory. */
function belowFileFaults(plan: HostPlan): Diagnostic[] {
  return plan.rules.flatMap((entry) => {
    const file = rulesOf(plan).fileAbove(entry.live);
    return file === undefined ? [] : [say["files/below-file"]({ path: entry.path, file: file.path }, entry.span)];
  });
}

/** Single files: a bind mount cannot be renamed over, and a link is replaced (design, section 4). */
function fileFaults(entry: PlanEntry, plan: HostPlan, catalogue: Catalogue): Diagnostic[] {
  if (entry.kind !== "file" || !isRelocated(entry) || entry.live === "/etc/machine-id") return [];
  // A directory that is written as a file is at fault by that, and no file.
  if (otherKind(entry, catalogue) !== undefined) return [];
  // Inside a relocated directory it has no mount or link of its own.
  if ([...rulesOf(plan).above(entry.live)].some(isRelocated)) return [];
  const { path, how, span } = entry;
  const { host } = plan;
  if (entry.writes === "rename") return [say["files/rename-writer"]({ path, how, host: host.name }, span)];
  return entry.writes === null ? [say["files/unknown-writer"]({ path }, span)] : [];
}

function storesFaults(plan: HostPlan): Diagnostic[] {
  const { host } = plan;
  return host.stores.flatMap((store) => {
    const { path } = store;
    const used = mountedEntries(plan).filter((entry) => entry.store === store.name);
    if (typeof path !== "string") return homeStoreFaults(store, used, plan);
    const faults: Diagnostic[] = [];
    const named = { store: store.name };
    const inside = host.users.find((user) => isWithin(path, user.home));
    const suffix = host.users.find((user) => path.endsWith(user.home) && path !== user.home);
    if (suffix !== undefined)
      faults.push(say["special/store-contains-home"]({ ...named, user: suffix.name }, store.span));
    else if (inside !== undefined && used.some((entry) => entry.user !== inside.name)) {
      faults.push(say["store/other-home"]({ ...named, user: inside.name }, store.span));
    }
    if (used.length > 0 && store.mount !== null && isWiped(store.mount, host)) {
      faults.push(say["store/on-wiped"]({ ...named, mount: store.mount, host: host.name }, store.span));
    }
    return faults;
  });
}

/** A store in the homes is wiped where they are, unless it has a mount point of its own. */
function homeStoreFaults(store: PlanStore, used: readonly PlanEntry[], { host }: HostPlan): Diagnostic[] {
  const owners = host.users.filter((user) => used.some((entry) => entry.user === user.name));
  const places = owners.flatMap((user) => store.mount ?? storeFolder(store, user) ?? []);
  const mounts = new Set(places.flatMap((place) => wipedMount(place, host) ?? []));
  return [...mounts].map((mount) => say["store/on-wiped"]({ store: store.name, mount, host: host.name }, store.span));
}

/** Things that are kept without what they need beside them. */
function companionFaults(plan: HostPlan): Diagnostic[] {
  const faults: Diagnostic[] = [];
  const rule = (path: string) => fate(plan, path as AbsolutePath);
  const network = plan.rules.find((entry) => entry.live === "/var/lib/NetworkManager");
  if (network?.disposition === "persist" && rule("/etc/NetworkManager/system-connections").fate !== "persist") {
    faults.push(say["special/network-credentials"]({}, network.span));
  }
  for (const entry of plan.rules) {
    const isPrivate = depthOf(entry.live) > 3 && isBelow(entry.live, "/var/lib/private");
    if (entry.disposition !== "persist" || !isPrivate || rule("/var/lib/private").fate === "persist") continue;
    faults.push(say["special/private-parent"]({ path: entry.path }, entry.span));
  }
  const relocates = plan.entries.some(isRelocated);
  if (plan.host.os === "nixos" && relocates && rule("/var/lib/nixos").fate !== "persist") {
    faults.push(say["special/user-ids"]({ host: plan.host.name }, plan.host.span));
  }
  return faults;
}
