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

/** What a source name says of a file beside its name. All are off where nothing is said. */
export interface FileAttributes {
  /** Laid only where nothing is yet (`create_`). */
  readonly create?: boolean;
  readonly encrypted?: boolean;
  /** Nobody else may read it (0600). */
  readonly private?: boolean;
  readonly readonly?: boolean;
  /** There also when there is nothing in it; without this an empty file is no file to chezmoi. Goes with `create`. */
  readonly empty?: boolean;
  readonly executable?: boolean;
  readonly template?: boolean;
}

/** Source name of a file. Encrypted ones end as age has them. The inverse of `decodeFile`. */
export function fileName(name: string, attributes: FileAttributes): string {
  const words = ["create", "encrypted", "private", "readonly", "empty", "executable"] as const;
  const prefix = words.map((word) => (attributes[word] === true ? `${word}_` : "")).join("");
  return `${prefix}${body(name)}${suffix(name, attributes.template === true)}${attributes.encrypted === true ? ".age" : ""}`;
}

/** Source name of a template that changes a file (`modify_`); not of one that ends as an interpreter's script does. */
export function modifyName(name: string, isPrivate: boolean): string {
  return `modify_${isPrivate ? "private_" : ""}${body(name)}`;
}

/** Source name of a symbolic link; `template` when its text is rendered. */
export function linkName(name: string, template: boolean): string {
  return `symlink_${body(name)}${suffix(name, template)}`;
}

function suffix(name: string, template: boolean): string {
  return `${/\.(?:literal|tmpl)$/.test(name) ? ".literal" : ""}${template ? ".tmpl" : ""}`;
}

/** What the source name of a directory stands for. */
export interface DecodedDirectory {
  readonly name: string;
  /** In an `external` directory names are taken as they stand; a `removed` one is to go. */
  readonly type: "directory" | "external" | "removed";
  /** chezmoi removes what it does not know in there. */
  readonly exact: boolean;
  readonly private: boolean;
}

/** What the source name of a file stands for. */
export interface DecodedFile {
  readonly name: string;
  readonly type: "file" | "symlink" | "removed";
  /** As they are spelled: `create_`, `private_`, `.tmpl`, … */
  readonly attributes: ReadonlySet<string>;
}

/** Reads the source name of a directory; undefined for one that chezmoi refuses. */
export function decodeDirectory(source: string): DecodedDirectory | undefined {
  const { rest, found } = strip(source, ["remove_", "external_", "exact_", "private_", "readonly_"]);
  const name = targetName(rest, (stem) => stem);
  if (name === undefined) return undefined;
  return {
    name,
    type: found.has("remove_") ? "removed" : found.has("external_") ? "external" : "directory",
    exact: found.has("exact_"),
    private: found.has("private_"),
  };
}

const attributes = ["encrypted_", "private_", "readonly_", "empty_", "executable_"];
const kinds: Readonly<Record<string, { readonly type: DecodedFile["type"]; readonly attributes: readonly string[] }>> =
  {
    create_: { type: "file", attributes },
    modify_: { type: "file", attributes: attributes.filter((attribute) => attribute !== "empty_") },
    remove_: { type: "removed", attributes: [] },
    symlink_: { type: "symlink", attributes: [] },
  };

/** Reads the source name of a file; undefined for what is no target (scripts, names that chezmoi refuses). */
export function decodeFile(source: string): DecodedFile | undefined {
  if (source.startsWith("run_")) return undefined;
  const kind = Object.keys(kinds).find((prefix) => source.startsWith(prefix)) ?? "";
  const { type, attributes: known } = kinds[kind] ?? { type: "file", attributes };
  const { rest, found } = strip(source.slice(kind.length), known);
  const encrypted = found.has("encrypted_");
  const whole = targetName(rest, (stem) => withoutSuffixes(stem, encrypted)) ?? "";
  // The extension of a script that modifies a file says what runs it, and is no part of the file's name.
  const name = kind === "modify_" ? whole.replace(/\.(?:bat|cmd|com|exe|nu|pl|ps1|py|rb)$/i, "") : whole;
  if (name === "" || name === ".") return undefined;
  const isTemplate = type !== "removed" && withoutEncryption(rest, encrypted).endsWith(".tmpl");
  const said = [...(kind === "" ? [] : [kind]), ...found, ...(isTemplate ? [".tmpl"] : [])];
  return { name, type, attributes: new Set(said) };
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

/** Undoes `dot_` or `literal_`, then the suffixes; undefined where no name is left. */
function targetName(name: string, withoutSuffix: (stem: string) => string): string | undefined {
  const [prefix, dot] = name.startsWith("dot_") ? ["dot_", "."] : [name.startsWith("literal_") ? "literal_" : "", ""];
  const stem = withoutSuffix(name.slice(prefix.length));
  return stem === "" || `${dot}${stem}` === ".." ? undefined : `${dot}${stem}`;
}

/** `.literal` ends it; `.tmpl`, and then a `.literal` before it. Encrypted files end as age or gpg has them. */
function withoutSuffixes(name: string, encrypted: boolean): string {
  const rest = withoutEncryption(name, encrypted);
  return rest.endsWith(".literal") ? rest.replace(/\.literal$/, "") : rest.replace(/(?:\.literal)?\.tmpl$/, "");
}

function withoutEncryption(name: string, encrypted: boolean): string {
  return encrypted ? name.replace(/\.(?:age|asc)$/, "") : name;
}

/**
 * A target path as a line of `.chezmoiignore` that matches exactly it: glob characters escaped, blanks as classes
 * (they would be cut), a leading `#` or `!` plain. Measured on 31 odd names: facts on chezmoi, section 1.6.
 */
export function ignorePattern(path: string): string {
  return path
    .replace(/[\\*?[\]{}!]/g, (c) => `\\${c}`)
    .replace(/\s/gu, (c) => (c === "\n" || c === "\r" ? "?" : `[${c}]`))
    .replace(/^#/, () => "\\#");
}

/**
 * What a pattern of a person's `.chezmoiignore` matches, as a regular expression (`*`, `**`, `?`, classes, braces). It may
 * match more than chezmoi's own would, never less; undefined for one that chezmoi refuses.
 */
export function patternOf(line: string): RegExp | undefined {
  const source = line
    .replace(/\\?[.+^$()|]/g, (c) => `\\${c.slice(-1)}`)
    .replace(/\*\*\/?|\*|\?|[{},]/g, (c) => glob[c] ?? c);
  try {
    return new RegExp(`^(?:${source})$`, "su");
  } catch {
    return undefined;
  }
}

const glob: Readonly<Record<string, string>> = {
  "**/": "(?:.*/)?",
  "**": ".*",
  "*": "[^/]*",
  "?": "[^/]",
  "{": "(?:",
  "}": ")",
  ",": "|",
};

/**
 * A target path as a line of `.chezmoiremove`, as for `.chezmoiignore`. There a pattern without any other glob character is taken as it stands, its
 * backslashes too: one that is meant goes into a class.
 */
export function removePattern(path: string): string {
  return ignorePattern(path).replaceAll("\\\\", () => "[\\\\]");
}
