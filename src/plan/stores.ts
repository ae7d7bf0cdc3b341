import type { ManifestHost, ManifestStore } from "../manifest/manifest.ts";
import { type AbsolutePath, depthOf, isBelow, isWithin, joinPath, relativeTo } from "./path.ts";
import type { PlanHost, PlanStore, PlanUser } from "./plan.ts";

/** The stores of one host: the manifest's, as far as the host does not place them elsewhere, and its own. */
export function storesOn(manifest: readonly ManifestStore[], host: ManifestHost): PlanStore[] {
  const own = new Map(host.stores.map((store) => [store.name, store]));
  const general = manifest.filter((store) => !own.has(store.name));
  const saidInGeneral = new Map(manifest.map((store) => [store.name, store.backup]));
  const stores = [...general, ...own.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return stores.map((store) => ({
    name: store.name,
    path: store.path,
    // A host that places a store elsewhere does not make it worth a backup by that.
    backup: store.backup ?? saidInGeneral.get(store.name) ?? true,
    mount: mountOf(store, stores),
    span: store.span,
  }));
}

/** What is written, else that of the innermost store around it, else the store's own path. */
function mountOf(store: ManifestStore, stores: readonly ManifestStore[]): AbsolutePath | null {
  const path = store.path;
  if (store.mount !== null) return store.mount;
  if (typeof path !== "string") return null;
  const around = stores
    .filter((other) => typeof other.path === "string" && isBelow(path, other.path))
    .sort((a, b) => depthOf(b.path as string) - depthOf(a.path as string))[0];
  return around === undefined ? path : mountOf(around, stores);
}

/** The name of the store for entries that name none: `persist`, or the only one there is. */
export function defaultStore(stores: readonly { readonly name: string }[]): string | undefined {
  if (stores.some((store) => store.name === "persist")) return "persist";
  return stores.length === 1 ? stores[0]?.name : undefined;
}

/** The folder of a store that mirrors a user's home; with `user` null the one that mirrors `/`. */
export function storeFolder(store: PlanStore, user: PlanUser | null): AbsolutePath | undefined {
  if (typeof store.path !== "string") return user === null ? undefined : joinPath(user.home, store.path.path);
  if (user === null) return store.path;
  // A store inside the home mirrors the home; one outside mirrors the whole system, homes included.
  return isBelow(store.path, user.home) ? store.path : joinPath(store.path, user.home);
}

/** Where the entry at `live` lies in a store; undefined for a system entry and a store in the homes. */
export function storedPath(store: PlanStore, user: PlanUser | null, live: AbsolutePath): AbsolutePath | undefined {
  const folder = storeFolder(store, user);
  if (folder === undefined) return undefined;
  const below = user === null ? live : relativeTo(live, user.home);
  return below === undefined ? undefined : joinPath(folder, below);
}

/** True where a file system that is empty after each boot holds this path. */
export function isWiped(path: AbsolutePath, host: PlanHost): boolean {
  return wipedMount(path, host) !== undefined;
}

/**
 * The mount point of the file system that holds a path, if that is wiped: the innermost known one around it (of a
 * wipe, a store, or one listed in `mounts`) is that of a wipe.
 */
export function wipedMount(path: AbsolutePath, host: PlanHost): AbsolutePath | undefined {
  if (host.os !== "nixos") return undefined;
  const wiped = host.nixos.wipes.map((wipe) => wipe.path);
  const lasting = [
    ...host.nixos.mounts,
    ...host.stores.flatMap((store) => (store.mount === null ? [] : [store.mount])),
  ];
  const innermost = [...wiped, ...lasting]
    .filter((mount) => isWithin(path, mount))
    .reduce<AbsolutePath | undefined>(
      (best, m) => (best === undefined || depthOf(m) > depthOf(best) ? m : best),
      undefined,
    );
  return innermost !== undefined && wiped.includes(innermost) ? innermost : undefined;
}

/**
 * Name of the link in a home that leads to its folder in a store. State links go through it (`.remanence/.mozilla`), so
 * that their text is the same on every host, wherever its store lies.
 */
export function rootLink(store: string, stores: readonly { readonly name: string }[]): string {
  return defaultStore(stores) === store ? ".remanence" : `.remanence-${store}`;
}

/** The text of the link at `path` (relative to the home) that leads through the root link of its store. */
export function linkText(path: string, root: string): string {
  return `${"../".repeat(path.split("/").length - 1)}${root}/${path}`;
}
