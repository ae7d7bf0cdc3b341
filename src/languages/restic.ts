/**
 * Patterns of restic's lists (`--exclude-file`, `--files-from`): Go's filepath.Match a component, so its special
 * characters are escaped where a path is meant as it stands. Blanks of any script at the ends would be cut, so they
 * become classes; `**` would leave its component, so it becomes `*`, which means the same in one.
 */
function escaped(path: string, pattern: boolean): string {
  const text = pattern ? path.replace(/\*+/g, "*") : path;
  return text
    .replace(/[\\*?[]/g, (c) => (pattern && (c === "*" || c === "?") ? c : `\\${c}`))
    .replace(/^\s|\s$/g, (blank) => `[${blank}]`);
}

/** A line of an exclude file; variables are expanded there, so `$` is doubled. `keep` takes back what a line above says. */
export function resticExclude(path: string, pattern: boolean, keep = false): string {
  return `${keep ? "!" : ""}${escaped(path, pattern).replaceAll("$", () => "$$")}`;
}

/** A line of `--files-from`. */
export function resticPath(path: string): string {
  return escaped(path, false);
}
