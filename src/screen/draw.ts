import { columnsOf } from "../diagnostics/columns.ts";
import type { Cell, Frame, Line, Look, ScreenSize } from "./frame.ts";

/** Control sequences of ECMA-48 and xterm; each terminal that is in use knows them. */
const csi = "\u001b[";

/** What the terminal is asked for when the screen is taken, and to give it back. */
export const takeScreen = `${csi}?1049h${csi}?25l${csi}?7l${csi}?2004h${csi}2J`;
export const giveBackScreen = `${csi}?2004l${csi}?7h${csi}0m${csi}?25h${csi}?1049l`;

/** Frames that belong together are shown at once where the terminal knows how to; others pass this over. */
const [begin, end] = [`${csi}?2026h`, `${csi}?2026l`];

/** Each line of a frame as what makes a terminal show it. */
export function drawn(frame: Frame, size: ScreenSize, colour: boolean): string[] {
  return Array.from({ length: size.rows }, (_, row) => drawnLine(frame[row] ?? [], row, size, colour));
}

/** What turns the lines that are shown into others: only those that differ are drawn, so that nothing flickers. */
export function changes(before: readonly string[], after: readonly string[]): string {
  const different = after.filter((line, row) => line !== before[row]);
  return different.length === 0 ? "" : begin + different.join("") + end;
}

/**
 * Each cell is put at its column: where a terminal takes another width for a character than we do, what stands right of it
 * is in its place all the same.
 */
function drawnLine(line: Line, row: number, { columns }: ScreenSize, colour: boolean): string {
  const cells = line
    .filter((part) => part.column < columns)
    .map((part) => `${csi}${row + 1};${part.column + 1}H${painted(part, colour)}`);
  return `${csi}${row + 1};1H${csi}2K${cells.join("")}`;
}

function painted({ text, width, look }: Cell, colour: boolean): string {
  const filled = look === "chosen" || look === "title" ? text + " ".repeat(Math.max(0, width - columnsOf(text))) : text;
  const codes = colour ? (codesOf[look] ?? "") : (plainCodes[look] ?? "");
  return codes === "" ? filled : `${csi}${codes}m${filled}${csi}0m`;
}

/** NO_COLOR is about colours: bold and the like stay. */
const plainCodes: Readonly<Partial<Record<Look, string>>> = { bold: "1", dim: "2", chosen: "7", title: "7" };
const codesOf: Readonly<Partial<Record<Look, string>>> = {
  ...plainCodes,
  red: "31",
  yellow: "33",
  green: "32",
  cyan: "36",
  magenta: "35",
};
