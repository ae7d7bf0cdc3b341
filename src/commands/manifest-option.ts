import { hostname } from "node:os";
import { CannotRun } from "../diagnostics/cannot-run.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { didYouMean } from "../diagnostics/did-you-mean.ts";
import { countDiagnostics, diagnosticRow, printDiagnostic, type Sources } from "../diagnostics/print.ts";
import type { Resolved } from "../pipeline.ts";
import type { HostPlan } from "../plan/plan.ts";
import { nearestManifest } from "./nearest-manifest.ts";
import { terminal } from "./terminal.ts";

/** Options that every command about a manifest takes. */
export interface CommonOptions {
  readonly manifest?: string;
  readonly host?: string;
  readonly format: "text" | "json";
}

/** Exit codes: 0 done or clean, 1 findings or user errors, 2 could not run. */
export type ExitCode = 0 | 1 | 2;

/** The manifest to use: the one named, else the nearest `persistence.yaml` from here upward. */
export function findManifest(named: string | undefined): string {
  const file = nearestManifest(named);
  if (file !== undefined) return file;
  throw new CannotRun("there is no persistence.yaml here or above; name one with --manifest FILE");
}

/**
 * Makes sure that `--host` names a host of the manifest, whether that host is written right or not: what is wrong with it
 * is another matter. Every command that takes the option asks here, before it says anything else.
 */
export function knowHost({ loaded }: Pick<Resolved, "loaded">, named: string | undefined): void {
  const { hosts, complete } = loaded.declared;
  // In a manifest that cannot be read to its end the host may be declared where nobody saw it.
  if (named === undefined || hosts.includes(named) || !complete || hosts.length === 0) return;
  const known = didYouMean(named, hosts);
  const hint = known === undefined ? `they are ${hosts.join(", ")}` : `did you mean ${known}?`;
  throw new CannotRun(`there is no host ${named} in this manifest; ${hint}`);
}

/** The host to use: the one named, else the manifest's only one, else the one named like this machine. */
export function chooseHost(plans: readonly HostPlan[], named: string | undefined): HostPlan {
  const names = plans.map((plan) => plan.host.name);
  const own = hostname().split(".")[0];
  const wanted = named ?? (plans.length === 1 ? names[0] : names.find((name) => name === own || name === hostname()));
  const plan = plans.find((p) => p.host.name === wanted);
  if (plan === undefined) throw new CannotRun(`which host? --host ${names.join(" or --host ")}`);
  return plan;
}

/** The hosts a question is about: the one named, else all. */
export function hostsAskedFor(plans: readonly HostPlan[], named: string | undefined): readonly HostPlan[] {
  return named === undefined ? plans : plans.filter((plan) => plan.host.name === named);
}

/** Prints diagnostics for a person to stderr, the count last. */
export function showDiagnostics(diagnostics: readonly Diagnostic[], sources: Sources, ending = ""): void {
  if (diagnostics.length === 0) return;
  const color = terminal.problemColor();
  terminal.problem(diagnostics.map((d) => printDiagnostic(d, sources, { color })).join("\n"));
  terminal.problem(`\n${countDiagnostics(diagnostics)}.${ending}`);
}

/** The object that `check` prints, and every command where the manifest is at fault. */
export function diagnosticsJson(diagnostics: readonly Diagnostic[], sources: Sources): object {
  return { version: 1, diagnostics: diagnostics.map((d) => diagnosticRow(d, sources)) };
}
