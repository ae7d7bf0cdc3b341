import { styleText } from "node:util";
import { printable } from "../diagnostics/print.ts";
import { writeOutput } from "./blocking.ts";

type Style = Parameters<typeof styleText>[0];

/** Where a command's words go: answers to stdout, problems to stderr; colour only where a person looks. */
export const terminal = {
  answer(text: string): void {
    write(text.endsWith("\n") ? text : `${text}\n`);
  },
  problem(text: string): void {
    guardProblems();
    process.stderr.write(text.endsWith("\n") ? text : `${text}\n`);
  },
  json(data: unknown): void {
    write(`${JSON.stringify(data, null, 2)}\n`);
  },
  /** A row of JSON for each item, all in one line: to lay out thousands, or to keep them, takes longer than to find them. */
  jsonRows<Item>(name: string, items: readonly Item[], rowOf: (item: Item) => string): void {
    let text = `{"version":1,"${name}":[`;
    let separator = "";
    for (const item of items) {
      text += separator + rowOf(item);
      separator = ",";
      if (text.length < 65_536) continue;
      write(text);
      text = "";
    }
    write(`${text}]}\n`);
  },
  paint(style: Style, text: string): string {
    return hasColor(process.stdout) ? styleText(style, text, { validateStream: false }) : text;
  },
  hasColor: (): boolean => hasColor(process.stdout),
  problemColor: (): boolean => hasColor(process.stderr),
  /** True where the answer is read by a person, not by a program. */
  isPerson: (): boolean => process.stdout.isTTY === true,
};

/** A text of several lines in which nothing can steer a terminal; tabs stay. */
export function readable(text: string): string {
  // The usual text of many lines: nothing but printable ASCII.
  if (/^[\n\t -~]*$/.test(text)) return text;
  return text
    .split("\n")
    .map((line) => line.split("\t").map(printable).join("\t"))
    .join("\n");
}

/** Writes some of the answer. */
function write(text: string): void {
  try {
    writeOutput(text);
  } catch (error) {
    unwritten(error as NodeJS.ErrnoException);
  }
}

/**
 * Whoever reads the answer may stop early (`remanence diff | head`): that is no fault, and what is under way is finished
 * without being said. An answer that could not be written for another reason is one.
 */
function unwritten({ code, message }: NodeJS.ErrnoException): void {
  if (code === "EPIPE") return;
  terminal.problem(`remanence: the answer could not be written: ${message}`);
  process.once("exit", () => {
    process.exitCode = 2;
  });
}

/** Streams of node throw what goes wrong where nobody asked. */
export function guardStreams(): void {
  guardProblems();
  process.stdout.on("error", unwritten);
}

let isGuarded = false;

function guardProblems(): void {
  if (isGuarded) return;
  isGuarded = true;
  process.stderr.on("error", () => {});
}

/** NO_COLOR of any value switches colour off (no-color.org), FORCE_COLOR on; else a terminal has it. */
function hasColor(stream: NodeJS.WriteStream): boolean {
  if (process.env["NO_COLOR"] !== undefined && process.env["NO_COLOR"] !== "") return false;
  if (process.env["FORCE_COLOR"] !== undefined && process.env["FORCE_COLOR"] !== "0") return true;
  return stream.isTTY === true && process.env["TERM"] !== "dumb";
}

/** Rows in columns, two blanks between them; the last column is not padded. (Loops: there may be thousands of rows.) */
export function columns(rows: readonly (readonly string[])[], indent = "  "): string {
  const widths: number[] = [];
  for (const row of rows) {
    // Its last cell is as wide as it is.
    for (let i = 0; i < row.length - 1; i++) widths[i] = Math.max(widths[i] ?? 0, visibleLength(row[i] ?? ""));
  }
  const lines: string[] = [];
  for (const row of rows) {
    let line = indent;
    for (let i = 0; i < row.length - 1; i++) {
      const cell = row[i] ?? "";
      line += cell.padEnd((widths[i] ?? 0) + cell.length - visibleLength(cell) + 2);
    }
    lines.push(`${line}${row.at(-1) ?? ""}`.trimEnd());
  }
  return lines.join("\n");
}

function visibleLength(text: string): number {
  // Of thousands of cells nearly all are so.
  if (/^[ -~]*$/.test(text)) return text.length;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape sequences of colours have no width
  return [...text.replace(/\u001b\[[0-9;]*m/g, "")].length;
}
