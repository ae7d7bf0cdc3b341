import { depthOf } from "../plan/path.ts";
import type { Class, Kind, Need } from "../plan/vocabulary.ts";
import { folderAt, folderOf, isTop, type PathPatterns, pathPatterns } from "./path-patterns.ts";
import type { Profile } from "./profile.ts";
import type { Scope } from "./scope.ts";

/** A path of the catalogue, and what is known of it. */
export interface IndexedPath extends Answer {
  readonly scope: Scope;
  readonly path: string;
  readonly kind: Kind;
}

/** What is said of a path, and of all that lies in it; in this order, as `profiles match` prints it. */
export interface Answer {
  /** The catalogued path. */
  readonly matched: string;
  readonly profile: string;
  readonly flavour: string | null;
  readonly class: Class;
  readonly need: Need;
  /** The note of the path, else whose it is. */
  readonly why: string;
}

export interface PathOwner {
  /** The path itself, or something inside of it. */
  readonly relation: "exact" | "below";
  readonly indexed: IndexedPath;
  /** The answer as JSON, to follow on other keys: to print it takes a fraction of what it takes to read and write it again. */
  readonly answer: string;
}

/** All paths of the catalogue, to find whose one is. A path of a home is relative to it, one of the system absolute. */
export interface PathIndex {
  /** What is known of exactly this path; of a pattern nothing. */
  exact(path: string): IndexedPath | undefined;
  /** The deepest catalogued path that is this one or lies around it; at one depth a literal one beats a pattern. */
  owner(path: string): PathOwner | undefined;
  /** True where something strictly below the path is catalogued, or may be: patterns are only looked at by their beginning. */
  hasBelow(path: string): boolean;
}

/**
 * The index as text of ASCII, in parts with an empty line between:
 * - the paths, as a manifest writes them and in their order, each in a line; of two profiles that name one it is the first;
 * - which of them are not written as they are, but with escapes as in JSON: numbers from 0 up, blanks between;
 * - a mark for each: `patterned` for what lies in a folder with patterns, and for that folder, which stands there without an
 *   answer if no profile names it: `onlyPatterns`;
 * - the patterns, each in a line;
 * - where the answer of each path, and then of each pattern, begins in the last part: numbers of one length;
 * - the answers, each in a line: JSON without its first bracket.
 *
 * So nothing has to be read of an answer, or of a pattern, before it is asked for.
 */
