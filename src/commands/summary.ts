import { printable } from "../diagnostics/print.ts";
import { folderOf, inFolder, type TargetName } from "../emitters/emitter.ts";
import type { Scope, WritePlan } from "../output/plan-writes.ts";
import type { Compiled } from "../pipeline.ts";
import { type HostPlan, isRelocated } from "../plan/plan.ts";
import { hostsAskedFor } from "./manifest-option.ts";
import { columns, terminal } from "./terminal.ts";

/** What of a run the summary needs to know. */
interface Asked extends Scope {
  readonly dryRun?: boolean;
  readonly check?: boolean;
  /** The offer to start a source is taken up in this very run. */
  readonly newSource?: boolean;
}

/** What a generate run did, a line a host and target; then what a person has to do next. */
export function summaryText(plan: WritePlan, compiled: Compiled, asked: Asked): string {
  const rows = hostsAskedFor(compiled.plans, asked.host).flatMap((host) => hostRows(host, plan, compiled, asked));
  if ((asked.target ?? "chezmoi") === "chezmoi") rows.push(...chezmoiRows(plan, compiled));
  const only = asked.check === true || asked.dryRun === true;
  const notes = [
    leftovers(plan, compiled),
    ...(only
      ? ["Nothing was written."]
      : [...nextSteps(plan, compiled), ...(asked.newSource === true ? [] : [newSource(plan, compiled)])]),
  ];
  const blocks = [
    columns(rows),
    notes
      .filter((note) => note !== "")
      .map((note) => `  ${note}`)
      .join("\n"),
  ];
  return `${blocks.filter((block) => block !== "").join("\n\n")}\n`;
}

function chezmoiRows(plan: WritePlan, compiled: Compiled): string[][] {
  const said = counts("chezmoi", null, plan, compiled);
  return said === "" ? [] : [["", "", "", "", "chezmoi", folderText(compiled.input.chezmoi.root), said]];
}

function folderText(folder: string): string {
  return `${printable(folder)}/`;
}

function hostRows(host: HostPlan, plan: WritePlan, compiled: Compiled, asked: Asked): string[][] {
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
  const targets = (["nixos", "home-manager", "fedora"] as const).filter((t) => (asked.target ?? t) === t);
  const lines = targets.flatMap((target) => {
    const said = counts(target, name, plan, compiled);
    return said === "" ? [] : [[folderText(folderOf(compiled.input, target, name)), said]];
  });
  return lines.map((line, i) => [...(i === 0 ? facts : ["", "", "", "", ""]), ...line]);
}

function mechanism({ host }: HostPlan): string {
  if (host.os === "fedora") return host.fedora.link === "none" ? "nothing linked" : host.fedora.link;
  const wipes = host.nixos.wipes.map((wipe) => `${wipe.method} ${wipe.path}`);
  return wipes.length === 0 ? "nothing wiped" : `wipe: ${wipes.join(", ")}`;
}

/** How many files a target has for a host, and what was done to them; empty where there is nothing to say. */
function counts(target: TargetName, host: string | null, plan: WritePlan, compiled: Compiled): string {
  const isOfThese = (item: { target: string; host: string | null }): boolean =>
    item.target === target && item.host === host;
  const files = compiled.tree.filter(isOfThese).length;
  const changes = plan.changes.filter(isOfThese);
  if (files === 0 && changes.length === 0) return "";
  const words = { create: "new", update: "changed", remove: "removed" } as const;
  const parts = (["create", "update", "remove"] as const).flatMap((kind) => {
    const count = changes.filter((change) => change.kind === kind).length;
    return count === 0 ? [] : [`${count} ${words[kind]}`];
  });
  return [`${files} file${files === 1 ? "" : "s"}`, ...parts].join(", ");
}

/** What a source that has just been made lacks to be applied on any machine. */
function newSource(plan: WritePlan, { input }: Compiled): string {
  const isMade = plan.changes.some(({ target, kind }) => target === "chezmoi" && kind === "create");
  if (!isMade || !input.chezmoi.isNew) return "";
  return `${folderText(input.chezmoi.root)} is a new chezmoi source: remanence generate --new-source gives it a configuration`;
}

/** Files of hosts that the manifest no longer has stand in no line above. */
function leftovers(plan: WritePlan, compiled: Compiled): string {
  const hosts = new Set(compiled.plans.map(({ host }) => host.name));
  const gone = plan.changes.filter(({ host }) => host !== null && !hosts.has(host));
  const names = [...new Set(gone.map(({ host }) => host))].join(", ");
  if (gone.length === 0) return "";
  return `${gone.length} file${gone.length === 1 ? "" : "s"} removed of what is no host any more: ${names}`;
}

/** State that is new in an output has to be moved by hand or by a script; say so once, where it matters. */
function nextSteps(plan: WritePlan, compiled: Compiled): string[] {
  const changed = new Set(plan.changes.filter((change) => change.kind !== "remove").map((change) => change.path));
  return compiled.plans.flatMap(({ host, entries }) => {
    if (!entries.some(isRelocated)) return [];
    const isNew = (file: string): boolean => changed.has(inFolder(folderOf(compiled.input, host.os, host.name), file));
    const script = (name: string): string =>
      printable(inFolder(folderOf(compiled.input, host.os, host.name), `${name} --dry-run`));
    if (host.os === "fedora") {
      return isNew("link.sh") ? [`${host.name}: see what would move with ${script("link.sh")}`] : [];
    }
    if (!isNew("persistence.nix")) return [];
    const move = compiled.tree.some(
      ({ path }) => path === inFolder(folderOf(compiled.input, "nixos", host.name), "migrate.sh"),
    )
      ? `see what would be copied into the store with sudo ${script("migrate.sh")}`
      : "move existing data into the store before the next switch";
    return [`${host.name}: an entry hides what is at its place now; ${move}`];
  });
}
