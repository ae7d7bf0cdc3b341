import { type AbsolutePath, joinPath } from "../plan/path.ts";
import type { HostPlan, PlanHost, PlanUser } from "../plan/plan.ts";
import { rootLink, storeFolder } from "../plan/stores.ts";

/** What of a root holds no state of its own: made anew at each boot, brought by the system, or somebody else's to keep. */
const systemsOwn = [
  ...["/proc", "/sys", "/dev", "/run", "/tmp", "/lost+found"],
  ...["/nix", "/boot", "/efi", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/sysroot", "/ostree"],
  // Homes are looked at one by one, and only those of the plan; what is plugged in is no part of the machine.
  ...["/home", "/var/home", "/mnt", "/media"],
  // Links to /run on every system with systemd.
  ...["/var/run", "/var/lock"],
];

/** True for a place of the system that is not looked at, by its live path. Of `/usr` only what is installed by hand is state. */
export function isSystemsOwn(live: string): boolean {
  return systemsOwn.includes(live) || (/^\/usr\/[^/]+$/.test(live) && live !== "/usr/local");
}

/** Places that hold what is kept, not what is looked for: stores, and a backup on this machine. */
export function keepingPlaces({ host }: HostPlan): AbsolutePath[] {
  const stores = host.stores.flatMap((store) =>
    [null, ...host.users]
      .flatMap((user) => storeFolder(store, user) ?? [])
      .concat(typeof store.path === "string" ? [store.path] : []),
  );
  const backup = host.backup?.to.startsWith("/") === true ? [host.backup.to as AbsolutePath] : [];
  return [...new Set([...stores, ...backup])];
}

/** What NixOS lays from its own store, and what that lies in. */
const nixPlaces = ["/nix/store", "/nix/var/nix/profiles", "/etc/static", "/etc/profiles", "/run/current-system"];

/** Live paths that a link leads to when it only stands for what is kept elsewhere. */
export function keptPlaces(plan: HostPlan): string[] {
  const { host } = plan;
  const links = host.users.flatMap((user) => host.stores.map((store) => linkIn(user, store.name, host)));
  return [...nixPlaces, ...keepingPlaces(plan).filter((place) => place !== host.backup?.to), ...links];
}

function linkIn(user: PlanUser, store: string, host: PlanHost): AbsolutePath {
  return joinPath(user.home, rootLink(store, host.stores));
}

/** Mount points of which the plan knows: their content has a fate of its own at a wipe. */
export function apartPlaces({ host }: HostPlan): AbsolutePath[] {
  const stores = host.stores.flatMap(({ mount }) => mount ?? []);
  if (host.os !== "nixos") return stores;
  return [...stores, ...host.nixos.mounts, ...host.nixos.wipes.map(({ path }) => path)];
}

/** Folders whose content is told apart, however alike it is: nobody decides about all of `.config` at once. */
const openInHome = new Set(["", ".config", ".local", ".local/share", ".local/state", ".var", ".var/app"]);
const openInSystem = new Set([
  "/",
  "/etc",
  "/opt",
  "/root",
  "/srv",
  "/usr",
  "/usr/local",
  "/var",
  "/var/lib",
  "/var/lib/private",
]);

/** True for a folder that is never one row. `below` is the path as seen from the home, or the live path. */
export function isOpen(scope: "home" | "system", below: string): boolean {
  return (scope === "home" ? openInHome : openInSystem).has(below);
}
