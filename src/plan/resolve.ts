import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { Manifest, ManifestHost } from "../manifest/manifest.ts";
import type { Catalogue } from "../profiles/catalogue.ts";
import { type Candidate, candidatesFor } from "./candidates.ts";
import { planDiagnostics as say } from "./diagnostics.ts";
import { comparePaths, sortByPath } from "./path.ts";
import { placeEntries, type UnplacedEntry } from "./place.ts";
import type { HostPlan, Origin, PlanHost, PlanUser } from "./plan.ts";
import { storesOn } from "./stores.ts";
import { classDefaults, classMode, type Disposition, needRank } from "./vocabulary.ts";

/** What `resolveHost` needs beside the manifest. */
export interface ResolveContext {
  readonly catalogue: Catalogue;
  /** Line and column of a span, for origins. */
  position(span: { readonly file: string; readonly start: number }): { line: number; column: number };
}

/**
 * Resolves a manifest and its profiles for one host: which entries apply, expanded per user; one rule a path; what
 * becomes of each; where it is stored. Pure; the order of entries changes nothing. The total order of entries is
 * decided here: byte order of the live path.
 */
export function resolveHost(
  manifest: Manifest,
  host: ManifestHost,
  context: ResolveContext,
): { plan: HostPlan; diagnostics: Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const planHost = hostOf(manifest, host);
  const decide = (candidate: Candidate): UnplacedEntry => ruleOf(candidate, planHost, context);
  const chosen = onePerPath(candidatesFor(manifest, planHost, context.catalogue), decide, diagnostics);
  const undetermined = chosen.map(decide);
  for (const candidate of chosen.filter((c) => isLeftOutInClear(c, planHost))) {
    const params = { path: candidate.entry.path, host: planHost.name };
    diagnostics.push(say["backup/secret-in-clear"](params, candidate.span));
  }
  const { rules, entries } = placeEntries(undetermined, planHost, diagnostics);
  const plan: HostPlan = { version: 1, manifest: manifest.file, host: planHost, rules, entries };
  return { plan, diagnostics };
}

