import { type AbsolutePath, componentsOf } from "../plan/path.ts";
import { isWild, literal, patternRegex } from "../plan/pattern.ts";

/** The patterns of an index; those of the system begin with a slash. */
export interface PathPatterns {
  /** True where one whose first component is wild may match something around the path. */
  areAround(path: string): boolean;
  /** The deepest one that matches the path or something around it: how many components it has, and which one it is. */
  deepest(path: string): { readonly depth: number; readonly place: number } | undefined;
  /** True where one may match something strictly below the path: it is only looked at by its beginning. */
  reach(path: string): boolean;
}

/** A pattern by its components, and which one it is. */
interface Pattern {
  readonly place: number;
  /** What stands before its first `*` or `?`. */
  readonly beginning: string;
  readonly components: readonly string[];
}

export function pathPatterns(all: readonly string[]): PathPatterns {
  const isAround = startOf(all.filter((path) => isTop(folderOf(path))));
  let groups: ReadonlyMap<string, readonly Pattern[]> | undefined;
  return {
    areAround: (path) => isAround.test(path),
    deepest(path) {
      groups ??= byFolder(all);
      return deepestOf(groups, path);
    },
    reach(path) {
      groups ??= byFolder(all);
      return isOneBelow(groups, path);
    },
  };
}

/** What a path begins with that one of the patterns may match. */
function startOf(patterns: readonly string[]): RegExp {
  const starts = patterns.map((pattern) => literal(beginningOf(pattern)));
  return new RegExp(starts.length === 0 ? "(?!)" : `^(?:${starts.join("|")})`);
}

/** What paths in a folder begin with. */
export function folderAt(path: string): string {
  return path === "/" ? path : `${path}/`;
}

/** Whether a folder is a home, or the root. */
export function isTop(folder: string): boolean {
  return folder === "" || folder === "/";
}

/** The folder around the first component with `*` or `?`, with its slash; empty for a home. */
export function folderOf(pattern: string): string {
  const beginning = beginningOf(pattern);
  return beginning.slice(0, beginning.lastIndexOf("/") + 1);
}

function beginningOf(pattern: string): string {
  return pattern.slice(0, pattern.search(/[*?]/));
}

function byFolder(all: readonly string[]): ReadonlyMap<string, readonly Pattern[]> {
  const groups = new Map<string, Pattern[]>();
  for (const [place, path] of all.entries()) {
    const folder = folderOf(path);
    groups.set(folder, [
      ...(groups.get(folder) ?? []),
      { place, beginning: beginningOf(path), components: namesOf(path) },
    ]);
  }
  return groups;
}

function deepestOf(
  groups: ReadonlyMap<string, readonly Pattern[]>,
  path: string,
): { depth: number; place: number } | undefined {
  let names: readonly string[] | undefined;
  let deepest: { depth: number; place: number } | undefined;
  for (let end = path.length; end > 0; ) {
    end = path.lastIndexOf("/", end - 1) + 1;
    for (const { place, beginning, components } of groups.get(path.slice(0, end)) ?? []) {
      // Most of a folder begin otherwise.
      if (!path.startsWith(beginning)) continue;
      names ??= namesOf(path);
      const depth = components.length;
      if (depth > (deepest?.depth ?? 0) && fits(components, names)) deepest = { depth, place };
    }
    end--;
  }
  return deepest;
}

/** True where a pattern of more components begins as the path does. */
function isOneBelow(groups: ReadonlyMap<string, readonly Pattern[]>, path: string): boolean {
  const names = namesOf(path);
  const around = folderAt(path);
  for (const [folder, group] of groups) {
    // Most patterns lie elsewhere by their folder; at the top of a home it says nothing.
    if (folder === "" && path.startsWith("/")) continue;
    if (!around.startsWith(folder) && !folder.startsWith(around)) continue;
    const fitting = group.some(
      ({ components }) => components.length > names.length && fits(components.slice(0, names.length), names),
    );
    if (fitting) return true;
  }
  return false;
}

function fits(components: readonly string[], names: readonly string[]): boolean {
  if (components.length > names.length) return false;
  return components.every((component, i) => component === names[i] || isMatch(component, names[i] ?? ""));
}

/** The expressions of components, made when they are needed. */
const expressions = new Map<string, RegExp | undefined>();

function isMatch(component: string, name: string): boolean {
  if (!expressions.has(component)) expressions.set(component, isWild(component) ? patternRegex(component) : undefined);
  return expressions.get(component)?.test(name) === true;
}

function namesOf(path: string): string[] {
  return path.startsWith("/") ? componentsOf(path as AbsolutePath) : path.split("/");
}
