import { Document, isScalar, type Node, Pair, Scalar, stringify, YAMLMap, YAMLSeq } from "yaml";
import { oneLine } from "./fragment.ts";

/** A YAML 1.2 document from data; a template never makes one. */
export function printYaml(data: unknown): string {
  const text = stringify(data, { version: "1.2", lineWidth: 100 });
  // At the very beginning this character would be taken for a mark of the encoding.
  return text.startsWith("\ufeff") ? `---\n${text}` : text;
}

/** What is said about a part of a document. */
interface Remarks {
  /** Lines above it; an empty one is left empty. */
  readonly above?: readonly string[];
  /** On its own line, after it. */
  readonly beside?: string;
}

/** A part of a document for people: data on one line, or a map or list of further parts. */
export type YamlPart = Remarks &
  (
    | { readonly data: unknown }
    /** `below`: lines after the last of them. */
    | { readonly map: readonly (readonly [key: string, part: YamlPart])[]; readonly below?: readonly string[] }
    | { readonly list: readonly YamlPart[]; readonly below?: readonly string[] }
  );

const width = 120;
const format = { lineWidth: width, flowCollectionPadding: true };

/**
 * A document with remarks: whatever a remark holds, it is a comment and nothing else. An empty line stands above each top key
 * but the first; `below` are lines at the end.
 */
export function printCommentedYaml(
  top: readonly (readonly [key: string, part: YamlPart])[],
  below: readonly string[] = [],
): string {
  const document = new Document(undefined, { version: "1.2" });
  const map = mapOf(top);
  for (const { key } of map.items.slice(1)) key.spaceBefore = true;
  document.contents = map;
  document.comment = comment(below);
  return document.toString(format);
}

/** Data as it would stand in a document, as lines for a comment: on one line where it fits, `- { name: x }`, else on several. `key`: as a pair; else as an item of a list. */
export function commentedOut(data: unknown, key?: string): string[] {
  const node = flowNode(data);
  const line = `${key === undefined ? "-" : `${key}:`} ${print(node)}`;
  if (line.length <= roomInComment || isScalar(node)) return [line];
  const block = print(key === undefined ? [data] : { [key]: data });
  return block.split("\n");
}

/** Beside a comment's sign and some indentation. */
const roomInComment = width - 20;

function print(data: unknown): string {
  return new Document(data, { version: "1.2" }).toString({ ...format, lineWidth: 0 }).replace(/\n$/, "");
}

function mapOf(
  entries: readonly (readonly [string, YamlPart])[],
  below: readonly string[] = [],
): YAMLMap<Scalar, Node> {
  const map = new YAMLMap<Scalar, Node>();
  for (const [name, part] of entries) {
    const key = new Scalar(name);
    remark(key, part.above);
    map.items.push(new Pair(key, nodeOf(part)));
  }
  map.comment = comment(below);
  return map;
}

function nodeOf(part: YamlPart): Node {
  const node = "data" in part ? flowNode(part.data) : "map" in part ? mapOf(part.map, part.below) : listOf(part);
  if (part.beside !== undefined && part.beside !== "") node.comment = ` ${oneLine(part.beside)}`;
  return node;
}

function listOf({ list, below }: { readonly list: readonly YamlPart[]; readonly below?: readonly string[] }): YAMLSeq {
  const seq = new YAMLSeq();
  for (const part of list) {
    const node = nodeOf(part);
    remark(node, part.above);
    seq.items.push(node);
  }
  seq.comment = comment(below);
  return seq;
}

/** Data on one line: maps in braces with blanks inside, lists in brackets without. */
function flowNode(data: unknown): Node {
  if (Array.isArray(data)) {
    const list = new TightList();
    list.items = data.map(flowNode);
    list.flow = true;
    return list;
  }
  if (typeof data !== "object" || data === null) return new Scalar(data);
  const map = new YAMLMap();
  map.items = Object.entries(data).map(([key, value]) => new Pair(new Scalar(key), flowNode(value)));
  map.flow = true;
  return map;
}

class TightList extends YAMLSeq {
  override toString(...[context, ...rest]: Parameters<YAMLSeq["toString"]>): string {
    return super.toString(context === undefined ? context : { ...context, flowCollectionPadding: "" }, ...rest);
  }
}

/** Lines above a node; an empty one at the beginning is the distance to what stands before. */
function remark(node: Node, above: readonly string[] = []): void {
  const [first] = above;
  if (first === "") node.spaceBefore = true;
  node.commentBefore = comment(first === "" ? above.slice(1) : above);
}

/** Lines as the library wants them: a blank begins each, none is more than one line; indentation stays. */
function comment(lines: readonly string[] | undefined): string | null {
  if (lines === undefined || lines.length === 0) return null;
  return lines.map((line) => (line === "" ? "" : ` ${shown(line)}`)).join("\n");
}

/** As `oneLine`, but blanks at both ends stay: data that is a comment may be about them. */
function shown(line: string): string {
  return line.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ");
}
