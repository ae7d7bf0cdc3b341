/** Compares what was laid on one machine with what is on another, path by path, by the fates that the two plans give. */
import { fate } from "../../src/plan/fate.ts";
import { type AbsolutePath, isBelow, isWithin } from "../../src/plan/path.ts";
import { mountedEntries } from "../../src/plan/physical.ts";
import type { HostPlan, PlanUser } from "../../src/plan/plan.ts";
import { rootLink, storeFolder } from "../../src/plan/stores.ts";
import { lies } from "./layer.ts";
import type { Facts, Picture } from "./picture.ts";

/** What must become of a path in the move, by its fate on both machines. */
export const outcomes = {
  moved: "backed up there, kept here: is here, as it was",
  "host-bound": "belongs to one machine: stays there",
  "not backed up": "kept there without a backup: stays there",
  "not kept here": "backed up there, not kept here: stays in the backup",
  carried: "carried: laid by chezmoi, as it was",
  discarded: "discarded there: is not here",
  undecided: "nobody's: is not here",
} as const;

export type Outcome = keyof typeof outcomes;

export interface Move {
  readonly there: HostPlan;
  readonly here: HostPlan;
  /** What was laid there, by live path. */
  readonly laid: Picture;
  /** What was here before, and is now, by real path. */
  readonly before: Picture;
  readonly after: Picture;
  /** Whether what is restored keeps its holes. */
  readonly keepsHoles: boolean;
  /** What belongs to one machine, by live path. */
  readonly isHostBound: (live: AbsolutePath) => boolean;
  /** What belongs to one machine and came along in something larger: it is put aside, for the person to look at. */
  readonly putAside: readonly string[];
  /** What else the person or a program put here, by real path, with what is below. */
  readonly others: readonly string[];
}

/** One thing that is not as it should be. */
export interface Fault {
  readonly path: string;
  readonly outcome: Outcome | "extra" | "before";
  readonly says: string;
}

export interface Comparison {
  readonly faults: readonly Fault[];
  /** How many paths were compared, by what had to become of them. */
  readonly counts: Readonly<Record<Outcome, number>>;
}

export function outcomeOf({ there, here, isHostBound }: Move, live: AbsolutePath): Outcome {
  const [was, is] = [fate(there, live), fate(here, live)];
  if (was.fate === "carry" && is.fate === "carry") return "carried";
  if (was.fate === "undecided") return "undecided";
  if (was.fate !== "persist") return "discarded";
  if (!was.backup) return "not backed up";
  if (is.fate !== "persist") return "not kept here";
  return isHostBound(live) ? "host-bound" : "moved";
}

/** Compares a whole move. */
export function compareMove(move: Move): Comparison {
  const paths = [...move.laid.keys()].sort() as AbsolutePath[];
  const counts = Object.fromEntries(Object.keys(outcomes).map((outcome) => [outcome, 0])) as Record<Outcome, number>;
  const wanted = new Map<string, AbsolutePath>();
  const faults: Fault[] = [];
  for (const live of paths) {
    const outcome = outcomeOf(move, live);
    counts[outcome]++;
    if (outcome === "moved" || outcome === "carried") wanted.set(lies(move.here, live), live);
  }
  for (const live of paths) {
    const outcome = outcomeOf(move, live);
    const says =
      wanted.get(lies(move.here, live)) === live ? differences(move, live, outcome) : presence(move, live, wanted);
    faults.push(...says.map((text) => ({ path: live, outcome, says: text })));
  }
  return { faults: [...faults, ...extras(move, wanted), ...changes(move, wanted)], counts };
}

