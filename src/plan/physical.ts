import { rulesOf } from "./fate.ts";
import { type AbsolutePath, depthOf, joinPath, parentOf, relativeTo } from "./path.ts";
import { type HostPlan, isRelocated, type PlanEntry, type RelocatedEntry } from "./plan.ts";
import { patternRegex } from "./rule-index.ts";

/** The innermost relocated directory strictly around a path: what lies in it lies in its store. */
export function relocatedAround(plan: HostPlan, path: AbsolutePath): RelocatedEntry | undefined {
  for (const entry of rulesOf(plan).above(path)) {
    if (entry.disposition === "persist" && isRelocated(entry)) return entry;
  }
  return undefined;
}

/** Where the name `path` really is on disk: in the store of the relocated directory around it, else at its live place. */
export function physicalPath(plan: HostPlan, path: AbsolutePath): AbsolutePath {
  const around = relocatedAround(plan, path);
  const below = around === undefined ? undefined : relativeTo(path, around.live);
  return around === undefined || below === undefined ? path : joinPath(around.stored, below);
}

/**
 * The places in which a pattern finds what it means: its live place, and the stores of the relocated directories that
 * the beginning of the pattern matches (`.config/*` + `/Cache` in the store of `.config/discord`).
 */
export function physicalPatterns(plan: HostPlan, pattern: PlanEntry): AbsolutePath[] {
  const components = pattern.live.split("/").slice(1);
  const places = plan.entries.filter(isRelocated).flatMap((entry) => {
    const depth = depthOf(entry.live);
    if (entry.kind !== "directory" || depth >= components.length) return [];
    if (relocatedAround(plan, entry.live) !== undefined) return [];
    const beginning = `/${components.slice(0, depth).join("/")}`;
    if (!patternRegex(beginning).test(entry.live)) return [];
    return [joinPath(entry.stored, components.slice(depth).join("/"))];
  });
  return [pattern.live, ...places];
}

/** True where a pattern of the plan matches the path or something above it. */
export function isInPattern(plan: HostPlan, path: AbsolutePath): boolean {
  const patterns = patternsOf(plan);
  if (patterns.length === 0) return false;
  for (let at: AbsolutePath | undefined = path; at !== undefined; at = parentOf(at)) {
    const here = at;
    if (patterns.some((regex) => regex.test(here))) return true;
  }
  return false;
}

const patternCache = new WeakMap<HostPlan, RegExp[]>();

function patternsOf(plan: HostPlan): RegExp[] {
  const known = patternCache.get(plan);
  if (known !== undefined) return known;
  const patterns = plan.rules.filter((rule) => rule.kind === "pattern").map((rule) => patternRegex(rule.live));
  patternCache.set(plan, patterns);
  return patterns;
}
