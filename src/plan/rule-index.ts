import { type AbsolutePath, depthOf, parentOf } from "./path.ts";
import type { PlanEntry } from "./plan.ts";

/** Rules by path, to find the one that decides a path without looking at all of them. */
export interface RuleIndex {
  /** The deepest rule that covers the path; at one depth a literal path beats a pattern. */
  deciding(path: AbsolutePath): PlanEntry | undefined;
  /** The pattern that matches exactly this path, the most specific one. */
  matching(path: AbsolutePath): PlanEntry | undefined;
  /** The literal rules strictly above a path, nearest first: directories only. */
  above(path: AbsolutePath): Generator<PlanEntry>;
}

interface CompiledPattern {
  readonly regex: RegExp;
  readonly entry: PlanEntry;
}

/** Builds the index of a host's rules. Their order does not matter. */
export function indexRules(rules: readonly PlanEntry[]): RuleIndex {
  const literal = new Map<string, PlanEntry>();
  const patterns = new Map<number, CompiledPattern[]>();
  for (const entry of rules) {
    if (entry.kind !== "pattern") literal.set(entry.live, entry);
    else {
      const depth = depthOf(entry.live);
      const same = patterns.get(depth) ?? [];
      same.push({ regex: patternRegex(entry.live), entry });
      patterns.set(depth, same);
    }
  }
  for (const same of patterns.values()) same.sort((a, b) => moreSpecific(a.entry, b.entry));
  const at = (path: AbsolutePath, depth: number): PlanEntry | undefined =>
    patterns.get(depth)?.find((pattern) => pattern.regex.test(path))?.entry;
  return {
    matching: (path) => (patterns.size === 0 ? undefined : at(path, depthOf(path))),
    deciding(path) {
      let depth = depthOf(path);
      for (let here: AbsolutePath | undefined = path; here !== undefined; here = parentOf(here), depth--) {
        const exact = literal.get(here);
        if (exact !== undefined && (exact.kind === "directory" || here === path)) return exact;
        const match = at(here, depth);
        if (match !== undefined) return match;
      }
      return undefined;
    },
    *above(path) {
      for (let at = parentOf(path); at !== undefined; at = parentOf(at)) {
        const entry = literal.get(at);
        if (entry?.kind === "directory") yield entry;
      }
    },
  };
}

/**
 * `*` stands for any run of characters within one component and `?` for one, as in gitignore; unlike a shell's, they
 * match a leading dot. All other characters mean themselves.
 */
export function patternRegex(pattern: string): RegExp {
  const body = pattern.replace(/[\\^$.*+?()[\]{}|/]/g, (c) => (c === "*" ? "[^/]*" : c === "?" ? "[^/]" : `\\${c}`));
  return new RegExp(`^${body}$`, "su");
}

/** Of two patterns of one depth that both match, the one with more literal characters decides, then byte order. */
function moreSpecific(a: PlanEntry, b: PlanEntry): number {
  const literals = (entry: PlanEntry): number => entry.live.replace(/[*?]/g, "").length;
  return literals(b) - literals(a) || (a.live < b.live ? -1 : 1);
}

/** The folder that a pattern surely lies in: what stands before the first component with `*` or `?`. */
export function fixedPrefix(pattern: AbsolutePath): AbsolutePath {
  const wild = pattern.search(/[*?]/);
  const end = wild === -1 ? pattern.length : pattern.lastIndexOf("/", wild);
  return (pattern.slice(0, end) || "/") as AbsolutePath;
}
