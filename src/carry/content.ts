import { isUtf8 } from "node:buffer";
import { closeSync, lstatSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";

/** A file or link in a home that is to be carried. */
export interface Content {
  /** Below the home. */
  readonly path: string;
  readonly kind: "file" | "symlink";
  readonly bytes: number;
  /** "0644" */
  readonly mode: string;
}

/** What cannot be carried, or is not to be, and why. */
export interface LeftOut {
  readonly path: string;
  readonly why: string;
}

/** What a walk found; `repository`: a git repository in it, which is to be fetched rather than carried. */
export interface Found {
  readonly content: readonly Content[];
  readonly left: readonly LeftOut[];
  readonly repository: string | undefined;
}

/**
 * All files and links at a path of a home or below it; links are not followed, no content is read. `why` tells of a path
 * why it is not to be carried. Stops after `limit` of them: nobody carries more.
 */
export function contentOf(home: string, path: string, why: (path: string) => string | undefined, limit: number): Found {
  const content: Content[] = [];
  const left: LeftOut[] = [];
  let repository: string | undefined;
  const visit = (below: string): void => {
    if (content.length > limit) return;
    const reason = why(below);
    if (reason !== undefined) {
      left.push({ path: below, why: reason });
      return;
    }
    const stat = lstatSync(join(home, below), { throwIfNoEntry: false });
    if (stat?.isDirectory() === true) {
      for (const name of readdirSync(join(home, below), { encoding: "buffer" }).sort(Buffer.compare)) {
        if (!isUtf8(name)) left.push({ path: `${below}/${name.toString("utf8")}`, why: "its name is not UTF-8" });
        else if (name.toString() === ".git") repository ??= below;
        else visit(`${below}/${name.toString()}`);
      }
    } else if (stat?.isFile() === true || stat?.isSymbolicLink() === true) {
      const mode = (stat.mode & 0o7777).toString(8).padStart(4, "0");
      content.push({ path: below, kind: stat.isFile() ? "file" : "symlink", bytes: stat.size, mode });
    } else if (stat !== undefined) left.push({ path: below, why: "it is neither a file, a folder nor a link" });
  };
  visit(path);
  return { content, left, repository };
}

/** True where nobody but the owner may look into a file or folder. */
export function isClosed(path: string): boolean {
  return (lstatSync(path).mode & 0o077) === 0;
}

/** True for a file with a NUL in its first 8 KiB, which is how git tells too. Never asked of what may be a secret. */
export function isBinary(file: string): boolean {
  const handle = openSync(file, "r");
  try {
    const head = Buffer.alloc(8192);
    return head.subarray(0, readSync(handle, head)).includes(0);
  } finally {
    closeSync(handle);
  }
}