/** What is not as it was there. */
function differences(move: Move, live: AbsolutePath, outcome: Outcome): string[] {
  const was = move.laid.get(live);
  const is = move.after.get(lies(move.here, live));
  if (was === undefined || is === undefined) return [`missing: it should be at ${lies(move.here, live)}`];
  const should = { ...was, ...expectedOwner(move, live, was), mode: expectedMode(move, live, was) };
  const compared: (keyof Facts)[] = ["kind", "content", "attributes"];
  // What is in containers belongs to numbers, all else to names.
  compared.push(...(/^\/var\/lib\/docker\//.test(live) ? (["ids"] as const) : (["owner", "group"] as const)));
  if (move.keepsHoles) compared.push("sparse");
  if (was.kind !== "link") compared.push("mode");
  // What chezmoi lays is a file of the repo: content and mode, no more.
  const keys = outcome === "carried" ? (["kind", "content", "owner"] as const) : [...compared, ...timeOf(was)];
  const found = keys.flatMap((key) =>
    should[key] === is[key] ? [] : [`${key} is ${is[key]}, should be ${should[key]}`],
  );
  const place = lies(move.here, live);
  const led = leadsTo(move.after, live, place);
  if (led !== place) found.push(`programs that look for it are led to ${led}, and it is at ${place}`);
  return outcome === "carried" ? found : [...found, ...namesApart(move, live, was, is)];
}

/** Where a path leads, links on the way followed, until it is where it should be. */
function leadsTo(picture: Picture, path: string, place: string): string {
  let [reached, rest] = ["", path.split("/").slice(1)];
  for (let steps = 0; rest.length > 0 && steps < 400; steps++) {
    const [name = "", ...more] = rest;
    const next = name === ".." ? reached.slice(0, reached.lastIndexOf("/")) : `${reached}/${name}`;
    const facts = picture.get(next);
    if (next === place || facts?.kind !== "link") [reached, rest] = [next, more];
    else {
      const text = facts.content.split("/");
      [reached, rest] = [facts.content.startsWith("/") ? "" : reached, [...text.filter((n) => n !== ""), ...more]];
    }
  }
  return reached;
}

/** Directories change when what is not kept is taken out of them. */
function timeOf({ kind }: Facts): ["mtime"] | [] {
  return kind === "directory" ? [] : ["mtime"];
}

function userOf(plan: HostPlan, live: AbsolutePath): PlanUser | undefined {
  return plan.host.users.find(({ home }) => isBelow(live, home));
}

/** By name; what is a person's is theirs here too, with the group that they have here. */
function expectedOwner({ here, there }: Move, live: AbsolutePath, was: Facts): Pick<Facts, "owner" | "group"> {
  const [before, now] = [userOf(there, live), userOf(here, live)];
  if (before === undefined || now === undefined || was.group !== before.group) return was;
  return { owner: was.owner, group: now.group };
}

/** What the manifest says of exactly this path, else what it was. */
function expectedMode({ here }: Move, live: AbsolutePath, was: Facts): string {
  const rule = fate(here, live).rule;
  return rule?.live === live && rule.mode !== null ? rule.mode : was.mode;
}

/** Two names of one file must still be two names of one file. */
function namesApart(move: Move, live: AbsolutePath, was: Facts, is: Facts): string[] {
  if (was.kind !== "file") return [];
  const others = namesOf(move.laid, was).filter((name) => name !== live) as AbsolutePath[];
  const apart = others.filter((name) => move.after.get(lies(move.here, name))?.inode !== is.inode);
  return apart.map((name) => `is no longer the same file as ${name}`);
}

const names = new WeakMap<Picture, Map<string, string[]>>();
function namesOf(picture: Picture, { inode }: Facts): readonly string[] {
  const known = names.get(picture) ?? new Map<string, string[]>();
  if (!names.has(picture)) {
    for (const [path, facts] of picture) {
      if (facts.kind === "file") known.set(facts.inode, [...(known.get(facts.inode) ?? []), path]);
    }
    names.set(picture, known);
  }
  return known.get(inode) ?? [];
}

/** What is here and must not be; a directory may be, on the way to what may. */
function presence(
  { here, after, before, others }: Move,
  live: AbsolutePath,
  wanted: ReadonlyMap<string, AbsolutePath>,
): string[] {
  const path = lies(here, live);
  const is = after.get(path);
  if (is === undefined || before.has(path) || wanted.has(path) || others.includes(path)) return [];
  if (is.kind === "directory" && [...wanted.keys(), ...ways(here), ...others].some((other) => isWithin(other, path)))
    return [];
  return [`is here, at ${path}`];
}

/** Links that the scripts and chezmoi make: of the entries, and of the stores. */
function ways(plan: HostPlan): string[] {
  const { users, stores } = plan.host;
  const links = mountedEntries(plan).filter(({ how }) => how === "symlink");
  return [
    ...links.map(({ live }) => live),
    ...users.flatMap(({ home }) => stores.map(({ name }) => `${home}/${rootLink(name, stores)}`)),
    ...users.flatMap((user) => stores.flatMap((store) => storeFolder(store, user) ?? [])),
    // What is linked and not there yet is made, and empty.
    ...links.filter(({ kind }) => kind === "directory").map(({ stored }) => stored),
  ];
}

/** What is new here and comes from nowhere. What was replaced is beside what replaced it. */
function extras(move: Move, wanted: ReadonlyMap<string, AbsolutePath>): Fault[] {
  const { here, after, before, others } = move;
  const known = [...wanted.keys(), ...ways(here)];
  const expected = new Set([...known, ...known.flatMap(parents)]);
  const was = [...before.keys(), ...ways(here)];
  const old = new Set(was.flatMap((path) => [path, lies(here, path as AbsolutePath)]));
  const found = [...after.keys()].filter(
    (path) =>
      !expected.has(path) &&
      !old.has(path.replace(setAside, "")) &&
      !isPutAside(move, path) &&
      !others.some((other) => isWithin(path, other) || isBelow(other, path)),
  );
  return found.map((path) => ({ path, outcome: "extra", says: "is here, and nobody put it here" }));
}

function isPutAside({ putAside }: Move, path: string): boolean {
  const [, rest = "/"] = /\/\.remanence-restore-\w{6}(?:\/of-one-machine(\/.*)?)?$/.exec(path) ?? [undefined, "no"];
  return putAside.some((aside) => isWithin(aside, rest));
}

const setAside = /\.remanence-original(?=\/|$)/;

/** Where something that was here before is now: in its place or its store, or beside what replaced it or what is around it. */
function placesNow(here: HostPlan, live: string): string[] {
  return [live, lies(here, live as AbsolutePath)].flatMap((path) => {
    const around = [...parents(path), path];
    return [path, ...around.map((folder) => `${folder}.remanence-original${path.slice(folder.length)}`)];
  });
}

function parents(path: string): string[] {
  const names = path.split("/").slice(1, -1);
  return names.map((_, i) => `/${names.slice(0, i + 1).join("/")}`);
}

/** What was here before must be as it was. */
function changes({ here, after, before, others }: Move, wanted: ReadonlyMap<string, AbsolutePath>): Fault[] {
  return [...before].flatMap(([path, was]): Fault[] => {
    if (others.some((other) => isWithin(path, other))) return [];
    // A directory that something was put into has another time, and one that was only made for it another mode.
    if (was.kind === "directory" && (wanted.has(path) || after.get(path)?.kind !== undefined)) return [];
    const now = placesNow(here, path).flatMap((place) => after.get(place) ?? []);
    if (now.some((is) => isAsBefore(was, is))) return [];
    return [{ path, outcome: "before", says: "was here before, and is not as it was" }];
  });
}

function isAsBefore(was: Facts, is: Facts): boolean {
  const facts: (keyof Facts)[] = ["kind", "content", "mode", "owner", "group", "mtime"];
  return facts.every((key) => was[key] === is[key]);
}

/** The table that a person reads: how many paths, by what had to become of them. */
export function tableOf(title: string, { counts, faults }: Comparison): string {
  const rows = (Object.keys(outcomes) as Outcome[]).map((outcome) => {
    const wrong = new Set(faults.filter((fault) => fault.outcome === outcome).map(({ path }) => path)).size;
    return `  ${String(counts[outcome]).padStart(6)}  ${String(wrong).padStart(5)} wrong  ${outcomes[outcome]}`;
  });
  const others = faults.filter(({ outcome }) => outcome === "extra" || outcome === "before").length;
  return [
    title,
    ...rows,
    `          ${String(others).padStart(5)} wrong  what was here before, or comes from nowhere`,
  ].join("\n");
}

/** Faults for a message: one a line. */
export function faultLines(faults: readonly Fault[]): string[] {
  return faults.map(({ path, outcome, says }) => `${outcome}: ${JSON.stringify(path)} ${says}`);
}
