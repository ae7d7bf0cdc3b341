import { hasErrors } from "../diagnostics/diagnostic.ts";
import { printable } from "../diagnostics/print.ts";
import { unifiedDiff } from "../output/diff.ts";
import { planWrites } from "../output/plan-writes.ts";
import { compile } from "../pipeline.ts";
import { shownDiff } from "./diff-text.ts";
import type { GenerateOptions } from "./generate.ts";
import { diagnosticsJson, type ExitCode, findManifest, knowHost, showDiagnostics } from "./manifest-option.ts";
import { terminal } from "./terminal.ts";

/** `remanence diff`: what generate would change, as a unified diff. Exits 1 where there is something. */
export async function diff(options: GenerateOptions): Promise<ExitCode> {
  const compiled = await compile(findManifest(options.manifest));
  knowHost(compiled, options.host);
  if (hasErrors(compiled.diagnostics)) {
    if (options.format === "json") terminal.json(diagnosticsJson(compiled.diagnostics, compiled.sources));
    showDiagnostics(compiled.diagnostics, compiled.sources, " There is nothing to compare.");
    return 1;
  }
  const { folder } = compiled.loaded;
  const { target, host } = options;
  const plan = planWrites(folder, compiled.tree, compiled.ledger, { scope: { target, host }, force: false });
  const differences = [...plan.changes, ...plan.refused.map((refusal) => ({ ...refusal, kind: "refuse" as const }))];
  differences.sort((a, b) => (a.path < b.path ? -1 : 1));
  if (options.format === "json") {
    const rows = differences.map((d) => ({ path: d.path, kind: d.kind, diff: comparable(d) ? unifiedDiff(d) : null }));
    terminal.json({ version: 1, differences: rows });
  } else {
    for (const difference of differences.filter(comparable)) terminal.answer(shownDiff(unifiedDiff(difference)));
    for (const { path, why } of plan.refused) terminal.problem(`generate would refuse ${printable(path)}: ${why}`);
  }
  return differences.length > 0 ? 1 : 0;
}

/** False where something is refused that has no text to compare with. */
function comparable({ kind, before }: { readonly kind: string; readonly before: string | null }): boolean {
  return kind !== "refuse" || before !== null;
}
