import { type BigIntStats, lstatSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { realPath } from "../scan/names.ts";
import type { Found } from "./found.ts";

/** What is at a path now, never through a link; undefined where nothing is. */
export function findAt(path: string): Found | undefined {
  const stat = statOf(path);
  return stat === undefined ? undefined : foundOf(stat);
}

export function foundOf(stat: BigIntStats): Found {
  const kind = stat.isDirectory() ? "directory" : stat.isFile() ? "file" : stat.isSymbolicLink() ? "link" : "other";
  return { kind, bytes: Number(stat.size) };
}

export function statOf(path: string): BigIntStats | undefined {
  try {
    return lstatSync(realPath(path), { bigint: true });
  } catch {
    return undefined;
  }
}

/** A path and what it is past all links, where that is another one. */
export function namesOf(path: string): string[] {
  try {
    return [...new Set([path, realpathSync(path)])];
  } catch {
    return [path];
  }
}

/** A folder that nobody else can look into, for as long as `action` takes. */
export async function withPrivateFolder<T>(action: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "remanence-trace-"));
  try {
    return await action(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A moment by the clock that file systems use, which is some milliseconds behind: the time of a file that is made now. */
export function moment(folder: string): bigint {
  const file = join(folder, "moment");
  writeFileSync(file, "");
  return lstatSync(file, { bigint: true }).ctimeNs;
}
