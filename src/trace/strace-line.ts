import { nameOf } from "../scan/names.ts";

/** An argument of a call as strace prints it: a text, a file descriptor with its path where it has one, or anything else. */
export type Argument =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "descriptor"; readonly path: string | null; readonly isCwd: boolean }
  | { readonly kind: "plain"; readonly text: string };

/** A system call that has returned. */
export interface ReturnedCall {
  readonly kind: "call";
  readonly pid: number;
  readonly name: string;
  readonly args: readonly Argument[];
  /** What it returned; null where strace could not see it: the call was interrupted, or its process ended. */
  readonly value: number | null;
  /** The path of a returned file descriptor. */
  readonly path: string | null;
  /** `ENOENT`. */
  readonly error: string | null;
}

/** A call that has not returned yet: what it was called with. */
export interface BegunCall {
  readonly kind: "begun";
  readonly pid: number;
  readonly name: string;
  readonly args: readonly Argument[];
}

/** The end of a process; `code` is null where a signal ended it. */
export interface EndedProcess {
  readonly kind: "ended";
  readonly pid: number;
  readonly code: number | null;
  readonly signal: string | null;
}

export type TraceRecord = ReturnedCall | BegunCall | EndedProcess;

/**
 * Reads what `strace -f -y -xx` prints, line by line (strace(1)). A call that another process interrupts comes in two lines,
 * `<unfinished ...>` and `<... resumed>`: it is told when it begins and, whole, when it returns. What is no line of
 * that kind (a signal, a message) is undefined.
 */
export function straceReader(): (line: string) => TraceRecord | undefined {
  const unfinished = new Map<number, string>();
  return (line) => {
    const start = /^(?:\[pid +)?(\d+)\]? +/.exec(line);
    if (start === null) return undefined;
    const pid = Number(start[1]);
    const rest = line.slice(start[0].length);
    if (rest.startsWith("+++ ")) {
      unfinished.delete(pid);
      return endedProcess(pid, rest);
    }
    if (rest.endsWith(unfinishedMark)) {
      const begun = rest.slice(0, -unfinishedMark.length);
      unfinished.set(pid, begun);
      const call = readCall(begun);
      return call === undefined ? undefined : { kind: "begun", pid, name: call.name, args: call.args };
    }
    const resumed = /^<\.\.\. \w+ resumed>/.exec(rest);
    if (resumed === null) return returnedCall(pid, rest);
    const begun = unfinished.get(pid);
    unfinished.delete(pid);
    return begun === undefined ? undefined : returnedCall(pid, `${begun}${rest.slice(resumed[0].length)}`);
  };
}

const unfinishedMark = " <unfinished ...>";

function endedProcess(pid: number, rest: string): EndedProcess | undefined {
  const ended = /^\+\+\+ (?:exited with (\d+)|killed by (SIG\w+))/.exec(rest);
  if (ended === null) return undefined;
  return { kind: "ended", pid, code: ended[1] === undefined ? null : Number(ended[1]), signal: ended[2] ?? null };
}

function returnedCall(pid: number, text: string): ReturnedCall | undefined {
  const call = readCall(text);
  if (call === undefined) return undefined;
  const result = /^\)\s*= (-?\d+|0x[0-9a-f]+|\?)(?:<((?:[^>\\]|\\.)*)>)?(?:\(deleted\))?(?: (E[A-Z0-9]+))?/.exec(
    text.slice(call.end),
  );
  if (result === null) return undefined;
  const [, value, path, error] = result;
  return {
    kind: "call",
    pid,
    name: call.name,
    args: call.args,
    value: value === "?" || value === undefined ? null : Number(value),
    path: path === undefined ? null : pathOf(path),
    error: error ?? null,
  };
}

/** The name of a call and its arguments, as far as they are there, and where they end. */
function readCall(text: string): { name: string; args: Argument[]; end: number } | undefined {
  const name = /^\w+(?=\()/.exec(text)?.[0];
  if (name === undefined) return undefined;
  const args: Argument[] = [];
  let at = name.length + 1;
  while (at < text.length && text[at] !== ")") {
    const end = endOfArgument(text, at);
    args.push(argument(text.slice(at, end)));
    at = text.startsWith(", ", end) ? end + 2 : end;
  }
  return { name, args, end: at };
}

/** Where the argument that begins at `at` ends: at a comma or the closing bracket, outside of texts, paths and brackets. */
function endOfArgument(text: string, at: number): number {
  let depth = 0;
  for (let i = at; i < text.length; i++) {
    const character = text[i];
    if (character === '"') i = endOfText(text, i);
    else if (character === "<" && isAfterDescriptor(text, i)) i = endOfPath(text, i);
    else if (character === "{" || character === "[" || character === "(") depth++;
    else if (depth > 0 && (character === "}" || character === "]" || character === ")")) depth--;
    else if (depth === 0 && (character === ")" || text.startsWith(", ", i))) return i;
  }
  return text.length;
}

/** The quotation mark that closes the text beginning at `start`; the last character where there is none. */
function endOfText(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === '"') return i;
  }
  return text.length - 1;
}

function isAfterDescriptor(text: string, at: number): boolean {
  return /[0-9D]/.test(text[at - 1] ?? "");
}

function endOfPath(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === ">") return i;
  }
  return text.length - 1;
}

function argument(text: string): Argument {
  if (text.startsWith('"')) return { kind: "text", text: unescaped(text.slice(1, endOfText(text, 0))) };
  const descriptor = /^(AT_FDCWD|\d+)(?:<((?:[^>\\]|\\.)*)>(?:\(deleted\))?)?$/s.exec(text);
  if (descriptor === null) return { kind: "plain", text };
  const [, number, path] = descriptor;
  return { kind: "descriptor", path: path === undefined ? null : pathOf(path), isCwd: number === "AT_FDCWD" };
}

/** The path of a descriptor; null for what has none, as a socket or a pipe. */
function pathOf(escaped: string): string | null {
  const path = unescaped(escaped);
  return path.startsWith("/") ? path : null;
}

const letters: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, v: 11, f: 12, a: 7, b: 8, e: 27 };

/** A text of strace without its escapes: `\x2f`, and those of C, which it prints without `-xx`. */
function unescaped(text: string): string {
  // What -xx prints, and so nearly every text.
  if (/^(?:\\x[0-9a-f]{2})+$/.test(text)) return nameOf(Buffer.from(text.replaceAll("\\x", ""), "hex"));
  const latin1 = text.replace(
    /\\(?:x([0-9a-f]{2})|([0-7]{1,3})|(.))/gs,
    (_, hex: string | undefined, octal: string | undefined, letter: string | undefined) => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff);
      return letter === undefined ? "" : String.fromCharCode(letters[letter] ?? letter.charCodeAt(0));
    },
  );
  return nameOf(Buffer.from(latin1, "latin1"));
}
