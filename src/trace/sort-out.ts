import { type AbsolutePath, isBelow, parseHomePath, parseSystemPath, sortByPath } from "../plan/path.ts";
import type { PlanEntry } from "../plan/plan.ts";
import { specialAdvice } from "../plan/special-paths.ts";
import type { Class, Need, Os } from "../plan/vocabulary.ts";
import type { PathIndex } from "../profiles/path-index.ts";
import type { Scope } from "../profiles/scope.ts";
import { databaseOf, databasesAmong } from "./databases.ts";
import type { Folded, Writes, WrittenName } from "./fold.ts";
import type { Found } from "./found.ts";
import type { Place, PlaceFinder } from "./places.ts";
import { type Root, rootOf } from "./root-of.ts";

/** A file that a program wrote, and that is there. */
export interface WrittenFile extends Found {
  readonly place: Place;
  readonly writes: Writes | null;
  readonly database: boolean;
}

/** An entry that would keep what a program wrote. */
export interface Proposal {
  readonly scope: Scope;
  /** As in a manifest, without the slash at the end. */
  readonly path: string;
  readonly kind: "file" | "directory" | "pattern";
  readonly class: Class;
  readonly need: Need;
  /** How the program saves it, where that is a single file and was seen. */
  readonly writes: Writes | null;
  readonly database: boolean;
  /** The profile that has this path, and its flavour. */
  readonly profile: string | null;
  readonly flavour: string | null;
  readonly why: string;
  readonly written: readonly WrittenFile[];
}

/** What a line of the manifest decides already. */
export interface Decided {
  readonly rule: PlanEntry;
  readonly written: readonly WrittenFile[];
}

/** Where a program looked in vain, and what would be there. */
export interface Missed {
  readonly place: Place;
  readonly profile: string | null;
  readonly class: Class | null;
}

export interface SortedOut {
  readonly proposals: readonly Proposal[];
  readonly decided: readonly Decided[];
  readonly missing: readonly Missed[];
  /** Written where no entry is usual: below `/usr`, by a package manager for instance. */
  readonly outside: readonly WrittenFile[];
  /** Paths with a right answer of their own, which is not an entry like any other. */
  readonly special: readonly { readonly file: WrittenFile; readonly why: string; readonly instead: string }[];
  /** Names that no manifest can hold: bytes that are no UTF-8, line breaks. */
  readonly unnameable: readonly WrittenFile[];
  /** How many were written in /tmp, /run and the like. */
  readonly passing: number;
}

export interface SortOptions {
  readonly placeOf: PlaceFinder;
  /** The rule of the plan that decides a path. */
  deciding(live: AbsolutePath): PlanEntry | null;
  readonly indexes: readonly PathIndex[];
  /** That of the plan's host. */
  readonly os: Os | null;
  /** What is at a path now. */
  find(path: string): Found | undefined;
}

/** Sorts what a program did by what a person has to do about it. */
export function sortOut(folded: Folded, options: SortOptions): SortedOut {
  const written = writtenFiles(folded, options);
  const programs = programNames(folded.programs);
  const decided = new Map<PlanEntry, WrittenFile[]>();
  const roots = new Map<string, { root: Root; scope: Scope; written: WrittenFile[] }>();
  const outside: WrittenFile[] = [];
  const unnameable: WrittenFile[] = [];
  const special: { file: WrittenFile; why: string; instead: string }[] = [];
  for (const file of written.kept) {
    const { place } = file;
    const rule = options.deciding(place.live);
    const root = rule === null ? rootOf(place, programs, options.indexes) : undefined;
    const advice = adviceOn(root, place, options.os);
    if (rule !== null) append(decided, rule, file);
    else if (advice !== undefined) special.push({ file, ...advice });
    else if (root === undefined) outside.push(file);
    else if (!canBeNamed(root, place.scope)) unnameable.push(file);
    else {
      const key = `${place.scope} ${root.profile} ${root.path}`;
      const known = roots.get(key);
      if (known === undefined) roots.set(key, { root, scope: place.scope, written: [file] });
      else known.written.push(file);
    }
  }
  const all = [...roots.values()].map(({ root, scope, written: files }) => proposalOf(root, scope, files));
  const proposals = sortByPath(withoutInner(all), ({ path }) => path);
  return {
    proposals,
    decided: sortByPath([...decided], ([rule]) => rule.live).map(([rule, files]) => ({ rule, written: files })),
    missing: missed(folded.missing, programs, options).filter((one) => !isInside(one, proposals)),
    outside,
    special,
    unnameable,
    passing: written.passing,
  };
}

/** The names of programs, without those that only run others: nothing is named after them. */
export function programNames(programs: readonly string[]): string[] {
  const interpreters = /^(?:ba|da|z|fi)?sh$|^env$|^python[\d.]*$|^node$|^perl$/;
  const names = programs.map((path) => path.slice(path.lastIndexOf("/") + 1).replace(/^\.(.*)-wrapped$/, "$1"));
  return [...new Set(names)].filter((name) => !interpreters.test(name));
}

