import { type Document, isAlias, isCollection, isMap, isPair, isScalar, isSeq, type Node, type Pair } from "yaml";

/**
 * How a map or list is written, as far as it takes to add to it. Offsets are in UTF-16 units of the text, columns count
 * the characters before the first dash or key of a block, and of the key that a flow collection stands behind.
 */
export type CollectionLayout =
  | { readonly style: "block"; readonly column: number; readonly end: number }
  | {
      readonly style: "flow";
      readonly column: number;
      /** Of the opening and the closing bracket. */
      readonly open: number;
      readonly close: number;
      /** Where the last item ends; null where there is none. */
      readonly end: number | null;
    };

/** How a list at the top of a document is written. */
export type ListLayout =
  | { readonly is: "list"; readonly list: CollectionLayout }
  /** The key with nothing after it; `end` is that of the key, `column` where it begins. */
  | { readonly is: "empty"; readonly end: number; readonly column: number }
  /** The key with `null` or `~` after it. */
  | { readonly is: "null"; readonly start: number; readonly end: number }
  /** `*name`: what is written stands elsewhere. */
  | { readonly is: "alias" }
  /** No such key; `map` is the document's own. */
  | { readonly is: "missing"; readonly map: CollectionLayout }
  /** Anything else: no list, or a document that is no map. */
  | { readonly is: "other" };

/** How the list of this name is written at the top of a document. */
export function listLayout(document: Document.Parsed, text: string, name: string): ListLayout {
  const top: unknown = document.contents;
  if (!isMap(top)) return { is: "other" };
  const pair = top.items.find(({ key }) => isScalar(key) && String(key.value) === name);
  if (pair === undefined) {
    const map = collectionLayout(top, 0, text);
    return map === undefined ? { is: "other" } : { is: "missing", map };
  }
  const [start, end] = rangeOf(pair.key);
  return valueLayout(pair.value, { column: columnAt(start, text), end }, text);
}

function valueLayout(value: unknown, key: { column: number; end: number }, text: string): ListLayout {
  if (isAlias(value)) return { is: "alias" };
  if (isSeq(value)) {
    const list = collectionLayout(value, key.column, text);
    return list === undefined ? { is: "other" } : { is: "list", list };
  }
  if (value !== null && !(isScalar(value) && value.value === null)) return { is: "other" };
  const [start, end] = rangeOf(value);
  return end > start ? { is: "null", start, end } : { is: "empty", ...key };
}

function collectionLayout(node: Node, column: number, text: string): CollectionLayout | undefined {
  if (!isCollection(node)) return undefined;
  const [start, end] = rangeOf(node);
  const last = node.items.at(-1);
  if (node.flow !== true) {
    return last === undefined ? undefined : { style: "block", column: columnAt(start, text), end: endOf(last, text) };
  }
  const close = end - 1;
  if (!/[[{]/.test(text[start] ?? "") || !/[\]}]/.test(text[close] ?? "")) return undefined;
  return { style: "flow", column, open: start, close, end: last === undefined ? null : endOf(last, text) };
}

/** Where the text of a node really ends: a block's own range takes in blank lines and comments behind it. */
function endOf(node: unknown, text: string): number {
  if (isPair(node)) return endOfPair(node, text);
  if (isCollection(node) && node.flow !== true) {
    const last = node.items.at(-1);
    if (last !== undefined) return endOf(last, text);
  }
  const [start, end] = rangeOf(node);
  const isBlockScalar = isScalar(node) && /^BLOCK/.test(node.type ?? "");
  return isBlockScalar ? start + text.slice(start, end).trimEnd().length : end;
}

function endOfPair({ key, value }: Pair, text: string): number {
  return Math.max(endOf(key, text), value === null ? 0 : endOf(value, text));
}

function rangeOf(node: unknown): readonly [start: number, end: number] {
  const range = typeof node === "object" && node !== null && "range" in node ? node.range : undefined;
  return Array.isArray(range) ? [Number(range[0]), Number(range[1])] : [0, 0];
}

function columnAt(offset: number, text: string): number {
  return offset - (text.lastIndexOf("\n", offset - 1) + 1);
}