function hostOf(manifest: Manifest, host: ManifestHost): PlanHost {
  const users = manifest.users
    .filter((user) => host.users.includes(user.name))
    .map((user): PlanUser => ({ name: user.name, home: user.home, group: user.group ?? groupOn(host, user.name) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return { ...host, users, stores: storesOn(manifest.stores, host) };
}

/** NixOS puts people into `users`; Fedora gives each a group of their own. */
function groupOn(host: ManifestHost, user: string): string {
  if (user === "root") return "root";
  return host.os === "nixos" ? "users" : user;
}

/**
 * One candidate a path: the manifest beats a profile; two manifest entries that say different things are an error;
 * of two profiles the one that keeps more decides, whatever their order.
 */
function onePerPath(
  candidates: readonly Candidate[],
  decide: (candidate: Candidate) => UnplacedEntry,
  diagnostics: Diagnostic[],
): Candidate[] {
  const byPath = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    const same = byPath.get(candidate.live);
    if (same === undefined) byPath.set(candidate.live, [candidate]);
    else same.push(candidate);
  }
  const chosen = [...byPath.values()].flatMap((same) => {
    const [first, ...others] = same.sort(byAuthority);
    for (const other of others) if (first !== undefined) diagnostics.push(...contradiction(first, other, decide));
    return first ?? [];
  });
  return sortByPath(chosen, (candidate) => candidate.live);
}

function contradiction(
  one: Candidate,
  other: Candidate,
  decide: (candidate: Candidate) => UnplacedEntry,
): Diagnostic[] {
  if (one.profile?.name !== other.profile?.name) return [];
  const [a, b] = [decide(one), decide(other)];
  // One profile named twice says the same of a path, but for the store that each asks for.
  const difference = one.profile === null ? differenceOf(one, other, a, b) : a.store === b.store ? undefined : "store";
  if (difference === undefined) return [];
  const path = one.profile?.name ?? other.entry.path;
  const place = `${a.origin.file}:${a.origin.line}`;
  return [say["plan/contradiction"]({ path, difference, other: place }, other.span)];
}

const classOrder = ["secret", "data", "state", "config", "log", "cache"];

/** Strongest first; what decides is never the order in which things are written. */
function byAuthority(a: Candidate, b: Candidate): number {
  return (
    Number(a.profile !== null) - Number(b.profile !== null) ||
    (a.profile === null ? byNote(a, b) : byStrength(a, b)) ||
    comparePaths(a.span.file, b.span.file) ||
    a.span.start - b.span.start
  );
}

/** Of entries that say the same, one with its reason, in the order of the reasons. */
function byNote(a: Candidate, b: Candidate): number {
  const [one, other] = [a.entry.note ?? "", b.entry.note ?? ""];
  return Number(one === "") - Number(other === "") || comparePaths(one, other);
}

function byStrength(a: Candidate, b: Candidate): number {
  return (
    needRank(b.entry.need) - needRank(a.entry.need) ||
    classOrder.indexOf(a.entry.class) - classOrder.indexOf(b.entry.class) ||
    comparePaths(a.profile?.name ?? "", b.profile?.name ?? "") ||
    comparePaths(a.store ?? "", b.store ?? "") ||
    comparePaths(JSON.stringify(a.entry), JSON.stringify(b.entry))
  );
}

/**
 * The first thing in which two entries for one path differ; undefined where they come to the same. What one says and
 * the other leaves open is no contradiction where the default is just that.
 */
function differenceOf(one: Candidate, other: Candidate, a: UnplacedEntry, b: UnplacedEntry): string | undefined {
  if (a.kind !== b.kind) return "directory or file";
  const keys = ["class", "need", "carry", "fetch", "store", "mode", "owner", "group"] as const;
  const more = ["how", "writes", "database", "backup", "expire"] as const;
  const wanted = (rule: UnplacedEntry, key: (typeof keys)[number] | (typeof more)[number]): unknown => {
    if (key !== "how") return rule[key];
    return rule.disposition === "persist" ? rule.wantedHow : null;
  };
  return [...keys, ...more].find((key) => {
    const both = one.entry[key] !== null && other.entry[key] !== null;
    const [x, y] = both ? [one.entry[key], other.entry[key]] : [wanted(a, key), wanted(b, key)];
    return JSON.stringify(x) !== JSON.stringify(y);
  });
}

/** How the program of a single file saves it, where the manifest lists a file that the catalogue knows. */
function knownWrites({ entry, profile }: Candidate, { catalogue }: ResolveContext): UnplacedEntry["writes"] {
  if (profile !== null || entry.kind !== "file") return null;
  return catalogue.known(entry.scope, entry.path)?.entry.writes ?? null;
}

function ruleOf(candidate: Candidate, host: PlanHost, context: ResolveContext): UnplacedEntry {
  const { entry, user } = candidate;
  const disposition = dispositionOf(candidate, host);
  return {
    scope: entry.scope,
    user: user?.name ?? null,
    path: entry.path,
    live: candidate.live,
    kind: entry.kind,
    class: entry.class,
    need: entry.need,
    disposition,
    store: disposition === "persist" ? candidate.store : null,
    stored: null,
    how: null,
    mode: entry.mode ?? modeOfPath(candidate.live) ?? classMode(entry),
    owner: entry.owner ?? user?.name ?? null,
    group: entry.group ?? user?.group ?? null,
    backup: isBackedUp(candidate, host),
    expire: expireOf(candidate, disposition),
    carry: disposition === "carry" ? entry.carry : null,
    fetch: disposition === "fetch" ? entry.fetch : null,
    writes: entry.writes ?? knownWrites(candidate, context),
    database: entry.database,
    note: entry.note,
    title: candidate.profile?.title ?? null,
    origin: originOf(candidate, context),
    span: candidate.span,
    wantedHow: entry.how,
  };
}

/** systemd refuses to start DynamicUser= services where this directory is open to others (systemd.exec(5)). */
function modeOfPath(live: string): string | undefined {
  return live === "/var/lib/private" ? "0700" : undefined;
}

function originOf(candidate: Candidate, context: ResolveContext): Origin {
  const { line, column } = context.position(candidate.span);
  return { file: candidate.span.file, line, column, profile: candidate.profile?.name ?? null };
}

function dispositionOf({ entry }: Candidate, host: PlanHost): Disposition {
  if (entry.need === "none") return "discard";
  if (entry.carry !== null) return "carry";
  if (entry.fetch !== null) return "fetch";
  return needRank(entry.need) >= needRank(host.keep) ? "persist" : "discard";
}

function isBackedUp(candidate: Candidate, host: PlanHost): boolean {
  return isWorthBackup(candidate, host) && !isInClear(candidate, host);
}

/** A secret that only the want of encryption keeps out of the backup. */
function isLeftOutInClear(candidate: Candidate, host: PlanHost): boolean {
  return isWorthBackup(candidate, host) && isInClear(candidate, host);
}

function isInClear({ entry }: Candidate, { backup }: PlanHost): boolean {
  return entry.class === "secret" && backup?.engine === "tar" && backup.encrypt === null;
}

function isWorthBackup(candidate: Candidate, host: PlanHost): boolean {
  const { entry, store } = candidate;
  const { backup } = host;
  if (backup === null || needRank(entry.need) < needRank(backup.need)) return false;
  if (!classDefaults[entry.class].backup) return false;
  const disposition = dispositionOf(candidate, host);
  if (disposition === "carry") return entry.backup === true;
  if (disposition !== "persist" || entry.backup === false) return false;
  return host.stores.find((s) => s.name === store)?.backup === true;
}

/**
 * When it may go. A class default is only for what is discarded and for logs: a cache that somebody chose to keep
 * (container images, games) is kept, and ageing single files out of it would break it.
 */
function expireOf({ entry }: Candidate, disposition: Disposition): string | null {
  if (entry.expire !== null) return entry.expire === "never" ? null : entry.expire;
  const passing = disposition === "discard" || (disposition === "persist" && entry.class === "log");
  return passing ? classDefaults[entry.class].expire : null;
}
