import type { CollectionLayout, ListLayout } from "./yaml-layout.ts";

/** A change of a text: what stands between two offsets is replaced. */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Something to add to a list: its text on one line, and a comment (without `#`) that goes with it. */
export interface NewItem {
  readonly text: string;
  readonly comment: string | undefined;
}

/** Lines longer than this are hard to read; a list on one line is broken there. */
const width = 100;

/** A text with changes made; they must not overlap. */
export function spliced(text: string, splices: readonly Splice[]): string {
  const fromTheEnd = [...splices].sort((a, b) => b.start - a.start);
  return fromTheEnd.reduce((now, { start, end, text: put }) => now.slice(0, start) + put + now.slice(end), text);
}

/** The changes that add items to a list at the top, written as that list or the document is; undefined where it is none. */
export function additions(
  text: string,
  name: string,
  layout: ListLayout,
  items: readonly NewItem[],
): Splice[] | undefined {
  switch (layout.is) {
    case "list":
      return layout.list.style === "block"
        ? [blockItems(text, layout.list, items)]
        : flowItems(text, layout.list, items);
    case "empty":
      return [below(text, layout.end, layout.column, dashed(items, layout.column + usualIndent(text)))];
    case "null":
      return [{ start: layout.start, end: layout.end, text: `[${items.map((item) => item.text).join(", ")}]` }];
    case "missing":
      return newList(text, name, layout.map, items);
    default:
      return undefined;
  }
}

/** Behind the last item of a block. */
function blockItems(text: string, list: CollectionLayout & { style: "block" }, items: readonly NewItem[]): Splice {
  return below(text, list.end, list.column, dashed(items, list.column));
}

function newList(text: string, name: string, map: CollectionLayout, items: readonly NewItem[]): Splice[] {
  if (map.style === "flow") {
    const list = `${name}: [${items.map((item) => item.text).join(", ")}]`;
    return flowItems(text, map, [{ text: list, comment: undefined }]);
  }
  const indent = " ".repeat(map.column);
  const lines = [`${indent}${name}:`, ...dashed(items, map.column + usualIndent(text))];
  return [below(text, map.end, map.column, hasBlankLines(text) ? ["", ...lines] : lines)];
}

function hasBlankLines(text: string): boolean {
  return /\n[ \t]*\r?\n(?=.*\S)/.test(text);
}

/** How far the lists of this text are indented below their key: 0 or more. */
function usualIndent(text: string): number {
  const list = /^[A-Za-z]\w*:[^\S\n]*(?:#[^\n]*)?\r?\n(?:[^\S\n]*(?:#[^\n]*)?\r?\n)*( *)- /m.exec(text);
  return list?.[1]?.length ?? 2;
}

/** Items one a line, each with its comment behind it, or above where the line would be too long. */
function dashed(items: readonly NewItem[], column: number): string[] {
  const indent = " ".repeat(column);
  return items.flatMap(({ text, comment }) => commented(`${indent}- ${text}`, indent, comment));
}

function commented(line: string, indent: string, comment: string | undefined): string[] {
  if (comment === undefined) return [line];
  const whole = `${line} # ${comment}`;
  return whole.length <= width ? [whole] : [`${indent}# ${comment}`, line];
}

/** Lines below the one in which `offset` lies, and below comments that are indented deeper than `column`. */
function below(text: string, offset: number, column: number, lines: readonly string[]): Splice {
  let at = endOfLine(text, offset);
  for (;;) {
    const next = startOfNext(text, at);
    const comment = next === undefined ? null : /^([ \t]*)#/.exec(text.slice(next, endOfLine(text, next)));
    if (next === undefined || comment === null || (comment[1]?.length ?? 0) <= column) break;
    at = endOfLine(text, next);
  }
  return { start: at, end: at, text: lines.map((line) => lineBreak(text) + line).join("") };
}

/** The end of a line without its line break. */
function endOfLine(text: string, offset: number): number {
  const at = text.indexOf("\n", offset);
  if (at === -1) return text.length;
  return at > offset && text[at - 1] === "\r" ? at - 1 : at;
}

function startOfNext(text: string, end: number): number | undefined {
  const at = text.indexOf("\n", end);
  return at === -1 ? undefined : at + 1;
}

function lineBreak(text: string): string {
  return /\r\n/.test(text.slice(0, text.indexOf("\n") + 1)) ? "\r\n" : "\n";
}

type Flow = CollectionLayout & { style: "flow" };

/** Behind the last item of a list in brackets: on its line as long as there is room, else one a line. */
function flowItems(text: string, list: Flow, items: readonly NewItem[]): Splice[] {
  const { end } = list;
  if (end === null) return [emptyFlow(text, list, items)];
  const comma = commaAfter(text, end, list.close);
  const lines = text.slice(end, list.close).includes("\n");
  const texts = items.map((item) => item.text).join(", ");
  const isShort = items.every((item) => item.comment === undefined) && roomAt(text, list.close) >= texts.length + 2;
  if (!lines && isShort) {
    if (comma === undefined) return [insert(end, `, ${texts}`)];
    return [insert(comma + 1, ` ${texts},`)];
  }
  const indent = " ".repeat(lines ? columnOfLine(text, end) || list.column + 2 : list.column + 2);
  const added = items.map(({ text: item, comment }, i) => {
    const line = `${indent}${item}${i < items.length - 1 || comma !== undefined ? "," : ""}`;
    return comment === undefined ? line : `${line} # ${comment}`;
  });
  const at = lines ? endOfLine(text, comma ?? end) : (comma ?? end - 1) + 1;
  const block = added.map((line) => lineBreak(text) + line).join("");
  // A comment in the last line would swallow a bracket that follows.
  const isOpen = !lines && items.at(-1)?.comment !== undefined;
  const closing = isOpen ? lineBreak(text) + " ".repeat(list.column) : "";
  if (comma !== undefined) return [insert(at, block + closing)];
  return at === end ? [insert(end, `,${block}${closing}`)] : [insert(end, ","), insert(at, block + closing)];
}

function emptyFlow(text: string, { open, column }: Flow, items: readonly NewItem[]): Splice {
  const texts = items.map((item) => item.text).join(", ");
  const isShort = items.every((item) => item.comment === undefined) && roomAt(text, open) >= texts.length;
  if (isShort) return insert(open + 1, texts);
  const lines = items.map(({ text: item, comment }) => {
    const line = `${" ".repeat(column + 2)}${item},`;
    return comment === undefined ? line : `${line} # ${comment}`;
  });
  return insert(open + 1, [...lines, " ".repeat(column)].map((line) => lineBreak(text) + line).join(""));
}

function insert(at: number, text: string): Splice {
  return { start: at, end: at, text };
}

/** Where a comma stands between two offsets, comments left out. */
function commaAfter(text: string, start: number, end: number): number | undefined {
  const between = text.slice(start, end).replace(/#[^\n]*/g, (comment) => " ".repeat(comment.length));
  const at = between.indexOf(",");
  return at === -1 ? undefined : start + at;
}

function roomAt(text: string, offset: number): number {
  const line = text.lastIndexOf("\n", offset - 1) + 1;
  return width - (endOfLine(text, offset) - line);
}

/** By how much the line of an offset is indented. */
function columnOfLine(text: string, offset: number): number {
  const start = text.lastIndexOf("\n", offset - 1) + 1;
  return /^ */.exec(text.slice(start, offset))?.[0].length ?? 0;
}
