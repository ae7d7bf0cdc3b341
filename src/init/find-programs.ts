import { needRank, type Os } from "../plan/vocabulary.ts";
import { type Profile, type ProfileEntry, pathsOf } from "../profiles/profile.ts";

/** What is known of a machine when programs are looked for. */
export interface Traces {
  readonly os: Os;
  readonly users: readonly string[];
  /** True where an entry of a profile is there, as what it says it is: of the system, or in the home of a user. */
  isThere(entry: ProfileEntry, user: string | null): boolean;
  readonly commands: ReadonlySet<string>;
  readonly packages: ReadonlySet<string>;
  /** Ids of Flatpak applications: of the system under null, and those of each user. */
  readonly flatpaks: ReadonlyMap<string | null, ReadonlySet<string>>;
}

/** A profile, or a flavour of it, that this machine has use for. */
export interface FoundProgram {
  readonly profile: Profile;
  readonly flavour: string | null;
  /** Whose; null: of all users. */
  readonly users: readonly string[] | null;
  /** Its paths that are there, those that matter most first; none where it is installed and keeps nothing yet. */
  readonly paths: readonly ProfileEntry[];
  /** The flavour whose state is there too and that stands in its place; undefined where there is no such thing. */
  readonly yieldsTo?: string;
}

/** What of one variant of a profile is there for one user, or for the system where the user is null. */
interface Variant {
  readonly flavour: string | null;
  readonly paths: readonly ProfileEntry[];
}

/**
 * The programs of a machine, in the order of their names. One is found by its state; one that is installed and has none is
 * found as well. Of several flavours the one that is installed wins, then the one without a name; the others yield.
 */
export function findPrograms(profiles: readonly Profile[], traces: Traces): FoundProgram[] {
  const found = profiles.flatMap((profile) => findProgram(profile, traces));
  return withoutDoubles(found, traces);
}

function findProgram(profile: Profile, traces: Traces): FoundProgram[] {
  const ofSystem = variantsOf(profile, null, traces);
  const chosen = new Map<string | null, { users: string[]; paths: ProfileEntry[] }>();
  const yielding: FoundProgram[] = [];
  const add = (flavour: string | null, user: string | null, paths: readonly ProfileEntry[]): void => {
    const known = chosen.get(flavour) ?? { users: [], paths: [] };
    if (user !== null) known.users.push(user);
    for (const path of paths) if (!known.paths.includes(path)) known.paths.push(path);
    chosen.set(flavour, known);
  };
  for (const { flavour, paths } of ofSystem.slice(0, 1)) add(flavour, null, paths);
  // Null is a variant too: the profile without a flavour.
  const common = ofSystem[0] === undefined ? installedVariant(profile, null, traces) : ofSystem[0].flavour;
  for (const user of traces.users) {
    const [first, ...others] = variantsOf(profile, user, traces);
    const usual = common === undefined ? installedVariant(profile, user, traces) : common;
    const flavour = first === undefined ? usual : first.flavour;
    if (flavour === undefined || !keepsAnything(profile, flavour, traces)) continue;
    add(flavour, user, first?.paths ?? []);
    for (const other of others) {
      if (other.paths.every((path) => first?.paths.some(({ path: known }) => known === path.path) === true)) continue;
      yielding.push({ profile, flavour: other.flavour, users: [user], paths: other.paths, yieldsTo: flavour ?? "" });
    }
  }
  if (chosen.size === 0 && common !== undefined && keepsAnything(profile, common, traces)) add(common, null, []);
  const all = (users: readonly string[]): boolean => users.length === traces.users.length || users.length === 0;
  return [...chosen]
    .map(([flavour, { users, paths }]): FoundProgram => {
      return { profile, flavour, users: all(users) ? null : users, paths: byWorth(paths) };
    })
    .concat(yielding.map((other) => (traces.users.length === 1 ? { ...other, users: null } : other)));
}

/** The variants of which something is there, best first. */
function variantsOf(profile: Profile, user: string | null, traces: Traces): Variant[] {
  const scope = user === null ? "system" : "home";
  const variants = [null, ...Object.keys(profile.flavours)].map((flavour) => {
    const paths = applicable(profile, flavour, traces)
      .filter((entry) => entry.scope === scope && isEvidence(entry) && traces.isThere(entry, user))
      .sort((a, b) => Number(isKept(b)) - Number(isKept(a)));
    return { flavour, paths };
  });
  const rank = ({ flavour, paths }: Variant): number =>
    (paths.some(isKept) ? 4 : 0) + (isInstalled(profile, flavour, user, traces) ? 2 : 0) + (flavour === null ? 1 : 0);
  return variants.filter(({ paths }) => paths.length > 0).sort((a, b) => rank(b) - rank(a));
}

