import { linkSync, lstatSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { CannotRun } from "../diagnostics/cannot-run.ts";
import { reasonOf } from "./reasons.ts";
import { temporaryFor } from "./temporary.ts";

/** A file that is written beside its place, to be looked at there, before it takes its name. */
export interface NewFile {
  /** Where it is until then: in the folder of its place, under a name that is passed over. */
  readonly temporary: string;
  write(text: string): void;
  /** Gives it its name. Never over something: whatever came there meanwhile stays, and this cannot run. */
  publish(): void;
  /** Takes it away again, where it is not published. */
  discard(): void;
}

/** Prepares a file at a path where nothing is. `CannotRun` where something is, a link that leads nowhere included, or where there is no folder. */
export function newFile(path: string): NewFile {
  refuseTaken(path);
  const temporary = temporaryFor(path);
  return {
    temporary,
    write(text) {
      attempt(path, () => {
        // Never into something that another user may have put there: its name is known beforehand.
        rmSync(temporary, { force: true });
        writeFileSync(temporary, text, { flag: "wx" });
      });
    },
    publish() {
      attempt(path, () => {
        if (!linked(temporary, path)) {
          // A file system without links: the moment between the look and the rename is the price.
          refuseTaken(path);
          renameSync(temporary, path);
        }
      });
      rmSync(temporary, { force: true });
    },
    discard() {
      rmSync(temporary, { force: true });
    },
  };
}

/** True where something is at a path, whatever it is. */
export function isTaken(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function refuseTaken(path: string): void {
  if (statSync(dirname(path), { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new CannotRun(`cannot write ${path}: there is no folder ${dirname(path)}`);
  if (isTaken(path)) throw new CannotRun(`cannot write ${path}: it is there already`);
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST")
      throw new CannotRun(`cannot write ${to}: it is there already`);
    return false;
  }
}

function attempt(path: string, action: () => void): void {
  try {
    action();
  } catch (error) {
    if (error instanceof CannotRun) throw error;
    throw new CannotRun(`cannot write ${path}: ${reasonOf(error)}`);
  }
}
