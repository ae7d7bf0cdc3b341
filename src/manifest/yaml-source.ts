import {
  type Alias,
  Composer,
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  Lexer,
  type Node,
  Parser,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { SourceFile, Span } from "../diagnostics/span.ts";
import { boundedTokens } from "./yaml-depth.ts";
import { yamlDiagnostics as say } from "./yaml-diagnostics.ts";
import { type ListLayout, listLayout } from "./yaml-layout.ts";

/** Where in a document: keys of maps and indices of lists, from the top. */
export type DocumentPath = readonly PropertyKey[];

/** A YAML file as plain data, with the way back from each value to its place. The yaml library stays in here. */
export interface YamlSource {
  readonly source: SourceFile;
  /** Plain JavaScript data; undefined where nothing could be made of the text. */
  readonly value: unknown;
  readonly diagnostics: readonly Diagnostic[];
  /** Place of a value, or of the key that names it. Of a path that does not exist: its nearest parent's key. */
  spanOf(path: DocumentPath, part?: "key" | "value"): Span;
  /** A scalar as it was typed (`0700`, `0o700`), before YAML made a number of it. */
  typed(path: DocumentPath): string | undefined;
  /** How a list at the top is written, to add to its text. */
  layoutOf(list: string): ListLayout;
}

/**
 * Parses YAML 1.2 as data: no tags but the core schema's, no YAML 1.1, aliases bounded. Every fault is a
 * diagnostic; the value is given all the same where one can be made, so that later stages report theirs too.
 */
export function parseYaml(source: SourceFile): YamlSource {
  const parsed = boundedTokens(source.text, new Lexer(), new Parser());
  if ("tooDeep" in parsed) return nothing(source, [say["yaml/too-deep"]({}, spanAt(source, parsed.tooDeep, 1))]);
  const composer = new Composer({
    version: "1.2",
    schema: "core",
    merge: false,
    resolveKnownTags: false,
    uniqueKeys: true,
    prettyErrors: false,
    logLevel: "silent",
  });
  const [document, second] = composer.compose(parsed.tokens, true, source.text.length);
  if (document === undefined) throw new TypeError("the yaml library made no document");
  const nodes = surveyNodes(document);
  const diagnostics = [
    ...syntaxFaults(document, source),
    // A broken text leaves keys behind that nobody wrote.
    ...nodeFaults(document.errors.length === 0 ? nodes : { ...nodes, oddKeys: [] }, source),
  ];
  if (second !== undefined) {
    diagnostics.push(say["yaml/several-documents"]({}, spanAt(source, documentStart(second, source), 3)));
  }
  const place: Place = { document, nodes, source };
  return {
    source,
    value: nodes.value,
    diagnostics,
    spanOf: (path, part = "value") => spanOf(place, path, part),
    typed: (path) => {
      const node = find(place, path);
      return isScalar(node) ? node.source : undefined;
    },
    layoutOf: (list) => listLayout(document, source.text, list),
  };
}

/** A parsed text to look places up in. */
interface Place {
  readonly document: Document.Parsed;
  readonly nodes: NodeSurvey;
  readonly source: SourceFile;
}

function nothing(source: SourceFile, diagnostics: Diagnostic[]): YamlSource {
  const top: Span = { file: source.path, start: 0, end: 0 };
  const layoutOf = (): ListLayout => ({ is: "other" });
  return { source, value: undefined, diagnostics, spanOf: () => top, typed: () => undefined, layoutOf };
}

function spanAt({ path, text }: SourceFile, start: number, length: number): Span {
  return { file: path, start: Math.min(start, text.length), end: Math.min(start + length, text.length) };
}

/** A document begins at the line `---` in front of what it holds. */
function documentStart(document: Document.Parsed, { text }: SourceFile): number {
  return text.lastIndexOf("---", document.range[0] + 3);
}

function syntaxFaults(document: Document.Parsed, source: SourceFile): Diagnostic[] {
  const span = (at: readonly [number, number, ...number[]]): Span => ({
    file: source.path,
    start: Math.min(at[0], source.text.length),
    end: Math.min(Math.max(at[1], at[0]), source.text.length),
  });
  const faults = document.errors.map(({ code, message, pos }) => {
    if (code === "DUPLICATE_KEY") return say["yaml/duplicate-key"]({}, span(pos));
    if (code === "TAG_RESOLVE_FAILED") return say["yaml/tag"]({}, span(pos));
    return say["yaml/syntax"]({ detail: message, code }, span(pos));
  });
  const warnings = document.warnings.filter(({ message }) => !message.startsWith("Unsupported YAML version"));
  for (const { code, message, pos } of warnings) {
    faults.push(
      code === "TAG_RESOLVE_FAILED"
        ? say["yaml/tag"]({}, span(pos))
        : say["yaml/syntax"]({ detail: message, code }, span(pos)),
    );
  }
  const version = document.directives?.yaml;
  if (warnings.length < document.warnings.length || (version?.explicit === true && version.version !== "1.2")) {
    faults.push(say["yaml/version"]({}, spanAt(source, Math.max(0, source.text.search(/^%YAML/m)), 5)));
  }
  return faults;
}

/** A document's nodes as plain data, and those that cannot be used. */
interface NodeSurvey {
  readonly value: unknown;
  /** The anchored node; undefined for an alias without one. */
  target(alias: Alias): Node | undefined;
  /** Aliases whose anchor is not set before them. */
  readonly unresolved: readonly Alias[];
  /** The first alias with which the whole becomes too large, or that lies in its own anchor. */
  readonly excessive: Alias | undefined;
  /** Keys that are no plain text; they are taken out of the document. */
  readonly oddKeys: readonly unknown[];
}

/**
 * Values that all aliases together may stand for: enough for a list shared by 10,000 entries, too few for a billion
 * laughs. The yaml library bounds the uses of one anchor instead, which a long manifest reaches honestly.
 */
const expansionLimit = 100_000;

/** A node as plain data, and how many values it holds, aliases expanded. */
interface Read {
  readonly plain: unknown;
  readonly size: number;
}

/** Walks a document once. What an alias stands for is shared, not copied. */
function surveyNodes(document: Document.Parsed): NodeSurvey {
  const anchors = new Map<string, Node>();
  const done = new Map<unknown, Read>();
  const targets = new Map<Alias, Node>();
  const unresolved: Alias[] = [];
  const oddKeys: unknown[] = [];
  let excessive: Alias | undefined;
  let expanded = 0;
  const readAlias = (alias: Alias): Read => {
    const target = anchors.get(alias.source);
    if (target === undefined) {
      unresolved.push(alias);
      // Most likely a pattern without quotes: taken for one, the rest can be checked in the same run.
      return { plain: `*${alias.source}`, size: 1 };
    }
    targets.set(alias, target);
    // An anchor that is not read to its end contains the alias that asks.
    const read = done.get(target) ?? { plain: undefined, size: Number.POSITIVE_INFINITY };
    expanded += read.size;
    if (expanded > expansionLimit) excessive ??= alias;
    return read;
  };
  const readMap = (map: YAMLMap): Read => {
    const odd = map.items.filter((pair) => !isScalar(pair.key));
    oddKeys.push(...odd.map((pair) => pair.key));
    if (odd.length > 0) map.items = map.items.filter((pair) => isScalar(pair.key));
    const pairs = map.items.map((pair) => ({ key: read(pair.key).plain ?? "", value: read(pair.value) }));
    const plain = Object.fromEntries(pairs.map(({ key, value }) => [String(key), value.plain]));
    return { plain, size: pairs.reduce((sum, { value }) => sum + 1 + value.size, 1) };
  };
  const readList = ({ items }: YAMLSeq): Read => {
    const values = items.map(read);
    return { plain: values.map((value) => value.plain), size: values.reduce((sum, value) => sum + value.size, 1) };
  };
  const read = (node: unknown): Read => {
    if (isAlias(node)) return readAlias(node);
    if (isNode(node) && "anchor" in node && typeof node.anchor === "string") anchors.set(node.anchor, node);
    const scalar = isScalar(node) ? node.value : null;
    const result = isMap(node) ? readMap(node) : isSeq(node) ? readList(node) : { plain: scalar, size: 1 };
    done.set(node, result);
    return result;
  };
  const { plain } = read(document.contents);
  const value = excessive === undefined ? plain : undefined;
  return { value, target: (alias) => targets.get(alias), unresolved, excessive, oddKeys };
}

function nodeFaults({ unresolved, excessive, oddKeys }: NodeSurvey, source: SourceFile): Diagnostic[] {
  return [
    ...unresolved.map((alias) => say["yaml/unknown-alias"]({ name: alias.source }, textSpan(alias, source))),
    ...(excessive === undefined ? [] : [say["yaml/aliases"]({}, textSpan(excessive, source))]),
    ...oddKeys.map((key) => say["yaml/key"]({}, textSpan(key, source))),
  ];
}

function textSpan(node: unknown, source: SourceFile): Span {
  return hasRange(node) ? nodeSpan(node, source) : spanAt(source, 0, 0);
}

function spanOf(place: Place, path: DocumentPath, part: "key" | "value"): Span {
  for (let length = path.length; length > 0; length--) {
    const here = path.slice(0, length);
    const parent = find(place, here.slice(0, -1));
    const last = here.at(-1);
    // A path that is not there leads to the key of its nearest parent: "`path` is missing" points at the entry.
    const wanted = length === path.length ? part : "key";
    const node = isMap(parent) ? pairSpan(parent, last, wanted) : isSeq(parent) ? itemOf(parent, last) : undefined;
    if (node !== undefined) return nodeSpan(node, place.source);
  }
  return firstLine(place);
}

function pairSpan(map: { items: readonly unknown[] }, key: PropertyKey | undefined, part: "key" | "value") {
  for (const pair of map.items as readonly { key: unknown; value: unknown }[]) {
    const name = isScalar(pair.key) ? String(pair.key.value) : undefined;
    if (name !== String(key)) continue;
    const node = part === "key" || pair.value === null ? pair.key : pair.value;
    return hasRange(node) ? node : hasRange(pair.key) ? pair.key : undefined;
  }
  return undefined;
}

function itemOf(seq: { items: readonly unknown[] }, index: PropertyKey | undefined) {
  const item = seq.items[Number(index)];
  return hasRange(item) ? item : undefined;
}

function hasRange(node: unknown): node is Node & { range: [number, number, number] } {
  return typeof node === "object" && node !== null && Array.isArray((node as { range?: unknown }).range);
}

/** A node's own text without the blank that follows it; of a block that runs over lines, its first line. */
function nodeSpan(node: Node & { range: [number, number, number] }, source: SourceFile): Span {
  const [start, end] = node.range;
  const text = source.text.slice(start, end);
  const cut = text.indexOf("\n");
  const line = (cut === -1 ? text : text.slice(0, cut)).trimEnd();
  return { file: source.path, start, end: start + line.length };
}

function firstLine({ document, source }: Place): Span {
  const start = hasRange(document.contents) ? document.contents.range[0] : 0;
  const end = source.text.indexOf("\n", start);
  return { file: source.path, start, end: end === -1 ? source.text.length : end };
}

function find({ document, nodes }: Place, path: DocumentPath): unknown {
  const resolve = (node: unknown): unknown => (isAlias(node) ? nodes.target(node) : node);
  let node = resolve(document.contents);
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find((p) => isScalar(p.key) && String(p.key.value) === String(key));
      node = resolve(pair?.value);
    } else if (isSeq(node)) node = resolve(node.items[Number(key)]);
    else return undefined;
  }
  return node;
}
