import { hash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CannotRun } from "../diagnostics/cannot-run.ts";

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
  let text: string;
  try {
    text = readFileSync(join(folder, ledgerPath), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return new Map();
    throw error;
  }
  const rows = rowsOf(text);
  if (rows === undefined) {
    throw new CannotRun(
      `${ledgerPath} cannot be read: restore it from git, or remove it and generate with --force (which keeps copies)`,
    );
  }
  return new Map(rows.map((row) => [row.path, row]));
}

function rowsOf(text: string): LedgerRow[] | undefined {
  try {
    const data = JSON.parse(text) as { files?: unknown };
    if (!Array.isArray(data.files)) return undefined;
    const rows = data.files as LedgerRow[];
    const sound = rows.every(
      (row) => typeof row.path === "string" && isInside(row.path) && /^[0-9a-f]{64}$/.test(row.sha256),
    );
    return sound ? rows : undefined;
  } catch {
    return undefined;
  }
}

/** A path that stays in the folder it is relative to. A ledger may come from a pull request: it names files to remove. */
export function isInside(path: string): boolean {
  return !path.startsWith("/") && path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
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
