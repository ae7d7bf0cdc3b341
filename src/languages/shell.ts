import { Fragment, type Language, oneLine } from "./fragment.ts";

/** bash. Data is always in single quotes, where nothing has a meaning; a quote itself is written `'\''`. */
function quoted(value: string): string {
  if (value.includes("\0")) throw new TypeError("a shell word cannot hold NUL");
  return `'${value.replaceAll("'", () => "'\\''")}'`;
}

const endOfText = "END_OF_TEXT";
const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;

function checkedName(name: string): string {
  if (!identifier.test(name)) throw new TypeError(`${name} is no shell name`);
  return name;
}

function wordText(word: string | Fragment<"shell">): string {
  return typeof word === "string" ? quoted(word) : word.text;
}

/** A line with a remark beside it. */
export interface RemarkedLine {
  readonly line: Fragment<"shell">;
  readonly remark: string | null;
}

/** Remarks of lines that follow each other stand under each other, as shfmt puts them; a line without one ends a run. */
function alignRemarks(lines: readonly (Fragment<"shell"> | RemarkedLine)[]): string[] {
  const rows = lines.map((line) =>
    line instanceof Fragment
      ? { text: line.text, remark: "" }
      : { text: line.line.text, remark: line.remark === null ? "" : `# ${oneLine(line.remark)}` },
  );
  const texts: string[] = [];
  for (let from = 0; from < rows.length; ) {
    let to = from;
    while (to < rows.length && rows[to]?.remark !== "") to++;
    const run = rows.slice(from, Math.max(to, from + 1));
    const width = Math.max(...run.map(({ text }) => lengthOf(text)));
    for (const { text, remark } of run) {
      texts.push(remark === "" ? text : `${text}${" ".repeat(width - lengthOf(text))} ${remark}`);
    }
    from += run.length;
  }
  return texts;
}

/** In characters, not in the units of the language. */
function lengthOf(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) === 0xdc00) length--;
  return length;
}

/** A whole script: header comment, settings of this host, then its functions. */
export interface ShellScript {
  /** Lines of the comment below `#!`. */
  readonly header: readonly string[];
  /** What is particular to this host: assignments and calls. */
  readonly settings: readonly Fragment<"shell">[];
  /** The fixed text around it, from files that are shell scripts themselves. */
  readonly before: readonly string[];
  readonly after: readonly string[];
}

export const shell = {
  name: "shell",
  quote: (value: string): Fragment<"shell"> => new Fragment("shell", quoted(value)),
  comment: (text: string): Fragment<"shell"> => new Fragment("shell", `# ${oneLine(text)}`.trimEnd()),
  /** An empty line between settings. */
  gap: new Fragment("shell", ""),
  /** `name='value'` */
  assign: (name: string, value: string): Fragment<"shell"> =>
    new Fragment("shell", `${checkedName(name)}=${quoted(value)}`),
  /** `name=('a' 'b')`, one a line when there are several. */
  array(name: string, values: readonly string[]): Fragment<"shell"> {
    if (values.length < 2) return new Fragment("shell", `${checkedName(name)}=(${values.map(quoted).join(" ")})`);
    return new Fragment("shell", `${checkedName(name)}=(\n${values.map((v) => `  ${quoted(v)}\n`).join("")})`);
  },
  /** A call: a command's name and its words. */
  call: (name: string, ...words: readonly (string | Fragment<"shell">)[]): Fragment<"shell"> =>
    new Fragment("shell", [checkedName(name), ...words.map(wordText)].join(" ")),
  /** A function of the given lines, the remarks of neighbouring lines under each other; one without lines does nothing. */
  define: (name: string, lines: readonly (Fragment<"shell"> | RemarkedLine)[]): Fragment<"shell"> => {
    const texts = lines.length === 0 ? [":"] : alignRemarks(lines);
    const body = texts.flatMap((text) => text.split("\n")).map((line) => (line === "" ? "" : `  ${line}`));
    return new Fragment("shell", `${checkedName(name)}() {\n${body.join("\n").replace(/^\n+/, "")}\n}`);
  },
  /** A command line for text of another program, such as an activation script. */
  command: (...words: readonly (string | Fragment<"shell">)[]): Fragment<"shell"> =>
    new Fragment(
      "shell",
      words
        .map((word) => (typeof word === "string" && /^-?[a-zA-Z0-9-]+$/.test(word) ? word : wordText(word)))
        .join(" "),
    ),
  /** A command with a long list of operands, one a line. */
  longCommand: (words: readonly (string | Fragment<"shell">)[], operands: readonly string[]): Fragment<"shell"> =>
    new Fragment(
      "shell",
      [shell.command(...words).text, ...operands.map((operand) => `  ${quoted(operand)}`)].join(" \\\n"),
    ),
  /** `$NAME`, unquoted: for variables that hold options or nothing. */
  variable: (name: string): Fragment<"shell"> => new Fragment("shell", `$${checkedName(name)}`),
  /** Runs a command only where nothing is at a path. */
  unlessExists: (path: string, command: Fragment<"shell">): Fragment<"shell"> =>
    new Fragment("shell", `[[ -e ${quoted(path)} ]] || ${command.text}`),
  /** Writes text into a file as it is; nothing in it has a meaning. */
  here(file: string, { text }: Fragment<"shell">): Fragment<"shell"> {
    if (text.split("\n").includes(endOfText)) throw new TypeError(`text that is written must not hold ${endOfText}`);
    return new Fragment("shell", `cat >${quoted(file)} <<'${endOfText}'\n${text}\n${endOfText}`);
  },
  /** The second command where the first fails. */
  either: (first: Fragment<"shell">, second: Fragment<"shell">): Fragment<"shell"> =>
    new Fragment("shell", `${first.text} || ${second.text}`),
  /** Lines put together. */
  lines: (...lines: readonly Fragment<"shell">[]): Fragment<"shell"> =>
    new Fragment("shell", lines.map((line) => line.text).join("\n")),
  /** Fixed shell text of ours: a file, never data. */
  fixed: (text: string): Fragment<"shell"> => new Fragment("shell", text.replace(/\n+$/, "")),
  script({ header, settings, before, after }: ShellScript): string {
    const head = header.map((line) => `# ${oneLine(line)}`.trimEnd()).join("\n");
    const parts = [...before.map(body), settings.map((s) => s.text).join("\n"), ...after.map(body)];
    return `#!/usr/bin/env bash\n${head}\n\n${parts.map((part) => part.replace(/^\n+|\n+$/g, "")).join("\n\n")}\n`;
  },
} as const satisfies Language<"shell"> & Record<string, unknown>;

/** A script file without what only serves it as a file of its own: `#!` and directives for shellcheck above the code. */
function body(text: string): string {
  return text.replace(/^(?:#![^\n]*\n|# shellcheck [^\n]*\n)+/, "");
}