function writtenFiles(folded: Folded, { placeOf, find }: SortOptions): { kept: WrittenFile[]; passing: number } {
  const databases = databasesAmong(
    folded.written.map((name) => name.path),
    folded.sidecars,
    folded.missing,
  );
  const kept: WrittenFile[] = [];
  let passing = 0;
  for (const name of folded.written) {
    const place = placeOf(name.path);
    if (place === undefined) passing++;
    else if (!standsBesideDatabase(name, databases)) {
      const found = find(name.path);
      if (found === undefined || found.kind === "other") continue;
      kept.push({ place, writes: name.writes, database: databases.has(name.path), ...found });
    }
  }
  return { kept, passing };
}

/** The journal of a database is part of it. */
function standsBesideDatabase({ path }: WrittenName, databases: ReadonlySet<string>): boolean {
  const database = databaseOf(path);
  return database !== undefined && databases.has(database);
}

function proposalOf(root: Root, scope: Scope, written: readonly WrittenFile[]): Proposal {
  const [file] = written;
  const isFile = root.kind === "file";
  // One of a catalogued or usual place that turned out to be a directory itself: moved there as a whole.
  const kind = isFile && file?.kind === "directory" ? "directory" : root.kind;
  const database = written.some((one) => one.database);
  const isBoundToFolder = kind === "file" && database && root.profile === null;
  return {
    ...root,
    why: isBoundToFolder
      ? `${root.why}; its journal lies beside it, so that a directory of its own is safer`
      : root.why,
    scope,
    kind,
    writes: kind === "file" ? (file?.writes ?? null) : null,
    database,
    written,
  };
}

/** Leaves out what lies in another proposal and would say nothing else than that one. */
function withoutInner(proposals: readonly Proposal[]): Proposal[] {
  const inner = new Map<Proposal, Proposal>();
  for (const proposal of proposals) {
    const outer = proposals.find(
      (other) =>
        other.kind === "directory" &&
        other.scope === proposal.scope &&
        other.profile === null &&
        proposal.profile === null &&
        isBelow(proposal.path, other.path) &&
        other.class === proposal.class,
    );
    if (outer !== undefined) inner.set(proposal, outer);
  }
  return proposals
    .filter((proposal) => !inner.has(proposal))
    .map((proposal) => {
      const added = [...inner].filter(([, outer]) => outer === proposal).map(([one]) => one);
      return added.length === 0
        ? proposal
        : {
            ...proposal,
            database: proposal.database || added.some((one) => one.database),
            written: [...proposal.written, ...added.flatMap((one) => one.written)],
          };
    });
}

/** What the table of special paths says of a path of the system; what a profile has is right as it is. */
function adviceOn(
  root: Root | undefined,
  { scope }: Place,
  os: Os | null,
): { why: string; instead: string } | undefined {
  if (root === undefined || root.profile !== null || scope === "home" || os === null) return undefined;
  const found = specialAdvice(root.path, root.kind === "file" ? "file" : "directory", os);
  return found === undefined ? undefined : { why: found.why, instead: found.instead };
}

function canBeNamed(root: Root, scope: Scope): boolean {
  if (root.profile !== null) return true;
  const parsed = scope === "home" ? parseHomePath(root.path) : parseSystemPath(root.path);
  return "ok" in parsed && parsed.ok.path === root.path && !parsed.ok.pattern;
}

/** Where a program would look for settings; not where any program looks for others, nor what is decided. */
function missed(missing: readonly string[], programs: readonly string[], options: SortOptions): Missed[] {
  const all = new Set(missing);
  return missing.flatMap((path): Missed[] => {
    const place = options.placeOf(path);
    if (place === undefined || isSearch(place) || databaseOf(path) !== undefined) return [];
    // Of what is in a directory that is missing itself only the directory is told.
    if (all.has(path.slice(0, path.lastIndexOf("/")))) return [];
    if (options.deciding(place.live) !== null || !canBeNamed({ ...nothing, path: place.path }, place.scope)) return [];
    const root = rootOf(place, programs, options.indexes);
    // Among a person's own files there are no settings.
    if (root?.profile === null && root.class === "data") return [];
    return [{ place, profile: root?.profile ?? null, class: root?.class ?? null }];
  });
}

/** What a program may look for in a directory that is kept as a whole says nothing new. */
function isInside({ place }: Missed, proposals: readonly Proposal[]): boolean {
  return proposals.some(
    ({ kind, scope, path }) => kind === "directory" && scope === place.scope && isBelow(place.path, path),
  );
}

const nothing: Root = {
  path: "",
  kind: "file",
  class: "state",
  need: "important",
  profile: null,
  flavour: null,
  why: "",
};

/** Programs, libraries, locales and repositories are looked for all the way: that says nothing of settings. */
function isSearch({ path }: Place): boolean {
  return /(?:^|\/)(?:bin|sbin|lib|lib64|node_modules|locale|\.git|terminfo|\.terminfo|site-packages)(?:\/|$)|^\/etc\/ld\.so|\.so(?:\.[\d.]+)?$/.test(
    path,
  );
}

function append<Key>(map: Map<Key, WrittenFile[]>, key: Key, file: WrittenFile): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [file]);
  else known.push(file);
}
