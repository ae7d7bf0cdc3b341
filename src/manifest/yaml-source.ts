import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { SourceFile, Span } from "../diagnostics/span.ts";
import { yamlDiagnostics as say } from "./yaml-diagnostics.ts";

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
}

/**
 * Aliases may stand for at most this many nodes in all: enough for shared lists, too few for a billion laughs.
 * (`maxAliasCount` of the yaml library.)
 */
const maxAliasCount = 100;

/** More nesting than any manifest has; deeper text would exhaust the parser's stack. */
const maxDepth = 64;

/**
 * Parses YAML 1.2 as data: no tags but the core schema's, no YAML 1.1, aliases bounded. Every fault is a
 * diagnostic; the value is given all the same where one can be made, so that later stages report theirs too.
 */
export function parseYaml(source: SourceFile): YamlSource {
  const tooDeep = depthFault(source);
  if (tooDeep !== undefined) return nothing(source, [tooDeep]);
  const document = parseDocument(source.text, {
    version: "1.2",
    schema: "core",
    merge: false,
    uniqueKeys: true,
    prettyErrors: false,
    logLevel: "silent",
    lineCounter: new LineCounter(),
  });
  const diagnostics = syntaxFaults(document, source);
  const { value, fault } = toPlain(document, source);
  if (fault !== undefined) diagnostics.push(fault);
  return {
    source,
    value,
    diagnostics,
    spanOf: (path, part = "value") => spanOf(document, source, path, part),
    typed: (path) => {
      const node = find(document.contents, path, document);
      return isScalar(node) ? node.source : undefined;
    },
  };
}

function nothing(source: SourceFile, diagnostics: Diagnostic[]): YamlSource {
  const top: Span = { file: source.path, start: 0, end: 0 };
  return { source, value: undefined, diagnostics, spanOf: () => top, typed: () => undefined };
}

/** Bounds nesting before the recursive parser sees it: flow brackets, and list dashes or indentation by line. */
function depthFault(source: SourceFile): Diagnostic | undefined {
  let flow = 0;
  for (let at = 0; at < source.text.length; at++) {
    const c = source.text.charCodeAt(at);
    if (c === 0x5b || c === 0x7b) flow++;
    else if (c === 0x5d || c === 0x7d) flow = Math.max(0, flow - 1);
    if (flow > maxDepth) return say["yaml/too-deep"]({}, { file: source.path, start: at, end: at + 1 });
  }
  const deepBlock = new RegExp(`^(?: *(?:- |\\? )){${maxDepth}}|^ {${maxDepth * 8}}\\S`, "m").exec(source.text);
  if (deepBlock === null) return undefined;
  return say["yaml/too-deep"]({}, { file: source.path, start: deepBlock.index, end: deepBlock.index + 1 });
}

function syntaxFaults(document: Document.Parsed, source: SourceFile): Diagnostic[] {
  const span = (at: readonly [number, number, ...number[]]): Span => ({
    file: source.path,
    start: Math.min(at[0], source.text.length),
    end: Math.min(Math.max(at[1], at[0]), source.text.length),
  });
  const faults = document.errors.map((e) =>
    e.code === "DUPLICATE_KEY"
      ? say["yaml/duplicate-key"]({}, span(e.pos))
      : say["yaml/syntax"]({ detail: e.message }, span(e.pos)),
  );
  for (const warning of document.warnings) {
    faults.push(
      warning.code === "TAG_RESOLVE_FAILED"
        ? say["yaml/tag"]({}, span(warning.pos))
        : say["yaml/syntax"]({ detail: warning.message }, span(warning.pos)),
    );
  }
  const version = document.directives?.yaml;
  if (version?.explicit === true && version.version !== "1.2") {
    faults.push(say["yaml/version"]({}, { file: source.path, start: 0, end: 5 }));
  }
  return faults;
}

function toPlain(document: Document.Parsed, source: SourceFile): { value: unknown; fault?: Diagnostic } {
  try {
    return { value: document.toJS({ maxAliasCount }) as unknown };
  } catch (error) {
    // The library throws a ReferenceError both for too many aliases and for an alias without its anchor.
    if (!(error instanceof ReferenceError)) throw error;
    const at = source.text.search(/\*\S/);
    const start = Math.max(0, at);
    const span = { file: source.path, start, end: start + 1 };
    if (/[Ee]xcessive alias/.test(error.message)) return { value: undefined, fault: say["yaml/aliases"]({}, span) };
    return { value: undefined, fault: say["yaml/syntax"]({ detail: error.message }, span) };
  }
}

function spanOf(document: Document.Parsed, source: SourceFile, path: DocumentPath, part: "key" | "value"): Span {
  for (let length = path.length; length > 0; length--) {
    const here = path.slice(0, length);
    const parent = find(document.contents, here.slice(0, -1), document);
    const last = here.at(-1);
    // A path that is not there leads to the key of its nearest parent: "`path` is missing" points at the entry.
    const wanted = length === path.length ? part : "key";
    const node = isMap(parent) ? pairSpan(parent, last, wanted) : isSeq(parent) ? itemOf(parent, last) : undefined;
    if (node !== undefined) return nodeSpan(node, source);
  }
  return firstLine(document, source);
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

function firstLine(document: Document.Parsed, source: SourceFile): Span {
  const start = hasRange(document.contents) ? document.contents.range[0] : 0;
  const end = source.text.indexOf("\n", start);
  return { file: source.path, start, end: end === -1 ? source.text.length : end };
}

function find(root: unknown, path: DocumentPath, document: Document.Parsed): unknown {
  let node = resolve(root, document);
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find((p) => isScalar(p.key) && String(p.key.value) === String(key));
      node = resolve(pair?.value, document);
    } else if (isSeq(node)) node = resolve(node.items[Number(key)], document);
    else return undefined;
  }
  return node;
}

function resolve(node: unknown, document: Document.Parsed): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}
