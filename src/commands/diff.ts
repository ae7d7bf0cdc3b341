import { hasErrors } from "../diagnostics/diagnostic.ts";
import { unifiedDiff } from "../output/diff.ts";
import { readLedger } from "../output/ledger.ts";
import { planWrites } from "../output/plan-writes.ts";
import { compile } from "../pipeline.ts";
import { type GenerateOptions, scopeOf } from "./generate.ts";
import { diagnosticsJson, type ExitCode, findManifest, showDiagnostics } from "./manifest-option.ts";
import { terminal } from "./terminal.ts";

/** `remanence diff`: what generate would change, as a unified diff. Exits 1 where there is something. */
export async function diff(options: GenerateOptions): Promise<ExitCode> {
  const compiled = await compile(findManifest(options.manifest));
  if (hasErrors(compiled.diagnostics)) {
    if (options.format === "json") terminal.json(diagnosticsJson(compiled.diagnostics, compiled.sources));
    showDiagnostics(compiled.diagnostics, compiled.sources, " There is nothing to compare.");
    return 1;
  }
  const { folder } = compiled.loaded;
  const plan = planWrites(folder, compiled.tree, readLedger(folder), {
    scope: scopeOf(options, compiled),
    force: false,
  });
  const differences = [
    ...plan.changes.map(({ path, kind, before, after }) => ({ path, kind: kind as string, before, after })),
    ...plan.refused.map(({ path, before, after }) => ({ path, kind: "refuse", before, after })),
  ].sort((a, b) => (a.path < b.path ? -1 : 1));
  if (options.format === "json") {
    const rows = differences.map(({ path, kind, before, after }) => ({
      path,
      kind,
      diff: unifiedDiff(path, before, after),
    }));
    terminal.json({ version: 1, differences: rows });
  } else {
    for (const { path, before, after } of differences) terminal.answer(unifiedDiff(path, before, after));
    for (const { path, why } of plan.refused) terminal.problem(`generate would refuse ${path}: ${why}`);
  }
  return differences.length > 0 ? 1 : 0;
}
