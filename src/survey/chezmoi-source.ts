import { type Dirent, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What a person keeps in their chezmoi source, beside what is generated into it. */
export interface ChezmoiSource {
  /** The source root (after `.chezmoiroot`), relative to the manifest's folder; `.` is that folder itself. */
  readonly root: string;
  /** The person's own files and directories, as paths below the root, directories with a slash at their end. */
  readonly own: readonly string[];
  /** Ignore files the person has, and whether one of them includes ours. */
  readonly ignore: { readonly plain: boolean; readonly template: boolean; readonly includesOurs: boolean };
}

/** More entries than any dotfiles repo has; a survey stops there. */
const entryLimit = 200_000;

/**
 * Reads the names of a chezmoi source tree; of files only `.chezmoiroot` and the ignore files are opened. Links are not
 * followed. `generated` are the files that we wrote: they are not the person's.
 */
export function surveyChezmoi(folder: string, output: string, generated: ReadonlySet<string>): ChezmoiSource {
  const root = rootOf(folder, output);
  const own: string[] = [];
  const visit = (below: string): void => {
    for (const entry of list(join(folder, root, below))) {
      if (own.length >= entryLimit) return;
      const path = below === "" ? entry.name : `${below}/${entry.name}`;
      // chezmoi reads nothing of names that begin with a dot but its own special files.
      if (entry.name.startsWith(".")) continue;
      if (entry.isDirectory()) {
        own.push(`${path}/`);
        visit(path);
      } else if (!generated.has(inRoot(root, path))) own.push(path);
    }
  };
  visit("");
  return { root, own: withoutGeneratedFolders(own, root, generated), ignore: ignoreFiles(folder, root, generated) };
}

function inRoot(root: string, path: string): string {
  return root === "." ? path : `${root}/${path}`;
}

/** A directory that holds nothing but generated files is ours. */
function withoutGeneratedFolders(own: readonly string[], root: string, generated: ReadonlySet<string>): string[] {
  const ours = new Set<string>();
  for (const path of generated) {
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) ours.add(path.slice(0, at));
  }
  const holdsOwn = new Set<string>();
  for (const path of own) {
    if (path.endsWith("/")) continue;
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) holdsOwn.add(path.slice(0, at));
  }
  return own.filter((path) => {
    if (!path.endsWith("/")) return true;
    const folder = path.slice(0, -1);
    return holdsOwn.has(folder) || !ours.has(inRoot(root, folder));
  });
}

function list(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
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
  if (named.startsWith("/") || named.split("/").some((part) => part === ".." || part === "")) return output;
  return inRoot(output, named);
}

function ignoreFiles(folder: string, root: string, generated: ReadonlySet<string>): ChezmoiSource["ignore"] {
  const text = (name: string): string | undefined =>
    generated.has(inRoot(root, name)) ? undefined : read(join(folder, root, name));
  const plain = text(".chezmoiignore");
  const template = text(".chezmoiignore.tmpl");
  return {
    plain: plain !== undefined,
    template: template !== undefined,
    includesOurs: [plain, template].some(
      (t) => t !== undefined && /\{\{-?\s*(?:includeTemplate|template)\s+"remanence\/ignore"\s+\.\s*-?\}\}/.test(t),
    ),
  };
}
