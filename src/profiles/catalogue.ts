import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { SourceFile } from "../diagnostics/span.ts";
import { parseYaml } from "../manifest/yaml-source.ts";
import { catalogueFile } from "../package-root.ts";
import type { Profile, ProfileEntry } from "./profile.ts";

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
 * Loads the catalogue. Our own profiles come as one JSON file that the build makes and checks: parsing a hundred
 * YAML files would take ten times as long as everything else (measured: 0.5 ms against 250 ms).
 * `folder` is the manifest's; of the profiles beside it only the `named` ones are read, where names are given: the
 * rest of that folder may be somebody else's.
 */
export async function loadCatalogue(
  folder: string | undefined,
  named?: ReadonlySet<string>,
): Promise<{ catalogue: Catalogue; diagnostics: Diagnostic[]; sources: SourceFile[] }> {
  const own = JSON.parse(readFileSync(catalogueFile, "utf8")) as Profile[];
  const local = folder === undefined ? undefined : await localProfiles(folder, named);
  const profiles = new Map(own.map((profile) => [profile.name, profile]));
  for (const profile of local?.profiles ?? []) profiles.set(profile.name, profile);
  return {
    catalogue: catalogueOf([...profiles.values()], local?.faulty ?? new Set()),
    diagnostics: local?.diagnostics ?? [],
    sources: local?.sources ?? [],
  };
}

/** A catalogue of the given profiles, in the order of their names. */
function catalogueOf(profiles: readonly Profile[], faulty: ReadonlySet<string>): Catalogue {
  const byName = new Map(profiles.map((profile) => [profile.name, profile]));
  let byPath: Map<string, KnownPath> | undefined;
  return {
    names: [...byName.keys()].sort(),
    get: (name) => byName.get(name),
    faulty,
    known: (scope, path) => {
      byPath ??= pathIndex(profiles);
      return byPath.get(`${scope} ${path}`);
    },
  };
}

function pathIndex(profiles: readonly Profile[]): Map<string, KnownPath> {
  const index = new Map<string, KnownPath>();
  for (const profile of profiles) {
    const flavoured = Object.values(profile.flavours).flatMap((flavour) => flavour.paths);
    for (const entry of [...profile.paths, ...flavoured]) {
      const key = `${entry.scope} ${entry.path}`;
      if (!index.has(key)) index.set(key, { profile, entry });
    }
  }
  return index;
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
