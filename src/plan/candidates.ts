import type { Span } from "../diagnostics/span.ts";
import { appliesTo, type EntryFacts, type EntryPath, type Manifest } from "../manifest/manifest.ts";
import type { Catalogue } from "../profiles/catalogue.ts";
import { type Profile, pathsOf } from "../profiles/profile.ts";
import { type AbsolutePath, joinPath } from "./path.ts";
import type { PlanHost, PlanUser } from "./plan.ts";
import { defaultStore } from "./stores.ts";

/** An entry that applies to a host, for one user, from the manifest or from a profile; not yet decided against others. */
export interface Candidate {
  readonly entry: EntryPath & EntryFacts;
  readonly live: AbsolutePath;
  readonly user: PlanUser | null;
  readonly profile: Profile | null;
  readonly store: string | null;
  readonly span: Span;
}

/** Everything that applies to a host: entries and profiles, expanded per user. */
export function candidatesFor(manifest: Manifest, host: PlanHost, catalogue: Catalogue): Candidate[] {
  return [...fromManifest(manifest, host), ...fromProfiles(manifest, host, catalogue)];
}

function fromManifest(manifest: Manifest, host: PlanHost): Candidate[] {
  const fallback = defaultStore(host.stores) ?? null;
  return manifest.entries
    .filter((entry) => appliesTo(entry.on, host))
    .flatMap((entry) =>
      expand(entry, entry.users, host, { profile: null, store: entry.store ?? fallback, span: entry.span }),
    );
}

function fromProfiles(manifest: Manifest, host: PlanHost, catalogue: Catalogue): Candidate[] {
  const fallback = defaultStore(host.stores) ?? null;
  return manifest.profiles
    .filter((reference) => appliesTo(reference.on, host))
    .flatMap((reference) => {
      const profile = catalogue.get(reference.name);
      if (profile === undefined) return [];
      const from = { profile, store: reference.store ?? fallback, span: reference.span };
      return pathsOf(profile, reference.flavour)
        .filter((entry) => appliesTo(entry.on, host))
        .flatMap((entry) => expand(entry, reference.users, host, from));
    });
}

type From = Pick<Candidate, "profile" | "store" | "span">;

function expand(
  entry: EntryPath & EntryFacts,
  users: readonly string[] | null,
  host: PlanHost,
  from: From,
): Candidate[] {
  if (entry.scope === "system") return [{ entry, live: entry.path as AbsolutePath, user: null, ...from }];
  return host.users
    .filter((user) => users === null || users.includes(user.name))
    .map((user) => ({ entry, live: joinPath(user.home, entry.path), user, ...from }));
}
