import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { didYouMean } from "../diagnostics/did-you-mean.ts";
import type { Span } from "../diagnostics/span.ts";
import { defaultStore } from "../plan/stores.ts";
import type { Catalogue } from "../profiles/catalogue.ts";
import { pathsOf } from "../profiles/profile.ts";
import { manifestDiagnostics as say } from "./diagnostics.ts";
import { otherKind } from "./known-shapes.ts";
import type { Declared } from "./load.ts";
import { appliesTo, type Manifest, type ManifestEntry } from "./manifest.ts";

interface RuleInput {
  readonly manifest: Manifest;
  readonly catalogue: Catalogue;
  readonly declared: Declared;
}

type Rule = (input: RuleInput) => Diagnostic[];

/** What must hold of the names of a manifest as a whole; not asked where a part of it could not be read. */
const nameRules: readonly Rule[] = [
  namesHosts,
  namesUsers,
  givesHomes,
  knowsUsers,
  knowsHosts,
  knowsStores,
  hasDefaultStore,
];

/** What must hold of its entries and profiles, one rule each. */
const rules: readonly Rule[] = [knowsProfiles, writesKnownPathsRight, keepsNoPatterns, carriesNoSecretInClear];

/** Every fault of the manifest that needs more than one line of it to be seen. */
export function checkManifest(input: RuleInput): Diagnostic[] {
  return [...(input.declared.complete ? nameRules : []), ...rules].flatMap((rule) => rule(input));
}

function top(manifest: Manifest): Span {
  return { file: manifest.file, start: 0, end: 0 };
}

function namesHosts({ manifest, declared }: RuleInput): Diagnostic[] {
  return declared.hosts.length > 0 ? [] : [say["manifest/no-hosts"]({}, top(manifest))];
}

function namesUsers({ manifest, catalogue, declared }: RuleInput): Diagnostic[] {
  const first =
    manifest.entries.find((entry) => entry.scope === "home") ??
    manifest.profiles.find(({ name, flavour }) => {
      const profile = catalogue.get(name);
      return profile !== undefined && pathsOf(profile, flavour).some((entry) => entry.scope === "home");
    });
  return declared.users.length > 0 || first === undefined ? [] : [say["manifest/no-users"]({}, first.span)];
}

/** Two users of one home would have one entry each for the same path; those who never meet on a host have not. */
function givesHomes({ manifest }: RuleInput): Diagnostic[] {
  const { users, hosts } = manifest;
  const meet = (one: string, other: string): boolean =>
    hosts.length === 0 || hosts.some((host) => host.users.includes(one) && host.users.includes(other));
  return users.flatMap(({ name, home, span }, i) => {
    const other = users.slice(0, i).find((user) => user.home === home && meet(user.name, name));
    return other === undefined ? [] : [say["manifest/shared-home"]({ name, home, other: other.name }, span)];
  });
}

function knowsUsers({ manifest, declared }: RuleInput): Diagnostic[] {
  const written = [
    ...manifest.hosts.map((host) => ({ names: host.users, span: host.spans["users"] ?? host.span })),
    ...[...manifest.entries, ...manifest.profiles].map(({ users, span }) => ({ names: users ?? [], span })),
  ];
  return written.flatMap(({ names, span }) =>
    unknownOf(names, declared.users).map((unknown) => say["manifest/unknown-user"](unknown, span)),
  );
}

function knowsHosts({ manifest, declared }: RuleInput): Diagnostic[] {
  const known = [...declared.hosts, "nixos", "fedora"];
  return [...manifest.entries, ...manifest.profiles].flatMap(({ on, span }) =>
    unknownOf(on ?? [], known).map((unknown) => say["manifest/unknown-host"](unknown, span)),
  );
}

