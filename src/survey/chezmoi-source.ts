import { hash } from "node:crypto";
import { type Dirent, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { isTemporary } from "./temporary-names.ts";

/** What a person keeps in their chezmoi source, beside what is generated into it. */
export interface ChezmoiSource {
  /** The source root (after `.chezmoiroot`), relative to the manifest's folder; `.` is that folder itself. */
  readonly root: string;
  /** The person's own files and directories, as paths below the root, directories with a slash at their end. */
  readonly own: readonly string[];
  /** Directories that hold generated files only, spelled as they are (a person may have changed their attributes). */
  readonly made: readonly string[];
  /** Ignore files the person has, and whether one of them includes ours. */
  readonly ignore: { readonly plain: boolean; readonly template: boolean; readonly includesOurs: boolean };
}

/** What was generated into a source tree, written beside it: the way back where the record of all outputs is lost. */
export const sourceLedger = ".remanence/ledger.json";

/** More entries than any dotfiles repo has; a survey stops there. */
const entryLimit = 200_000;

/**
 * Reads the names of a chezmoi source tree; of files only `.chezmoiroot`, the ignore files, our ledger and what that
 * names are opened. Links are not followed. `generated` are the files that we wrote: they are not the person's.
 */
export function surveyChezmoi(folder: string, output: string, generated: ReadonlySet<string>): ChezmoiSource {
  const root = rootOf(folder, output);
  const inRoot = (path: string): string => (root === "." ? path : `${root}/${path}`);
  const { files, directories } = walk(join(folder, root));
  const isOurs = ownership(join(folder, root), files, (path) => generated.has(inRoot(path)));
  const personal = new Set<string>();
  const ours = new Set<string>();
  for (const path of files) addParents(path, isOurs(path) ? ours : personal);
  const isMade = (path: string): boolean => ours.has(path) && !personal.has(path);
  // chezmoi reads nothing of names that begin with a dot but its own special files; a directory with one is in use.
  const own = files.filter((path) => !nameOf(path).startsWith(".") && !isOurs(path));
  return {
    root,
    own: [...own, ...directories.filter((path) => !isMade(path)).map((path) => `${path}/`)].sort(),
    made: directories.filter(isMade).sort(),
    ignore: ignoreFiles(join(folder, root), isOurs),
  };
}

/** All files and directories below a folder; what begins with a dot counts as a file and is not entered. */
function walk(folder: string): { files: string[]; directories: string[] } {
  const files: string[] = [];
  const directories: string[] = [];
  const visit = (below: string): void => {
    for (const entry of list(join(folder, below))) {
      if (files.length + directories.length >= entryLimit) return;
      if (isTemporary(entry.name)) continue;
      const path = below === "" ? entry.name : `${below}/${entry.name}`;
      if (!entry.isDirectory() || entry.name.startsWith(".")) files.push(path);
      else {
        directories.push(path);
        visit(path);
      }
    }
  };
  visit("");
  return { files, directories };
}

/**
 * Tells which files are ours: those that are recorded, and those that only our ledger in the tree knows and that are
 * still as it says, there or in a directory whose attributes the person has changed (which is a new name).
 */
function ownership(
  root: string,
  files: readonly string[],
  isRecorded: (path: string) => boolean,
): (path: string) => boolean {
  const there = new Set(files);
  const known = new Set<string>();
  const moved = new Map<string, Set<string>>();
  for (const { source, sha256 } of ledgerRows(read(join(root, sourceLedger)))) {
    if (typeof source !== "string" || typeof sha256 !== "string" || leadsOut(source)) continue;
    if (!there.has(source) && !source.startsWith(".")) {
      const name = nameOf(source);
      moved.set(name, (moved.get(name) ?? new Set()).add(sha256));
    } else if (!isRecorded(source) && hashOf(join(root, source)) === sha256) known.add(source);
  }
  for (const path of files) {
    const hashes = moved.get(nameOf(path));
    if (hashes?.has(hashOf(join(root, path)) ?? "")) known.add(path);
  }
  return (path) => isRecorded(path) || known.has(path);
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function hashOf(path: string): string | undefined {
  const text = read(path);
  return text === undefined ? undefined : hash("sha256", text);
}

function addParents(path: string, to: Set<string>): void {
  for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) to.add(path.slice(0, at));
}

function leadsOut(path: string): boolean {
  return path.startsWith("/") || path.split("/").some((part) => ["..", "", ".git"].includes(part));
}

function ledgerRows(text: string | undefined): { source?: unknown; sha256?: unknown }[] {
  try {
    const rows: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(rows) ? rows.filter((row) => typeof row === "object" && row !== null) : [];
  } catch {
    return [];
  }
}

function list(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function read(path: string): string | undefined {
  try {
    // A named pipe or a device would be read for ever.
    return statSync(path).isFile() ? readFileSync(path, "utf8") : undefined;
  } catch {
    return undefined;
  }
}

/** `.chezmoiroot` names a folder below the source directory; one that leads out of it, or to git's own, is not followed. */
function rootOf(folder: string, output: string): string {
  const named = read(join(folder, output, ".chezmoiroot"))
    ?.trim()
    .replace(/\/+$/, "");
  if (named === undefined || named === "" || named === ".") return output;
  if (leadsOut(named)) return output;
  return output === "." ? named : `${output}/${named}`;
}

function ignoreFiles(root: string, isOurs: (path: string) => boolean): ChezmoiSource["ignore"] {
  const text = (name: string): string | undefined => (isOurs(name) ? undefined : read(join(root, name)));
  const plain = text(".chezmoiignore");
  const template = text(".chezmoiignore.tmpl");
  return {
    plain: plain !== undefined,
    template: template !== undefined,
    includesOurs: [plain, template].some((t) => t !== undefined && includesOurs.test(t)),
  };
}

const includesOurs = /\{\{-?\s*(?:includeTemplate|template)\s+"remanence\/ignore"\s+[.$]\s*-?\}\}/;
