import { type AbsolutePath, componentsOf, depthOf } from "../plan/path.ts";
import { isWild, patternRegex } from "../plan/pattern.ts";
import type { Class, Kind, Need } from "../plan/vocabulary.ts";
import type { Profile } from "./profile.ts";

export type Scope = "home" | "system";

/** A path of the catalogue, and what is known of it. */
export interface IndexedPath {
  readonly scope: Scope;
  readonly path: string;
  readonly kind: Kind;
  readonly profile: string;
  readonly flavour: string | null;
  readonly class: Class;
  readonly need: Need;
  readonly note: string;
}

export interface PathOwner {
  /** The path itself, or something inside of it. */
  readonly relation: "exact" | "below";
  readonly indexed: IndexedPath;
}

/** All paths of the catalogue, to find whose one is. */
export interface PathIndex {
  /** What is known of exactly this path, as it is written. */
  exact(scope: Scope, path: string): IndexedPath | undefined;
  /** The deepest catalogued path that is this one or lies around it; at one depth a literal one beats a pattern. */
  owner(scope: Scope, path: string): PathOwner | undefined;
  /** True where something strictly below the path is catalogued, or may be: patterns are only looked at by their beginning. */
  hasBelow(scope: Scope, path: string): boolean;
}

const columns = ["scope", "path", "kind", "profile", "flavour", "class", "need", "note"] as const;

/**
 * The index as text, one path a line, in the order of the paths, the first that names a path: the build writes it, since to read it takes a
 * fraction of what all profiles take. No value of a profile holds a tab or a line break.
 */
export function printPathIndex(profiles: readonly Profile[]): string {
  const lines = new Map<string, string>();
  for (const { name, paths, flavours } of profiles) {
    const variants = [[null, paths] as const, ...Object.entries(flavours).map(([f, v]) => [f, v.paths] as const)];
    for (const [flavour, entries] of variants) {
      for (const entry of entries) {
        const row = { ...entry, profile: name, flavour: flavour ?? "", note: entry.note ?? "" };
        const key = `${entry.scope}\t${entry.path}`;
        if (!lines.has(key)) lines.set(key, columns.map((column) => row[column]).join("\t"));
      }
    }
  }
  const sorted = [...lines].sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([, line]) => `${line}\n`).join("");
}

/**
 * What an index, as text, says of exactly this path. For a few questions to halve the text again and again takes a
 * fraction of what it takes to read all of it.
 */
export function findPath(text: string, scope: Scope, path: string): IndexedPath | undefined {
  const wanted = `${scope}\t${path}`;
  let [low, high] = [0, text.length];
  while (low < high) {
    const start = text.lastIndexOf("\n", ((low + high) >> 1) - 1) + 1;
    const end = text.indexOf("\n", start);
    const key = text.slice(start, text.indexOf("\t", text.indexOf("\t", start) + 1));
    if (key === wanted) return parseLine(text.slice(start, end));
    if (key < wanted) low = end + 1;
    else high = start;
  }
  return undefined;
}

/** Reads what `printPathIndex` wrote. */
export function parsePathIndex(text: string): PathIndex {
  const known = { home: scopeIndex(), system: scopeIndex() };
  // Of a line only where it begins is kept: thousands of texts of their own would be made to be thrown away.
  for (let at = 0; at < text.length; ) {
    const start = text.indexOf("\t", at) + 1;
    if (start === 0) break;
    const end = text.indexOf("\t", start);
    const index = known[text.startsWith("home", at) ? "home" : "system"];
    index.lines.set(text.slice(start, end), at);
    if (text.startsWith("pattern\t", end + 1)) addPattern(index, parseLine(lineAt(text, at)));
    at = text.indexOf("\n", end) + 1;
    if (at === 0) break;
  }
  const exact = (scope: Scope, path: string): IndexedPath | undefined => {
    const { lines } = known[scope];
    const line = lines.get(path);
    if (typeof line !== "number") return line;
    const parsed = parseLine(lineAt(text, line));
    lines.set(path, parsed);
    return parsed;
  };
  return {
    exact,
    owner(scope, path) {
      const depth = depthOf(path);
      const pattern = deepestPattern(known[scope], path);
      for (let at = path, here = depth; at !== ""; at = parent(at), here--) {
        const literal = exact(scope, at);
        if (literal !== undefined && literal.kind !== "pattern" && (here === depth || literal.kind === "directory"))
          return { relation: here === depth ? "exact" : "below", indexed: literal };
        if (pattern?.depth === here) return { relation: here === depth ? "exact" : "below", indexed: pattern.indexed };
      }
      return undefined;
    },
    hasBelow: (scope, path) => hasLineBelow(text, scope, path) || patternsBelow(known[scope].patterns, path),
  };
}

