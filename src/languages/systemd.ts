import { Fragment, oneLine } from "./fragment.ts";

/**
 * systemd unit files. Each directive has its own way of quoting, so a unit is printed from typed sections: a directive
 * that is not in the table does not compile. Three ways (facts on architecture, section 3.5; all run through
 * systemd-analyze): a path takes no quotes and only doubles `%`; words of a command line are quoted one by one, with
 * `$` and `%` doubled; text doubles `%`.
 */
type Way = "text" | "path" | "words" | "list";

const directives = {
  Unit: {
    Description: "text",
    Documentation: "text",
    After: "list",
    Before: "list",
    Wants: "list",
    OnFailure: "list",
    RequiresMountsFor: "path",
    ConditionPathIsDirectory: "path",
  },
  Service: { Type: "text", ExecStart: "words", SuccessExitStatus: "text", Nice: "text", IOSchedulingClass: "text" },
  Timer: { OnCalendar: "text", Persistent: "text", RandomizedDelaySec: "text", AccuracySec: "text" },
  Mount: { What: "path", Where: "path", Type: "text", Options: "text" },
  Install: { WantedBy: "list" },
} as const satisfies Record<string, Record<string, Way>>;

type SectionName = keyof typeof directives;
/** A word of a command line; `inHome` is a path below the home of the user who runs the unit (`%h`). */
type Word = string | { readonly inHome: string };
type ValueOf<W extends Way> = W extends "words" ? readonly Word[] : W extends "list" ? readonly string[] : string;
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
    .map(
      ([directive, value]) =>
        `${directive}=${printValue(ways[directive] ?? "text", value as string | readonly Word[])}\n`,
    )
    .join("");
}

function printValue(way: Way, value: string | readonly Word[]): string {
  const words = typeof value === "string" ? [value] : value;
  return words
    .map((word, i) => {
      const text = typeof word === "string" ? word : word.inHome;
      if (/\p{Cc}/u.test(text) || text.endsWith("\\"))
        throw new TypeError(`a unit file cannot carry ${JSON.stringify(text)}`);
      if (way === "words") return commandWord(word, i === 0);
      return text.replaceAll("%", "%%");
    })
    .join(" ");
}

/** One word of a command line: in double quotes, specifiers and variables switched off (systemd.service(5)). */
function commandWord(word: Word, isProgram: boolean): string {
  const data = typeof word === "string" ? word : word.inHome;
  const text = data.replaceAll("%", "%%").replace(/[\\"]/g, (c) => `\\${c}`);
  // The program itself is not subject to variable expansion, so `$` stays single there.
  const plain = isProgram ? text : text.replaceAll("$", () => "$$");
  const whole = typeof word === "string" ? plain : `%h/${plain}`;
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
