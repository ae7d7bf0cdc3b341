import {
  type Alias,
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  type Node,
  Parser,
} from "yaml";
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

/** More nesting than any manifest has; deeper text would exhaust the parser's stack. */
const maxDepth = 64;

/**
 * Parses YAML 1.2 as data: no tags but the core schema's, no YAML 1.1, aliases bounded. Every fault is a
 * diagnostic; the value is given all the same where one can be made, so that later stages report theirs too.
 */
export function parseYaml(source: SourceFile): YamlSource {
  const parsed = parseTokens(source.text);
  if ("tooDeep" in parsed) return nothing(source, [say["yaml/too-deep"]({}, spanAt(source, parsed.tooDeep, 1))]);
  const composer = new Composer({
    version: "1.2",
    schema: "core",
    merge: false,
    resolveKnownTags: false,
    uniqueKeys: true,
    prettyErrors: false,
  });
  const [document, second] = composer.compose(parsed.tokens, true, source.text.length);
  if (document === undefined) throw new TypeError("the yaml library made no document");
  const aliases = readAliases(document);
  const diagnostics = [...syntaxFaults(document, source), ...aliasFaults(aliases, source)];
  if (second !== undefined) {
    diagnostics.push(say["yaml/several-documents"]({}, spanAt(source, documentStart(second, source), 3)));
  }
  const isWhole = aliases.unresolved.length === 0 && aliases.excessive === undefined;
  const place: Place = { document, aliases, source };
  return {
    source,
    value: isWhole ? (document.toJS({ maxAliasCount: -1 }) as unknown) : undefined,
    diagnostics,
    spanOf: (path, part = "value") => spanOf(place, path, part),
    typed: (path) => {
      const node = find(place, path);
      return isScalar(node) ? node.source : undefined;
    },
  };
}

/** A parsed text to look places up in. */
interface Place {
  readonly document: Document.Parsed;
  readonly aliases: Aliases;
  readonly source: SourceFile;
}

function nothing(source: SourceFile, diagnostics: Diagnostic[]): YamlSource {
  const top: Span = { file: source.path, start: 0, end: 0 };
  return { source, value: undefined, diagnostics, spanOf: () => top, typed: () => undefined };
}

/** More than `maxDepth` dashes in one line, or an indentation that so many levels would have. */
const deepBlock = new RegExp(`^ *(?:[-?:][ \\t]+){${maxDepth}}|^ {${maxDepth * 8}}\\S`, "m");

/**
 * Reads a text as tokens, its nesting bounded: deeper text would exhaust the stack of what comes after. Brackets in
 * quotes, plain text and comments open no level.
 */
function parseTokens(text: string): { tokens: CST.Token[] } | { tooDeep: number } {
  const deep = deepBlock.exec(text);
  if (deep !== null) return { tooDeep: deep.index };
  const tokens: CST.Token[] = [];
  const parser = new Parser();
  let depth = 0;
  let offset = 0;
  let before = "";
  for (const lexeme of new Lexer().lex(text)) {
    if (before !== lexerMarks.scalar) depth += levelOf(lexeme);
    if (depth > maxDepth) return { tooDeep: offset };
    tokens.push(...parser.next(lexeme));
    if (!Object.values(lexerMarks).includes(lexeme)) offset += lexeme.length;
    before = lexeme;
  }
  tokens.push(...parser.end());
  return { tokens };
}

/** What the lexer says besides the text: a document begins, a broken flow ends, a plain or block scalar follows. */
const lexerMarks = { document: "\u0002", flowEnd: "\u0018", scalar: "\u001f" };

function levelOf(lexeme: string): -1 | 0 | 1 {
  if (lexeme === "[" || lexeme === "{") return 1;
  return lexeme === "]" || lexeme === "}" ? -1 : 0;
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
    return say["yaml/syntax"]({ detail: message }, span(pos));
  });
  const warnings = document.warnings.filter(({ message }) => !message.startsWith("Unsupported YAML version"));
  for (const { code, message, pos } of warnings) {
    faults.push(
      code === "TAG_RESOLVE_FAILED"
        ? say["yaml/tag"]({}, span(pos))
        : say["yaml/syntax"]({ detail: message }, span(pos)),
    );
  }
  const version = document.directives?.yaml;
  if (warnings.length < document.warnings.length || (version?.explicit === true && version.version !== "1.2")) {
    faults.push(say["yaml/version"]({}, spanAt(source, Math.max(0, source.text.search(/^%YAML/m)), 5)));
  }
  return faults;
}

/** What the aliases of a document stand for, and those that cannot be followed. */
interface Aliases {
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
function readAliases(document: Document.Parsed): Aliases {
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

function aliasFaults({ unresolved, excessive }: Aliases, source: SourceFile): Diagnostic[] {
  const faults = unresolved.map((alias) => say["yaml/unknown-alias"]({ name: alias.source }, textSpan(alias, source)));
  return excessive === undefined ? faults : [...faults, say["yaml/aliases"]({}, textSpan(excessive, source))];
}

function textSpan(node: Node, source: SourceFile): Span {
  return hasRange(node) ? nodeSpan(node, source) : { file: source.path, start: 0, end: 0 };
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

function find({ document, aliases }: Place, path: DocumentPath): unknown {
  const resolve = (node: unknown): unknown => (isAlias(node) ? aliases.target(node) : node);
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
