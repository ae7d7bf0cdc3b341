import { hasErrors } from "../diagnostics/diagnostic.ts";
import { compile } from "../pipeline.ts";
import {
  type CommonOptions,
  diagnosticsJson,
  type ExitCode,
  findManifest,
  showDiagnostics,
} from "./manifest-option.ts";
import { terminal } from "./terminal.ts";

/** `remanence check`: everything that is wrong with the manifest, for every host and target. */
export async function check(options: CommonOptions): Promise<ExitCode> {
  const { diagnostics, sources, plans } = await compile(findManifest(options.manifest));
  const failed = hasErrors(diagnostics);
  if (options.format === "json") terminal.json(diagnosticsJson(diagnostics, sources));
  else {
    showDiagnostics(diagnostics, sources);
    if (!failed) terminal.answer(`The manifest is sound for ${plans.map((plan) => plan.host.name).join(", ")}.`);
  }
  return failed ? 1 : 0;
}
