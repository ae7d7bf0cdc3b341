import { hash } from "node:crypto";
import { type Dirent, readdirSync, readFileSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import { decodeDirectory } from "../languages/chezmoi-names.ts";
import { readSourcePath } from "./source-path.ts";
import { isTemporary } from "./temporary-names.ts";

/** What a person keeps in their chezmoi source, beside what is generated into it. */
export interface ChezmoiSource {
  /** The source root (after `.chezmoiroot`), relative to the manifest's folder; `.` is that folder itself. */
  readonly root: string;
  /** The person's own files and directories, as paths below the root, directories with a slash at their end. */
  readonly own: readonly string[];
  /** Directories that hold generated files only, spelled as they are (a person may have changed their attributes). */
  readonly made: readonly string[];
  /** The person's own `.chezmoiignore` and `.chezmoiremove`. */
  readonly ignore: SpecialFiles;
  readonly remove: SpecialFiles;
  /** True where chezmoi finds nothing of the person's: no target spelled as a source name, no file of its own. */
  readonly isNew: boolean;
  /** True where the person has scripts (`run_…`) that chezmoi runs while it applies. */
  readonly hasScripts: boolean;
  /** Lines `!pattern` in ignore files of the person's below the root, as patterns of targets. */
  readonly allowed: readonly { readonly file: string; readonly pattern: string }[];
  /** What `.chezmoiremove` files of the person's say is to go, as patterns of targets; `except` are the `!pattern` of the same file. */
  readonly removed: readonly {
    readonly file: string;
    readonly pattern: string;
    readonly except: readonly string[];
  }[];
  /** Files of ours that our record does not have: chezmoi's own commands have renamed them, or the record was lost. */
  readonly found: readonly { readonly path: string; readonly sha256: string }[];
  /** Links that were generated here before, and those that are to go (`generations`: how often the links have changed since). */
  readonly former: readonly { readonly target: string; readonly generations: number | null }[];
}

/** A special file of chezmoi's, which reads it with `.tmpl` and without: those the person has, and whether one includes ours. */
export interface SpecialFiles {
  readonly plain: boolean;
  readonly template: boolean;
  readonly includesOurs: boolean;
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
  const isRecorded = (path: string): boolean => generated.has(inRoot(path));
  const rows = ledgerRows(read(join(folder, root, sourceLedger)));
  const found = foundFiles(join(folder, root), files, rows, isRecorded);
  const isOurs = (path: string): boolean => isRecorded(path) || found.has(path);
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
    ignore: specialFiles(join(folder, root), "ignore", isOurs),
    remove: specialFiles(join(folder, root), "remove", isOurs),
    isNew: !files.some((path) => !isOurs(path) && isForChezmoi(path)),
    hasScripts: hasScripts(join(folder, root), files, isOurs),
    allowed: files.flatMap((path) => allowedIn(join(folder, root), path)),
    removed: files.flatMap((path) => (isOurs(path) ? [] : removedIn(join(folder, root), path))),
    found: [...found].map(([path, sha256]) => ({ path, sha256 })),
    former: formerLinks(rows),
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
 * The files that our ledger in the tree knows, that are still as it says, and that are not recorded: at their place, or
 * where `chezmoi chattr` has moved them (new attributes are a new name, of a file or of a directory on the way).
 */
function foundFiles(
  root: string,
  files: readonly string[],
  rows: readonly SourceRow[],
  isRecorded: (path: string) => boolean,
): ReadonlyMap<string, string> {
  const there = new Set(files);
  const found = new Map<string, string>();
  const moved = new Map<string, Set<string>>();
  for (const { source, sha256, target } of rows) {
    if (source === null || sha256 === null) continue;
    if (there.has(source)) {
      if (!isRecorded(source) && hashOf(join(root, source)) === sha256) found.set(source, sha256);
    } else if (!source.startsWith(".")) {
      const key = target === null || nameOf(source).startsWith(".") ? nameOf(source) : target;
      moved.set(key, (moved.get(key) ?? new Set()).add(sha256));
    }
  }
  if (moved.size === 0) return found;
  for (const path of files) {
    const keys = [nameOf(path), readSourcePath(path)?.target];
    const hashes = keys.flatMap((key) => [...((key === undefined ? undefined : moved.get(key)) ?? [])]);
    const sha256 = hashes.length === 0 || isRecorded(path) ? undefined : hashOf(join(root, path));
    if (sha256 !== undefined && hashes.includes(sha256)) found.set(path, sha256);
  }
  return found;
}

/** The links of the generation before, and the tombstones of those before that. */
function formerLinks(rows: readonly SourceRow[]): ChezmoiSource["former"] {
  return rows.flatMap(({ target, kind, generations }) => {
    if (target === null || leadsOut(target) || (kind !== "link" && kind !== "tombstone")) return [];
    return [{ target, generations: kind === "link" ? null : generations }];
  });
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

/** A row of our ledger. A ledger may come from a pull request: what is no path below the root is none. */
interface SourceRow {
  readonly source: string | null;
  readonly target: string | null;
  readonly sha256: string | null;
  readonly kind: string | null;
  readonly generations: number;
}

function ledgerRows(text: string | undefined): SourceRow[] {
  try {
    const rows: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(rows) ? rows.filter((row) => typeof row === "object" && row !== null).map(sourceRow) : [];
  } catch {
    return [];
  }
}

function sourceRow(row: Readonly<Record<string, unknown>>): SourceRow {
  const textAt = (key: string): string | null => (typeof row[key] === "string" ? row[key] : null);
  const path = (key: string): string | null => {
    const value = textAt(key);
    return value === null || leadsOut(value) ? null : value;
  };
  const generations = Number.isSafeInteger(row["generations"]) ? Number(row["generations"]) : 0;
  return {
    source: path("source"),
    target: path("target"),
    sha256: textAt("sha256"),
    kind: textAt("kind"),
    generations,
  };
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

function specialFiles(root: string, what: "ignore" | "remove", isOurs: (path: string) => boolean): SpecialFiles {
  const text = (name: string): string | undefined => (isOurs(name) ? undefined : read(join(root, name)));
  const plain = text(`.chezmoi${what}`);
  const template = text(`.chezmoi${what}.tmpl`);
  return {
    plain: plain !== undefined,
    template: template !== undefined,
    includesOurs: [plain, template].some((t) => t !== undefined && includesOurs[what].test(t.replace(comment, ""))),
  };
}

function hasScripts(root: string, files: readonly string[], isOurs: (path: string) => boolean): boolean {
  if (files.some((path) => nameOf(path).startsWith("run_") && !isOurs(path))) return true;
  // A folder with a dot is not walked; in this one chezmoi takes nothing but scripts.
  return list(join(root, ".chezmoiscripts")).some(({ name }) => name !== "remanence" && !isTemporary(name));
}

/** A file that is meant for chezmoi: one of its own, or one below a name with an attribute. In a repo there is more (README). */
function isForChezmoi(path: string): boolean {
  return (
    /^\.chezmoi(?:\.|ignore|remove|version|external\.|data\.)/.test(path) ||
    path.split("/").some((name) => decodeDirectory(name)?.name !== name)
  );
}

/** A template may leave such a line out; that is not asked. Those of the root itself are looked at by the guard. */
function allowedIn(root: string, path: string): { file: string; pattern: string }[] {
  if (!path.includes("/") || !/^\.chezmoiignore(?:\.tmpl)?$/.test(nameOf(path))) return [];
  return patternsIn(root, path)
    .filter((line) => line.startsWith("!"))
    .map((line) => ({ file: path, pattern: below(path, line.slice(1).replace(action, "**")) }));
}

/** The same of what is to be removed. What a template puts in is not known, and left out. */
function removedIn(root: string, path: string): ChezmoiSource["removed"] {
  if (!/^\.chezmoiremove(?:\.tmpl)?$/.test(nameOf(path))) return [];
  const lines = patternsIn(root, path).filter((line) => !/\{\{|\}\}/.test(line));
  const except = lines.filter((line) => line.startsWith("!")).map((line) => below(path, line.slice(1)));
  return lines
    .filter((line) => !line.startsWith("!"))
    .map((line) => ({ file: path, pattern: below(path, line), except }));
}

/** The lines of a file of patterns, without comments and what steers a template; none where its folder is no target. */
function patternsIn(root: string, path: string): string[] {
  if (path.includes("/") && readSourcePath(path.slice(0, -nameOf(path).length)) === undefined) return [];
  return (read(join(root, path)) ?? "")
    .replace(comment, "")
    .replace(steering, "")
    .split("\n")
    .map((line) => line.trim().replace(/(?:^|\s+)#.*/, ""))
    .filter((line) => line !== "");
}

/** A pattern of a file in the source as one of targets. */
function below(path: string, pattern: string): string {
  const folder = path.includes("/") ? readSourcePath(path.slice(0, -nameOf(path).length))?.target : undefined;
  return posix.join(folder ?? "", pattern).replace(/\/+$/, "");
}

/** What a template has between its braces. */
const action = /\{\{.*?\}\}/gs;
const steering = /\{\{-?\s*(?:if|else|end|range|with|\$\w+\s*:?=)\b.*?\}\}/gs;
const comment = /\{\{-?\s*\/\*.*?\*\/\s*-?\}\}/gs;

const includesOurs = {
  ignore: /\{\{-?\s*(?:includeTemplate|template)\s+"remanence\/ignore"\s+[.$]\s*-?\}\}/,
  remove: /\{\{-?\s*(?:includeTemplate|template)\s+"remanence\/remove"\s+[.$]\s*-?\}\}/,
};
