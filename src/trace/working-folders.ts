import type { BegunCall, ReturnedCall } from "./strace-line.ts";

/** A working directory; processes that share it (CLONE_FS, as threads do) share this object. Null where it is unknown. */
interface Cell {
  folder: string | null;
}

/** The working directory of each traced process. */
export interface WorkingFolders {
  of(pid: number): string | null;
  /** Of the process itself, and of all that share it. */
  set(pid: number, folder: string): void;
  /** A process is about to start another one: whoever is new meanwhile may be that one. */
  begin(call: BegunCall): void;
  /** A process has started another one, or has parted from those it shared its directory with (unshare). */
  start(call: ReturnedCall): void;
  end(pid: number): void;
}

/** `first` is the directory of processes that no traced process started; null: unknown. */
export function workingFolders(first: string | null): WorkingFolders {
  const cells = new Map<number, Cell>();
  /** Calls under way that start a process: the new one may be seen before they return. */
  const starting = new Map<number, boolean>();
  const cellOf = (pid: number): Cell => {
    const known = cells.get(pid);
    if (known !== undefined) return known;
    const cell = inherited();
    cells.set(pid, cell);
    return cell;
  };
  const inherited = (): Cell => {
    const parents = [...starting];
    const [only] = parents;
    if (only === undefined) return { folder: first };
    const [parent, isShared] = only;
    // Of several that start one nobody can say whose it is, until the call returns.
    if (parents.length > 1) return { folder: null };
    return isShared ? cellOf(parent) : { folder: cellOf(parent).folder };
  };
  return {
    of: (pid) => cellOf(pid).folder,
    set(pid, folder) {
      cellOf(pid).folder = folder;
    },
    begin(call) {
      if (startsProcess.has(call.name)) starting.set(call.pid, sharesFolder(call));
    },
    start(call) {
      starting.delete(call.pid);
      const own = cellOf(call.pid);
      if (call.name === "unshare") {
        if (sharesFolder(call) && call.value === 0) cells.set(call.pid, { ...own });
        return;
      }
      if (call.value === null || call.value <= 0) return;
      const known = cells.get(call.value);
      if (known === undefined || known.folder === null)
        cells.set(call.value, sharesFolder(call) ? own : { folder: own.folder });
    },
    end(pid) {
      starting.delete(pid);
      cells.delete(pid);
    },
  };
}

/** The calls that start a process or thread. */
export const startsProcess: ReadonlySet<string> = new Set(["clone", "clone3", "fork", "vfork"]);

function sharesFolder({ args }: Pick<BegunCall, "args">): boolean {
  return args.some((arg) => arg.kind === "plain" && /\bCLONE_FS\b/.test(arg.text));
}
