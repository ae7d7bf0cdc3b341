import { rememberByPath, rememberFor } from "./memo.ts";
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
  above(path: AbsolutePath): readonly PlanEntry[];
  /** A rule strictly above the path that is written as a file. */
  fileAbove(path: AbsolutePath): PlanEntry | undefined;
  /** The place of `/`, from which a walk goes down step by step. */
  readonly top: RulePlace;
}

/** Where a walk from `/` downward stands among the rules: `deciding`, without looking again at what lies above. */
export interface RulePlace {
  /** The rule that decides this path. */
  readonly deciding: PlanEntry | undefined;
  /** The rule that decides what lies below, where no deeper one does; another than `deciding` where that is for a file. */
  readonly below: PlanEntry | undefined;
  /** False where `below` decides all that lies below. */
  readonly hasDeeper: boolean;
  /** The place of a name in this folder. */
  step(name: string): RulePlace;
}

/** Rules by component: those that begin alike share their nodes. */
interface RuleNode {
  /** Children by name, and by a name with `*` or `?`; made with the first child: most nodes have none. */
  literal: Map<string, RuleNode> | undefined;
  wild: WildMap<RuleNode> | undefined;
  /** The rule whose path or pattern ends here. */
  rule: PlanEntry | undefined;
  /** True where a pattern ends here or below: most paths lead away from all of them at once. */
  hasPattern: boolean;
}

/** The index of a host's rules, built once for a list. Their order does not matter. */
export const indexRules: (rules: readonly PlanEntry[]) => RuleIndex = rememberFor(buildIndex);

function buildIndex(rules: readonly PlanEntry[]): RuleIndex {
  const root = ruleNode();
  for (const rule of rules) addRule(root, rule);
  // Every part of a plan asks these of the same paths.
  const deciding = rememberByPath((path) => decidingRule(root, path));
  const above = rememberByPath((path) => rulesAbove(root, path).filter((rule) => rule.kind === "directory"));
  return {
    matching: (path) => patternsAlong(root, componentsOf(path)).at(-1),
    isInPattern: (path) => patternsAlong(root, componentsOf(path)).some((pattern) => pattern !== undefined),
    deciding,
    above,
    fileAbove: (path) => rulesAbove(root, path).find((rule) => rule.kind === "file"),
    top: rulePlace(root, root.hasPattern ? [root] : [], undefined),
  };
}

/** `patterns`: the nodes that patterns lead to; `above`: the rule that decides what lies in the folder around. */
function rulePlace(
  literal: RuleNode | undefined,
  patterns: readonly RuleNode[],
  above: PlanEntry | undefined,
): RulePlace {
  let pattern: PlanEntry | undefined;
  for (const { rule } of patterns) {
    if (rule?.kind === "pattern" && isMoreSpecific(rule, pattern)) pattern = rule;
  }
  const rule = literal?.rule;
  const below = rule?.kind === "directory" ? rule : (pattern ?? above);
  return {
    deciding: rule ?? pattern ?? above,
    below,
    hasDeeper:
      literal?.literal !== undefined || patterns.some((node) => node.literal !== undefined || node.wild !== undefined),
    step: (name) => rulePlace(literal?.literal?.get(name), patternsInside(patterns, name), below),
  };
}

function decidingRule(root: RuleNode, path: AbsolutePath): PlanEntry | undefined {
  const components = componentsOf(path);
  const literals = literalsAlong(root, components);
  const patterns = patternsAlong(root, components);
  for (let depth = components.length; depth >= 0; depth--) {
    const literal = literals[depth];
    if (literal !== undefined && (literal.kind === "directory" || depth === components.length)) return literal;
    const pattern = patterns[depth];
    if (pattern !== undefined) return pattern;
  }
  return undefined;
}

function ruleNode(): RuleNode {
  return { literal: undefined, wild: undefined, rule: undefined, hasPattern: false };
}

function addRule(root: RuleNode, rule: PlanEntry): void {
  let node = root;
  const isPattern = rule.kind === "pattern";
  if (isPattern) root.hasPattern = true;
  for (const component of componentsOf(rule.live)) {
    const children = childrenOf(node, isPattern && isWild(component));
    const known = children.get(component);
    const next = known ?? ruleNode();
    if (known === undefined) children.set(component, next);
    node = next;
    if (isPattern) node.hasPattern = true;
  }
  node.rule = rule;
}

function childrenOf(node: RuleNode, isWildcard: boolean): Map<string, RuleNode> | WildMap<RuleNode> {
  if (isWildcard) {
    node.wild ??= wildMap();
    return node.wild;
  }
  node.literal ??= new Map();
  return node.literal;
}

/** For each depth of a path, from 0, the rule of exactly the path up to there. */
function literalsAlong(root: RuleNode, components: readonly string[]): (PlanEntry | undefined)[] {
  const found = [root.rule];
  let node: RuleNode | undefined = root;
  for (const component of components) {
    node = node.literal?.get(component);
    if (node === undefined) break;
    found.push(node.rule);
  }
  return found;
}

/** For each depth of a path, from 0, the most specific pattern that matches it up to there. */
function patternsAlong(root: RuleNode, components: readonly string[]): (PlanEntry | undefined)[] {
  const found = new Array<PlanEntry | undefined>(components.length + 1).fill(undefined);
  let nodes = root.hasPattern ? [root] : [];
  for (const [i, component] of components.entries()) {
    const next = patternsInside(nodes, component);
    if (next.length === 0) break;
    for (const { rule } of next) {
      if (rule?.kind === "pattern" && isMoreSpecific(rule, found[i + 1])) found[i + 1] = rule;
    }
    nodes = next;
  }
  return found;
}

/** The nodes that patterns lead to with one more name. */
function patternsInside(nodes: readonly RuleNode[], name: string): RuleNode[] {
  const next: RuleNode[] = [];
  for (const { literal, wild } of nodes) {
    const named = literal?.get(name);
    if (named?.hasPattern === true) next.push(named);
    if (wild !== undefined) next.push(...wild.matching(name));
  }
  return next;
}

function rulesAbove(root: RuleNode, path: AbsolutePath): PlanEntry[] {
  const components = componentsOf(path);
  const along = literalsAlong(root, components).slice(0, components.length);
  return along.filter((rule) => rule !== undefined).reverse();
}

/** Of two patterns of one depth that both match, the one with more literal characters decides, then byte order. */
function isMoreSpecific(a: PlanEntry, b: PlanEntry | undefined): boolean {
  if (b === undefined) return true;
  const literals = (entry: PlanEntry): number => entry.live.replace(/[*?]/g, "").length;
  const more = literals(a) - literals(b);
  return more === 0 ? a.live < b.live : more > 0;
}

/** The folder that a pattern surely lies in: what stands before the first component with `*` or `?`. */
export function fixedPrefix(pattern: AbsolutePath): AbsolutePath {
  const wild = pattern.search(/[*?]/);
  const end = wild === -1 ? pattern.length : pattern.lastIndexOf("/", wild);
  return (pattern.slice(0, end) || "/") as AbsolutePath;
}
