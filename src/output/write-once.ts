import { closeSync, openSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { CannotRun } from "../diagnostics/cannot-run.ts";
import { makeDirectories } from "./keep-copy.ts";
import { leadsOut } from "./plan-writes.ts";
import { reasonOf } from "./reasons.ts";

/**
 * Writes a file that is the person's own from then on: it is not recorded, and never written over. Returns false where
 * something of that name is there already.
 */
export function writeOnce(folder: string, path: string, content: string): boolean {
  if (leadsOut(folder, path)) throw new CannotRun(`${path}: a link on the way leads out of the manifest's folder`);
  try {
    makeDirectories(join(folder, dirname(path)), []);
    const handle = openSync(join(folder, path), "wx", 0o644);
    try {
      writeFileSync(handle, content);
    } finally {
      closeSync(handle);
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw new CannotRun(`cannot write ${path}: ${reasonOf(error)}`);
  }
}
