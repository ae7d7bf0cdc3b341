/**
 * Names in a chezmoi source directory: `dot_config/private_app/symlink_state` is `~/.config/app/state`, a link. The
 * rules are those of chezmoi 2.73 (its attr.go), measured name by name: facts on chezmoi, section 1.1. chezmoi's own
 * encoder forgets `remove_` and `external_` on directories; this one does not.
 */
const prefixed =
  /^(?:after|before|create|dot|empty|encrypted|exact|executable|external|literal|modify|once|onchange|private|readonly|remove|run|symlink)_/;

function body(name: string): string {
  if (name.startsWith(".")) return `dot_${name.slice(1)}`;
  return prefixed.test(name) ? `literal_${name}` : name;
}

/** Source name of a directory. */
export function directoryName(name: string, isPrivate: boolean): string {
  return `${isPrivate ? "private_" : ""}${body(name)}`;
}

/** Source name of a symbolic link; `template` when its text is rendered. */
export function linkName(name: string, template: boolean): string {
  return `symlink_${body(name)}${/\.(?:literal|tmpl)$/.test(name) ? ".literal" : ""}${template ? ".tmpl" : ""}`;
}

/** What a source name stands for; undefined for what is no target (scripts, names that chezmoi skips). */
export interface DecodedName {
  readonly name: string;
  readonly type: "directory" | "file" | "symlink" | "remove";
}

/** Reads the source name of a directory. */
export function decodeDirectory(source: string): DecodedName | undefined {
  const { rest, found } = strip(source, ["remove_", "external_", "exact_", "private_", "readonly_"]);
  return { name: undot(rest), type: found.has("remove_") ? "remove" : "directory" };
}

/** Reads the source name of a file. */
export function decodeFile(source: string): DecodedName | undefined {
  if (source.startsWith("run_")) return undefined;
  const kind = ["create_", "modify_", "remove_", "symlink_"].find((prefix) => source.startsWith(prefix)) ?? "";
  const attributes: Readonly<Record<string, readonly string[]>> = {
    "": ["encrypted_", "private_", "readonly_", "empty_", "executable_"],
    create_: ["encrypted_", "private_", "readonly_", "empty_", "executable_"],
    modify_: ["encrypted_", "private_", "readonly_", "executable_"],
    remove_: [],
    symlink_: [],
  };
  const { rest, found } = strip(source.slice(kind.length), attributes[kind] ?? []);
  const name = undot(withoutSuffixes(rest, found.has("encrypted_"), kind === "modify_"));
  const types = { symlink_: "symlink", remove_: "remove" } as const;
  return { name, type: types[kind as "symlink_" | "remove_"] ?? "file" };
}

function strip(name: string, prefixes: readonly string[]): { rest: string; found: Set<string> } {
  const found = new Set<string>();
  let rest = name;
  for (const prefix of prefixes) {
    if (!rest.startsWith(prefix)) continue;
    found.add(prefix);
    rest = rest.slice(prefix.length);
  }
  return { rest, found };
}

function undot(name: string): string {
  if (name.startsWith("dot_")) return `.${name.slice("dot_".length)}`;
  return name.startsWith("literal_") ? name.slice("literal_".length) : name;
}

function withoutSuffixes(name: string, encrypted: boolean, modify: boolean): string {
  let rest = name;
  if (encrypted) rest = rest.replace(/\.(?:age|asc)$/, "");
  if (rest.endsWith(".literal")) return rest.slice(0, -".literal".length);
  const template = rest.endsWith(".tmpl");
  if (template) rest = rest.slice(0, -".tmpl".length);
  if (rest.endsWith(".literal")) return rest.slice(0, -".literal".length);
  return modify && !template ? rest.replace(/\.(?:bat|cmd|com|exe|nu|pl|ps1|py|rb)$/, "") : rest;
}

/**
 * A target path as a line of `.chezmoiignore` that matches exactly it: glob characters escaped, blanks as classes
 * (they would be cut), a leading `#` or `!` plain. Measured on 31 odd names: facts on chezmoi, section 1.6.
 */
export function ignorePattern(path: string): string {
  return path
    .replace(/[\\*?[\]{}!]/g, (c) => `\\${c}`)
    .replace(/\s/gu, (c) => (c === "\n" || c === "\r" ? "?" : `[${c}]`))
    .replace(/^#/, "\\#");
}
