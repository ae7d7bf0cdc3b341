import { posix } from "node:path";
import type { FileEvent } from "./file-event.ts";
import type { Argument, ReturnedCall, TraceRecord } from "./strace-line.ts";
import { startsProcess, type WorkingFolders, workingFolders } from "./working-folders.ts";

/** The calls that `interpreter` understands: what strace is asked for. Not every architecture has all of them. */
export const tracedCalls: readonly string[] = [
  ...["open", "openat", "openat2", "creat", "truncate", "ftruncate"],
  ...["rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat"],
  ...["unlink", "unlinkat", "rmdir", "mkdir", "mkdirat"],
  ...["access", "faccessat", "faccessat2", "stat", "lstat", "stat64", "lstat64", "fstatat64", "newfstatat", "statx"],
  ...["readlink", "readlinkat", "execve", "execveat", "chdir", "fchdir"],
  ...["clone", "clone3", "fork", "vfork", "unshare", "setns", "chroot", "pivot_root", "io_uring_setup"],
];

/** Calls whose structures have to be printed: what is asked is inside of them. */
export const callsWithStructures: readonly string[] = ["openat2", "clone3"];

/**
 * Turns the records of a trace into what happened to files. Relative paths are resolved from the directory that strace
 * names, else from the working directory of their process, which is followed through chdir(2) and clone(2);
 * `folder` is the one that the first process has, null where it is unknown.
 */
export function interpreter(folder: string | null): (record: TraceRecord) => readonly FileEvent[] {
  const folders = workingFolders(folder);
  return (record) => {
    if (record.kind === "ended") {
      folders.end(record.pid);
      return [];
    }
    learnFolder(record.pid, record.args, folders);
    if (record.kind === "begun") {
      folders.begin(record);
      return [];
    }
    if (startsProcess.has(record.name) || record.name === "unshare") folders.start(record);
    return eventsOf(record, folders);
  };
}

/** What strace says beside AT_FDCWD is the working directory as the kernel has it. */
function learnFolder(pid: number, args: readonly Argument[], folders: WorkingFolders): void {
  for (const arg of args) {
    if (arg.kind === "descriptor" && arg.isCwd && arg.path !== null) folders.set(pid, arg.path);
  }
}

/** A call with the means to read its arguments. */
interface Reading {
  readonly call: ReturnedCall;
  /** The path that is argument `n`, from the folder that is the one before it, or the working directory. */
  path(n: number): string | undefined;
  /** The path of the descriptor that is argument `n`. */
  descriptor(n: number): string | undefined;
  /** True where an argument has the flag. */
  has(flag: string): boolean;
}

type Meaning = (reading: Reading) => readonly (FileEvent | undefined)[];

function eventsOf(call: ReturnedCall, folders: WorkingFolders): readonly FileEvent[] {
  const reading = readingOf(call, folders);
  const succeeded = call.value !== null && call.error === null;
  if (!succeeded) return call.error === "ENOENT" ? present(missing(reading)) : [];
  if (call.name === "chdir" || call.name === "fchdir") {
    const to = call.name === "chdir" ? reading.path(0) : reading.descriptor(0);
    if (to !== undefined) folders.set(call.pid, to);
    return [];
  }
  return present(meanings[call.name]?.(reading) ?? []);
}

function present(events: readonly (FileEvent | undefined)[]): FileEvent[] {
  return events.map((event): FileEvent => event ?? { kind: "unknown-folder" });
}

function readingOf(call: ReturnedCall, folders: WorkingFolders): Reading {
  const { args } = call;
  const descriptor = (n: number): string | undefined => {
    const arg = args[n];
    return arg?.kind === "descriptor" ? (arg.path ?? undefined) : undefined;
  };
  return {
    call,
    descriptor,
    path(n) {
      const arg = args[n];
      if (arg?.kind !== "text") return undefined;
      if (arg.text.startsWith("/")) return normal(arg.text);
      const before = args[n - 1];
      const isBelowDescriptor = before?.kind === "descriptor" && !before.isCwd;
      const from = isBelowDescriptor ? before.path : folders.of(call.pid);
      if (from === null || from === undefined) return undefined;
      return arg.text === "" ? from : normal(`${from}/${arg.text}`);
    },
    has: (flag) => args.some((arg) => arg.kind === "plain" && new RegExp(`\\b${flag}\\b`).test(arg.text)),
  };
}

