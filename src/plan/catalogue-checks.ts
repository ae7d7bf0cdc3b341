import { defineDiagnostics } from "../diagnostics/define.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { Catalogue, KnownPath } from "../profiles/catalogue.ts";
import { entryAt, type Profile, type ProfileEntry, pathsOf } from "../profiles/profile.ts";
import { fate } from "./fate.ts";
import { type AbsolutePath, joinPath } from "./path.ts";
import type { HostPlan, PlanEntry } from "./plan.ts";
import { classMode, needRank } from "./vocabulary.ts";

const say = defineDiagnostics({
  "catalogue/secret": {
    severity: "warning",
    message: ({ path, profile }: { path: string; profile: string }) =>
      `\`${path}\` holds secrets (profile \`${profile}\`), but is not classed as such`,
    help: ({ profile }) => `write \`class: secret\`, or use the profile \`${profile}\`, which also sets its mode`,
  },
  "catalogue/cache": {
    severity: "warning",
    message: ({ path, profile }: { path: string; profile: string }) =>
      `\`${path}\` is a cache (profile \`${profile}\`): it is made again by itself`,
    help: () => "leave it away, or write `class: cache` and a `need` to keep it without a backup",
  },
  "catalogue/mode": {
    severity: "warning",
    message: ({ path, mode, profile, known }: { path: string; mode: string; profile: string; known: string }) =>
      `\`${path}\` would be made with mode ${mode}, and is ${known} (profile \`${profile}\`)`,
    help: ({ known }) => `write \`mode: "${known}"\``,
  },
  "catalogue/companion": {
    severity: "warning",
    message: ({ path, companion, profile }: { path: string; companion: string; profile: string }) =>
      `\`${path}\` is kept without \`${companion}\`, which is worth more (profile \`${profile}\`)`,
    help: ({ companion, profile }) =>
      `list \`${companion}\` too, or use the profile: \`profiles: [${profile}]\`; with \`need: none\` it is left out on purpose`,
  },
  "catalogue/flavours": {
    severity: "warning",
    message: ({ profile, flavour, path }: { profile: string; flavour: string; path: string }) =>
      `\`${profile}\` is kept twice: as ${flavour} (\`${path}\`), and as it is without`,
    help: () => "leave the one away that you do not use: what it has is not what you see in the other",
  },
});

/** What the catalogue knows better of paths that a manifest lists by itself, without their profile. */
export function catalogueFaults(plan: HostPlan, catalogue: Catalogue): Diagnostic[] {
  const listed = plan.rules.flatMap((entry): [PlanEntry, KnownPath][] => {
    const known = entry.disposition === "discard" ? undefined : knownOf(entry, catalogue);
    return known === undefined ? [] : [[entry, known]];
  });
  const byHand = listed.filter(([entry]) => entry.origin.profile === null);
  const persisted = ([entry]: [PlanEntry, KnownPath]): boolean => entry.disposition === "persist";
  return [
    ...byHand.flatMap(([entry, known]) => secretFaults(entry, known)),
    ...byHand.filter(persisted).flatMap(([entry, known]) => entryFaults(entry, known)),
    ...companionFaults(plan, byHand.filter(persisted)),
    ...flavourFaults(listed.filter(persisted)),
  ];
}

function knownOf({ scope, path, origin }: PlanEntry, catalogue: Catalogue): KnownPath | undefined {
  if (origin.profile === null) return catalogue.known(scope, path);
  const profile = catalogue.get(origin.profile);
  const entry = profile === undefined ? undefined : entryAt(profile, scope, path);
  return profile === undefined || entry === undefined ? undefined : { profile, entry };
}

function secretFaults({ class: c, path, span }: PlanEntry, { profile, entry: known }: KnownPath): Diagnostic[] {
  if (known.class !== "secret" || c === "secret") return [];
  return [say["catalogue/secret"]({ path, profile: profile.name }, span)];
}

