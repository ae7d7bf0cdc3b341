import { printable } from "../diagnostics/print.ts";
import { type DraftItem, draftLists } from "../init/draft.ts";
import type { Machine } from "../init/machine.ts";
import type { Settled } from "../init/settle.ts";
import type { HostPlan } from "../plan/plan.ts";
import type { ScanResult } from "../scan/result.ts";
import { largestText } from "./scan-text.ts";
import { columns, terminal } from "./terminal.ts";

/** What a run of `init` came to. */
export interface InitReport {
  readonly file: string;
  readonly machine: Machine;
  readonly settled: Settled;
  /** What nobody has decided about; null where that could not be found out. */
  readonly rest: { readonly plan: HostPlan; readonly result: ScanResult } | null;
}

/** Rows and names that are shown of many: the rest is what `scan` and the manifest itself are for. */
const mostRows = 8;

/** For a person: what was found, what only stands as a comment, and what comes next. */
export function initText({ file, machine, settled, rest }: InitReport): string {
  const { hostName, title, users, programs, folders } = machine;
  const withState = programs.filter(({ paths }) => paths.length > 0).length;
  const names = users.map(({ name }) => name).join(", ");
  const lines = [
    `Wrote ${terminal.paint("bold", printable(file))} for ${hostName}: ${printable(title)}, ${users.length === 0 ? "without a user" : `home of ${names}`}.`,
    "",
    columns([
      [`${withState}`, "programs and services whose state is here"],
      [`${programs.length - withState}`, "more that are installed"],
      [`${folders.length}`, "folders of your own"],
    ]),
  ];
  const aside = asideOf(settled).map((item) => printable(nameOf(item)));
  if (aside.length > 0) {
    const count = aside.length === 1 ? "1 line is a comment" : `${aside.length} lines are comments`;
    lines.push("", `${count}, with the reason, for you to decide: ${some(aside)}`);
  }
  if (machine.denied.length > 0)
    lines.push("", `Not looked into, for want of permission: ${some(machine.denied.map(printable))}`);
  if (settled.remaining.length > 0) lines.push("", "Some of it is for you to settle: remanence check");
  if (rest !== null) lines.push("", largestText(rest.result, rest.plan, mostRows));
  lines.push("", next(file));
  return lines.join("\n");
}

/** The first of many, and how many more there are. */
function some(items: readonly string[]): string {
  const more = items.length - mostRows;
  return [...items.slice(0, mostRows), ...(more > 0 ? [`and ${more} more`] : [])].join(", ");
}

function next(file: string): string {
  const option = file === "persistence.yaml" ? "" : ` --manifest ${printable(file)}`;
  return columns(
    [
      [`remanence plan${option}`, "what becomes of each path"],
      [`remanence scan${option}`, "what nobody has decided about yet, largest first"],
      [`remanence triage${option}`, "decide it, with one key each"],
      [`remanence generate${option}`, "write the outputs"],
    ],
    "  ",
  );
}

/** The object of `init --format json`. */
export function initJson({ file, machine, settled, rest }: InitReport): object {
  return {
    version: 1,
    manifest: file,
    host: machine.hostName,
    os: machine.os,
    assumed: machine.assumed,
    users: machine.users.map(({ name }) => name),
    profiles: machine.programs.map(({ profile, flavour, users, paths, yieldsTo }) => ({
      name: profile.name,
      flavour,
      users,
      paths: paths.map(({ path }) => path),
      used: yieldsTo === undefined,
    })),
    aside: asideOf(settled).map((item) => ({ entry: item.data, why: item.aside })),
    undecided: rest === null ? null : rest.result.undecided,
    denied: machine.denied,
    diagnostics: settled.remaining.map(({ code, message }) => ({ code, message })),
  };
}

function asideOf({ draft }: Settled): DraftItem[] {
  return draftLists.flatMap((list) => draft.lists[list].filter(({ aside }) => aside !== undefined));
}

function nameOf({ data }: DraftItem): string {
  if (typeof data === "string") return data;
  const { name, path, flavour } = data as { name?: string; path?: string; flavour?: string };
  const text = name ?? path ?? "";
  return flavour === undefined ? text : `${text} (${flavour})`;
}
