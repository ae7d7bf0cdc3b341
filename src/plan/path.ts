/** An absolute path in normal form: no trailing slash, no `.`, `..` or empty component; `/` is itself. */
export type AbsolutePath = string & { readonly __absolute: unique symbol };

/** A path below some folder in normal form: not empty, no leading or trailing slash, no `.` or `..`. */
export type RelativePath = string & { readonly __relative: unique symbol };

/** Why a written path is refused. */
export type PathProblem =
  | "empty"
  | "dot-component"
  | "empty-component"
  | "control-character"
  | "lone-surrogate"
  | "noncharacter"
  | "trailing-backslash"
  | "too-long"
  | "too-long-in-all"
  | "brace-list"
  | "unknown-variable"
  | "not-relative"
  | "not-absolute";

export type Parsed<T> = { readonly ok: T } | { readonly problem: PathProblem };

/** What a written path says: the path itself, and whether it was written as a directory. */
export interface WrittenPath<T> {
  readonly path: T;
  readonly directory: boolean;
  /** True when it holds `*` or `?`: it names what matches, not one path. */
  readonly pattern: boolean;
}

const xdgVariables: Readonly<Record<string, string>> = {
  XDG_CONFIG_HOME: ".config",
  XDG_DATA_HOME: ".local/share",
  XDG_STATE_HOME: ".local/state",
  XDG_CACHE_HOME: ".cache",
};

/**
 * Reads a path of the manifest's `home` list: relative to a home; `~/x`, `$HOME/x` and `$XDG_CONFIG_HOME/x` are
 * read as what they stand for. Refused: absolute paths, `.`, `..`, empty components, control characters (systemd
 * and tmpfiles.d have no way to carry a newline), noncharacters of Unicode (systemd drops lines with them), a
 * backslash at the end (systemd would join lines), components over 255 bytes and paths over 4095, shell brace lists.
 */
export function parseHomePath(text: string): Parsed<WrittenPath<RelativePath>> {
  const expanded = expandHome(text);
  if (typeof expanded !== "string") return expanded;
  if (expanded.startsWith("/")) return { problem: "not-relative" };
  return parsePath(expanded) as Parsed<WrittenPath<RelativePath>>;
}

/** Reads a path of the manifest's `system` list: absolute; refused is what `parseHomePath` refuses. */
export function parseSystemPath(text: string): Parsed<WrittenPath<AbsolutePath>> {
  if (!text.startsWith("/")) return { problem: text === "" ? "empty" : "not-absolute" };
  if (text === "/") return { ok: { path: "/" as AbsolutePath, directory: true, pattern: false } };
  const parsed = parsePath(text.slice(1));
  if ("problem" in parsed) return parsed;
  return { ok: { ...parsed.ok, path: `/${parsed.ok.path}` as AbsolutePath } };
}

function expandHome(text: string): string | { problem: PathProblem } {
  if (text === "~" || text === "$HOME") return "";
  const variable = /^(?:~|\$([A-Z_][A-Z0-9_]*)|\$\{([A-Z_][A-Z0-9_]*)\})(?:\/|$)/.exec(text);
  if (variable === null) return text;
  const name = variable[1] ?? variable[2] ?? "HOME";
  const rest = text.slice(variable[0].length);
  const folder = name === "HOME" ? "" : xdgVariables[name];
  if (folder === undefined) return { problem: "unknown-variable" };
  if (rest.startsWith("/")) return { problem: "empty-component" };
  return folder === "" ? rest : `${folder}/${rest}`;
}

function parsePath(text: string): Parsed<WrittenPath<string>> {
  const problem = textProblem(text);
  if (problem !== undefined) return { problem };
  const directory = text.endsWith("/");
  const components = (directory ? text.slice(0, -1) : text).split("/");
  for (const component of components) {
    const bad = componentProblem(component);
    if (bad !== undefined) return { problem: bad };
  }
  const path = components.join("/");
  return { ok: { path, directory, pattern: /[*?]/.test(path) } };
}

