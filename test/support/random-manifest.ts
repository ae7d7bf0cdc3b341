/** Random manifests that are legal: nested rules, patterns, odd names, several hosts, users and stores. */
import fc from "fast-check";
import type {
  ModelBackup,
  ModelEntry,
  ModelHost,
  ModelManifest,
  ModelProfile,
  ModelReference,
  ModelStore,
} from "./model.ts";

/** Names that some language gives a meaning to, and that are legal all the same. */
const oddNames = [
  ...["a", "b", "c", "with space", " led by one", "it's", "''", '"q"', "$h", "$$", "${x}", "`t`", "a\\b", "\\n"],
  ...["{{x}}", "{x}", "%h", "%%", "#c", "a#b", "-dash", "--", "!neg", "[x]", "a|b", "(a)", "a;b", "a&b", "@at", "a:b"],
  ...["a, b", ".hid", "...", "ünï", "u\u0308", "日本", "𝒳y", "\ue000", "no", "null", "0700", "1e3", "constructor"],
  ...["__proto__", "~t", "=", "<<", "a'b\"c", "'", '"', "$HOME x"],
] as const;

const needs = ["critical", "important", "optional", "none", "MUST", "SHOULD", "MAY", "OPTIONAL", "NO"] as const;
const classes = ["config", "data", "state", "secret", "log", "cache"] as const;

/** A value or nothing: an absent key, as a person leaves it out. */
function maybe<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(arbitrary, { nil: undefined, freq: 2 });
}

/** An object without the keys that are undefined. */
function record<T extends object>(shape: { [K in keyof T]: fc.Arbitrary<T[K] | undefined> }): fc.Arbitrary<T> {
  return fc
    .record(shape as Record<string, fc.Arbitrary<unknown>>)
    .map((o) => Object.fromEntries(Object.entries(o).filter(([, v]) => v !== undefined)) as T);
}

const hostNames = ["n1", "n2", "f1", "f2"] as const;
const on = fc.subarray(["nixos", "fedora", ...hostNames], { minLength: 1, maxLength: 3 });
const users = fc.subarray(["ann", "bob"], { minLength: 1 });
const storeNames = ["persist", "bulk"] as const;

/** Paths over few names, so that entries lie in each other and meet. */
function relativePath(names: readonly string[]): fc.Arbitrary<string> {
  return fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 4 }).map((components) => components.join("/"));
}

function patternPath(names: readonly string[]): fc.Arbitrary<string> {
  const wild = fc.constantFrom("*", "?", "a*", "*a", "??*", "*.*", `${names[0]}*`);
  return fc
    .tuple(fc.array(fc.oneof(fc.constantFrom(...names), wild), { maxLength: 2 }), wild, fc.boolean())
    .map(([before, last, first]) => (first ? [last, ...before] : [...before, last]).join("/"));
}

const common = {
  on: maybe(on),
  expire: maybe(fc.constantFrom("7d", "never")),
  backup: maybe(fc.boolean()),
};

function keptEntry(path: fc.Arbitrary<string>): fc.Arbitrary<ModelEntry> {
  return record<ModelEntry>({
    path: fc.tuple(path, fc.boolean()).map(([text, directory]) => (directory ? `${text}/` : text)),
    class: maybe(fc.constantFrom(...classes)),
    need: maybe(fc.constantFrom(...needs)),
    store: maybe(fc.constantFrom(...storeNames)),
    how: fc.option(fc.constantFrom("bind", "symlink", "none"), { nil: undefined, freq: 5 }),
    ...common,
  });
}

function discardedEntry(path: fc.Arbitrary<string>): fc.Arbitrary<ModelEntry> {
  return fc.oneof(
    record<ModelEntry>({ path, class: fc.constant("cache"), ...common }),
    record<ModelEntry>({ path, class: maybe(fc.constantFrom(...classes)), need: fc.constant("none"), ...common }),
  );
}

/** `carry` and `fetch` leave no room for `store` and `how`; a secret travels encrypted. */
function movingEntry(entry: ModelEntry): fc.Arbitrary<ModelEntry> {
  const { store, how, ...rest } = entry;
  void store;
  void how;
  const carry = entry.class === "secret" ? fc.constant("encrypted") : fc.constantFrom(true, "template", "seed");
  return fc.oneof(
    carry.map((value): ModelEntry => ({ ...rest, carry: value })),
    fc.constant<ModelEntry>({ ...rest, fetch: { git: "https://example.org/x.git" } }),
  );
}

function entryOf(names: readonly string[], prefix: string): fc.Arbitrary<ModelEntry> {
  const path = relativePath(names).map((text) => prefix + text);
  const pattern = patternPath(names).map((text) => prefix + text);
  const kept = keptEntry(path);
  return fc.oneof(
    { weight: 6, arbitrary: kept },
    { weight: 2, arbitrary: discardedEntry(path.map((text) => `${text}/`)) },
    { weight: 3, arbitrary: discardedEntry(pattern) },
    { weight: 1, arbitrary: kept.chain(movingEntry) },
  );
}

