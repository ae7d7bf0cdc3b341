import { bytesText } from "../diagnostics/bytes.ts";
import { printable } from "../diagnostics/print.ts";
import type { HostPlan } from "../plan/plan.ts";
import type { LostRow, ScannedRow, ScanResult } from "../scan/result.ts";
import { columns, terminal } from "./terminal.ts";

/** What a scan found, for a person: the answer first, the largest and worst on top, the next command at the end. */
export function scanText(result: ScanResult, lostOn: string | null, plan: HostPlan, now: number = Date.now()): string {
  const { lost } = result;
  const body = lost === null ? undecidedText(result, plan, now) : lostText(lost, lostOn ?? "", plan, now);
  const blocks = [
    body,
    decidedText(result),
    unreadText(result),
    result.notes.map((note) => `  note: ${printable(note)}`).join("\n"),
  ];
  const next = result.undecided.length === 0 ? "" : "Decide them one by one: remanence triage";
  return `${[...blocks, next].filter((block) => block !== "").join("\n\n")}\n`;
}

function undecidedText(result: ScanResult, plan: HostPlan, now: number): string {
  return largestText(result, plan, result.undecided.length, now);
}

/** How much nobody has decided about, and the largest rows of it, at most so many. */
export function largestText({ undecided, host }: ScanResult, plan: HostPlan, most: number, now = Date.now()): string {
  if (undecided.length === 0) return `All that was found on ${host} is decided.`;
  const head = `${bytesText(sum(undecided))} in ${places(undecided)} on ${host} that nobody has decided about.`;
  const rows = columns(undecided.slice(0, most).map((row) => rowCells(row, plan, now)));
  const more = undecided.length > most ? `\n            … and ${undecided.length - most} more` : "";
  return `${terminal.paint("bold", head)}\n\n${rows}${more}`;
}

const cases: Readonly<Record<string, string>> = { wipe: "were wiped now", disk: "died now" };

function lostText(lost: readonly LostRow[], lostOn: string, plan: HostPlan, now: number): string {
  const what = lostOn === "disk" ? "this disk" : wipedText(plan);
  const when = lostOn.startsWith("move:")
    ? `If ${plan.host.name} were moved to ${lostOn.slice("move:".length)} now`
    : `If ${what} ${cases[lostOn] ?? ""}`;
  if (lost.length === 0) return `${when}, nothing would be gone.`;
  const undecided = lost.filter(({ fate }) => fate === "undecided");
  const critical = lost.filter(({ need }) => need === "critical");
  const parts = [
    ...(critical.length === 0 ? [] : [`${bytesText(sum(critical))} in ${places(critical)} that are critical`]),
    ...(undecided.length === 0
      ? []
      : [`${bytesText(sum(undecided))} in ${places(undecided)} that nobody has decided about`]),
  ];
  const head =
    parts.length === 0
      ? `${when}, nothing critical or undecided would be gone.`
      : `${when}, ${parts.join(" and ")} would be gone.`;
  const given = lost.filter(({ need }) => need === "none");
  const rows = lost.filter(({ need }) => need !== "none");
  const blocks = [
    terminal.paint("bold", head),
    columns(rows.map((row) => lostCells(row, plan, now))),
    columns(sizesByWorth(lost)),
    given.length === 0
      ? ""
      : `  ${bytesText(sum(given))} in ${places(given)} was given up by the manifest: caches and the like.`,
  ];
  return blocks.filter((block) => block !== "").join("\n\n");
}

function wipedText({ host }: HostPlan): string {
  const wiped = host.os === "nixos" ? host.nixos.wipes.map(({ path }) => path) : [];
  return wiped.length === 0 ? "/" : wiped.join(" and ");
}

/** Sizes per class and need, what hurts most first. */
function sizesByWorth(lost: readonly LostRow[]): string[][] {
  const groups = new Map<string, LostRow[]>();
  for (const row of lost) {
    const key = row.fate === "undecided" ? "undecided" : `${row.need} ${row.class}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups].map(([key, rows]) => [bytesText(sum(rows)).padStart(8), key, places(rows)]);
}

function rowCells(row: ScannedRow, plan: HostPlan, now: number): string[] {
  const { suggestion } = row;
  const owner = suggestion === null ? `no known owner; last change ${ageText(row.newest, now)}` : suggestion.why;
  const why = [owner, ...insideText(row)].join("; ");
  return [sizeText(row), pathText(row, plan), ...guessed(row), printable(why)];
}

/** Class and need that are only suggested, with a question mark. */
function guessed({ suggestion }: ScannedRow): string[] {
  return suggestion === null ? ["", ""] : [`${suggestion.class}?`, suggestion.need];
}

function sizeText({ bytes }: ScannedRow): string {
  return bytesText(bytes).padStart(8);
}

/** What is known of the inside of a row. */
function insideText({ cache, secrets, path }: ScannedRow): string[] {
  const [first] = secrets ?? [];
  return [
    ...(cache === undefined ? [] : [`${bytesText(cache.bytes)} of it is cache`]),
    ...(first === undefined ? [] : [`holds what looks like a secret: ${first.slice(path.length + 1)}`]),
  ];
}

function lostCells(row: LostRow, plan: HostPlan, now: number): string[] {
  if (row.fate === "undecided") {
    const [size = "", path = "", ...rest] = rowCells(row, plan, now);
    return [size, path, "undecided", ...rest];
  }
  return [sizeText(row), pathText(row, plan), row.fate, row.class ?? "", row.need ?? "", printable(row.why)];
}

function pathText({ path, kind }: ScannedRow, { host }: HostPlan): string {
  const home = host.users.length === 1 ? host.users[0]?.home : undefined;
  const short = home !== undefined && path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
  return printable(kind === "directory" ? `${short}/` : short);
}

const day = 86_400_000;

/** How long ago a change was. */
function ageText(time: string, now: number): string {
  const days = Math.floor((now - Date.parse(time)) / day);
  if (days < 1) return "today";
  if (days === 1) return "yesterday";
  return days < 60 ? `${days} days ago` : `in ${time.slice(0, 7)}`;
}

function decidedText({ totals, kept }: ScanResult): string {
  const parts = (["persist", "carry", "fetch", "discard"] as const)
    .filter((fate) => totals[fate].bytes > 0)
    .map((fate) => `${bytesText(totals[fate].bytes)} ${decidedWords[fate]}`);
  const decided = parts.length === 0 ? "" : `  Decided: ${parts.join(", ")}.`;
  const left =
    kept.files === 0
      ? ""
      : `  Left out as no state: ${counted(kept.files, "link")} into stores, or files as packages brought them.`;
  return [decided, left].filter((line) => line !== "").join("\n");
}

const decidedWords = { persist: "kept", carry: "carried", fetch: "fetched again", discard: "given up" } as const;

function unreadText({ unread }: ScanResult): string {
  if (unread.length === 0) return "";
  const shown = unread.slice(0, 8).map(({ path, why }) => `    ${printable(path)}: ${printable(why)}`);
  const more = unread.length > shown.length ? [`    … and ${unread.length - shown.length} more`] : [];
  const head = `  ${counted(unread.length, "place")} could not be looked into, and may hold more:`;
  return [terminal.paint("yellow", head), ...shown, ...more].join("\n");
}

function sum(rows: readonly ScannedRow[]): number {
  return rows.reduce((bytes, row) => bytes + row.bytes, 0);
}

function places(rows: readonly ScannedRow[]): string {
  return counted(rows.length, "place");
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