export function printPathIndex(profiles: readonly Profile[]): string {
  const paths = new Map<string, string>();
  const patterns = new Map<string, string>();
  for (const { name: profile, paths: own, flavours } of profiles) {
    const variants = [[null, own] as const, ...Object.entries(flavours).map(([f, v]) => [f, v.paths] as const)];
    for (const [flavour, entries] of variants) {
      for (const { path, kind, class: c, need, note } of entries) {
        const answer: Answer = { matched: path, profile, flavour, class: c, need, why: note ?? `kept by ${profile}` };
        const known = kind === "pattern" ? patterns : paths;
        const key = kind === "directory" ? `${path}/` : path;
        if (!known.has(key)) known.set(key, ascii(JSON.stringify(answer)).slice(1));
      }
    }
  }
  const folders = new Set([...patterns.keys()].map(folderOf).filter((folder) => !isTop(folder)));
  for (const folder of folders) if (!paths.has(folder)) paths.set(folder, "");
  const isPatterned = (path: string): boolean =>
    [...path.matchAll(/\//g)].some(({ index }) => folders.has(path.slice(0, index + 1)));
  const markOf = (path: string): string =>
    paths.get(path) === "" ? onlyPatterns : isPatterned(path) ? patterned : plain;
  const [sortedPaths, sortedPatterns] = [[...paths.keys()].sort(), [...patterns.keys()].sort()];
  const answers = [...sortedPaths.map((path) => paths.get(path)), ...sortedPatterns.map((path) => patterns.get(path))];
  let length = 0;
  const beginnings = answers.map((answer = "") => {
    const beginning = String(length).padStart(digits, "0");
    length += answer.length + 1;
    return beginning;
  });
  const marks = sortedPaths.map(markOf).join("");
  const odd = sortedPaths.flatMap((path, place) => (written(path) === path ? [] : [place]));
  return `${[
    sortedPaths.map(written).join("\n"),
    odd.join(" "),
    marks,
    sortedPatterns.map(written).join("\n"),
    beginnings.join(""),
    answers.join("\n"),
  ].join("\n\n")}\n`;
}

const plain = " ";
const patterned = "*";
const onlyPatterns = "/";
const digits = 8;

/** Reads what `printPathIndex` wrote. */
export function parsePathIndex(text: string): PathIndex {
  const [paths = "", odd = "", marks = "", patterns = "", beginnings = ""] = text.split("\n\n", 5);
  const before = paths.length + odd.length + marks.length + patterns.length + beginnings.length + 5 * "\n\n".length;
  const all = linesOf(paths);
  for (const place of odd.split(" ")) if (place !== "") all[Number(place)] = read(all[Number(place)] ?? "");
  const answers = text.slice(before);
  return new TextIndex({ paths: all, marks, patterns: linesOf(patterns).map(read), beginnings, answers });
}

function linesOf(text: string): string[] {
  return text === "" ? [] : text.split("\n");
}

/** The parts of the text. */
interface Parts {
  readonly paths: readonly string[];
  readonly marks: string;
  readonly patterns: readonly string[];
  readonly beginnings: string;
  readonly answers: string;
}

class TextIndex implements PathIndex {
  readonly #parts: Parts;
  readonly #marks: string;
  readonly #patterns: PathPatterns;
  /** Which one a path is; made for the first owner, since to make it takes longer than some questions. */
  #places: ReadonlyMap<string, number> | undefined;
  readonly #parsed = new Map<number, IndexedPath>();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#marks = parts.marks;
    this.#patterns = pathPatterns(parts.patterns);
  }

  exact(path: string): IndexedPath | undefined {
    const { paths } = this.#parts;
    for (const key of [path, `${path}/`]) {
      const place = firstAfter(paths, key) - 1;
      if (paths[place] === key && this.#marks[place] !== onlyPatterns) return this.indexedAt(place);
    }
    return undefined;
  }

  owner(path: string): PathOwner | undefined {
    this.#places ??= placesOf(this.#parts.paths);
    const places = this.#places;
    let isNearPatterns = this.#patterns.areAround(path);
    let end = path.length;
    let found = places.get(path) ?? places.get(`${path}/`);
    for (;;) {
      if (found !== undefined) {
        const mark = this.#marks[found];
        if (mark !== plain) isNearPatterns = true;
        if (mark !== onlyPatterns) break;
      }
      end = path.lastIndexOf("/", end - 1);
      if (end < 1) break;
      found = places.get(path.slice(0, end + 1));
    }
    const pattern = isNearPatterns ? this.#patterns.deepest(path) : undefined;
    if (pattern !== undefined && pattern.depth > (end < 1 ? 0 : depthOf(path.slice(0, end))))
      return new Owner(this, this.#marks.length + pattern.place, pattern.depth === depthOf(path));
    return found === undefined || end < 1 ? undefined : new Owner(this, found, end === path.length);
  }

  hasBelow(path: string): boolean {
    const folder = folderAt(path);
    // Paths are in order: those in a folder follow on it.
    const { paths } = this.#parts;
    return paths[firstAfter(paths, folder)]?.startsWith(folder) === true || this.#patterns.reach(path);
  }

  /** What is known of a path or pattern, which are counted together. */
  indexedAt(place: number): IndexedPath {
    const known = this.#parsed.get(place);
    if (known !== undefined) return known;
    const answer = JSON.parse(`{${this.answerAt(place)}`) as Answer;
    const path = this.#parts.paths[place];
    const kind = path === undefined ? "pattern" : path.endsWith("/") ? "directory" : "file";
    const scope = answer.matched.startsWith("/") ? "system" : "home";
    const indexed: IndexedPath = { scope, path: answer.matched, kind, ...answer };
    this.#parsed.set(place, indexed);
    return indexed;
  }

  /** What is said of it, as JSON without its first bracket. */
  answerAt(place: number): string {
    const { answers, beginnings } = this.#parts;
    const beginning = Number(beginnings.slice(place * digits, (place + 1) * digits));
    return answers.slice(beginning, answers.indexOf("\n", beginning));
  }
}

class Owner implements PathOwner {
  readonly relation: PathOwner["relation"];
  readonly #index: TextIndex;
  readonly #place: number;

  constructor(index: TextIndex, place: number, isExact: boolean) {
    this.relation = isExact ? "exact" : "below";
    this.#index = index;
    this.#place = place;
  }

  get indexed(): IndexedPath {
    return this.#index.indexedAt(this.#place);
  }

  get answer(): string {
    return this.#index.answerAt(this.#place);
  }
}

function placesOf(paths: readonly string[]): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  let place = 0;
  for (const path of paths) places.set(path, place++);
  return places;
}

/** Where the first of the sorted texts stands that comes after this one. */
function firstAfter(sorted: readonly string[], text: string): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? "") > text) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** A path in ASCII: a text with any other character takes twice the memory, and longer to read. */
function written(path: string): string {
  return escaped(path, /[^ -[\]-~]/g);
}

/** What `written` wrote. */
function read(path: string): string {
  return path.replace(/\\u([0-9a-f]{4})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

/** The same in JSON, where the backslash has its meaning already. */
function ascii(json: string): string {
  return escaped(json, /[^ -~]/g);
}

function escaped(text: string, odd: RegExp): string {
  return text.replace(odd, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
