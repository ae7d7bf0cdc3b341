import { styleText } from "node:util";
import { columnsOf, cutBeginning, cutEnd } from "./columns.ts";
import type { Diagnostic, Severity } from "./diagnostic.ts";
import { printable } from "./printable.ts";
import { lineStarts, positionAt, type SourceFile } from "./span.ts";

export { printable };

/** Source texts by path, to quote the lines that diagnostics point at. */
export type Sources = ReadonlyMap<string, SourceFile>;

export interface PrintOptions {
  readonly color: boolean;
}

const colors: Record<Severity, "red" | "yellow" | "cyan"> = { error: "red", warning: "yellow", note: "cyan" };

/** Column at which the code ends, so that codes stand in one line at the right. */
const width = 100;

/** A diagnostic as a person reads it: what, where with the line and a caret, and what to write instead. */
export function printDiagnostic(d: Diagnostic, sources: Sources, options: PrintOptions): string {
  const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
    options.color ? styleText(style, text, { validateStream: false }) : text;
  const headline = `${d.severity}: ${printable(d.message)}`;
  const gap = Math.max(2, width - columnsOf(headline) - d.code.length);
  const lines = [
    `${paint([colors[d.severity], "bold"], `${d.severity}:`)} ${paint("bold", printable(d.message))}` +
      `${" ".repeat(gap)}${paint("dim", d.code)}`,
  ];
  lines.push(...excerpt(d, sources, paint));
  if (d.help !== undefined) lines.push(`  ${paint("cyan", "=")} ${printable(d.help)}`);
  return `${lines.join("\n")}\n`;
}

/** The excerpt: position, line, caret. Nothing where the diagnostic has no place or its file is not at hand. */
function excerpt(d: Diagnostic, sources: Sources, paint: (style: "cyan" | "bold", text: string) => string): string[] {
  if (d.span === undefined) return [];
  const source = sources.get(d.span.file);
  if (source === undefined) return [`  ${paint("cyan", "┌─")} ${printable(d.span.file)}`];
  const { line, column } = positionAt(source, d.span.start);
  const starts = lineStarts(source);
  const lineStart = starts[line - 1] ?? 0;
  const lineEnd = endOfLine(source, (starts[line] ?? source.text.length + 1) - 1);
  const before = source.text.slice(lineStart, d.span.start);
  const marked = source.text.slice(d.span.start, Math.max(d.span.start, Math.min(d.span.end, lineEnd)));
  const shown = clip(before, marked, source.text.slice(d.span.start + marked.length, lineEnd));
  const number = String(line);
  const margin = " ".repeat(number.length);
  const caret = `${" ".repeat(shown.caretAt)}${"^".repeat(Math.max(1, shown.caretLength))}`;
  const label = d.label === undefined ? "" : ` ${printable(d.label)}`;
  return [
    `${margin} ${paint("cyan", "┌─")} ${printable(d.span.file)}:${line}:${column}`,
    `${margin} ${paint("cyan", "│")}`,
    `${number} ${paint("cyan", "│")} ${shown.text}`,
    `${margin} ${paint("cyan", "│")} ${paint("bold", caret + label)}`,
  ];
}

/** Where the text of a line ends; a carriage return before the line break is none of it. */
function endOfLine({ text }: SourceFile, lineBreak: number): number {
  return text[lineBreak - 1] === "\r" ? lineBreak - 1 : lineBreak;
}

/** Keeps an excerpt within the width of a screen, the marked part in view. */
function clip(before: string, marked: string, after: string): { text: string; caretAt: number; caretLength: number } {
  const room = width - 10;
  const half = Math.floor(room / 2);
  // Of a line of any length only what could be shown is looked at.
  const near = printable(before.slice(-width));
  const left = columnsOf(near) > half || before.length > width ? `…${cutBeginning(near, half)}` : near;
  const middle = shorten(marked, Math.max(1, room - columnsOf(left)));
  const right = shorten(after, Math.max(0, room - columnsOf(left + middle)));
  return { text: left + middle + right, caretAt: columnsOf(left), caretLength: columnsOf(middle) };
}

function shorten(text: string, room: number): string {
  const near = printable(text.slice(0, width));
  return columnsOf(near) > room || text.length > width ? `${cutEnd(near, room)}…` : near;
}

/** The rows of `check --format json` (design, section 6). */
export function diagnosticRow(d: Diagnostic, sources: Sources): Record<string, string | number | null> {
  const source = d.span === undefined ? undefined : sources.get(d.span.file);
  const at = source === undefined || d.span === undefined ? undefined : positionAt(source, d.span.start);
  return {
    code: d.code,
    severity: d.severity,
    message: d.message,
    file: d.span?.file ?? null,
    line: at?.line ?? null,
    column: at?.column ?? null,
    help: helpOf(d) ?? null,
  };
}

/** Help as one text: what stands beside the caret is part of it where there is no caret. */
function helpOf({ label, help }: Diagnostic): string | undefined {
  if (label === undefined || help === undefined) return label ?? help;
  return label.endsWith("?") ? `${label} ${help}` : `${label}; ${help}`;
}

/** The last line of a report: `2 errors, 1 warning.` */
export function countDiagnostics(diagnostics: readonly Diagnostic[]): string {
  const parts = (["error", "warning", "note"] as const).flatMap((severity) => {
    const count = diagnostics.filter((d) => d.severity === severity).length;
    if (count === 0) return [];
    return [`${count} ${severity}${count === 1 ? "" : "s"}`];
  });
  return parts.join(", ");
}
