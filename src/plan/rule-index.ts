import { type AbsolutePath, componentsOf } from "./path.ts";
import { isWild, type WildMap, wildMap } from "./pattern.ts";
import type { PlanEntry } from "./plan.ts";

/** Rules by path, to find the one that decides a path without looking at all of them. */
export interface RuleIndex {
  /** The deepest rule that covers the path; at one depth a literal path beats a pattern. */
  deciding(path: AbsolutePath): PlanEntry | undefined;
  /** The pattern that matches exactly this path, the most specific one. */
  matching(path: AbsolutePath): PlanEntry | undefined;
  /** True where a pattern matches the path or something above it. */
  isInPattern(path: AbsolutePath): boolean;
  /** The literal rules for directories strictly above a path, nearest first. */
  above(path: AbsolutePath): PlanEntry[];
  /** A rule strictly above the path that is written as a file. */
  fileAbove(path: AbsolutePath): PlanEntry | undefined;
}

/** Rules by component: those that begin alike share their nodes. */
interface RuleNode {
  readonly literal: Map<string, RuleNode>;
  readonly wild: WildMap<RuleNode>;
  /** The rule whose path or pattern ends here. */
  rule: PlanEntry | undefined;
}

/** Builds the index of a host's rules. Their order does not matter. */
export function indexRules(rules: readonly PlanEntry[]): RuleIndex {
  const root = ruleNode();
  for (const rule of rules) addRule(root, rule);
  return {
    matching: (path) => patternsAlong(root, path).at(-1),
    isInPattern: (path) => patternsAlong(root, path).some((pattern) => pattern !== undefined),
    deciding(path) {
      const literals = literalsAlong(root, path);
      const patterns = patternsAlong(root, path);
      for (let depth = patterns.length - 1; depth >= 0; depth--) {
        const literal = literals[depth];
        if (literal !== undefined && (literal.kind === "directory" || depth === patterns.length - 1)) return literal;
        const pattern = patterns[depth];
        if (pattern !== undefined) return pattern;
      }
      return undefined;
    },
    above: (path) => rulesAbove(root, path).filter((rule) => rule.kind === "directory"),
    fileAbove: (path) => rulesAbove(root, path).find((rule) => rule.kind === "file"),
  };
}

function ruleNode(): RuleNode {
  return { literal: new Map(), wild: wildMap(), rule: undefined };
}

function addRule(root: RuleNode, rule: PlanEntry): void {
  let node = root;
  for (const component of componentsOf(rule.live)) {
    const children = rule.kind === "pattern" && isWild(component) ? node.wild : node.literal;
    const next = children.get(component) ?? ruleNode();
    if (children.get(component) === undefined) children.set(component, next);
    node = next;
  }
  node.rule = rule;
}

/** For each depth of a path, from 0, the rule of exactly the path up to there. */
function literalsAlong(root: RuleNode, path: AbsolutePath): (PlanEntry | undefined)[] {
  const found = [root.rule];
  let node: RuleNode | undefined = root;
  for (const component of componentsOf(path)) {
    node = node.literal.get(component);
    if (node === undefined) break;
    found.push(node.rule);
  }
  return found;
}

/** For each depth of a path, from 0, the most specific pattern that matches it up to there. */
function patternsAlong(root: RuleNode, path: AbsolutePath): (PlanEntry | undefined)[] {
  const components = componentsOf(path);
  const found = new Array<PlanEntry | undefined>(components.length + 1).fill(undefined);
  let nodes = [root];
  for (const [i, component] of components.entries()) {
    nodes = nodes.flatMap(({ literal, wild }) => [
      ...[literal.get(component) ?? []].flat(),
      ...wild.matching(component),
    ]);
    if (nodes.length === 0) break;
    const patterns = nodes.flatMap(({ rule }) => (rule?.kind === "pattern" ? [rule] : []));
    found[i + 1] = patterns.sort(moreSpecific)[0];
  }
  return found;
}

function rulesAbove(root: RuleNode, path: AbsolutePath): PlanEntry[] {
  const depth = componentsOf(path).length;
  const along = literalsAlong(root, path).slice(0, depth);
  return along.flatMap((rule) => rule ?? []).reverse();
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