function textProblem(text: string): PathProblem | undefined {
  if (text === "" || text === "/") return "empty";
  if (/[\p{Cc}\u2028\u2029]/u.test(text)) return "control-character";
  if (!text.isWellFormed()) return "lone-surrogate";
  if (noncharacter.test(text)) return "noncharacter";
  if (/\\\/?$/.test(text)) return "trailing-backslash";
  if (/\{[^{}]*,[^{}]*\}/.test(text)) return "brace-list";
  return isTooLong(text) ? "too-long-in-all" : undefined;
}

/** Code points that Unicode keeps free for ever: systemd takes text with one for broken, and drops its line. */
const noncharacter = /\p{Noncharacter_Code_Point}/u;

/** The first noncharacter of a text, as Unicode names it: `U+FFFE`. */
export function noncharacterIn(text: string): string {
  const code = noncharacter.exec(text)?.[0].codePointAt(0) ?? 0xfffe;
  return `U+${code.toString(16).toUpperCase()}`;
}

/** True for more bytes than a path may have in a system call (PATH_MAX, which counts the NUL at the end). */
export function isTooLong(path: string): boolean {
  return Buffer.byteLength(path) > 4095;
}

function componentProblem(component: string): PathProblem | undefined {
  if (component === "") return "empty-component";
  if (component === "." || component === "..") return "dot-component";
  if (Buffer.byteLength(component) > 255) return "too-long";
  return undefined;
}

/** The components of an absolute path; none of `/`. */
export function componentsOf(path: AbsolutePath): string[] {
  return path === "/" ? [] : path.slice(1).split("/");
}

/** Joins a folder and a path below it. */
export function joinPath(folder: AbsolutePath, path: string): AbsolutePath {
  const below = path.startsWith("/") ? path : `/${path}`;
  return (folder === "/" ? below : `${folder}${below}`) as AbsolutePath;
}

/** True when `path` is `folder` or lies below it. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || isBelow(path, folder);
}

/** True when `path` lies below `folder`, and is not `folder` itself. */
export function isBelow(path: string, folder: string): boolean {
  return folder === "/" ? path.startsWith("/") && path !== "/" : path.startsWith(`${folder}/`);
}

/** `path` as seen from `folder`; undefined where it does not lie below it. */
export function relativeTo(path: AbsolutePath, folder: AbsolutePath): RelativePath | undefined {
  if (!isBelow(path, folder)) return undefined;
  return path.slice(folder === "/" ? 1 : folder.length + 1) as RelativePath;
}

/** The folder that holds a path; undefined for `/` and for a relative path of one component. */
export function parentOf<P extends string>(path: P): P | undefined {
  const at = path.lastIndexOf("/");
  if (at > 0) return path.slice(0, at) as P;
  return at === 0 && path !== "/" ? ("/" as P) : undefined;
}

/** The folders that lie strictly between two, from the outside in. */
export function foldersBetween(top: AbsolutePath, path: AbsolutePath): AbsolutePath[] {
  const between: AbsolutePath[] = [];
  for (let at = parentOf(path); at !== undefined && isBelow(at, top); at = parentOf(at)) between.unshift(at);
  return between;
}

/** Number of components: how deep an entry is, by which the deepest one decides. */
export function depthOf(path: string): number {
  let depth = path.startsWith("/") ? 0 : 1;
  for (let at = path.indexOf("/"); at !== -1; at = path.indexOf("/", at + 1)) depth++;
  return path === "/" ? 0 : depth;
}

/** Byte order of two paths: what `LC_ALL=C sort` gives, whatever the locale and the language's string order. */
export function comparePaths(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x !== y) return codePointOrder(x) - codePointOrder(y);
  }
  return a.length - b.length;
}

/** UTF-16 units in the order of code points, which is that of UTF-8 bytes: surrogates come after all others. */
function codePointOrder(unit: number): number {
  if (unit >= 0xe000) return unit - 0x800;
  return unit >= 0xd800 ? unit + 0x2000 : unit;
}

/** A sorted copy of things that have a path, in byte order of it. */
export function sortByPath<T>(items: readonly T[], pathOf: (item: T) => string): T[] {
  // The language's own comparison is that order, and much faster, as long as there are no surrogates or what is above.
  const plain = !items.some((item) => /[\ud800-\uffff]/.test(pathOf(item)));
  const native = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);
  const compare = plain ? native : comparePaths;
  return [...items].sort((a, b) => compare(pathOf(a), pathOf(b)));
}
