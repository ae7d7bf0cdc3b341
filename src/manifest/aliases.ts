import { type Alias, type Document, isAlias, isMap, isSeq, type Node } from "yaml";

/** What the aliases of a document stand for, and those that cannot be followed. */
export interface Aliases {
  /** The anchored node; undefined for an alias without one. */
  target(alias: Alias): Node | undefined;
  /** Aliases whose anchor is not set before them. */
  readonly unresolved: readonly Alias[];
  /** The first alias with which the whole becomes too large, or that lies in its own anchor. */
  readonly excessive: Alias | undefined;
}

/**
 * Values that all aliases together may stand for: enough for a list shared by 10,000 entries, too few for a billion
 * laughs. The yaml library bounds the uses of one anchor instead, which a long manifest reaches honestly.
 */
const expansionLimit = 100_000;

/** Follows the aliases of a document without expanding them. */
export function readAliases(document: Document.Parsed): Aliases {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  const unresolved: Alias[] = [];
  let excessive: Alias | undefined;
  let expanded = 0;
  /** Values in a node, aliases expanded; a node that is not measured yet contains the alias that asks. */
  const sizes = new Map<Node, number>();
  const sizeOfAlias = (alias: Alias): number => {
    const target = anchors.get(alias.source);
    if (target === undefined) {
      unresolved.push(alias);
      return 1;
    }
    targets.set(alias, target);
    const size = sizes.get(target) ?? Number.POSITIVE_INFINITY;
    expanded += size;
    if (expanded > expansionLimit) excessive ??= alias;
    return size;
  };
  const measure = (node: unknown): number => {
    if (isAlias(node)) return sizeOfAlias(node);
    const anchor = (node as { anchor?: string } | null)?.anchor;
    if (anchor !== undefined) {
      anchors.set(anchor, node as Node);
      sizes.delete(node as Node);
    }
    let size = 1;
    if (isSeq(node)) for (const item of node.items) size += measure(item);
    if (isMap(node)) for (const pair of node.items) size += measure(pair.key) + measure(pair.value);
    if (anchor !== undefined) sizes.set(node as Node, size);
    return size;
  };
  measure(document.contents);
  return { target: (alias) => targets.get(alias), unresolved, excessive };
}
