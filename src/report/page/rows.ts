import { needs } from "../../plan/vocabulary.ts";
import type { ScannedRow } from "../../scan/result.ts";
import type { LostCase, Report } from "../data.ts";
import type { Faceted } from "../facets.ts";
import { leavesOf, type ReportNode } from "../forest.ts";
import { caseTitle, fates, knownOf, whyLost } from "../words.ts";

/** A row of the table, whatever it is about. */
export interface Row extends Faceted {
  readonly host: string;
  readonly path: string;
  /** What of the directory at the path it is, where it is not all of it. */
  readonly part: string | null;
  readonly isDirectory: boolean;
  readonly bytes: number;
  readonly files: number;
  /** RFC 3339; null where the scan does not say. */
  readonly newest: string | null;
  readonly suggestion: string | null;
  readonly why: string | null;
}

export const columns = [
  "host",
  "path",
  "fate",
  "class",
  "need",
  "bytes",
  "files",
  "newest",
  "suggestion",
  "why",
] as const;
export type Column = (typeof columns)[number];

/** One thing that the table can show. */
export interface Sheet {
  readonly id: string;
  readonly title: string;
  readonly columns: readonly Column[];
  /** Always the same objects: a row is known by itself. */
  readonly rows: readonly Row[];
  readonly sortedBy: Column;
}

/** All that the table can show: what is there, what is undecided, and what each case would cost. */
export function sheetsOf(report: Report, forest: ReportNode): Sheet[] {
  const host: readonly Column[] = report.scans.length > 1 ? ["host"] : [];
  const cases = [...new Set(report.scans.flatMap(({ lost }) => lost.map(({ name }) => name)))];
  return [
    {
      id: "all",
      title: "Everything",
      columns: [...host, "path", "fate", "class", "need", "bytes", "files"],
      rows: [...leavesOf(forest)].filter(({ path }) => path !== null).map(leafRow),
      sortedBy: "bytes",
    },
    {
      id: "undecided",
      title: "Undecided",
      columns: [...host, "path", "bytes", "files", "newest", "suggestion", "why"],
      rows: report.scans.flatMap((scan) => scan.undecided.map((row) => undecidedRow(row, scan.host))),
      sortedBy: "bytes",
    },
    ...cases.map(
      (name): Sheet => ({
        id: name,
        title: caseTitle(name),
        columns: [...host, "path", "fate", "class", "need", "bytes", "files", "newest", "why"],
        rows: report.scans.flatMap((scan) => lostRows(scan.lost, name, scan.host)),
        sortedBy: "need",
      }),
    ),
  ];
}

function leafRow(node: ReportNode): Row {
  const { host, path, fate, bytes, files } = node;
  const named = { fate, class: node.class, need: node.need, newest: null, suggestion: null, why: null };
  return { host, path: path ?? "/", part: node.isRest ? node.name : null, isDirectory: false, bytes, files, ...named };
}

function scannedRow(row: ScannedRow, host: string): Omit<Row, "fate" | "class" | "need" | "why"> {
  const { path, kind, bytes, files, newest, suggestion } = row;
  return {
    host,
    path,
    part: null,
    isDirectory: kind === "directory",
    bytes,
    files,
    newest,
    suggestion: suggestion === null ? null : `${suggestion.class}, ${suggestion.need}`,
  };
}

function undecidedRow(row: ScannedRow, host: string): Row {
  return { ...scannedRow(row, host), fate: "undecided", class: null, need: null, why: knownOf(row) };
}

function lostRows(cases: readonly LostCase[], name: string, host: string): Row[] {
  return cases
    .filter((lost) => lost.name === name)
    .flatMap(({ rows }) => rows)
    .map((row) => ({ ...scannedRow(row, host), fate: row.fate, class: row.class, need: row.need, why: whyLost(row) }));
}

/** Rows in the order of a column; what is equal there with the larger first. The first order is the useful one. */
export function sortRows(rows: readonly Row[], column: Column, isReversed: boolean): Row[] {
  const sign = isReversed ? -1 : 1;
  return [...rows].sort((a, b) => sign * compareBy(column, a, b) || b.bytes - a.bytes || compareText(a.path, b.path));
}

function compareBy(column: Column, a: Row, b: Row): number {
  switch (column) {
    case "bytes":
    case "files":
      return b[column] - a[column];
    case "newest":
      return compareText(b.newest ?? "", a.newest ?? "");
    case "need":
      return needRankOf(a) - needRankOf(b);
    case "fate":
      return rankIn(fates, a.fate) - rankIn(fates, b.fate);
    default:
      return compareText(a[column] ?? "\uffff", b[column] ?? "\uffff");
  }
}

/** Critical things come first, then what nobody has decided: it may be that. */
function needRankOf({ need }: Row): number {
  return need === null ? 0.5 : rankIn(needs, need);
}

function rankIn(order: readonly string[], value: string | null): number {
  const at = value === null ? -1 : order.indexOf(value);
  return at === -1 ? order.length : at;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Rows in which all the words are, wherever. */
export function searchRows(rows: readonly Row[], words: string): Row[] {
  const wanted = words
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  return rows.filter((row) => {
    const text = columns
      .map((column) => (typeof row[column] === "string" ? row[column] : ""))
      .join("\n")
      .toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}
