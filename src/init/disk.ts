import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  statSync,
} from "node:fs";
import { relative } from "node:path";

/** What is at a path; a link is a link, whatever it leads to. */
export type Kind = "directory" | "file" | "symlink" | "other";

/** A system seen from its own root: what is there, by name; of files only those that are read by name have a content. */
export interface Disk {
  /** What is at an absolute path; undefined where there is nothing, or nothing that may be seen. */
  kind(path: string): Kind | undefined;
  /** The names in a directory, in byte order; none where there is no such directory. */
  names(path: string): string[];
  /** The text of a small file; undefined where there is none. */
  read(path: string): string | undefined;
  /** Directories that could not be looked into, in byte order. */
  denied(): string[];
}

/** Bytes that a file of the system's own settings may have. */
const sizeLimit = 1 << 20;
/** As many links as the kernel follows (path_resolution(7)). */
const linkLimit = 40;

/**
 * The system whose root is the directory `root`. Links are resolved as that system would: an absolute one begins at
 * `root`, and none leads out of it, so a mounted system never shows what is on the machine that looks at it.
 */
export function diskAt(root: string): Disk {
  const base = root === "/" ? "" : root.replace(/\/+$/, "");
  const known = new Map<string, string | undefined>([["", ""]]);
  const refused = new Set<string>();

  /** Where a directory really is, as a path below the root without a slash at its end. */
  const resolve = (path: string, links = 0): string | undefined => {
    if (known.has(path)) return known.get(path);
    const real = follow(path, links);
    known.set(path, real);
    return real;
  };
  const follow = (path: string, links: number): string | undefined => {
    const real = place(path, links);
    if (real === undefined) return undefined;
    const stat = look(real);
    if (stat?.isDirectory() === true) return real;
    if (stat?.isSymbolicLink() !== true || links >= linkLimit) return undefined;
    return resolve(targetOf(real), links + 1);
  };
  /** A path whose folder is resolved and whose last name is not. */
  const place = (path: string, links = 0): string | undefined => {
    const at = path.lastIndexOf("/");
    const folder = resolve(path.slice(0, Math.max(0, at)), links);
    return folder === undefined ? undefined : `${folder}${path.slice(at)}`;
  };
  const look = (real: string): ReturnType<typeof lstatSync> | undefined => {
    try {
      return lstatSync(`${base}${real}`);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EACCES") refused.add(real.slice(0, real.lastIndexOf("/")) || "/");
      return undefined;
    }
  };
  /** What a link leads to, in normal form: `..` at the root stays there. */
  const targetOf = (real: string): string => {
    const target = readlinkSync(`${base}${real}`);
    const full = target.startsWith("/") ? target : `${real.slice(0, real.lastIndexOf("/"))}/${target}`;
    return normal(full);
  };
  const finalPlace = (path: string, links = 0): string | undefined => {
    const real = place(path, links);
    if (real === undefined || look(real)?.isSymbolicLink() !== true) return real;
    return links >= linkLimit ? undefined : finalPlace(targetOf(real), links + 1);
  };

  return {
    kind(path) {
      const real = place(normal(path));
      const stat = real === undefined ? undefined : look(real);
      if (stat === undefined) return undefined;
      if (stat.isDirectory()) return "directory";
      if (stat.isFile()) return "file";
      return stat.isSymbolicLink() ? "symlink" : "other";
    },
    names(path) {
      const real = resolve(normal(path));
      if (real === undefined) return [];
      try {
        return readdirSync(`${base}${real}/`).sort();
      } catch {
        refused.add(real || "/");
        return [];
      }
    },
    read(path) {
      const real = finalPlace(normal(path));
      return real === undefined ? undefined : readSmall(`${base}${real}`);
    },
    denied: () => [...refused].sort(),
  };
}

function normal(path: string): string {
  const components: string[] = [];
  for (const component of path.split("/")) {
    if (component === "" || component === ".") continue;
    if (component === "..") components.pop();
    else components.push(component);
  }
  return components.length === 0 ? "" : `/${components.join("/")}`;
}

/** Reads a regular file; a named pipe or a device in its place is not waited for. */
function readSmall(path: string): string | undefined {
  let handle: number | undefined;
  try {
    handle = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    const stat = fstatSync(handle);
    return stat.isFile() && stat.size <= sizeLimit ? readFileSync(handle, "utf8") : undefined;
  } catch {
    return undefined;
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

/** The user number of whoever owns a path of this machine; undefined where there is no directory. */
export function ownerOf(directory: string): number | undefined {
  const stat = statSync(directory, { throwIfNoEntry: false });
  return stat?.isDirectory() === true ? stat.uid : undefined;
}

/** A directory of this machine as seen from another around it, `.` for itself; undefined where it lies elsewhere or is not there. */
export function seenFrom(folder: string, directory: string): string | undefined {
  try {
    const below = relative(realpathSync(folder), realpathSync(directory));
    if (/^\.\.(?:\/|$)/.test(below)) return undefined;
    return below === "" ? "." : below;
  } catch {
    return undefined;
  }
}
