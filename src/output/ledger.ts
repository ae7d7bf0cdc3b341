import { hash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { CannotRun } from "../diagnostics/cannot-run.ts";
import { reasonOf } from "./reasons.ts";

/** Where generated files are recorded, beside the manifest. */
export const ledgerPath = ".remanence/outputs.json";

/** What is known of one generated file. */
export interface LedgerRow {
  readonly path: string;
  readonly sha256: string;
  readonly target: string;
  readonly host: string | null;
  /** Hash of the version before, while a write is under way: a run that was stopped knows both as its own. */
  readonly previous?: string;
}

/** The files that earlier runs generated, by path; empty where there was none. */
export function readLedger(folder: string): Map<string, LedgerRow> {
  const text = textOf(join(folder, ledgerPath));
  return new Map((text === undefined ? [] : rowsOf(text)).map((row) => [row.path, row]));
}

function textOf(file: string): string | undefined {
  try {
    const stat = statSync(file, { throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    // Asked before it is opened: a named pipe would hang the command.
    if (!stat.isFile()) throw new CannotRun(`${ledgerPath} ${stat.isDirectory() ? "is a directory" : "is not a file"}`);
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof CannotRun) throw error;
    throw new CannotRun(`cannot read ${ledgerPath}: ${reasonOf(error)}`);
  }
}

const wayOut = "restore it from git, or remove it and generate with --force, which keeps copies";

function rowsOf(text: string): LedgerRow[] {
  if (/^(?:<{7}|={7}|>{7})(?: |$)/m.test(text)) {
    throw new CannotRun(
      `${ledgerPath} holds git conflict markers: take one side (git checkout --ours ${ledgerPath}), then generate`,
    );
  }
  const data = parse(text);
  if (data === undefined || !Array.isArray(data.files)) throw new CannotRun(`${ledgerPath} is damaged: ${wayOut}`);
  if (data.version !== 1) {
    throw new CannotRun(
      `${ledgerPath} has version ${JSON.stringify(data.version) ?? "none"}, and this Remanence knows only 1: use the one that wrote it, or a later one`,
    );
  }
  return data.files.map((row: unknown, i) => {
    if (!isRow(row)) throw new CannotRun(`${ledgerPath} is damaged (row ${i + 1}): ${wayOut}`);
    if (!isInside(row.path)) {
      throw new CannotRun(`${ledgerPath} names ${row.path}, which no output can be: ${wayOut}`);
    }
    return row;
  });
}

function parse(text: string): { version?: unknown; files?: unknown } | undefined {
  try {
    const data: unknown = JSON.parse(text);
    return typeof data === "object" && data !== null ? data : undefined;
  } catch {
    return undefined;
  }
}

function isRow(row: unknown): row is LedgerRow {
  if (typeof row !== "object" || row === null) return false;
  const { path, sha256, target, host, previous } = row as Record<string, unknown>;
  const isHash = (value: unknown): boolean => typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
  return (
    typeof path === "string" &&
    typeof target === "string" &&
    (host === null || typeof host === "string") &&
    isHash(sha256) &&
    (previous === undefined || isHash(previous))
  );
}

/**
 * A path that an output may have: it stays in the folder that it is relative to, and out of git's own. A ledger may come
 * from a pull request, and it names files to remove.
 */
export function isInside(path: string): boolean {
  return (
    !path.includes("\0") && path.split("/").every((part) => !["", ".", ".."].includes(part) && !/^\.git$/i.test(part))
  );
}

/** The ledger's text: one row a file, in path order, so that a diff of it is short. */
export function printLedger(rows: Iterable<LedgerRow>): string {
  const sorted = [...rows].sort((a, b) => (a.path < b.path ? -1 : 1));
  const lines = sorted.map((row) => `    ${JSON.stringify(row)}`);
  return `{\n  "version": 1,\n  "files": [${lines.length === 0 ? "" : `\n${lines.join(",\n")}\n  `}]\n}\n`;
}

export function hashOf(content: string | Buffer): string {
  return hash("sha256", content);
}
