import { hash } from "node:crypto";
import { readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isTemporary, temporaryName } from "../survey/temporary-names.ts";

/**
 * Where a file is written before it is renamed into its place: beside it, so that the rename is one step on one file
 * system. A hash stands for its name: with something added, a long name would be longer than a name may be. chezmoi
 * does not look at names that begin with a dot.
 */
export function temporaryFor(path: string, turn: "first" | "second" = "first"): string {
  const id = hash("sha256", `${turn} ${basename(path)}`).slice(0, 16);
  return join(dirname(path), temporaryName(id));
}

/** Removes what runs that were killed left in these directories. */
export function sweepTemporaries(directories: Iterable<string>): void {
  for (const directory of directories) {
    for (const name of namesIn(directory)) {
      if (isTemporary(name)) rmSync(join(directory, name), { force: true });
    }
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    // There is none, or it cannot be read: whoever writes there will say so.
    return [];
  }
}
