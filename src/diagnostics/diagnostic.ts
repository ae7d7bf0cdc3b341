import type { Span } from "./span.ts";

export type Severity = "error" | "warning" | "note";

/** Something to tell the person about what they wrote. Never thrown: stages return lists of them. */
export interface Diagnostic {
  /** Stable, `stage/what`: people and scripts may rely on it. */
  readonly code: string;
  readonly severity: Severity;
  /** What is wrong; a sentence without its final stop, names in backticks. */
  readonly message: string;
  /** Where; absent where the fault is in no file (an option, the environment). */
  readonly span?: Span;
  /** A few words beside the caret. */
  readonly label?: string;
  /** What to write instead; one sentence. */
  readonly help?: string;
}

/** True when the list holds an error: the stage that made it must not be followed by another. */
export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((d) => d.severity === "error");
}

const severityOrder: Record<Severity, number> = { error: 0, warning: 1, note: 2 };

/**
 * Diagnostics in the order of the source, each once. Several hosts or users often have the same to say of
 * one line; the person needs it once.
 */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const seen = new Map<string, Diagnostic>();
  for (const d of diagnostics) {
    const key = JSON.stringify([d.code, d.span?.file, d.span?.start, d.message, d.help]);
    if (!seen.has(key)) seen.set(key, d);
  }
  return [...seen.values()].sort(
    (a, b) =>
      compare(a.span?.file ?? "", b.span?.file ?? "") ||
      (a.span?.start ?? -1) - (b.span?.start ?? -1) ||
      severityOrder[a.severity] - severityOrder[b.severity] ||
      compare(a.code, b.code),
  );
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
