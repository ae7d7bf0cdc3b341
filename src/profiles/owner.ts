import { depthOf } from "../plan/path.ts";
import type { PathIndex, PathOwner } from "./path-index.ts";

/**
 * Whose a path is (of a home: relative to it), by several indexes: the deepest of what they find; of two as deep that
 * of the first. Undefined where no profile knows the path or anything around it.
 */
export function ownerOf(path: string, indexes: readonly PathIndex[]): PathOwner | undefined {
  return deepestOwner(path, indexes) ?? ownerBehindLink(path, indexes);
}

function deepestOwner(path: string, indexes: readonly PathIndex[]): PathOwner | undefined {
  let deepest: PathOwner | undefined;
  for (const index of indexes) {
    const owner = index.owner(path);
    if (owner === undefined) continue;
    if (deepest === undefined || depthOf(owner.indexed.path) > depthOf(deepest.indexed.path)) deepest = owner;
  }
  return deepest;
}

/** `/var/lib/x` of a service with DynamicUser= is systemd's link to `/var/lib/private/x` (systemd.exec, StateDirectory=). */
function ownerBehindLink(path: string, indexes: readonly PathIndex[]): PathOwner | undefined {
  if (!path.startsWith("/var/lib/")) return undefined;
  return deepestOwner(`/var/lib/private/${path.slice("/var/lib/".length)}`, indexes);
}
