import { constants, copyFileSync, lstatSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { CannotRun } from "../diagnostics/cannot-run.ts";
import { leadsOut } from "./plan-writes.ts";
import { reasonOf } from "./reasons.ts";

const keptFolder = ".remanence/kept";

/**
 * Copies a file that is about to be overwritten to `.remanence/kept/`, outside the outputs: in a chezmoi source a copy
 * would become a target. Returns the copy and the directories it made, or undefined where that very content is kept
 * already. A link to it would do as well, but not every file system has links.
 */
export function keepCopy(folder: string, path: string, made: string[]): string | undefined {
  const kept = `${keptFolder}/${path}`;
  if (leadsOut(folder, kept))
    throw new CannotRun(`cannot keep copies: ${keptFolder} leads out of the manifest's folder`);
  refuseLinks(folder, dirname(kept));
  const from = join(folder, path);
  try {
    makeDirectories(join(folder, dirname(kept)), made);
    for (let n = 0; ; n++) {
      const copy = join(folder, n === 0 ? kept : `${kept}.${n}`);
      if (isCopy(from, copy)) return undefined;
      if (copied(from, copy)) return copy;
    }
  } catch (error) {
    throw new CannotRun(`cannot keep a copy of ${path} in ${keptFolder}/: ${reasonOf(error)}; nothing was changed`);
  }
}

/** Makes the directories of a path that are missing, and notes them, the outermost first. */
export function makeDirectories(path: string, made: string[]): void {
  const missing: string[] = [];
  for (let at = path; lstatSync(at, { throwIfNoEntry: false }) === undefined; at = dirname(at)) missing.unshift(at);
  for (const directory of missing) {
    mkdirSync(directory);
    made.push(directory);
  }
}

/** The folder of copies is ours alone: a link in it would lead copies over files of others. */
function refuseLinks(folder: string, directory: string): void {
  for (let at = directory; at !== dirname(keptFolder); at = dirname(at)) {
    if (lstatSync(join(folder, at), { throwIfNoEntry: false })?.isSymbolicLink() === true)
      throw new CannotRun(`cannot keep copies: ${at} is a link; nothing was changed`);
  }
}

function copied(from: string, to: string): boolean {
  try {
    copyFileSync(from, to, constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function isCopy(one: string, other: string): boolean {
  return (
    lstatSync(other, { throwIfNoEntry: false })?.isFile() === true && readFileSync(one).equals(readFileSync(other))
  );
}
