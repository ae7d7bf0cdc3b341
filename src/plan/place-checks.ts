import { defineDiagnostics } from "../diagnostics/define.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { type AbsolutePath, isBelow, isTooLong, isWithin } from "./path.ts";
import { reaches } from "./pattern.ts";
import { mountedEntries } from "./physical.ts";
import type { HostPlan, PlanEntry, PlanHost } from "./plan.ts";
import { impossiblePlace, unwipeablePlace } from "./special-paths.ts";

const say = defineDiagnostics({
  "plan/too-long": {
    severity: "error",
    message: ({ path }: { path: string }) =>
      `the whole path of \`${path}\` has more than 4095 bytes, which no program can open`,
    help: () => "keep a folder around it, or place the store less deep",
  },
  "special/other-home": {
    severity: "error",
    message: ({ path, user, other }: { path: string; user: string; other: string }) =>
      `\`${path}\` of ${user} is the home of ${other}, or lies in it or around it`,
    help: ({ other }) => `list what is kept there relative to that home, with \`users: [${other}]\``,
  },
  "special/wipe": {
    severity: "error",
    message: ({ path, why }: { path: string; why: string }) => `\`${path}\` must not be wiped: ${why}`,
    help: () => "leave this wipe out; `/` and homes are what is wiped",
  },
  "store/around-home": {
    severity: "error",
    message: ({ store, user }: { store: string; user: string }) => `the home of ${user} lies in the store \`${store}\``,
    help: () => "place the store beside the homes (/persist): what is kept of a home lies there under its live path",
  },
  "store/impossible": {
    severity: "error",
    message: ({ store, place, why }: { store: string; place: string; why: string }) =>
      `store \`${store}\` cannot lie in \`${place}\`: ${why}`,
    help: () => "name a folder of a file system that stays, such as /persist",
  },
  "store/same-path": {
    severity: "error",
    message: ({ store, other, host }: { store: string; other: string; host: string }) =>
      `the stores \`${other}\` and \`${store}\` have one path on ${host}`,
    help: () => "keep one of them; what is not worth a backup says `backup: false` itself",
  },
});

/** Homes, stores and wiped file systems that are where nothing of the kind can be, and what follows from it. */
export function placeFaults(plan: HostPlan): Diagnostic[] {
  const { host } = plan;
  return [
    ...host.stores.flatMap((store) => storeFaults(store, host)),
    ...samePathFaults(plan),
    ...wipeFaults(host),
    ...otherHomeFaults(plan),
    ...plan.rules.flatMap(lengthFaults),
  ];
}

function storeFaults(store: PlanHost["stores"][number], host: PlanHost): Diagnostic[] {
  const { name, path, span } = store;
  if (typeof path !== "string") return [];
  const impossible = impossiblePlace(path);
  if (impossible !== undefined) return [say["store/impossible"]({ store: name, ...impossible }, span)];
  return host.users
    .filter((user) => isWithin(user.home, path))
    .map((user) => say["store/around-home"]({ store: name, user: user.name }, span));
}

/** NixOS modules take each store's path once; on Fedora two names for one folder do no harm. */
function samePathFaults(plan: HostPlan): Diagnostic[] {
  if (plan.host.os !== "nixos") return [];
  const used = new Set(mountedEntries(plan).map((entry) => entry.store));
  const stores = plan.host.stores.filter((store) => used.has(store.name));
  const placeOf = ({ path }: (typeof stores)[number]): string => (typeof path === "string" ? path : `~/${path.path}`);
  const inOrder = [...stores].sort((a, b) => a.span.start - b.span.start);
  return inOrder.flatMap((store, i) => {
    const other = inOrder.slice(0, i).find((earlier) => placeOf(earlier) === placeOf(store));
    if (other === undefined) return [];
    return [say["store/same-path"]({ store: store.name, other: other.name, host: plan.host.name }, store.span)];
  });
}

function wipeFaults(host: PlanHost): Diagnostic[] {
  if (host.os !== "nixos") return [];
  return host.nixos.wipes.flatMap(({ path }, i) => {
    const why = unwipeablePlace(path);
    const span = host.spans["nixos.wipe.path"] ?? host.spans[`nixos.wipe.${i}.path`] ?? host.span;
    return why === undefined ? [] : [say["special/wipe"]({ path, why }, span)];
  });
}

/** A home may lie in another one; what is in it is decided by the entries of its own user. */
function otherHomeFaults({ rules, host }: HostPlan): Diagnostic[] {
  const nested = host.users.flatMap((user) =>
    host.users
      .filter((other) => isBelow(other.home, user.home))
      .map((other) => ({ user: user.name, other: other.name, home: other.home })),
  );
  return nested.flatMap(({ user, other, home }) =>
    rules
      .filter((entry) => entry.user === user && meets(entry, home))
      .map((entry) => say["special/other-home"]({ path: entry.path, user, other }, entry.span)),
  );
}

function meets({ kind, live }: PlanEntry, home: AbsolutePath): boolean {
  if (kind === "pattern") return reaches(live, home);
  return isWithin(live, home) || (kind === "directory" && isBelow(home, live));
}

/** A path of the manifest is short enough by itself; with a home or a store in front it may not be. */
function lengthFaults({ live, stored, path, span }: PlanEntry): Diagnostic[] {
  return isTooLong(stored ?? live) || isTooLong(live) ? [say["plan/too-long"]({ path }, span)] : [];
}
