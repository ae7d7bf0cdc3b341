import { columnsOf, cutBeginning, cutEnd } from "../diagnostics/columns.ts";
import { printable } from "../diagnostics/print.ts";

/** How a piece of a line looks. Without colours what matters can still be told by its words. */
export type Look = "plain" | "bold" | "dim" | "chosen" | "title" | "red" | "yellow" | "green" | "cyan" | "magenta";

/** A text at a place of a line: the column counts from 0, and the text takes no more than its width. */
export interface Cell {
  readonly column: number;
  readonly width: number;
  readonly text: string;
  readonly look: Look;
}

/** One line of the screen, cells from left to right. */
export type Line = readonly Cell[];

/** What is on the screen, from its first line; lines that are missing are empty. */
export type Frame = readonly Line[];

export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

/** A text that begins at a column, cut at its end where there is no room; nothing in it can steer a terminal. */
export function cell(column: number, width: number, text: string, look: Look = "plain"): Cell {
  const room = Math.max(0, width);
  const shown = visible(text);
  const cut = columnsOf(shown) > room ? `${cutEnd(shown, room - 1)}${room > 0 ? "…" : ""}` : shown;
  return { column, width: room, text: cut, look };
}

/** The same, cut at its beginning: of a path the end says more. */
export function pathCell(column: number, width: number, text: string, look: Look = "plain"): Cell {
  const room = Math.max(0, width);
  const shown = visible(text);
  const cut = columnsOf(shown) > room ? `${room > 0 ? "…" : ""}${cutBeginning(shown, room - 1)}` : shown;
  return { column, width: room, text: cut, look };
}

/** A text that ends where its room ends. */
export function rightCell(column: number, width: number, text: string, look: Look = "plain"): Cell {
  const { text: shown } = cell(0, width, text);
  const used = columnsOf(shown);
  return { column: column + Math.max(0, width - used), width: used, text: shown, look };
}

/**
 * What cannot be drawn by itself is drawn on something: a mark that joins the character before would join whatever
 * stands there.
 */
function visible(text: string): string {
  return printable(text).replace(/^(?=[\p{Mn}\p{Me}])/u, "\u25cc");
}

/** A line as it looks without colours: for tests, and to compare lines. */
export function lineText(line: Line): string {
  let text = "";
  let at = 0;
  for (const { column, text: put } of line) {
    text += " ".repeat(Math.max(0, column - at)) + put;
    at = Math.max(at, column) + columnsOf(put);
  }
  return text.trimEnd();
}

/**
 * Text broken into lines of at most this many columns: at blanks where there are some, else within a word. A line's
 * indentation stays.
 */
export function wrapped(text: string, width: number): string[] {
  return text.split("\n").flatMap((paragraph) => {
    const [indent = ""] = /^ */.exec(paragraph) ?? [];
    const room = Math.max(1, width - indent.length);
    const lines: string[] = [];
    let line = "";
    for (const word of paragraph
      .slice(indent.length)
      .split(" ")
      .flatMap((long) => pieces(long, room))) {
      const longer = line === "" ? word : `${line} ${word}`;
      if (line !== "" && columnsOf(longer) > room) {
        lines.push(indent + line);
        line = word;
      } else line = longer;
    }
    return [...lines, indent + line];
  });
}

/** A word in pieces that have room. */
function pieces(word: string, room: number): string[] {
  const found: string[] = [];
  let rest = word;
  while (columnsOf(rest) > room) {
    // A character of two columns takes its place even where there is room for one.
    const piece = cutEnd(rest, room) || [...rest].slice(0, 1).join("");
    found.push(piece);
    rest = rest.slice(piece.length);
  }
  return rest === "" && found.length > 0 ? found : [...found, rest];
}