/** Without `.`, `..` and doubled slashes. */
function normal(path: string): string {
  const plain = posix.normalize(path);
  return plain.length > 1 && plain.endsWith("/") ? plain.slice(0, -1) : plain;
}

const opening: Meaning = (reading) => {
  const { call } = reading;
  const isCreat = call.name === "creat";
  if (!isCreat && !reading.has("O_WRONLY") && !reading.has("O_RDWR")) return [];
  // A file without a name, or an open directory to make one in.
  if (reading.has("O_TMPFILE") || reading.has("O_PATH")) return [];
  const how = reading.has("O_EXCL") && reading.has("O_CREAT") ? "new" : "change";
  const path = openedPath(reading, call.name === "open" || isCreat ? 0 : 1);
  return [path === undefined ? undefined : { kind: "open", path, how }];
};

/** The path as the program named it; where `..` or /proc may lead through a link, as the kernel resolved it. */
function openedPath(reading: Reading, n: number): string | undefined {
  const { args, path: resolved } = reading.call;
  const arg = args[n];
  const isIndirect =
    arg?.kind === "text" && (/(?:^|\/)\.\.(?:\/|$)/.test(arg.text) || /^\/(?:proc|dev)\//.test(arg.text));
  return (isIndirect ? resolved : null) ?? reading.path(n) ?? resolved ?? undefined;
}

function moving(from: number, to: number): Meaning {
  return (reading) => {
    const [source, target] = [reading.path(from), reading.path(to)];
    if (source === undefined || target === undefined) return [undefined];
    return [{ kind: reading.has("RENAME_EXCHANGE") ? "exchange" : "rename", from: source, to: target }];
  };
}

function linking(from: number, to: number): Meaning {
  return (reading) => {
    const [source, target] = [reading.path(from), reading.path(to)];
    if (target === undefined) return [undefined];
    const isNameless = source === undefined || source.startsWith("/proc/") || reading.has("AT_EMPTY_PATH");
    return [{ kind: "link", from: isNameless ? null : source, to: target }];
  };
}

function about(kind: "make-link" | "make-directory" | "remove" | "run", n: number): Meaning {
  return (reading) => {
    const path = reading.path(n);
    return [path === undefined ? undefined : { kind, path }];
  };
}

const otherRoot: Meaning = () => [{ kind: "other-root" }];

const mountNamespace: Meaning = (reading) => (reading.has("CLONE_NEWNS") ? [{ kind: "other-root" }] : []);

/** What a call means that succeeded. */
const meanings: Readonly<Record<string, Meaning>> = {
  open: opening,
  openat: opening,
  openat2: opening,
  creat: opening,
  truncate: (reading) => {
    const path = reading.path(0);
    return [path === undefined ? undefined : { kind: "open", path, how: "change" }];
  },
  ftruncate: (reading) => {
    const path = reading.descriptor(0);
    // One without a path is no file of a file system.
    return path === undefined ? [] : [{ kind: "open", path, how: "change" }];
  },
  rename: moving(0, 1),
  renameat: moving(1, 3),
  renameat2: moving(1, 3),
  link: linking(0, 1),
  linkat: linking(1, 3),
  symlink: about("make-link", 1),
  symlinkat: about("make-link", 2),
  unlink: about("remove", 0),
  unlinkat: about("remove", 1),
  rmdir: about("remove", 0),
  mkdir: about("make-directory", 0),
  mkdirat: about("make-directory", 1),
  execve: about("run", 0),
  execveat: about("run", 1),
  io_uring_setup: () => [{ kind: "unseen-calls" }],
  chroot: otherRoot,
  pivot_root: otherRoot,
  unshare: mountNamespace,
  setns: mountNamespace,
  clone: mountNamespace,
  clone3: mountNamespace,
};

/** Where each call that only looks has its path. */
const looking: Readonly<Record<string, number>> = {
  open: 0,
  openat: 1,
  openat2: 1,
  access: 0,
  faccessat: 1,
  faccessat2: 1,
  stat: 0,
  lstat: 0,
  stat64: 0,
  lstat64: 0,
  fstatat64: 1,
  newfstatat: 1,
  statx: 1,
  readlink: 0,
  readlinkat: 1,
};

/** What a call looked for in vain; one that would have made the file misses something else. */
function missing(reading: Reading): readonly (FileEvent | undefined)[] {
  const at = looking[reading.call.name];
  if (at === undefined || reading.has("O_CREAT")) return [];
  const path = reading.path(at);
  return path === undefined ? [] : [{ kind: "missing", path }];
}
