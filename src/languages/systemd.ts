import { Fragment, oneLine } from "./fragment.ts";

/**
 * systemd unit files. Each directive has its own way of quoting, so a unit is printed from typed sections: a directive
 * that is not in the table does not compile. Their ways (facts on architecture, section 3.5; all run through
 * systemd-analyze): a path takes no quotes and only doubles `%`; paths in one line are quoted one by one; a condition
 * that must not hold has a line for each path; words of a command line are quoted one by one, with `$` and `%` doubled;
 * text doubles `%`.
 */
type Way = "text" | "path" | "paths" | "unless" | "words" | "list";

const directives = {
  Unit: {
    Description: "text",
    Documentation: "text",
    After: "list",
    Before: "list",
    Wants: "list",
    OnFailure: "list",
    RequiresMountsFor: "paths",
    ConditionPathIsDirectory: "path",
    ConditionPathIsSymbolicLink: "unless",
  },
  Service: {
    Type: "text",
    User: "text",
    ExecStart: "words",
    SuccessExitStatus: "text",
    Nice: "text",
    IOSchedulingClass: "text",
  },
  Timer: { OnCalendar: "text", Persistent: "text", RandomizedDelaySec: "text", AccuracySec: "text" },
  Mount: { What: "path", Where: "path", Type: "text", Options: "text" },
  Install: { WantedBy: "list" },
} as const satisfies Record<string, Record<string, Way>>;

type SectionName = keyof typeof directives;
/**
 * A word of a command line; `inHome` is a path below the home of the user who runs the unit (`%h`), `instance` what stands
 * behind the `@` of the unit's name (`%i`), `about` the instance of a template that is about this unit (`NAME@%n.service`).
 */
export type CommandWord =
  | string
  | { readonly inHome: string }
  | { readonly instance: true }
  | { readonly about: string };
type ValueOf<W extends Way> = W extends "words" | "list"
  ? readonly CommandWord[]
  : W extends "paths" | "unless"
    ? readonly string[]
    : string;
type Section<S extends SectionName> = {
  readonly [D in keyof (typeof directives)[S]]?: (typeof directives)[S][D] extends Way
    ? ValueOf<(typeof directives)[S][D]>
    : never;
};
export type Unit = { readonly [S in SectionName]?: Section<S> };

/** A unit file's text. `header` becomes comment lines at its head. */
export function printUnit(header: readonly string[], unit: Unit): string {
  const head = header.map((line) => `# ${oneLine(line)}`.trimEnd());
  const sections = (Object.keys(directives) as SectionName[]).flatMap((name) => {
    const section = unit[name];
    return section === undefined ? [] : [`\n[${name}]\n${printSection(name, section)}`];
  });
  return `${head.join("\n")}\n${sections.join("")}`;
}

function printSection(name: SectionName, section: Readonly<Record<string, unknown>>): string {
  const ways: Readonly<Record<string, Way>> = directives[name];
  return Object.entries(section)
    .flatMap(([directive, value]) =>
      printValues(ways[directive] ?? "text", value as string | readonly CommandWord[]).map(
        (text) => `${directive}=${text}\n`,
      ),
    )
    .join("");
}

function printValues(way: Way, value: string | readonly CommandWord[]): string[] {
  const words = typeof value === "string" ? [value] : value;
  const printed = words.map((word, i) => {
    const text = dataOf(word);
    if (/\p{Cc}/u.test(text) || text.endsWith("\\"))
      throw new TypeError(`a unit file cannot carry ${JSON.stringify(text)}`);
    switch (way) {
      case "words":
        return commandWord(word, i === 0);
      case "path":
        return wholePath(text);
      case "paths":
        return quotedPath(text);
      case "unless":
        return `!${wholePath(text)}`;
      default:
        return withSpecifier(word, text.replaceAll("%", "%%"));
    }
  });
  return way === "unless" ? printed : [printed.join(" ")];
}

/** A path that is a whole value. Blanks at its end would be cut; one slash more means the same directory. */
function wholePath(path: string): string {
  return `${path.replaceAll("%", "%%")}${/\s$/u.test(path) ? "/" : ""}`;
}

