import { constants, lstatSync, openSync, readdirSync, readlinkSync, type Stats } from "node:fs";
import { nameOf, realPath } from "../names.ts";

const quiet = { throwIfNoEntry: false } as const;

/** What lies at a path, no link followed; undefined where it is gone, a text where it may not be seen: why. */
export function look(path: string): Stats | string | undefined {
  return lookAt(realPath(path));
}

/** The same for a path as a system call takes it: in the thick of a walk each step counts. */
export function lookAt(path: string | Buffer): Stats | string | undefined {
  try {
    return lstatSync(path, quiet);
  } catch (error) {
    return reasonOf(error);
  }
}

/** The names in a folder, in any order; undefined where it is gone, a text where it may not be read: why. */
export function namesIn(folder: string): readonly string[] | string | undefined {
  try {
    const names = readdirSync(realPath(folder));
    // Where bytes are no character node puts this one in their place: those names are read as bytes.
    if (!names.some((name) => name.includes("\ufffd"))) return names;
    return readdirSync(realPath(folder), { encoding: "buffer" }).map(nameOf);
  } catch (error) {
    return reasonOf(error);
  }
}

/** The text of a link; undefined where it is gone. */
export function linkText(path: string): string | undefined {
  try {
    return nameOf(readlinkSync(realPath(path), { encoding: "buffer" }));
  } catch {
    return undefined;
  }
}

/** Bytes of a path that come near to what a system call takes (PATH_MAX, 4096). */
const longPath = 3500;

/**
 * The folder by another path where its own leaves no room for what lies in it: through an open descriptor, which all
 * threads see. Nothing is read from it.
 */
export function shortened(folder: string): string {
  if (folder.length < longPath / 3 || Buffer.byteLength(folder) < longPath) return folder;
  try {
    const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
    return `/proc/self/fd/${openSync(realPath(folder), flags)}`;
  } catch {
    return folder;
  }
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: "no permission",
  EPERM: "no permission",
  ELOOP: "a loop of links",
  ENAMETOOLONG: "its path is too long",
  EIO: "the disk cannot be read there",
  ESTALE: "the server does not know it any more",
};

/** Why something could not be looked into; undefined for what vanished meanwhile. */
function reasonOf(error: unknown): string | undefined {
  const { code = "", message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT" || code === "ENOTDIR") return undefined;
  return reasons[code] ?? (code === "" ? message : code);
}
