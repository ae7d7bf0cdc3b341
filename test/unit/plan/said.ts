import { type Resolved, resolve } from "../../../src/pipeline.ts";
import { fate } from "../../../src/plan/fate.ts";
import type { AbsolutePath } from "../../../src/plan/path.ts";
import type { HostPlan } from "../../../src/plan/plan.ts";
import { folderWith } from "../../support/workspace.ts";

/** What a plan says of a path. */
export interface Said {
  readonly path: string;
  readonly fate: string;
  readonly stored: string | null;
  readonly how: string | null;
  readonly backup: boolean;
  readonly class: string | null;
  readonly need: string | null;
  readonly store: string | null;
  readonly user: string | null;
  readonly line: number | null;
  readonly profile: string | null;
}

export function said(plan: HostPlan, path: string): Said {
  const found = fate(plan, path as AbsolutePath);
  const { rule } = found;
  return {
    path,
    fate: found.fate,
    stored: found.stored,
    how: rule?.how ?? null,
    backup: found.backup,
    class: rule?.class ?? null,
    need: rule?.need ?? null,
    store: found.fate === "persist" ? (rule?.store ?? null) : null,
    user: rule?.user ?? null,
    line: rule?.origin.line ?? null,
    profile: rule?.origin.profile ?? null,
  };
}

/** The same without the line, which moves when entries are moved. */
export function saidAnywhere(plan: HostPlan, path: string): Omit<Said, "line"> {
  const { line, ...rest } = said(plan, path);
  void line;
  return rest;
}

export function resolveFiles(files: Readonly<Record<string, string>>): Promise<Resolved> {
  return resolve(`${folderWith(files)}/persistence.yaml`);
}

export function planOf(resolved: Pick<Resolved, "plans">, host: string): HostPlan {
  const plan = resolved.plans.find((p) => p.host.name === host);
  if (plan === undefined) throw new RangeError(`no plan of ${host}`);
  return plan;
}

export function errorCodes({ diagnostics }: Pick<Resolved, "diagnostics">): string[] {
  return [...new Set(diagnostics.filter((d) => d.severity === "error").map((d) => d.code))].sort();
}
