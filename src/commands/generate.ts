import { CannotRun } from "../diagnostics/cannot-run.ts";
import { hasErrors } from "../diagnostics/diagnostic.ts";
import { countDiagnostics } from "../diagnostics/print.ts";
import type { TargetName } from "../emitters/emitter.ts";
import { emitters } from "../emitters/registry.ts";
import { printLedger, readLedger } from "../output/ledger.ts";
import { planWrites, type WritePlan } from "../output/plan-writes.ts";
import { applyWrites } from "../output/write.ts";
import { type Compiled, compile } from "../pipeline.ts";
import {
  type CommonOptions,
  diagnosticsJson,
  type ExitCode,
  findManifest,
  showDiagnostics,
} from "./manifest-option.ts";
import { summaryText } from "./summary.ts";
import { terminal } from "./terminal.ts";

export interface GenerateOptions extends CommonOptions {
  readonly target?: string;
  readonly check?: boolean;
  readonly dryRun?: boolean;
  readonly force?: boolean;
  readonly commit?: boolean;
}

/** `remanence generate`: writes the outputs, only what changed, all of it or nothing. */
export async function generate(options: GenerateOptions): Promise<ExitCode> {
  const compiled = await compile(findManifest(options.manifest));
  if (hasErrors(compiled.diagnostics)) {
    if (options.format === "json") terminal.json(diagnosticsJson(compiled.diagnostics, compiled.sources));
    showDiagnostics(compiled.diagnostics, compiled.sources, " Nothing was generated.");
    return 1;
  }
  const { folder } = compiled.loaded;
  const ledger = readLedger(folder);
  const plan = planWrites(folder, compiled.tree, ledger, {
    scope: scopeOf(options, compiled),
    force: options.force === true,
  });
  const stale = plan.changes.length > 0 || printLedger(plan.rows) !== printLedger(ledger.values());
  if (plan.refused.length > 0) {
    await report(plan, compiled, options);
    return 1;
  }
  if (options.check === true) {
    await report(plan, compiled, options);
    return stale ? 1 : 0;
  }
  if (options.dryRun !== true) applyWrites(folder, plan, ledger);
  await report(plan, compiled, options);
  if (options.commit === true && options.dryRun !== true) await commit(folder, plan, options);
  return 0;
}

export function scopeOf(options: { target?: string; host?: string }, compiled: Compiled) {
  const { target, host } = options;
  if (target !== undefined && !Object.hasOwn(emitters, target)) {
    throw new CannotRun(`there is no target ${target}; they are ${Object.keys(emitters).join(", ")}`);
  }
  if (host !== undefined && !compiled.plans.some((plan) => plan.host.name === host)) {
    throw new CannotRun(`there is no host ${host} in this manifest`);
  }
  return { target: target as TargetName | undefined, host };
}

async function report(plan: WritePlan, compiled: Compiled, options: GenerateOptions): Promise<void> {
  if (options.format === "json") {
    terminal.json(reportJson(plan));
    return;
  }
  for (const { path, why } of plan.refused) terminal.problem(`refused ${path}: ${why}`);
  if (plan.refused.length > 0) {
    const { unifiedDiff } = await import("../output/diff.ts");
    for (const { path, before, after } of plan.refused) terminal.problem(unifiedDiff(path, before, after));
    terminal.problem(
      "Nothing was written. Move your changes into the manifest, or overwrite with --force, which keeps a copy in .remanence/kept/.",
    );
    return;
  }
  terminal.answer(summaryText(plan, compiled, options));
  const said = countDiagnostics(compiled.diagnostics);
  if (said !== "") terminal.problem(`  ${said}: remanence check`);
}

function reportJson(plan: WritePlan): object {
  const done = plan.refused.length === 0;
  const paths = (kind: string): string[] =>
    done ? plan.changes.filter((c) => c.kind === kind).map((c) => c.path) : [];
  return {
    version: 1,
    created: paths("create"),
    updated: paths("update"),
    unchanged: plan.unchanged,
    removed: paths("remove"),
    refused: plan.refused.map((r) => r.path),
  };
}

async function commit(folder: string, plan: WritePlan, options: GenerateOptions): Promise<void> {
  const { commitOutputs } = await import("../output/git.ts");
  const paths = [
    ...plan.rows.map((row) => row.path),
    ...plan.changes.filter((c) => c.kind === "remove").map((c) => c.path),
  ];
  const committed = await commitOutputs(folder, paths);
  if (options.format === "text")
    terminal.answer(committed === null ? "Nothing to commit." : `Committed as ${committed}.`);
}
