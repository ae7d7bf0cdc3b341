import { classes, needs } from "../plan/vocabulary.ts";
import type { Size } from "../scan/result.ts";
import { leavesOf, type ReportNode, sumOf } from "./forest.ts";
import { fates } from "./words.ts";

/** What a report can be filtered by. */
export const facets = ["fate", "class", "need", "host"] as const;
export type Facet = (typeof facets)[number];

/** What is told apart by facets: a place of the tree, or a row of the table. */
export type Faceted = Readonly<Record<Facet, string | null>>;

/** The values to show, by facet; none named means all. Null is what has no value: the class of what is undecided. */
export type Filter = Readonly<Record<Facet, ReadonlySet<string | null>>>;

export const noFilter: Filter = { fate: new Set(), class: new Set(), need: new Set(), host: new Set() };

/** True for what the filter lets through. */
export function passes(item: Faceted, filter: Filter, except?: Facet): boolean {
  return facets.every((facet) => facet === except || filter[facet].size === 0 || filter[facet].has(item[facet]));
}

/** The tree of what the filter lets through, each directory with the sum of what is left; undefined where nothing is. */
export function prune(node: ReportNode, filter: Filter): ReportNode | undefined {
  if (facets.every((facet) => filter[facet].size === 0)) return node;
  if (node.children.length === 0) return passes(node, filter) ? node : undefined;
  const children = node.children.flatMap((child) => prune(child, filter) ?? []);
  return children.length === 0 ? undefined : { ...node, ...sumOf(children), children };
}

/** One value of a facet, and how much there is of it. */
export interface FacetTotal extends Size {
  readonly value: string | null;
}

/**
 * How much there is of each value of a facet, in the order of the design: what the other facets of the filter let through,
 * so that each number is what one would see by choosing that value.
 */
export function facetTotals(root: ReportNode, facet: Facet, filter: Filter = noFilter): FacetTotal[] {
  const totals = new Map<string | null, { bytes: number; files: number }>();
  for (const leaf of leavesOf(root)) {
    const total = totals.get(leaf[facet]) ?? { bytes: 0, files: 0 };
    totals.set(leaf[facet], total);
    if (!passes(leaf, filter, facet)) continue;
    total.bytes += leaf.bytes;
    total.files += leaf.files;
  }
  const order: readonly (string | null)[] = orders[facet];
  const rank = (value: string | null): number => (order.includes(value) ? order.indexOf(value) : order.length);
  return [...totals].map(([value, size]) => ({ value, ...size })).sort((a, b) => rank(a.value) - rank(b.value));
}

const orders: Readonly<Record<Facet, readonly (string | null)[]>> = {
  fate: fates,
  class: [...classes, null],
  need: [...needs, null],
  host: [],
};
