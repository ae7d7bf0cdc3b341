import { hasErrors } from "../diagnostics/diagnostic.ts";
import { emit, resolve } from "../pipeline.ts";
import {
  type CommonOptions,
  diagnosticsJson,
  type ExitCode,
  findManifest,
  knowHost,
  showDiagnostics,
} from "./manifest-option.ts";
import { terminal } from "./terminal.ts";

/** `remanence check`: everything that is wrong with the manifest, for every host and target, or for one host. */
export async function check(options: CommonOptions): Promise<ExitCode> {
  const resolved = await resolve(findManifest(options.manifest), options.host);
  knowHost(resolved, options.host);
  const { diagnostics, sources, plans } = emit(resolved);
  const failed = hasErrors(diagnostics);
  if (options.format === "json") terminal.json(diagnosticsJson(diagnostics, sources));
  else {
    showDiagnostics(diagnostics, sources);
    if (!failed) terminal.answer(`The manifest is sound for ${plans.map((plan) => plan.host.name).join(", ")}.`);
  }
  return failed ? 1 : 0;
}
