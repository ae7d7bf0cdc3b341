/** Small manifests for tables: a NixOS host `n`, a Fedora host `f`, a user `u`, and what is asked about. */
import type { Diagnostic } from "../../src/diagnostics/diagnostic.ts";
import { type Resolved, resolve } from "../../src/pipeline.ts";
import type { HostPlan, PlanEntry } from "../../src/plan/plan.ts";
import { folderWith } from "./workspace.ts";

export const nixosHost = "n: { os: nixos, nixos: { wipe: { path: /, method: tmpfs } } }";
export const fedoraHost = "f: { os: fedora }";

/** A manifest of two hosts with the given sections, written as YAML. */
export function smallManifest(sections: string, hosts = `${nixosHost}, ${fedoraHost}`): string {
  return `version: 1\nusers: { u: {} }\nhosts: { ${hosts} }\n${sections}\n`;
}

export function resolveText(text: string | Buffer, others: Readonly<Record<string, string>> = {}): Promise<Resolved> {
  const folder = folderWith({ "persistence.yaml": text as string, ...others });
  return resolve(`${folder}/persistence.yaml`);
}

/** The entry of a live path on a host, or undefined. */
export function ruleAt(resolved: Resolved, host: string, live: string): PlanEntry | undefined {
  return planNamed(resolved, host).rules.find((rule) => rule.live === live);
}

export function planNamed(resolved: Resolved, host: string): HostPlan {
  const plan = resolved.plans.find((p) => p.host.name === host);
  if (plan === undefined) throw new RangeError(`no plan of ${host}`);
  return plan;
}

/** Errors, each with its code and what it says. */
export function errorsOf({ diagnostics }: Resolved): string[] {
  return diagnostics.filter((d) => d.severity === "error").map((d) => `${d.code}: ${d.message}`);
}

export function withCode({ diagnostics }: Resolved, code: string): readonly Diagnostic[] {
  return diagnostics.filter((d) => d.code === code);
}
