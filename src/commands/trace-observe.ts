import { CannotRun } from "../diagnostics/cannot-run.ts";
import { printable } from "../diagnostics/print.ts";
import { shownPath } from "../scan/names.ts";
import { interpreter } from "../trace/calls.ts";
import { changesSince } from "../trace/changes.ts";
import { moment } from "../trace/disk.ts";
import { type Folded, fold } from "../trace/fold.ts";
import { folderOfProcess, nameOfProcess, openForWriting, programOfProcess } from "../trace/processes.ts";
import { type Ended, runUntraced, traceCommand, tracePid, waitForProcess } from "../trace/run.ts";
import { canTrace, findProgram } from "../trace/strace.ts";
import type { TraceRecord } from "../trace/strace-line.ts";
import { progress } from "./progress.ts";
import { terminal } from "./terminal.ts";

/** What to look at: a program to run, or a process that runs. */
export type Subject = { readonly command: readonly string[] } | { readonly pid: number };

/** What was seen, and how. */
export interface Observation {
  /** `calls`: by strace, what this program did; `changes`: without it, what anybody changed meanwhile. */
  readonly by: "calls" | "changes";
  readonly folded: Folded;
  /** Null for a program that goes on. */
  readonly ended: Ended | null;
  readonly notes: readonly string[];
}

export interface ObserveOptions {
  readonly limit: number | null;
  readonly stdout: "inherit" | 2;
  /** A folder of our own. */
  readonly folder: string;
  /** Folders whose changes are looked for where there is no strace. */
  readonly roots: readonly string[];
  isSought(path: string): boolean;
}

/** Watches a program until it ends or the time is over: under strace, else by what has changed afterwards. */
export async function observe(subject: Subject, options: ObserveOptions): Promise<Observation> {
  requireSubject(subject);
  const strace = findProgram("strace", process.env["PATH"] ?? "");
  if (strace !== undefined && canTrace(strace, options.folder)) return observeCalls(subject, strace, options);
  const why = strace === undefined ? "there is no strace here" : "strace may not trace here";
  return observeChanges(subject, why, options);
}

function requireSubject(subject: Subject): void {
  if ("pid" in subject) {
    if (nameOfProcess(subject.pid) === undefined) throw new CannotRun(`there is no process ${subject.pid}`);
    return;
  }
  if (programOf(subject) === undefined)
    throw new CannotRun(`there is no program ${subject.command[0] ?? ""} that could be run`);
}

async function observeCalls(subject: Subject, strace: string, options: ObserveOptions): Promise<Observation> {
  const { limit, stdout, folder, isSought } = options;
  const folding = fold(isSought);
  const start = "pid" in subject ? folderOfProcess(subject.pid) : process.cwd();
  const interpret = interpreter(start);
  let isSilent = true;
  const onRecord = (record: TraceRecord): void => {
    isSilent = false;
    for (const event of interpret(record)) folding.add(event);
  };
  const run = { limit, stdout, folder, strace, onRecord };
  if ("pid" in subject) {
    const program = programOfProcess(subject.pid);
    if (program !== undefined) folding.add({ kind: "run", path: program });
    for (const event of openForWriting(subject.pid)) folding.add(event);
    announce(subject.pid, limit);
  }
  const { ended, left } =
    "pid" in subject ? await tracePid(subject.pid, run) : await traceCommand(subject.command, run);
  const folded = folding.result();
  const notes = notesOf(folded, left, ended);
  if (isSilent && "command" in subject) notes.unshift("strace saw nothing of it: its user may not trace it");
  return { by: "calls", folded, ended, notes };
}

function announce(pid: number, limit: number | null): void {
  const time = limit === null ? "until it ends" : `for ${limit / 1000} seconds`;
  const name = printable(shownPath(nameOfProcess(pid) ?? ""));
  terminal.problem(`Tracing process ${pid} (${name}) ${time}; ^C ends the trace. The process goes on afterwards.`);
}

function notesOf(folded: Folded, left: readonly string[], ended: Ended | null): string[] {
  const notes: string[] = [];
  if (left.length > 0 && ended !== null) {
    notes.push(
      `it left processes that go on and are not traced any more: ${left.map(shownPath).join(", ")}; with --for 10m they are, for that long`,
    );
  }
  if (folded.hasOtherRoot)
    notes.push("a part of it runs in other file systems (a sandbox): its paths may mean others there");
  if (folded.hasUnseenCalls)
    notes.push(
      "it can make calls through io_uring, which strace does not see: something that it wrote may not be here",
    );
  if (folded.unresolved > 0) notes.push(`${folded.unresolved} calls were about a path relative to an unknown folder`);
  return notes;
}

async function observeChanges(subject: Subject, why: string, options: ObserveOptions): Promise<Observation> {
  const { limit, stdout, folder, roots } = options;
  const since = moment(folder);
  const note = `${why}: this is what changed meanwhile, whoever did it; what was read or looked for in vain was not seen`;
  let ended: Ended | null = null;
  if ("pid" in subject) {
    announce(subject.pid, limit);
    if (await waitForProcess(subject.pid, limit)) ended = { code: null, signal: null };
  } else ended = await runUntraced(subject.command, { limit, stdout });
  const shown = progress();
  const { changed, unread } = changesSince(since, roots, (folder, seen) => shown.show(shownPath(folder), seen));
  shown.end();
  const program = programOf(subject);
  const folded: Folded = {
    written: changed.map(({ path, kind }) => ({ path, writes: null, kind: kind === "link" ? "link" : "file" })),
    sidecars: new Set(changed.map(({ path }) => path)),
    missing: [],
    programs: program === undefined ? [] : [program],
    hasOtherRoot: false,
    hasUnseenCalls: false,
    unresolved: 0,
  };
  const notes = unread === 0 ? [note] : [note, `${unread} folders could not be looked into`];
  return { by: "changes", folded, ended, notes };
}

/** The program as a path; undefined where that may not be asked. */
function programOf(subject: Subject): string | undefined {
  if ("pid" in subject) return programOfProcess(subject.pid);
  return findProgram(subject.command[0] ?? "", process.env["PATH"] ?? "");
}
