import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { CannotRun } from "../diagnostics/cannot-run.ts";
import { keepCopy, makeDirectories } from "./keep-copy.ts";
import { type LedgerRow, ledgerPath, printLedger } from "./ledger.ts";
import { type Change, leadsOut, type WritePlan } from "./plan-writes.ts";
import { reasonOf } from "./reasons.ts";
import { sweepTemporaries, temporaryFor } from "./temporary.ts";

/** A file that is written and only waits to be renamed into its place. */
interface Staged {
  readonly path: string;
  readonly temporary: string;
}

/** What a run has put on the disk before anything of it counts, so that it can be taken back. */
interface Preparation {
  readonly folder: string;
  /** The folder with no link in its path. */
  readonly base: string;
  readonly directories: string[];
  readonly files: string[];
}

/**
 * Carries out a plan of writes. First every new content is written to a temporary file beside its place, and what is
 * overruled is copied; only when all of that is there are the files renamed into place, so that a full disk or a folder
 * without permission leaves nothing half written. The ledger names old and new hashes while that goes on: a run that is
 * killed knows its own files.
 */
export function applyWrites(folder: string, plan: WritePlan, ledger: ReadonlyMap<string, LedgerRow>): void {
  sweepTemporaries(directoriesOf(folder, [...plan.rows, ...ledger.values()]));
  const after = printLedger(plan.rows);
  const meanwhile = printLedger(transition(plan, ledger));
  if (plan.changes.length === 0 && after === printLedger(ledger.values())) return;
  const preparation: Preparation = { folder, base: realpathSync.native(folder), directories: [], files: [] };
  try {
    const staged = plan.changes.flatMap((change) => prepare(change, preparation));
    const last = stage(preparation, ledgerPath, after, { executable: false, durable: true, turn: "second" });
    const first = stage(preparation, ledgerPath, meanwhile, { executable: false, durable: true, turn: "first" });
    for (const { path } of plan.changes.filter((change) => change.keepsCopy)) {
      const copy = keepCopy(folder, path, preparation.directories);
      if (copy !== undefined) preparation.files.push(copy);
    }
    place(folder, first);
    finish(folder, [...staged, last], plan.changes);
  } catch (error) {
    // Once the ledger is in place there is no way back, and none is needed: the next run goes on from there.
    if (!(error instanceof Unfinished)) takeBack(preparation);
    throw error;
  }
}

/** A run that was stopped by an error where it should have been past all of them. */
class Unfinished extends CannotRun {}

function finish(folder: string, staged: readonly Staged[], changes: readonly Change[]): void {
  try {
    for (const file of staged.slice(0, -1)) place(folder, file);
    for (const change of changes) if (change.after === null) remove(folder, change.path);
    for (const ledger of staged.slice(-1)) place(folder, ledger);
  } catch (error) {
    if (!(error instanceof CannotRun)) throw error;
    const message = error.message.replace("; nothing was changed", "");
    throw new Unfinished(`${message}; the outputs are written in part: settle that, then run remanence generate again`);
  }
}

function place(folder: string, { path, temporary }: Staged): void {
  naming(path, () => renameSync(temporary, join(folder, path)));
}

/** Directories in which outputs lie, those excepted that a link leads out of the folder to. */
function directoriesOf(folder: string, rows: readonly LedgerRow[]): string[] {
  const directories = new Set([ledgerPath, ...rows.map((row) => row.path)].map((path) => dirname(path)));
  return [...directories].filter((path) => !leadsOut(folder, join(path, "x"))).map((path) => join(folder, path));
}

/** Rows of both before and after: each file is known with the hash it has and the hash it will have. */
function transition(plan: WritePlan, ledger: ReadonlyMap<string, LedgerRow>): LedgerRow[] {
  const rows = new Map(ledger);
  for (const row of plan.rows) rows.set(row.path, row);
  for (const { path, sha256 } of plan.changes) {
    const row = rows.get(path);
    if (row !== undefined && sha256 !== null && sha256 !== row.sha256) rows.set(path, { ...row, previous: sha256 });
  }
  return [...rows.values()];
}

/** Everything about a change that can fail, before the first of them is made. */
function prepare(change: Change, preparation: Preparation): Staged[] {
  const { path, after, executable } = change;
  if (change.kind !== "create") refuseUnmovable(preparation.folder, path);
  return after === null ? [] : [stage(preparation, path, after, { executable, durable: false, turn: "first" })];
}

/** A file is replaced and removed by the right of its directory, unless the file itself was made immutable. */
function refuseUnmovable(folder: string, path: string): void {
  naming(path, () => accessSync(join(folder, dirname(path)), constants.W_OK | constants.X_OK));
  naming(path, () => {
    try {
      accessSync(join(folder, path), constants.W_OK);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EACCES") throw error;
    }
  });
}

/**
 * Writes content beside its final place, with its mode. Only the ledger is waited for until it is on the disk: an output
 * that a power cut leaves empty is known by the ledger and written anew, and waiting for each would double the time.
 */
function stage(
  { folder, base, directories, files }: Preparation,
  path: string,
  content: string,
  file: { readonly executable: boolean; readonly durable: boolean; readonly turn: "first" | "second" },
): Staged {
  if (leadsOut(folder, path, base))
    throw new CannotRun(`${path}: a link on the way leads out of the manifest's folder`);
  const temporary = join(folder, temporaryFor(path, file.turn));
  naming(path, () => {
    makeDirectories(dirname(temporary), directories);
    // What a killed run left of this name is swept already. "wx": never through a link that somebody put there since.
    const handle = openSync(temporary, "wx", 0o600);
    files.push(temporary);
    try {
      writeFileSync(handle, content);
      if (file.durable) fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    // Not by open: what the umask takes away must not differ from one machine to the next.
    chmodSync(temporary, file.executable ? 0o755 : 0o644);
  });
  return { path, temporary };
}

/** Says of an error of the system which output it is about; a temporary name would tell a person nothing. */
function naming(path: string, action: () => void): void {
  try {
    action();
  } catch (error) {
    throw new CannotRun(`cannot write ${path}: ${reasonOf(error)}; nothing was changed`);
  }
}

function takeBack({ files, directories }: Preparation): void {
  for (const file of files) rmSync(file, { force: true });
  for (const directory of directories.reverse()) removeEmpty(directory);
}

function remove(folder: string, path: string): void {
  naming(path, () => rmSync(join(folder, path), { force: true }));
  for (let at = dirname(path); at !== "."; at = dirname(at)) if (!removeEmpty(join(folder, at))) return;
}

function removeEmpty(directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch {
    // Not empty, or gone: either way not ours to remove.
    return false;
  }
}
