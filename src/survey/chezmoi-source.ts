import { createHash } from "node:crypto";
import { type Dirent, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

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
 * Reads the names of a chezmoi source tree; of files only `.chezmoiroot`, the ignore files and our ledger are opened.
 * Links are not followed. `generated` are the files that we wrote: they are not the person's.
 */
export function surveyChezmoi(folder: string, output: string, generated: ReadonlySet<string>): ChezmoiSource {
  const root = rootOf(folder, output);
  const inRoot = (path: string): string => (root === "." ? path : `${root}/${path}`);
  const recorded = (path: string): boolean => generated.has(inRoot(path));
  const known = generatedIn(join(folder, root), recorded);
  const isOurs = (path: string): boolean => recorded(path) || known.has(path);
  const files: string[] = [];
  const directories: string[] = [];
  const personal = new Set<string>();
  const ours = new Set<string>();
  const visit = (below: string): void => {
    for (const entry of list(join(folder, root, below))) {
      if (files.length + directories.length >= entryLimit) return;
      const path = below === "" ? entry.name : `${below}/${entry.name}`;
      // chezmoi reads nothing of names that begin with a dot but its own special files; a directory with one is used.
      const isTarget = !entry.name.startsWith(".");
      if (entry.isDirectory() && isTarget) {
        directories.push(path);
        visit(path);
        continue;
      }
      addParents(path, isOurs(path) ? ours : personal);
      if (isTarget && !isOurs(path)) files.push(path);
    }
  };
  visit("");
  const isMade = (path: string): boolean => ours.has(path) && !personal.has(path);
  return {
    root,
    own: [...files, ...directories.filter((path) => !isMade(path)).map((path) => `${path}/`)].sort(),
    made: directories.filter(isMade).sort(),
    ignore: ignoreFiles(join(folder, root), isOurs),
  };
}

function addParents(path: string, to: Set<string>): void {
  for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) to.add(path.slice(0, at));
}

/** Files that only our ledger in the tree knows, and that are still as it says. */
function generatedIn(root: string, isRecorded: (path: string) => boolean): ReadonlySet<string> {
  const known = new Set<string>();
  for (const { source, sha256 } of ledgerRows(read(join(root, sourceLedger)))) {
    if (typeof source !== "string" || isRecorded(source) || leadsOut(source)) continue;
    const text = read(join(root, source));
    if (text !== undefined && createHash("sha256").update(text).digest("hex") === sha256) known.add(source);
  }
  return known;
}

function leadsOut(path: string): boolean {
  return path.startsWith("/") || path.split("/").some((part) => part === ".." || part === "");
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
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** `.chezmoiroot` names a folder below the source directory; one that leads out of it is not followed. */
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
