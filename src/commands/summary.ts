import type { TargetName } from "../emitters/emitter.ts";
import type { WritePlan } from "../output/plan-writes.ts";
import type { Compiled } from "../pipeline.ts";
import { type HostPlan, isRelocated } from "../plan/plan.ts";
import { columns, terminal } from "./terminal.ts";

/** What a generate run did, a line a host and target; then what a person has to do next. */
export function summaryText(
  plan: WritePlan,
  compiled: Compiled,
  options: { readonly dryRun?: boolean; readonly check?: boolean },
): string {
  const rows = compiled.plans.flatMap((host) => hostRows(host, plan, compiled));
  const chezmoi = compiled.tree.filter((file) => file.target === "chezmoi");
  if (chezmoi.length > 0)
    rows.push(["", "", "", "", "chezmoi", `${compiled.input.chezmoi.root}/`, counts("chezmoi", null, plan, compiled)]);
  const only = options.check === true || options.dryRun === true;
  const note = only ? "\n\n  Nothing was written." : "";
  return `${columns(rows)}${note}${nextSteps(plan, compiled)}\n`;
}

function hostRows(host: HostPlan, plan: WritePlan, compiled: Compiled): string[][] {
  const { name, os } = host.host;
  const entries = host.entries;
  const kept = entries.filter((entry) => entry.disposition === "persist").length;
  const carried = entries.filter((entry) => entry.disposition === "carry").length;
  const stores = new Set(entries.filter(isRelocated).map((entry) => entry.store)).size;
  const facts = [
    terminal.paint("bold", name),
    `· ${os}`,
    `${kept} kept`,
    `${carried === 0 ? "" : `${carried} carried`}`,
    `${stores} store${stores === 1 ? "" : "s"}, ${mechanism(host)}`,
  ];
  const targets: TargetName[] = ["nixos", "home-manager", "fedora"];
  const lines = targets.flatMap((target) => {
    const files = compiled.tree.filter((file) => file.target === target && file.host === name);
    const first = files[0];
    if (first === undefined) return [];
    const folder = compiled.input.folders[target].replaceAll("{host}", () => name);
    return [[`${folder}/`, counts(target, name, plan, compiled)]];
  });
  return lines.map((line, i) => [...(i === 0 ? facts : ["", "", "", "", ""]), ...line]);
}

function mechanism({ host }: HostPlan): string {
  if (host.os === "fedora") return host.fedora.link === "none" ? "nothing linked" : host.fedora.link;
  const wipes = host.nixos.wipes.map((wipe) => `${wipe.method} ${wipe.path}`);
  return wipes.length === 0 ? "nothing wiped" : `wipe: ${wipes.join(", ")}`;
}

function counts(target: TargetName, host: string | null, plan: WritePlan, compiled: Compiled): string {
  const paths = new Set(compiled.tree.filter((f) => f.target === target && f.host === host).map((f) => f.path));
  const rowOf = new Map(plan.rows.map((row) => [row.path, row]));
  const changed = plan.changes.filter((change) => paths.has(change.path)).length;
  const removed = plan.changes.filter(
    (c) => c.kind === "remove" && !rowOf.has(c.path) && belongs(c.path, target, host, compiled),
  ).length;
  const parts = [`${paths.size} file${paths.size === 1 ? "" : "s"}`];
  if (changed > 0) parts.push(`${changed} changed`);
  if (removed > 0) parts.push(`${removed} removed`);
  return parts.join(", ");
}

function belongs(path: string, target: TargetName, host: string | null, compiled: Compiled): boolean {
  const folder = compiled.input.folders[target].replaceAll("{host}", () => host ?? "");
  return path.startsWith(`${folder}/`);
}

/** State that is new in an output has to be moved by hand or by a script; say so once, where it matters. */
function nextSteps(plan: WritePlan, compiled: Compiled): string {
  const changed = new Set(plan.changes.filter((change) => change.kind !== "remove").map((change) => change.path));
  const steps = compiled.plans.flatMap(({ host, entries }) => {
    const inFolder = (target: TargetName): string =>
      compiled.input.folders[target].replaceAll("{host}", () => host.name);
    const relocated = entries.some(isRelocated);
    if (host.os === "nixos" && relocated && changed.has(`${inFolder("nixos")}/persistence.nix`)) {
      return [
        `${host.name}: an entry hides what is at its place now. Move existing data into the store before the next switch.`,
      ];
    }
    if (host.os === "fedora" && relocated && changed.has(`${inFolder("fedora")}/link.sh`)) {
      return [`${host.name}: see what would move with ${inFolder("fedora")}/link.sh --dry-run`];
    }
    return [];
  });
  return steps.length === 0 ? "" : `\n\n${steps.map((step) => `  ${step}`).join("\n")}`;
}
