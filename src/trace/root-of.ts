import type { Class, Need } from "../plan/vocabulary.ts";
import { suggest } from "../profiles/conventions.ts";
import { ownerOf } from "../profiles/owner.ts";
import type { PathIndex } from "../profiles/path-index.ts";
import type { Place } from "./places.ts";

/** The path that an entry for a file would be about, and what is known of it. */
export interface Root {
  /** As in a manifest, without the slash at the end. */
  readonly path: string;
  readonly kind: "file" | "directory" | "pattern";
  readonly class: Class;
  readonly need: Need;
  readonly profile: string | null;
  readonly flavour: string | null;
  readonly why: string;
}

/**
 * The shallowest sensible path around a file: what a profile of the catalogue knows; else what a convention is about (the
 * directory of a program in `.config/`, never that tree itself), or the directory below it that is named like one of the
 * `programs`. Undefined where nobody can say: of what a package installs, for instance.
 */
export function rootOf(place: Place, programs: readonly string[], indexes: readonly PathIndex[]): Root | undefined {
  const owner = ownerOf(place.path, indexes);
  if (owner !== undefined) {
    const { path, kind, profile, flavour, why, class: entryClass, need } = owner.indexed;
    return { path, kind, class: entryClass, need, profile, flavour, why };
  }
  const usual = usualOf(place);
  if (usual === undefined) return undefined;
  const path =
    usual.class === "config" || usual.class === "state" ? narrowed(place.path, usual.matched, programs) : usual.matched;
  const kind = path === place.path ? "file" : "directory";
  return { path, kind, class: usual.class, need: usual.need, profile: null, flavour: null, why: usual.why };
}

function usualOf({ scope, path }: Place): { class: Class; need: Need; matched: string; why: string } | undefined {
  const found = suggest(scope, path);
  if (found !== undefined || scope === "system") return found;
  // Below a home nothing comes from a package: `.local/bin/x`, `.local/lib/y/z`.
  const matched = path.split("/").slice(0, 3).join("/");
  return { class: "state", need: "important", matched, why: "a guess: nothing is known of this place" };
}

/** `.config/Vendor/Program` rather than `.config/Vendor`, where the program is named like that. */
function narrowed(path: string, matched: string, programs: readonly string[]): string {
  const below = path.slice(matched.length + 1).split("/");
  const at = below.slice(0, -1).findIndex((name) => programs.some((program) => sameName(name, program)));
  const isNamedSoItself = programs.some((program) => sameName(matched.slice(matched.lastIndexOf("/") + 1), program));
  return at === -1 || isNamedSoItself ? matched : `${matched}/${below.slice(0, at + 1).join("/")}`;
}

function sameName(name: string, program: string): boolean {
  return name.toLowerCase().replace(/^\./, "") === program.toLowerCase();
}
