import { lstatSync } from "node:fs";
import { homedir } from "node:os";
import { resolve } from "node:path";
import { CannotRun } from "../diagnostics/cannot-run.ts";
import { printable } from "../diagnostics/print.ts";
import { type AbsolutePath, isBelow, joinPath, parseHomePath, parseSystemPath } from "../plan/path.ts";
import type { PlanUser } from "../plan/plan.ts";

/** A path that a person named on the command line, in normal form. */
export interface AskedPath {
  readonly live: AbsolutePath;
  /** Written with a slash at the end. */
  readonly directory: boolean;
}

/**
 * The live path that a person means: `~/x` and `x` of the home, `./x` and `../x` from here, an absolute path as it is. A path of
 * our own home stands for one of the manifest's user, who may have another home there.
 */
export function askedPath(typed: string, users: readonly PlanUser[]): AskedPath {
  const directory = typed.endsWith("/");
  const text = /^\.\.?(?:\/|$)/.test(typed) ? resolve(typed) : typed.replace(/(?<=.)\/+$/, "");
  const parsed = text.startsWith("/") ? parseSystemPath(text) : parseHomePath(text);
  const user = users.find(({ home }) => home === homedir()) ?? users[0];
  if ("problem" in parsed || (user === undefined && !text.startsWith("/")))
    throw new CannotRun(`${printable(typed)} is no path that an entry could name`);
  const { path } = parsed.ok;
  if (!path.startsWith("/")) return { live: joinPath((user?.home ?? "/") as AbsolutePath, path), directory };
  const own = homedir();
  const isOurs = own !== "/" && isBelow(path, own) && !users.some(({ home }) => isBelow(path, home));
  if (!isOurs || user === undefined) return { live: path as AbsolutePath, directory };
  return { live: joinPath(user.home, path.slice(own.length + 1)), directory };
}

/** What lies at a path, no link followed; undefined where there is nothing, or nobody may look. */
export function kindOnDisk(path: string): "directory" | "file" | "symlink" | "other" | undefined {
  try {
    const stat = lstatSync(path);
    if (stat.isSymbolicLink()) return "symlink";
    if (stat.isDirectory()) return "directory";
    return stat.isFile() ? "file" : "other";
  } catch {
    return undefined;
  }
}
