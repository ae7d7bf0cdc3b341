import { hasErrors } from "../diagnostics/diagnostic.ts";
import { printable } from "../diagnostics/print.ts";
import { groupEntries } from "../emitters/groups.ts";
import { resolve } from "../pipeline.ts";
import type { HostPlan, PlanEntry } from "../plan/plan.ts";
import {
  type CommonOptions,
  chooseHost,
  diagnosticsJson,
  type ExitCode,
  findManifest,
  knowHost,
  showDiagnostics,
} from "./manifest-option.ts";
import { columns, terminal } from "./terminal.ts";

/** `remanence plan`: what becomes of each entry on one host. */
export async function plan(options: CommonOptions): Promise<ExitCode> {
  const resolved = await resolve(findManifest(options.manifest));
  knowHost(resolved, options.host);
  const { diagnostics, sources, plans } = resolved;
  if (hasErrors(diagnostics)) {
    if (options.format === "json") terminal.json(diagnosticsJson(diagnostics, sources));
    showDiagnostics(diagnostics, sources, " There is no plan.");
    return 1;
  }
  const chosen = chooseHost(plans, options.host);
  if (options.format === "json") terminal.json(planJson(chosen));
  else terminal.answer(planText(chosen));
  return 0;
}

/** The plan as design, section 6 fixes it; fields may be added there, never changed. */
export function planJson({ host, entries }: HostPlan): object {
  return { version: 1, host: host.name, os: host.os, entries: entries.map(entryJson) };
}

function entryJson(entry: PlanEntry): object {
  const { span, title, ...rest } = entry;
  void span;
  void title;
  return rest;
}

function planText(chosen: HostPlan): string {
  const { host, entries } = chosen;
  const blocks = groupEntries(entries).map(({ heading, entries: members }) => {
    const rows = members.map((entry) => [
      printable(shown(entry)),
      entry.class,
      entry.need,
      terminal.paint(colors[entry.disposition], entry.disposition),
      printable(entry.stored ?? (entry.disposition === "persist" ? "in place" : "")),
      entry.backup ? "backed up" : "",
    ]);
    return `${terminal.paint("bold", heading)}\n${columns(rows)}`;
  });
  const count = (d: PlanEntry["disposition"]): number => entries.filter((entry) => entry.disposition === d).length;
  const totals = `${count("persist")} kept, ${count("carry")} carried, ${count("fetch")} fetched, ${count("discard")} discarded`;
  return `${host.name} · ${host.os}: ${totals}\n\n${blocks.join("\n\n")}\n`;
}

const colors = { persist: "green", carry: "cyan", fetch: "blue", discard: "dim" } as const;

function shown(entry: PlanEntry): string {
  const path = entry.scope === "home" ? `~${entry.user}/${entry.path}` : entry.path;
  return entry.kind === "directory" ? `${path}/` : path;
}
