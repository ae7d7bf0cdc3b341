import { parseHomePath, type RelativePath } from "../plan/path.ts";
import type { Need } from "../plan/vocabulary.ts";

/** A well-known folder of a home. */
export interface UserFolder {
  readonly path: RelativePath;
  readonly need: Need;
  /** What it is for: `documents`. */
  readonly role: string;
}

/** Roles by the order in which they matter, with what is usual where nothing is said (xdg-user-dirs' user-dirs.defaults). */
const roles = [
  ["DOCUMENTS", "Documents", "critical"],
  ["PICTURES", "Pictures", "critical"],
  ["VIDEOS", "Videos", "critical"],
  ["MUSIC", "Music", "critical"],
  ["PROJECTS", "Projects", "critical"],
  ["DESKTOP", "Desktop", "critical"],
  ["DOWNLOAD", "Downloads", "important"],
  ["PUBLICSHARE", "Public", "important"],
  ["TEMPLATES", "Templates", "important"],
] as const;

/**
 * The folders that user-dirs.dirs names, or the usual ones where there is no such file; each once. A role is switched off by
 * the home itself. `outside`: those that lie elsewhere or have a name that no entry can have, as they are written.
 */
export function userFolders(text: string | undefined): { folders: UserFolder[]; outside: string[] } {
  const named = text === undefined ? undefined : assignments(text);
  const folders: UserFolder[] = [];
  const outside: string[] = [];
  for (const [key, usual, need] of roles) {
    const written = named === undefined ? `$HOME/${usual}` : named.get(key);
    if (written === undefined || /^\$HOME\/*$/.test(written)) continue;
    const path = written.startsWith("$HOME/") ? folderPath(written.slice("$HOME/".length)) : undefined;
    if (path === undefined) outside.push(written);
    else if (!folders.some((folder) => folder.path === path)) folders.push({ path, need, role: key.toLowerCase() });
  }
  return { folders, outside };
}

/** `XDG_DOCUMENTS_DIR="$HOME/Documents"`: the file is read by shells, of which only this form is used. */
function assignments(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, key, value] = /^\s*XDG_([A-Z]+)_DIR="((?:[^"\\]|\\.)*)"\s*$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) found.set(key, value.replace(/\\(.)/g, "$1"));
  }
  return found;
}

function folderPath(text: string): RelativePath | undefined {
  const written = text.replace(/\/+$/, "");
  const parsed = parseHomePath(`${written}/`);
  // What would be read as something else (a pattern, a variable) is no name for an entry.
  return "problem" in parsed || parsed.ok.pattern || parsed.ok.path !== written ? undefined : parsed.ok.path;
}
