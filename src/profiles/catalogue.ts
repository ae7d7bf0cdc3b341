import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { SourceFile } from "../diagnostics/span.ts";
import { parseYaml } from "../manifest/yaml-source.ts";
import { catalogueFile } from "../package-root.ts";
import { builtIndex } from "./built-index.ts";
import { type PathIndex, parsePathIndex, printPathIndex } from "./path-index.ts";
import { entryAt, type Profile, type ProfileEntry } from "./profile.ts";

/** All profiles that a manifest may name: ours, and those beside it, which win over ours of the same name. */
export interface Catalogue {
  readonly names: readonly string[];
  get(name: string): Profile | undefined;
  /** Profiles beside the manifest that are there and cannot be read: that is said, and they are not unknown too. */
  readonly faulty: ReadonlySet<string>;
  /** What is known of exactly this path (relative to a home, or absolute), whichever profile knows it. */
  known(scope: "home" | "system", path: string): KnownPath | undefined;
}

export interface KnownPath {
  readonly profile: Profile;
  readonly entry: ProfileEntry;
}

/**
 * Loads the catalogue. Our own profiles come as text that the build makes and checks, one a line, and only the lines that
 * are asked for are parsed: a manifest names a few of many hundred.
 * `folder` is the manifest's; of the profiles beside it only the `named` ones are read, where names are given: the
 * rest of that folder may be somebody else's.
 */
export async function loadCatalogue(
  folder: string | undefined,
  named?: ReadonlySet<string>,
): Promise<{ catalogue: Catalogue; diagnostics: Diagnostic[]; sources: SourceFile[] }> {
  const local = folder === undefined ? undefined : await localProfiles(folder, named);
  return {
    catalogue: catalogueOf(readLines(readFileSync(catalogueFile)), local?.profiles ?? [], local?.faulty),
    diagnostics: local?.diagnostics ?? [],
    sources: local?.sources ?? [],
  };
}

/** The profiles of the catalogue, each parsed when it is asked for. */
interface Lines {
  readonly names: readonly string[];
  get(name: string): Profile | undefined;
}

/** Reads what `printCatalogue` wrote. */
function readLines(bytes: Buffer): Lines {
  let at = bytes.indexOf("\n") + 1;
  const sizes = JSON.parse(bytes.toString("utf8", 0, at)) as Record<string, number>;
  const places = new Map<string, readonly [number, number]>();
  for (const [name, size] of Object.entries(sizes)) {
    places.set(name, [at, at + size]);
    at += size;
  }
  return {
    names: [...places.keys()],
    get(name) {
      const place = places.get(name);
      return place === undefined ? undefined : (JSON.parse(bytes.toString("utf8", ...place)) as Profile);
    },
  };
}

/** A catalogue of ours and of the profiles beside a manifest, which win. */
function catalogueOf(lines: Lines, local: readonly Profile[], faulty: ReadonlySet<string> = new Set()): Catalogue {
  const byName = new Map(local.map((profile) => [profile.name, profile]));
  const get = (name: string): Profile | undefined => {
    const known = byName.get(name);
    const profile = known ?? lines.get(name);
    if (known === undefined && profile !== undefined) byName.set(name, profile);
    return profile;
  };
  let ours: PathIndex | undefined;
  let theirs: PathIndex | undefined;
  const isOverruled = new Set(local.map((profile) => profile.name));
  return {
    names: [...new Set([...lines.names, ...byName.keys()])].sort(),
    get,
    faulty,
    known(scope, path) {
      ours ??= builtIndex();
      theirs ??= parsePathIndex(printPathIndex(local));
      const own = ours.exact(path);
      const found = theirs.exact(path) ?? (own === undefined || isOverruled.has(own.profile) ? undefined : own);
      const profile = found === undefined ? undefined : get(found.profile);
      const entry = profile === undefined ? undefined : entryAt(profile, scope, path);
      return profile === undefined || entry === undefined ? undefined : { profile, entry };
    },
  };
}

/** Profiles of the same shape in `profiles/` beside the manifest. */
async function localProfiles(
  folder: string,
  named: ReadonlySet<string> | undefined,
): Promise<{ profiles: Profile[]; faulty: Set<string>; diagnostics: Diagnostic[]; sources: SourceFile[] } | undefined> {
  let names: string[];
  try {
    names = readdirSync(join(folder, "profiles"), { withFileTypes: true })
      .filter((file) => file.isFile() && file.name.endsWith(".yaml"))
      .map((file) => file.name)
      .filter((name) => named === undefined || named.has(name.slice(0, -".yaml".length)))
      .sort();
  } catch {
    return undefined;
  }
  if (names.length === 0) return undefined;
  const { parseProfile } = await import("./parse.ts");
  const profiles: Profile[] = [];
  const faulty = new Set<string>();
  const diagnostics: Diagnostic[] = [];
  const sources: SourceFile[] = [];
  for (const name of names) {
    const source = { path: `profiles/${name}`, text: readFileSync(join(folder, "profiles", name), "utf8") };
    const parsed = parseProfile(parseYaml(source), true);
    sources.push(source);
    diagnostics.push(...parsed.diagnostics);
    if (parsed.profile !== undefined) profiles.push(parsed.profile);
    if (`${parsed.profile?.name}.yaml` !== name) faulty.add(name.slice(0, -".yaml".length));
  }
  return { profiles, faulty, diagnostics, sources };
}
