import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { CannotRun } from "../diagnostics/cannot-run.ts";
import { type LedgerRow, ledgerPath, printLedger } from "./ledger.ts";
import { type Change, leadsOut, type WritePlan } from "./plan-writes.ts";

/**
 * Carries out a plan of writes. First every new content is written to a temporary file beside its place; only when all
 * of them are there are they renamed into place, so that a full disk or a folder without permission leaves nothing half
 * written. The ledger names old and new hashes while that goes on: a run that is killed knows its own files.
 */
export function applyWrites(folder: string, plan: WritePlan, ledger: ReadonlyMap<string, LedgerRow>): void {
  if (plan.changes.length === 0 && !ledgerDiffers(plan, ledger)) return;
  const made: string[] = [];
  const staged: { temporary: string; final: string }[] = [];
  try {
    for (const change of plan.changes) {
      if (change.after === null) continue;
      staged.push(stage(folder, change.path, change.after, { executable: change.executable, durable: false }, made));
    }
    writeLedger(folder, transition(plan, ledger), made);
  } catch (error) {
    for (const { temporary } of staged) rmSync(temporary, { force: true });
    for (const directory of made.reverse()) removeEmpty(directory);
    throw unwritable(error);
  }
  for (const change of plan.changes) if (change.keepsCopy) keepCopy(folder, change.path);
  for (const { temporary, final } of staged) renameSync(temporary, final);
  for (const change of plan.changes) if (change.after === null) remove(folder, change);
  writeLedger(folder, plan.rows, []);
}

function ledgerDiffers(plan: WritePlan, ledger: ReadonlyMap<string, LedgerRow>): boolean {
  return printLedger(plan.rows) !== printLedger(ledger.values());
}

/** Rows of both before and after: each file is known with its old and its new hash. */
function transition(plan: WritePlan, ledger: ReadonlyMap<string, LedgerRow>): LedgerRow[] {
  const rows = new Map(ledger);
  for (const row of plan.rows) {
    const old = ledger.get(row.path)?.sha256;
    rows.set(row.path, old === undefined || old === row.sha256 ? row : { ...row, previous: old });
  }
  return [...rows.values()];
}

function writeLedger(folder: string, rows: readonly LedgerRow[], made: string[]): void {
  const { temporary, final } = stage(folder, ledgerPath, printLedger(rows), { executable: false, durable: true }, made);
  renameSync(temporary, final);
}

/**
 * Writes content beside its final place, with its mode. Only the ledger is waited for until it is on the disk: an output
 * that a power cut leaves empty is known by the ledger and written anew, and waiting for each would double the time.
 */
function stage(
  folder: string,
  path: string,
  content: string,
  file: { readonly executable: boolean; readonly durable: boolean },
  made: string[],
): { temporary: string; final: string } {
  if (leadsOut(folder, path)) throw new CannotRun(`${path}: a link on the way leads out of the manifest's folder`);
  const final = join(folder, path);
  makeDirectories(dirname(final), made);
  const temporary = join(dirname(final), `.${basename(final)}.remanence-new`);
  rmSync(temporary, { force: true });
  // "wx": never through a link that somebody put there in the meantime.
  const handle = openSync(temporary, "wx", 0o600);
  try {
    writeFileSync(handle, content);
    if (file.durable) fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  chmodSync(temporary, file.executable ? 0o755 : 0o644);
  return { temporary, final };
}

function makeDirectories(path: string, made: string[]): void {
  const missing: string[] = [];
  for (let at = path; !existsSync(at); at = dirname(at)) missing.unshift(at);
  for (const directory of missing) {
    mkdirSync(directory);
    made.push(directory);
  }
}

function removeEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // Not empty, or gone: either way not ours to remove.
  }
}

/** `--force` keeps what it overwrites, outside the outputs: in a chezmoi source a copy would become a target. */
function keepCopy(folder: string, path: string): void {
  const kept = join(folder, ".remanence", "kept", path);
  mkdirSync(dirname(kept), { recursive: true });
  for (let n = 0; ; n++) {
    const name = n === 0 ? kept : `${kept}.${n}`;
    try {
      linkSync(join(folder, path), name);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}

function remove(folder: string, change: Change): void {
  rmSync(join(folder, change.path), { force: true });
  for (let at = dirname(change.path); at !== "."; at = dirname(at)) {
    try {
      rmdirSync(join(folder, at));
    } catch {
      return;
    }
  }
}

function unwritable(error: unknown): Error {
  if (error instanceof CannotRun) return error;
  const { code, path: raw } = error as NodeJS.ErrnoException;
  const path = raw?.replace(/\.([^/]+)\.remanence-new$/, "$1");
  const reasons: Readonly<Record<string, string>> = {
    EACCES: "permission denied",
    EPERM: "not permitted",
    EROFS: "the file system is read-only",
    ENOSPC: "the disk is full",
    EDQUOT: "the quota is used up",
    ENOTDIR: "a part of its path is not a directory",
    EISDIR: "a directory is in the way",
    EEXIST: "something is in the way",
  };
  if (code === undefined) return error instanceof Error ? error : new Error(String(error));
  return new CannotRun(`cannot write ${path ?? "the outputs"}: ${reasons[code] ?? code}; nothing was changed`);
}