const backup = maybe(
  record<ModelBackup>({
    engine: fc.constantFrom("restic", "tar"),
    need: maybe(fc.constantFrom(...needs)),
    encrypt: maybe(fc.constant({ age: "age1x" })),
  }).map(({ encrypt, ...rest }) => (rest.engine === "tar" && encrypt !== undefined ? { ...rest, encrypt } : rest)),
);

const outside: fc.Arbitrary<ModelStore> = fc.constantFrom<ModelStore[]>(
  "/keep",
  { path: "/keep", backup: false },
  { path: "/keep/more", backup: true },
  { path: "/mnt/disk/keep", mount: "/mnt/disk" },
);
const inHomes: fc.Arbitrary<ModelStore> = fc.constantFrom<ModelStore[]>("~/.keep", { path: "~/.kept", backup: false });
const anyStore = fc.oneof(outside, inHomes);

const hostCommon = {
  users: maybe(fc.constantFrom(["ann"], ["bob"], ["ann", "bob"])),
  keep: maybe(fc.constantFrom(...needs)),
  backup,
};

const wipe = fc
  .subarray(["/", "/home", "/srv", "/home/ann"], { minLength: 1, maxLength: 2 })
  .map((paths) => paths.map((path) => ({ path, method: "tmpfs" as const })));

const nixos = record<ModelHost>({
  os: fc.constant("nixos"),
  ...hostCommon,
  stores: maybe(fc.record({ bulk: anyStore })),
  nixos: record<NonNullable<ModelHost["nixos"]>>({
    home: maybe(fc.constantFrom("nixos-module", "standalone")),
    relocate: maybe(fc.constantFrom("all", "wiped")),
    wipe: maybe(wipe),
    mounts: maybe(fc.subarray(["/home", "/srv", "/srv/a", "/home/ann/a"], { minLength: 1 })),
  }),
});

const fedora = record<ModelHost>({
  os: fc.constant("fedora"),
  ...hostCommon,
  stores: maybe(fc.record({ persist: anyStore })),
  fedora: record<NonNullable<ModelHost["fedora"]>>({ link: maybe(fc.constantFrom("symlink", "bind", "none")) }),
});

/** A profile knows facts only: neither who carries it nor in which store it lives. */
function profileEntry(names: readonly string[]): fc.Arbitrary<ModelEntry> {
  return fc.oneof(keptEntry(relativePath(names)), discardedEntry(patternPath(names))).map((entry) => ({
    path: entry.path,
    class: entry.class ?? "state",
    ...(entry.need === undefined || entry.need.toLowerCase() !== entry.need ? {} : { need: entry.need }),
    ...(entry.backup === false ? { backup: false } : {}),
    ...(entry.path.search(/[*?]/) !== -1 && entry.class !== "cache" ? { need: "none" } : {}),
  }));
}

function profileOf(name: string, names: readonly string[]): fc.Arbitrary<ModelProfile> {
  const selector = (entry: ModelEntry): string => entry.path.replace(/\/$/, "");
  const paths = fc.uniqueArray(profileEntry(names), { selector, minLength: 1, maxLength: 3 });
  return record<ModelProfile>({ name: fc.constant(name), paths, flavours: fc.record({ other: fc.record({ paths }) }) });
}

const reference = fc.constantFrom("p1", "p2").chain((name) =>
  record<ModelReference>({
    name: fc.constant(name),
    flavour: maybe(fc.constant("other")),
    store: maybe(fc.constantFrom(...storeNames)),
    on: maybe(on),
    users: maybe(users),
  }),
);

/** A manifest with two NixOS and two Fedora hosts and two users. */
export const randomManifest: fc.Arbitrary<ModelManifest> = fc
  .subarray([...oddNames], { minLength: 3, maxLength: 5 })
  .chain((names) =>
    fc.record({
      stores: fc.record({
        persist: fc.constantFrom<ModelStore[]>("/persist", { path: "/persist", backup: false }),
        bulk: fc.oneof(outside, fc.constant<ModelStore>({ path: "/persist/bulk", backup: false })),
      }),
      users: fc.constantFrom({ ann: {}, bob: {} }, { ann: {}, bob: { home: "/data/bob" } }),
      hosts: fc.record({ n1: nixos, n2: nixos, f1: fedora, f2: fedora }),
      local: fc.tuple(profileOf("p1", names), profileOf("p2", names)),
      profiles: fc.array(reference, { maxLength: 2 }),
      system: fc.array(entryOf(names, "/srv/"), { maxLength: 5 }),
      home: fc.array(
        fc
          .tuple(entryOf(names, ""), maybe(users))
          .map(([entry, only]) => (only === undefined ? entry : { ...entry, users: only })),
        { maxLength: 8 },
      ),
    }),
  );