function entryFaults(entry: PlanEntry, { profile: { name: profile }, entry: known }: KnownPath): Diagnostic[] {
  const { path, span } = entry;
  if (known.class === "secret" && entry.class !== "secret") return [];
  if (known.class === "cache" && known.need === "none" && entry.class !== "cache")
    return [say["catalogue/cache"]({ path, profile }, span)];
  const usual = entry.kind === "directory" ? "0755" : "0644";
  const [mode, is] = [entry.mode ?? usual, known.mode ?? classMode(known) ?? usual];
  const opens = Number.parseInt(mode, 8) & ~Number.parseInt(is, 8) & 0o077;
  return opens === 0 ? [] : [say["catalogue/mode"]({ path, mode, profile, known: is }, span)];
}

/** Has a warning of its own, which says more. */
const saidElsewhere = new Set(["/etc/NetworkManager/system-connections"]);

/** What is worth most of an application, where something else of it is listed and this is not decided about. */
function companionFaults(plan: HostPlan, listed: readonly [PlanEntry, KnownPath][]): Diagnostic[] {
  const warned = new Set<string>();
  return listed.flatMap(([entry, known]) => {
    const { profile } = known;
    const key = `${profile.name} ${entry.user ?? ""}`;
    const companion = warned.has(key) ? undefined : missingCompanion(plan, entry, known);
    if (companion === undefined) return [];
    warned.add(key);
    const { path, span } = entry;
    return [say["catalogue/companion"]({ path, companion: companion.path, profile: profile.name }, span)];
  });
}

function missingCompanion(
  plan: HostPlan,
  entry: PlanEntry,
  { profile, entry: known }: KnownPath,
): ProfileEntry | undefined {
  const home = plan.host.users.find(({ name }) => name === entry.user)?.home;
  return pathsOf(profile, variantOf(profile, entry)).find((other) => {
    if (other.scope !== entry.scope || other.kind === "pattern" || saidElsewhere.has(other.path)) return false;
    if (other.on !== null && !other.on.includes(plan.host.os)) return false;
    if (!isWorthMore(other, known)) return false;
    const live = home === undefined || other.scope === "system" ? other.path : joinPath(home, other.path);
    return fate(plan, live as AbsolutePath).fate === "undecided";
  });
}

/** A secret, or something critical: of less there are often two, one for each version of a program. */
function isWorthMore(one: ProfileEntry, other: ProfileEntry): boolean {
  if (one.need === "none" || (one.class !== "secret" && one.need !== "critical")) return false;
  const more = needRank(one.need) - needRank(other.need);
  return more > 0 || (more === 0 && one.class === "secret" && other.class !== "secret");
}

/** The flavour that a path belongs to; null for the application as it is without one. */
function variantOf(profile: Profile, { path }: Pick<PlanEntry, "path">): string | null {
  if (profile.paths.some((own) => own.path === path)) return null;
  const flavours = Object.entries(profile.flavours);
  return flavours.find(([, flavour]) => flavour.paths.some((own) => own.path === path))?.[0] ?? null;
}

function flavourFaults(listed: readonly [PlanEntry, KnownPath][]): Diagnostic[] {
  // Some sandboxes use the files of the application outside: those speak for neither.
  const isShared = (profile: Profile, { path }: PlanEntry): boolean =>
    Object.values(profile.flavours).some((flavour) => flavour.paths.some((own) => own.path === path));
  const plain = new Set(
    listed
      .filter(([entry, { profile }]) => variantOf(profile, entry) === null && !isShared(profile, entry))
      .map(([entry, { profile }]) => `${profile.name} ${entry.user ?? ""}`),
  );
  const warned = new Set<string>();
  return listed.flatMap(([entry, { profile }]) => {
    const flavour = variantOf(profile, entry);
    const key = `${profile.name} ${entry.user ?? ""}`;
    if (flavour === null || !plain.has(key) || warned.has(key)) return [];
    warned.add(key);
    return [say["catalogue/flavours"]({ profile: profile.name, flavour, path: entry.path }, entry.span)];
  });
}
