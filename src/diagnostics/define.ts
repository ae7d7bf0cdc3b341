import type { Diagnostic, Severity } from "./diagnostic.ts";
import type { Span } from "./span.ts";

/** One row of a stage's table: what the code says, from typed parameters. */
interface Definition<P> {
  readonly severity: Severity;
  readonly message: (params: P) => string;
  readonly label?: (params: P) => string | undefined;
  readonly help?: (params: P) => string | undefined;
}

type ParamsOf<D> = D extends { readonly message: (params: infer P) => string } ? P : never;

/** Makes a diagnostic of one code; `params` are checked by the compiler against the message's own. */
type Report<P> = (params: P, span?: Span) => Diagnostic;

/**
 * Turns a table `code -> definition` into functions that make diagnostics of these codes. A missing parameter
 * or a misspelt code does not compile (after TypeSpec's diagnostic-creator).
 */
export function defineDiagnostics<const T extends Record<string, Definition<never>>>(
  table: T,
): { readonly [C in keyof T]: Report<ParamsOf<T[C]>> } {
  const entries = Object.entries(table).map(([code, definition]) => {
    const { severity, message, label, help } = definition as Definition<unknown>;
    const report: Report<unknown> = (params, span) => {
      const labelText = label?.(params);
      const helpText = help?.(params);
      return {
        code,
        severity,
        message: message(params),
        ...(span === undefined ? {} : { span }),
        ...(labelText === undefined ? {} : { label: labelText }),
        ...(helpText === undefined ? {} : { help: helpText }),
      };
    };
    return [code, report];
  });
  return Object.fromEntries(entries);
}
