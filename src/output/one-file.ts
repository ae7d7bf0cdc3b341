import { randomBytes } from "node:crypto";
import {
  closeSync,
  lstatSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { CannotRun } from "../diagnostics/cannot-run.ts";
import { temporaryName } from "../survey/temporary-names.ts";
import { reasonOf } from "./reasons.ts";

/** A file that a person asked for, outside of what the ledger knows. */
export interface OneFile {
  readonly path: string;
  /** Begins with the marker. */
  readonly content: string;
  /** By what an earlier one is known: only that is overwritten without being told to. */
  readonly marker: string;
  /** Whether to overwrite a file that somebody else wrote, too. */
  readonly force: boolean;
}

/**
 * Writes a file as a whole: it is there completely, or as it was. A link in its place is never followed; directories and
 * devices are never replaced. Throws `CannotRun` where something is in the way.
 */
export function writeOneFile({ path, content, marker, force }: OneFile): void {
  const there = naming(path, () => lstatSync(path, { throwIfNoEntry: false }));
  if (there !== undefined) refuseForeign(path, there, { marker, force });
  const temporary = join(dirname(path), temporaryName(randomBytes(8).toString("hex")));
  naming(path, () => {
    try {
      writeFileSync(temporary, content, { flag: "wx" });
      renameSync(temporary, path);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  });
}

/** The text of a file that a person named. Throws `CannotRun` where it cannot be read. */
export function readOneFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new CannotRun(`cannot read ${path}: ${reasonOf(error)}`);
  }
}

function refuseForeign(path: string, there: Stats, { marker, force }: Pick<OneFile, "marker" | "force">): void {
  if (there.isDirectory()) throw new CannotRun(`${path} is a directory; name a file in it`);
  if (!there.isFile() && !there.isSymbolicLink())
    throw new CannotRun(`${path} is no regular file; name another, or write to stdout with \`-\``);
  if (force || (there.isFile() && naming(path, () => beginning(path, marker.length)) === marker)) return;
  throw new CannotRun(
    `${path} is there and is not one that this command wrote; name another file with --output, or overwrite it with --force`,
  );
}

function beginning(path: string, bytes: number): string {
  const file = openSync(path, "r");
  try {
    const buffer = Buffer.alloc(bytes);
    return buffer.toString("utf8", 0, readSync(file, buffer, 0, bytes, 0));
  } finally {
    closeSync(file);
  }
}

function naming<Result>(path: string, action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    throw new CannotRun(`cannot write ${path}: ${reasonOf(error)}; nothing was changed`);
  }
}
