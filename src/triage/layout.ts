import type { ScreenSize } from "../screen/frame.ts";

/** Smaller than this there is no room for a list with what is said of it. */
const least: ScreenSize = { columns: 40, rows: 9 };

/** Lines for a text in place of the list: help, and the change of the manifest. Below it stay a message and the keys. */
export function textHeight({ rows }: ScreenSize): number {
  return Math.max(1, rows - 4);
}

/** Where the parts of the screen are; lines count from 0. */
export interface Layout {
  /** The first line of the list, and how many it has. */
  readonly list: number;
  readonly height: number;
  readonly message: number;
  /** What is said of the marked line. */
  readonly details: number;
  readonly detailLines: number;
  readonly keys: number;
  readonly keyLines: number;
}

export function isTooSmall({ columns, rows }: ScreenSize): boolean {
  return columns < least.columns || rows < least.rows;
}

/** A title and a line for the folder above, the message, details and keys below, and the list takes what is left. */
export function layoutOf({ columns, rows }: ScreenSize): Layout {
  const isRoomy = rows >= 16 && columns >= 78;
  const keyLines = isRoomy ? 3 : 1;
  const detailLines = rows >= 20 ? 4 : rows >= 16 ? 3 : 1;
  const list = 2;
  const keys = rows - keyLines;
  const details = keys - detailLines;
  const message = details - 1;
  return { list, height: Math.max(1, message - list), message, details, detailLines, keys, keyLines };
}