function applicable(profile: Profile, flavour: string | null, { os }: Traces): readonly ProfileEntry[] {
  return pathsOf(profile, flavour).filter(({ on, kind }) => kind !== "pattern" && (on === null || on.includes(os)));
}

/** What lies in the caches of a home goes with them, whoever made it. */
function isEvidence(entry: ProfileEntry): boolean {
  return isKept(entry) || !(entry.scope === "home" && entry.path.startsWith(".cache/"));
}

function isKept({ need }: ProfileEntry): boolean {
  return need !== "none";
}

function keepsAnything(profile: Profile, flavour: string | null, traces: Traces): boolean {
  return applicable(profile, flavour, traces).some(isEvidence);
}

/** The variant that is installed for a user, or for all where the user is null; undefined where none is. */
function installedVariant(profile: Profile, user: string | null, traces: Traces): string | null | undefined {
  return [null, ...Object.keys(profile.flavours)].find((flavour) => isInstalled(profile, flavour, user, traces));
}

function isInstalled(profile: Profile, flavour: string | null, user: string | null, traces: Traces): boolean {
  const { commands = [], rpm = [], flatpak = [] } = profile.detect;
  if (flavour === null) {
    return commands.some((name) => traces.commands.has(name)) || rpm.some((name) => traces.packages.has(name));
  }
  const id = profile.flavours[flavour]?.id ?? null;
  const ids = flavour === "flatpak" ? [...flatpak, id] : [id];
  const known = [traces.flatpaks.get(null), user === null ? undefined : traces.flatpaks.get(user)];
  return ids.some((one) => one !== null && known.some((set) => set?.has(one) === true));
}

function byWorth(paths: readonly ProfileEntry[]): ProfileEntry[] {
  return [...paths].sort((a, b) => Number(isKept(b)) - Number(isKept(a)));
}

/**
 * Of profiles that know the same paths, the one of which more is there says it all; of those that only a command
 * speaks for, one whose state is there, else the one with the command's own name, else the one with the shortest.
 */
function withoutDoubles(found: readonly FoundProgram[], traces: Traces): FoundProgram[] {
  const byPath = new Map<string, FoundProgram[]>();
  for (const one of found) {
    for (const { scope, path } of one.paths) {
      const key = `${scope} ${path}`;
      byPath.set(key, [...(byPath.get(key) ?? []), one]);
    }
  }
  const commandsOf = ({ profile }: FoundProgram): readonly string[] =>
    (profile.detect.commands ?? []).filter((name) => traces.commands.has(name));
  /** Less is better: state, the command's own name, how many of its commands are here, a short name. */
  const rank = (one: FoundProgram): [number, number, number, number, string] => {
    const { profile, paths } = one;
    const here = commandsOf(one);
    const share = here.length / Math.max(1, profile.detect.commands?.length ?? 0);
    return [-paths.length, here.includes(profile.name) ? 0 : 1, -share, profile.name.length, profile.name];
  };
  const beats = (a: FoundProgram, b: FoundProgram): boolean => {
    const [x, y] = [rank(a), rank(b)];
    const at = x.findIndex((value, i) => value !== y[i]);
    return at !== -1 && (x[at] ?? 0) < (y[at] ?? 0);
  };
  const isSaidBetter = (one: FoundProgram): boolean => {
    const [first] = one.paths;
    if (one.yieldsTo !== undefined) return false;
    if (first === undefined) {
      const others = found.filter(
        (other) => other.profile !== one.profile && shares(commandsOf(one), commandsOf(other)),
      );
      return others.some((other) => beats(other, one));
    }
    const rivals = (byPath.get(`${first.scope} ${first.path}`) ?? []).filter((other) => other.profile !== one.profile);
    return rivals.some((other) => other.yieldsTo === undefined && saysAll(other, one) && beats(other, one));
  };
  return found.filter((one) => !isSaidBetter(one));
}

/** True where one program's profile says of each path of another's, for all of its users, as much or more. */
function saysAll(one: FoundProgram, other: FoundProgram): boolean {
  const isForAll = one.users === null || other.users?.every((user) => one.users?.includes(user)) === true;
  const isAsStrong = (own: ProfileEntry, theirs: ProfileEntry): boolean =>
    needRank(own.need) >= needRank(theirs.need) && (own.class === "secret" || theirs.class !== "secret");
  return (
    isForAll &&
    other.paths.every((theirs) =>
      one.paths.some((own) => own.scope === theirs.scope && own.path === theirs.path && isAsStrong(own, theirs)),
    )
  );
}

function shares(some: readonly string[], others: readonly string[]): boolean {
  return some.some((name) => others.includes(name));
}
