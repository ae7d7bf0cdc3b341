import { type ChildProcess, spawn } from "node:child_process";
import { CannotRun } from "../diagnostics/cannot-run.ts";
import { linePipe } from "./line-pipe.ts";
import { nameOfProcess, tracerOf } from "./processes.ts";
import { attachArguments, runArguments } from "./strace.ts";
import { straceReader, type TraceRecord } from "./strace-line.ts";

/** How a program ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
}

/** How a trace ended. */
export interface TraceEnd {
  /** Null for a program that goes on. */
  readonly ended: Ended | null;
  /** The names of processes that go on and are not traced any more. */
  readonly left: readonly string[];
}

export interface RunOptions {
  /** Milliseconds after which the trace ends and the program goes on; null: when the program ends. */
  readonly limit: number | null;
  /** Where the program's stdout goes: to ours, or to our stderr. */
  readonly stdout: "inherit" | 2;
}

export interface TraceOptions extends RunOptions {
  /** Path of strace. */
  readonly strace: string;
  /** A folder of our own, for the pipe. */
  readonly folder: string;
  onRecord(record: TraceRecord): void;
}

/** How long processes that outlive their program are waited for, where no limit says otherwise; milliseconds. */
const patience = 1000;

/**
 * Runs a program under strace, on the terminal that we have. It is our own child, as it would be a shell's: ^C goes to it, and
 * not to strace. Where it leaves processes behind the trace ends soon after it, unless a limit is given: then that
 * decides. What goes on is let go of unharmed.
 */
export async function traceCommand(command: readonly string[], options: TraceOptions): Promise<TraceEnd> {
  const live = new Set<number>();
  const pipe = openPipe(options, live);
  const child = spawn(options.strace, runArguments(pipe.path, command), {
    stdio: ["inherit", options.stdout, "inherit"],
  });
  const ended = endOf(child, command[0] ?? "");
  let result: Ended | null = null;
  const isOver = await withSignals(outlivingUs(child), async () => {
    const over = pipe.closed.then(() => true);
    const both = ended.then((end) => {
      result = end;
      // A program that was not traced has nobody to open the pipe.
      setTimeout(pipe.release, patience).unref();
    });
    const { limit } = options;
    if (limit !== null) {
      const begun = untilTraced(child.pid ?? 0);
      return Promise.race([over.then(() => both).then(() => true), begun.then(() => sleep(limit))]);
    }
    await both;
    return Promise.race([over, sleep(patience)]);
  });
  if (isOver) return { ended: result, left: [] };
  const left = namesOf(live);
  pipe.release();
  await detach(live, pipe.closed);
  // Whoever has the terminal keeps it: two programs on one terminal take each other's keys.
  if (result === null && process.stdin.isTTY === true) result = await withSignals(outlivingUs(child), () => ended);
  if (result === null) child.unref();
  return { ended: result, left };
}

