import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { CannotRun } from "../diagnostics/cannot-run.ts";
import { temporaryName } from "../survey/temporary-names.ts";
import { reasonOf } from "./reasons.ts";

const byteOrderMark = "\uFEFF";

/**
 * Replaces the text of a manifest in one step: a reader finds the old text or the new one, and after a power cut one of
 * the two is there. Mode and owner stay, and a byte order mark. `before` is the text that was read: where the file says
 * something else by now, nothing is written. A link is followed within the manifest's folder only.
 */
export function writeManifest(
  folder: string,
  name: string,
  { before, after }: { before: string; after: string },
): void {
  const file = placeOf(folder, name);
  // A name of its own: two runs at once must not write into one file.
  const temporary = join(dirname(file), temporaryName(randomBytes(8).toString("hex")));
  try {
    const now = readFileSync(file, "utf8");
    const mark = now.startsWith(byteOrderMark) ? byteOrderMark : "";
    if (now !== mark + before) throw new CannotRun(`${name} was changed in the meantime; nothing was written`);
    const { mode, uid, gid } = statSync(file);
    // "wx": never through a link that somebody put there since.
    const handle = openSync(temporary, "wx", 0o600);
    try {
      writeFileSync(handle, mark + after);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    keepOwner(temporary, uid, gid);
    chmodSync(temporary, mode & 0o7777);
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    if (error instanceof CannotRun) throw error;
    throw new CannotRun(`cannot write ${name}: ${reasonOf(error)}; nothing was changed`);
  }
}

/** Where the file really is. */
function placeOf(folder: string, name: string): string {
  try {
    const base = realpathSync.native(folder);
    const file = realpathSync.native(join(folder, name));
    if (file.startsWith(base === "/" ? base : `${base}/`)) return file;
    throw new CannotRun(`${name} is a link that leads out of its folder; name the file itself: --manifest ${file}`);
  } catch (error) {
    if (error instanceof CannotRun) throw error;
    throw new CannotRun(`cannot write ${name}: ${reasonOf(error)}`);
  }
}

/** For root, who triages the system with a person's manifest: it stays that person's. */
function keepOwner(file: string, uid: number, gid: number): void {
  const { uid: ownUid, gid: ownGid } = statSync(file);
  if (uid !== ownUid || gid !== ownGid) chownSync(file, uid, gid);
}
