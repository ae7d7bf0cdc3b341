import { CannotRun } from "../diagnostics/cannot-run.ts";
import { hasErrors } from "../diagnostics/diagnostic.ts";
import { countDiagnostics, printable } from "../diagnostics/print.ts";
import { newSourceFiles } from "../emitters/chezmoi/new-source.ts";
import { inFolder, type TargetName } from "../emitters/emitter.ts";
import { ledgerPath, printLedger } from "../output/ledger.ts";
import { planWrites, type WritePlan } from "../output/plan-writes.ts";
import { applyWrites } from "../output/write.ts";
import { writeOnce } from "../output/write-once.ts";
import { type Compiled, compile } from "../pipeline.ts";
import {
  type CommonOptions,
  diagnosticsJson,
  type ExitCode,
  findManifest,
  knowHost,
  showDiagnostics,
} from "./manifest-option.ts";
import { summaryText } from "./summary.ts";
import { readable, terminal } from "./terminal.ts";

export interface GenerateOptions extends CommonOptions {
  readonly target?: TargetName;
  readonly check?: boolean;
  readonly dryRun?: boolean;
  readonly force?: boolean;
  readonly commit?: boolean;
  readonly newSource?: boolean;
}

/** `remanence generate`: writes the outputs, only what changed, all of it or nothing. */
export async function generate(options: GenerateOptions): Promise<ExitCode> {
  const compiled = await compile(findManifest(options.manifest));
  knowHost(compiled, options.host);
  if (hasErrors(compiled.diagnostics)) {
    if (options.format === "json") terminal.json(diagnosticsJson(compiled.diagnostics, compiled.sources));
    showDiagnostics(compiled.diagnostics, compiled.sources, " Nothing was generated.");
    return 1;
  }
  const { ledger } = compiled;
  const { folder } = compiled.loaded;
  const writes = options.check !== true && options.dryRun !== true;
  if (options.commit === true && writes) await (await import("../output/git.ts")).requireRepository(folder);
  const { target, host, force } = options;
  const plan = planWrites(folder, compiled.tree, ledger, { scope: { target, host }, force: force === true });
  const isStale = plan.changes.length > 0 || printLedger(plan.rows) !== printLedger(ledger.values());
  if (options.newSource === true && !compiled.input.chezmoi.isNew)
    throw new CannotRun(`the chezmoi source ${compiled.input.chezmoi.root} is not new: there are files of yours in it`);
  if (writes && plan.refused.length === 0) applyWrites(folder, plan, ledger);
  await report(plan, compiled, options);
  if (options.newSource === true && writes && plan.refused.length === 0) startSource(compiled, options);
  if (plan.refused.length > 0) return 1;
  if (options.check === true) {
    if (isStale && plan.changes.length === 0) terminal.problem(`${ledgerPath} is not up to date: remanence generate`);
    return isStale ? 1 : 0;
  }
  if (options.commit === true && writes) await commit(folder, plan, options);
  return 0;
}

async function report(plan: WritePlan, compiled: Compiled, options: GenerateOptions): Promise<void> {
  if (options.format === "json") {
    terminal.json(reportJson(plan));
    return;
  }
  for (const { path, why } of plan.refused) terminal.problem(`refused ${printable(path)}: ${why}`);
  if (plan.refused.length > 0) {
    const { unifiedDiff } = await import("../output/diff.ts");
    // What is there may be anything: without its text there is nothing to compare.
    for (const refusal of plan.refused) if (refusal.before !== null) terminal.problem(readable(unifiedDiff(refusal)));
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
  // What other targets and hosts have is not part of a run that was limited to one.
  const paths = [...plan.unchanged, ...plan.changes.map((change) => change.path)];
  const committed = await commitOutputs(folder, paths);
  if (options.format === "text")
    terminal.answer(committed === null ? "  Nothing to commit." : `  Committed as ${committed}.`);
}

/** The configuration and the least version of a new chezmoi source: they are the person's own, and not recorded. */
function startSource({ loaded, input }: Compiled, options: GenerateOptions): void {
  for (const { name, content } of newSourceFiles()) {
    const path = inFolder(input.chezmoi.root, name);
    const written = writeOnce(loaded.folder, path, content);
    if (options.format === "text" && written) terminal.answer(`  ${printable(path)}: written once, yours from now on`);
  }
}