/** Traces a running process with all its threads, until it ends, the limit is over, or ^C; it goes on unharmed. */
export async function tracePid(pid: number, options: TraceOptions): Promise<TraceEnd> {
  const live = new Set<number>([pid]);
  const pipe = openPipe(options, live);
  // In a session of its own: ^C is for us, and we tell strace.
  const strace = spawn(options.strace, attachArguments(pipe.path, pid), {
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
  let complaint = "";
  strace.stderr?.setEncoding("utf8").on("data", (text: string) => {
    complaint += text;
  });
  const stop = (): void => void strace.kill("SIGTERM");
  const { limit } = options;
  if (limit !== null) void untilTraced(pid).then(() => setTimeout(stop, limit).unref());
  const { code } = await withSignals({ SIGINT: stop, SIGTERM: stop, SIGHUP: stop }, () => endOf(strace, "strace"));
  pipe.release();
  await pipe.closed;
  const isRunning = nameOfProcess(pid) !== undefined;
  if (code === 1 && complaint.includes("attach")) {
    throw new CannotRun(`process ${pid} cannot be traced: ${complaint.trim().split("\n").pop()}; root may trace it`);
  }
  return { ended: isRunning ? null : { code: null, signal: null }, left: isRunning ? namesOf(live) : [] };
}

/** Runs a program as it is, on the terminal that we have; null where the limit came first, and it goes on. */
export async function runUntraced(command: readonly string[], { limit, stdout }: RunOptions): Promise<Ended | null> {
  const [name = "", ...args] = command;
  const child = spawn(name, args, { stdio: ["inherit", stdout, "inherit"] });
  const ended = endOf(child, name);
  const first = await withSignals(outlivingUs(child), () =>
    limit === null || process.stdin.isTTY === true ? ended : Promise.race([ended, sleep(limit)]),
  );
  if (first !== false) return first;
  child.unref();
  return null;
}

/** Waits until a process that is not traced ends, the limit is over, or ^C; true where the process has ended. */
export async function waitForProcess(pid: number, limit: number | null): Promise<boolean> {
  let isStopped = false;
  const stop = (): void => {
    isStopped = true;
  };
  const end = limit === null ? Number.POSITIVE_INFINITY : performance.now() + limit;
  return withSignals({ SIGINT: stop, SIGTERM: stop, SIGHUP: stop }, async () => {
    while (!isStopped && performance.now() < end) {
      if (nameOfProcess(pid) === undefined) return true;
      await new Promise((resolve) => setTimeout(resolve, Math.min(100, end - performance.now())));
    }
    return nameOfProcess(pid) === undefined;
  });
}

function openPipe({ folder, onRecord }: TraceOptions, live: Set<number>): ReturnType<typeof requirePipe> {
  const read = straceReader();
  return requirePipe(folder, (line) => {
    const record = read(line);
    if (record === undefined) return;
    if (record.kind === "ended") live.delete(record.pid);
    else live.add(record.pid);
    onRecord(record);
  });
}

function requirePipe(folder: string, onLine: (line: string) => void): NonNullable<ReturnType<typeof linePipe>> {
  const pipe = linePipe(folder, onLine);
  if (pipe === undefined) throw new CannotRun("a named pipe could not be made: is there a mkfifo (coreutils)?");
  return pipe;
}

function endOf(child: ChildProcess, name: string): Promise<Ended> {
  return new Promise((resolve, reject) => {
    child.once("error", (error) => reject(new CannotRun(`${name} could not be started: ${error.message}`)));
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
}

/** Settles when a process is traced, so that the time begins then; after some seconds also where it never is. */
async function untilTraced(pid: number): Promise<void> {
  for (let turn = 0; turn < 250 && nameOfProcess(pid) !== undefined && tracerOf(pid) === undefined; turn++) {
    await sleep(20);
  }
}

/** Asks strace to let go of all that it still traces, and insists where it does not hear. */
async function detach(live: ReadonlySet<number>, closed: Promise<void>): Promise<void> {
  const tracer = [...live].map(tracerOf).find((pid) => pid !== undefined);
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    if (tracer !== undefined) tell(tracer, signal);
    const isClosed = await Promise.race([closed.then(() => true), sleep(5000)]);
    if (isClosed) return;
  }
}

function tell(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has gone by itself.
  }
}

function namesOf(live: ReadonlySet<number>): string[] {
  return [...new Set([...live].flatMap((pid) => nameOfProcess(pid) ?? []))].sort();
}

/** What the terminal sends goes to the program as well: we wait for what it makes of it. What is sent to us alone it is told. */
function outlivingUs(child: ChildProcess): Partial<Record<NodeJS.Signals, () => void>> {
  const nothing = (): void => {};
  return { SIGINT: nothing, SIGQUIT: nothing, SIGHUP: nothing, SIGTERM: () => void child.kill("SIGTERM") };
}

async function withSignals<T>(
  handlers: Partial<Record<NodeJS.Signals, () => void>>,
  action: () => Promise<T>,
): Promise<T> {
  const entries = Object.entries(handlers);
  for (const [signal, handler] of entries) process.on(signal, handler);
  try {
    return await action();
  } finally {
    for (const [signal, handler] of entries) process.off(signal, handler);
  }
}

/** False after some milliseconds; does not keep the process awake. */
function sleep(milliseconds: number): Promise<false> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(false), milliseconds).unref();
  });
}
