import type { EntryFacts, EntryPath } from "../manifest/manifest.ts";

/** What one application or service keeps: facts only, each with where it is known from. */
export interface Profile {
  readonly name: string;
  readonly title: string;
  readonly paths: readonly ProfileEntry[];
  readonly flavours: Readonly<Record<string, ProfileFlavour>>;
  /** How to see that it is installed. */
  readonly detect: Readonly<Partial<Record<"commands" | "nix" | "rpm" | "flatpak", readonly string[]>>>;
  readonly sources: readonly string[];
  /** True for one that lies beside the manifest. */
  readonly local: boolean;
}

/** A packaging variant: its paths stand in place of the profile's own. */
export interface ProfileFlavour {
  readonly id: string | null;
  readonly paths: readonly ProfileEntry[];
}

export interface ProfileEntry extends EntryPath, EntryFacts {
  readonly on: readonly string[] | null;
  /** Whether its class and need are known from a source, or somebody's judgement. */
  readonly basis: "known" | "judged";
}

/** The paths of a profile, or of a flavour of it; none where it has no such flavour. */
export function pathsOf(profile: Profile, flavour: string | null): readonly ProfileEntry[] {
  return flavour === null ? profile.paths : (profile.flavours[flavour]?.paths ?? []);
}

/** What a profile or a flavour of it says of exactly this path. */
export function entryAt(profile: Profile, scope: string, path: string): ProfileEntry | undefined {
  const flavoured = Object.values(profile.flavours).flatMap((flavour) => flavour.paths);
  return [...profile.paths, ...flavoured].find((entry) => entry.scope === scope && entry.path === path);
}