/** True where a line is about something below the path: lines are in the order of their paths. */
function hasLineBelow(text: string, scope: Scope, path: string): boolean {
  const wanted = `${scope}\t${path}/`;
  let [low, high] = [0, text.length];
  while (low < high) {
    const start = text.lastIndexOf("\n", ((low + high) >> 1) - 1) + 1;
    if (text.slice(start, start + wanted.length) < wanted) low = text.indexOf("\n", start) + 1;
    else high = start;
  }
  return text.startsWith(wanted, low);
}

/** True where a pattern of more components begins as the path does. */
function patternsBelow(patterns: ReadonlyMap<string, readonly Pattern[]>, path: string): boolean {
  const names = namesOf(path);
  for (const [fixed, group] of patterns) {
    // Most patterns lie elsewhere by their fixed beginning.
    if (!isBeginning(fixed, path) && !isBeginning(path, fixed)) continue;
    const fitting = group.some(
      ({ components }) => components.length > names.length && fits(components.slice(0, names.length), names),
    );
    if (fitting) return true;
  }
  return false;
}

function isBeginning(path: string, of: string): boolean {
  return of.startsWith(path) && (path === "" || path === "/" || of.length === path.length || of[path.length] === "/");
}

interface ScopeIndex {
  /** Where in the text they begin; parsed when they are asked for. */
  readonly lines: Map<string, number | IndexedPath>;
  readonly patterns: Map<string, Pattern[]>;
  /** What the paths begin with that a pattern may match: most begin otherwise. */
  readonly beginnings: Set<string>;
}

function scopeIndex(): ScopeIndex {
  return { lines: new Map(), patterns: new Map(), beginnings: new Set() };
}

function lineAt(text: string, start: number): string {
  return text.slice(start, text.indexOf("\n", start));
}

function parseLine(line: string): IndexedPath {
  const [scope, path, kind, profile, flavour, entryClass, need, note] = line.split("\t");
  return { scope, path, kind, profile, flavour: flavour || null, class: entryClass, need, note } as IndexedPath;
}

/** A pattern by its components. */
interface Pattern {
  readonly indexed: IndexedPath;
  readonly components: readonly (string | RegExp)[];
}

/** By what stands before the first component with `*` or `?`. */
function addPattern({ patterns, beginnings }: ScopeIndex, indexed: IndexedPath): void {
  const names = namesOf(indexed.path);
  const fixed = names.slice(0, names.findIndex(isWild)).join("/");
  const components = names.map((name) => (isWild(name) ? patternRegex(name) : name));
  const key = `${indexed.path.startsWith("/") ? "/" : ""}${fixed}`;
  patterns.set(key, [...(patterns.get(key) ?? []), { indexed, components }]);
  beginnings.add(beginningOf(key));
}

/** A path up to its first slash; that of the root is none. */
function beginningOf(path: string): string {
  const end = path.indexOf("/", 1);
  return end === -1 ? path : path.slice(0, end);
}

function deepestPattern(
  { patterns, beginnings }: ScopeIndex,
  path: string,
): { depth: number; indexed: IndexedPath } | undefined {
  // A pattern whose first name is one itself begins with nothing.
  if (!beginnings.has(beginningOf(path)) && !beginnings.has("") && !beginnings.has("/")) return undefined;
  let names: string[] | undefined;
  let deepest: { depth: number; indexed: IndexedPath } | undefined;
  const top = path.startsWith("/") ? "/" : "";
  for (let end = top.length; end !== -1; end = path.indexOf("/", end + 1)) {
    const found = patterns.get(path.slice(0, end));
    if (found === undefined) continue;
    names ??= namesOf(path);
    for (const pattern of found) {
      const depth = pattern.components.length;
      if (depth > (deepest?.depth ?? 0) && fits(pattern.components, names))
        deepest = { depth, indexed: pattern.indexed };
    }
  }
  return deepest;
}

function fits(components: readonly (string | RegExp)[], names: readonly string[]): boolean {
  if (components.length > names.length) return false;
  return components.every((component, i) =>
    typeof component === "string" ? component === names[i] : component.test(names[i] ?? ""),
  );
}

function namesOf(path: string): string[] {
  return path.startsWith("/") ? componentsOf(path as AbsolutePath) : path.split("/");
}

/** The path around one; empty at the top. */
function parent(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}