function knowsStores({ manifest, declared }: RuleInput): Diagnostic[] {
  return [...manifest.entries, ...manifest.profiles].flatMap((item) => {
    if (item.store === null) return [];
    const unknown = unknownOf([item.store], declared.stores);
    if (unknown.length > 0) return unknown.map((u) => say["manifest/unknown-store"](u, item.span));
    if (isFaultyStore(item.store, manifest)) return [];
    // A store that only some hosts have cannot hold what applies to the others.
    const without = manifest.hosts.filter(
      (host) => appliesTo(item.on, host) && ![...manifest.stores, ...host.stores].some((s) => s.name === item.store),
    );
    return without.map((host) =>
      say["manifest/value"](
        { what: "`store`", detail: `host \`${host.name}\` has no store \`${item.store}\`` },
        item.span,
      ),
    );
  });
}

function knowsProfiles({ manifest, catalogue }: RuleInput): Diagnostic[] {
  return manifest.profiles.flatMap(({ name, flavour, span }) => {
    const profile = catalogue.get(name);
    if (profile === undefined && catalogue.faulty.has(name)) return [];
    if (profile === undefined) {
      return [say["manifest/unknown-profile"]({ name, known: didYouMean(name, catalogue.names) }, span)];
    }
    const flavours = Object.keys(profile.flavours);
    if (flavour === null || flavours.includes(flavour)) return [];
    return [
      say["manifest/unknown-flavour"]({ name: flavour, profile: name, known: didYouMean(flavour, flavours) }, span),
    ];
  });
}

function unknownOf(names: readonly string[], known: readonly string[]): { name: string; known: string | undefined }[] {
  return names.filter((name) => !known.includes(name)).map((name) => ({ name, known: didYouMean(name, known) }));
}

/** True for a declared store of which nothing could be made: that is reported, and no more is to be said. */
function isFaultyStore(name: string, manifest: Manifest): boolean {
  return ![manifest, ...manifest.hosts].some(({ stores }) => stores.some((store) => store.name === name));
}

function hasDefaultStore({ manifest, declared }: RuleInput): Diagnostic[] {
  const unstored = [...manifest.entries.filter(mayBePersisted), ...manifest.profiles].some((i) => i.store === null);
  if (!unstored || (declared.stores.includes("persist") && isFaultyStore("persist", manifest))) return [];
  const lists = manifest.hosts.map((host) => [...manifest.stores, ...host.stores]);
  const first = lists.find((stores) => defaultStore(unique(stores)) === undefined)?.[0];
  return first === undefined ? [] : [say["manifest/default-store"]({}, first.span)];
}

function mayBePersisted({ need, carry, fetch }: ManifestEntry): boolean {
  return need !== "none" && carry === null && fetch === null;
}

function unique(stores: readonly { readonly name: string }[]): { readonly name: string }[] {
  return [...new Map(stores.map((store) => [store.name, store])).values()];
}

function writesKnownPathsRight({ manifest, catalogue }: RuleInput): Diagnostic[] {
  return manifest.entries.flatMap((entry) => {
    const is = otherKind(entry, catalogue);
    if (is === undefined) return [];
    const known = catalogue.known(entry.scope, entry.path);
    const right = is === "directory" ? `${entry.path}/` : entry.path;
    const mode = known?.entry.class === "secret" ? ", which also sets its mode" : "";
    const profile = known === undefined ? "" : `, or use the profile \`${known.profile.name}\`${mode}`;
    // A directory of a person's own may have the name of some program's file; the other way round it is a slip.
    const own = known === undefined || is === "directory" ? "" : "; for a directory use a profile of your own";
    return [say["manifest/kind"]({ path: entry.path, is, help: `write \`${right}\`${profile}${own}` }, entry.span)];
  });
}

function keepsNoPatterns({ manifest }: RuleInput): Diagnostic[] {
  return manifest.entries
    .filter((entry) => entry.kind === "pattern" && entry.need !== "none")
    .map((entry) => say["manifest/kept-pattern"]({ path: entry.path }, entry.span));
}

function carriesNoSecretInClear({ manifest }: RuleInput): Diagnostic[] {
  return manifest.entries
    .filter(
      ({ class: c, carry }) =>
        c === "secret" && carry !== null && !carry.encrypted && !carry.template && carry.from === null,
    )
    .map((entry) => say["manifest/secret-in-clear"]({ path: entry.path }, entry.span));
}