/** A path among others: quotes are taken off and backslashes resolved, then specifiers expanded. */
function quotedPath(path: string): string {
  const text = path.replaceAll("%", "%%").replace(/[\\"]/g, (c) => `\\${c}`);
  return /^[A-Za-z0-9_.%/@+=:-]+$/.test(text) ? text : `"${text}"`;
}

/** What of a word is data. */
function dataOf(word: CommandWord): string {
  if (typeof word === "string") return word;
  if ("inHome" in word) return word.inHome;
  return "about" in word ? word.about : "";
}

function withSpecifier(word: CommandWord, text: string): string {
  if (typeof word === "string") return text;
  if ("inHome" in word) return `%h/${text}`;
  return "about" in word ? `${text}@%n.service` : "%i";
}

/** One word of a command line: in double quotes, specifiers and variables switched off (systemd.service(5)). */
function commandWord(word: CommandWord, isProgram: boolean): string {
  const text = dataOf(word)
    .replaceAll("%", "%%")
    .replace(/[\\"]/g, (c) => `\\${c}`);
  // The program itself is not subject to variable expansion, so `$` stays single there.
  const plain = isProgram ? text : text.replaceAll("$", () => "$$");
  const whole = withSpecifier(word, plain);
  return /^[A-Za-z0-9_.%/@+=:-]+$/.test(whole) ? whole : `"${whole}"`;
}

/** The name of the unit of a path, as `systemd-escape --path` makes it; `suffix` such as `.mount`. */
export function unitName(path: string, suffix: string): string {
  const joined = path
    .split("/")
    .filter((part) => part !== "")
    .join("/");
  if (joined === "") return `-${suffix}`;
  const bytes = [...Buffer.from(joined)];
  const name = bytes
    .map((byte, i) => {
      const c = String.fromCharCode(byte);
      if (c === "/") return "-";
      if (/[a-zA-Z0-9:_]/.test(c) || (c === "." && i > 0)) return c;
      return `\\x${byte.toString(16).padStart(2, "0")}`;
    })
    .join("");
  return `${name}${suffix}`;
}

/** A line of tmpfiles.d(5): type, path, and the age by modification time of files (`m`) and directories (`M`). */
export interface TmpfilesLine {
  /**
   * `e` ages what is in a directory; `x` keeps a path and all below it out of that; `d` makes a directory, `f` an empty
   * file, `L` a link, each where nothing is yet.
   */
  readonly type: "e" | "x" | "d" | "f" | "L";
  readonly path: string;
  /** `*` and `?` in the path are a pattern; else all characters mean themselves. */
  readonly pattern: boolean;
  readonly age?: string;
  readonly mode?: string;
  readonly user?: string;
  readonly group?: string;
  /** What a link leads to. */
  readonly target?: string;
  /** Stands for the home of the user whose rules these are, in front of a relative path. */
  readonly inHome?: boolean;
}

/** The text of a tmpfiles.d line, without line end. */
export function tmpfilesLine(line: TmpfilesLine): Fragment<"tmpfiles"> {
  const path = tmpfilesPath(line.path, line.pattern, line.inHome === true, line.type === "e" || line.type === "x");
  const access = [line.mode ?? "-", line.user ?? "-", line.group ?? "-", line.age ?? "-"];
  // All that follows is the target: no quotes are taken off there, only specifiers expanded.
  const fields = [line.type, path, ...access, line.target?.replaceAll("%", "%%") ?? "-"];
  return new Fragment("tmpfiles", fields.join(" ").replace(/(?: -)+$/, ""));
}

/**
 * The path field: words are unquoted and `\` unescaped first, then specifiers are expanded, then (for `e` and `x`)
 * globbed with braces. So a glob character of a plain path is escaped for the glob, and that backslash for the words.
 */
function tmpfilesPath(path: string, pattern: boolean, inHome: boolean, globs: boolean): string {
  let text = path;
  if (globs) text = text.replace(/[\\*?[\]{}]/g, (c) => (pattern && (c === "*" || c === "?") ? c : `\\${c}`));
  text = text.replaceAll("%", "%%").replace(/[\\"]/g, (c) => `\\${c}`);
  const whole = inHome ? `%h/${text}` : text;
  return /^[A-Za-z0-9_.%/*?:@+,=-]+$/.test(whole) ? whole : `"${whole}"`;
}
