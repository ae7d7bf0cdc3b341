import { isUtf8 } from "node:buffer";
import { lstatSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { CannotRun } from "../diagnostics/cannot-run.ts";
import type { OutputFile } from "../emitters/emitter.ts";
import { hashOf, isInside, type LedgerRow } from "./ledger.ts";
import { reasonOf } from "./reasons.ts";

/** What a run would do, before it does anything. */
export interface WritePlan {
  readonly changes: readonly Change[];
  /** Files that are as they should be. */
  readonly unchanged: readonly string[];
  readonly refused: readonly Refusal[];
  /** The ledger when all is done. */
  readonly rows: readonly LedgerRow[];
}

export interface Change {
  readonly path: string;
  readonly target: string;
  /** The host it is for; null for what all hosts share. */
  readonly host: string | null;
  readonly kind: "create" | "update" | "remove";
  /** Content now; null where there is no file, or what is there is no text of ours. */
  readonly before: string | null;
  /** Content to be; null where it is removed. */
  readonly after: string | null;
  readonly executable: boolean;
  /** Whether the file that is there can be executed; false where there is none. */
  readonly wasExecutable: boolean;
  /** Hash of the file that is there; null where there is none. */
  readonly sha256: string | null;
  /** True where `--force` overrules: the file that is there is kept as a copy. */
  readonly keepsCopy: boolean;
}

export interface Refusal {
  readonly path: string;
  readonly why: string;
  /** What is there and what was to be written, for the diff; null where it is no text. */
  readonly before: string | null;
  readonly after: string | null;
  readonly executable: boolean;
  readonly wasExecutable: boolean;
}

type Wanted = Pick<Change, "path" | "target" | "host" | "kind" | "after" | "executable">;

/** Which part of the outputs a run is about; others are left as they are, in the ledger too. */
export interface Scope {
  readonly target?: string | undefined;
  readonly host?: string | undefined;
}

function inScope(scope: Scope, row: { readonly target: string; readonly host: string | null }): boolean {
  if (scope.target !== undefined && row.target !== scope.target) return false;
  return scope.host === undefined || row.host === null || row.host === scope.host;
}

/**
 * Compares the tree with the disk and the ledger. A file is ours when it has the content that the ledger recorded (or
 * that would be written anyway); everything else is refused unless forced.
 */
export function planWrites(
  folder: string,
  tree: readonly OutputFile[],
  ledger: ReadonlyMap<string, LedgerRow>,
  options: { readonly scope: Scope; readonly force: boolean },
): WritePlan {
  const changes: Change[] = [];
  const unchanged: string[] = [];
  const refused: Refusal[] = [];
  const rows: LedgerRow[] = [];
  const wanted = tree.filter((file) => inScope(options.scope, file));
  const base = realpathSync.native(folder);
  const isOut = perDirectory((path) => leadsOut(folder, path, base));
  const place = (change: Wanted, now: Found, row: LedgerRow | undefined): void => {
    const why = refusalOf(now, row, change.after);
    const full = { ...change, before: now.text, wasExecutable: now.executable, sha256: now.sha256() };
    if (why === undefined) changes.push({ ...full, keepsCopy: false });
    else if (options.force && now.kind === "file") changes.push({ ...full, keepsCopy: true });
    else refused.push({ ...full, why });
  };
  for (const file of wanted) {
    if (!isInside(file.path)) throw new CannotRun(`cannot write ${file.path}: no output may lie there`);
    const row = ledger.get(file.path);
    const now = look(folder, file.path, isOut);
    if (now.kind === "blocked")
      throw new CannotRun(`cannot write ${file.path}: ${inTheWay(folder, file.path)} is not a directory`);
    rows.push({ path: file.path, sha256: hashOf(file.content), target: file.target, host: file.host });
    if (now.kind === "file" && now.text === file.content && now.executable === file.executable)
      unchanged.push(file.path);
    else {
      const kind = now.kind === "none" ? "create" : "update";
      const { path, target, host, executable } = file;
      place({ path, target, host, kind, after: file.content, executable }, now, row);
    }
  }
  const kept = new Set(wanted.map((file) => file.path));
  for (const row of ledger.values()) {
    if (kept.has(row.path)) continue;
    if (!inScope(options.scope, row)) rows.push(row);
    else {
      const now = look(folder, row.path, isOut);
      if (now.kind === "none" || now.kind === "blocked") continue;
      const { path, target, host } = row;
      place({ path, target, host, kind: "remove", after: null, executable: false }, now, row);
    }
  }
  return { changes, unchanged, refused, rows };
}

/** Asks once a directory what is the same for all files in it. */
function perDirectory(ask: (path: string) => boolean): (path: string) => boolean {
  const known = new Map<string, boolean>();
  return (path) => {
    const directory = dirname(path);
    const answer = known.get(directory) ?? ask(path);
    known.set(directory, answer);
    return answer;
  };
}

interface Found {
  /** `blocked`: a file stands where one of its directories should be. */
  readonly kind: "none" | "blocked" | "file" | "other" | "outside";
  readonly text: string | null;
  /** Asked only where what is there differs from what is to be: most runs find everything as it should be. */
  sha256(): string | null;
  readonly executable: boolean;
}

/** What is at a path, never through a link: a link on the way that leads out of the folder is `outside`. */
function look(folder: string, path: string, isOut: (path: string) => boolean): Found {
  const none: Found = { kind: "none", text: null, sha256: () => null, executable: false };
  if (isOut(path)) return { ...none, kind: "outside" };
  try {
    const stat = lstatSync(join(folder, path), { throwIfNoEntry: false });
    if (stat === undefined) return none;
    if (!stat.isFile()) return { ...none, kind: "other" };
    const bytes = readFileSync(join(folder, path));
    const text = isUtf8(bytes) ? bytes.toString("utf8") : null;
    return { kind: "file", text, sha256: () => hashOf(bytes), executable: (stat.mode & 0o100) !== 0 };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOTDIR") return { ...none, kind: "blocked" };
    throw new CannotRun(`cannot read ${path}: ${reasonOf(error)}`);
  }
}

/** The part of a path that should be a directory and is none. */
function inTheWay(folder: string, path: string): string {
  const parts = path.split("/");
  const prefixes = parts.map((_, i) => parts.slice(0, i + 1).join("/"));
  return prefixes.find((prefix) => !statSync(join(folder, prefix)).isDirectory()) ?? path;
}

/**
 * True where a directory on the way to a path is a link that leads out of the manifest's folder; `base` is that folder
 * with no link in its path.
 */
export function leadsOut(folder: string, path: string, base = realpathSync.native(folder)): boolean {
  const inside = base === "/" ? base : `${base}/`;
  for (let at = dirname(path); at !== "."; at = dirname(at)) {
    const real = realDirectory(join(folder, at));
    if (real === "dangling") return true;
    if (real !== undefined) return real !== base && !real.startsWith(inside);
  }
  return false;
}

/** Where a directory really is; undefined where there is none. A dangling link is a way out: what it names may appear. */
function realDirectory(path: string): string | undefined {
  try {
    // What is not there yet is the usual case, and an exception for each would take longer than to look.
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
    return realpathSync.native(path);
  } catch (error) {
    if (isLink(path)) return "dangling";
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new CannotRun(`cannot look into ${path}: ${reasonOf(error)}`);
  }
}

function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false;
  }
}

function refusalOf(now: Found, row: LedgerRow | undefined, after: string | null): string | undefined {
  if (now.kind === "none") return undefined;
  if (now.kind === "outside") return "a link on the way leads out of the manifest's folder";
  if (now.kind === "other") return "something other than a plain file is there";
  if (now.text !== null && now.text === after) return undefined;
  if (row === undefined) return "this file was not generated by Remanence";
  // Empty: a power cut came between the rename and the content. There is nothing in it to lose.
  const sha256 = now.sha256();
  if (now.text === "" || sha256 === row.sha256 || sha256 === row.previous) return undefined;
  return "this file was edited since it was generated";
}
