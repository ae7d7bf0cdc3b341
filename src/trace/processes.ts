import { constants, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { nameOf } from "../scan/names.ts";
import type { FileEvent } from "./file-event.ts";

/** The process that traces another one; undefined where none does, or that one is gone. */
export function tracerOf(pid: number): number | undefined {
  try {
    const tracer = Number(/^TracerPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
    return tracer > 0 ? tracer : undefined;
  } catch {
    return undefined;
  }
}

/** The name of a process, as `ps` shows it; undefined for one that is gone, or has ended and waits for its parent. */
export function nameOfProcess(pid: number): string | undefined {
  try {
    if (/^State:\s*[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "latin1"))) return undefined;
    return nameOf(readFileSync(`/proc/${pid}/comm`)).replace(/\n$/, "");
  } catch {
    return undefined;
  }
}

/** The working directory of a process; null where it may not be asked. */
export function folderOfProcess(pid: number): string | null {
  try {
    return nameOf(readlinkSync(`/proc/${pid}/cwd`, "buffer"));
  } catch {
    return null;
  }
}

/** The program that a process runs; undefined where it may not be asked. */
export function programOfProcess(pid: number): string | undefined {
  try {
    return nameOf(readlinkSync(`/proc/${pid}/exe`, "buffer")).replace(/ \(deleted\)$/, "");
  } catch {
    return undefined;
  }
}

/** What a process has open for writing already: nothing of that would be seen in its calls (proc_pid_fdinfo(5)). */
export function openForWriting(pid: number): FileEvent[] {
  const events: FileEvent[] = [];
  for (const descriptor of descriptorsOf(pid)) {
    try {
      const flags = /^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/${pid}/fdinfo/${descriptor}`, "utf8"))?.[1];
      const mode = Number.parseInt(flags ?? "0", 8) & (constants.O_WRONLY | constants.O_RDWR);
      const path = nameOf(readlinkSync(`/proc/${pid}/fd/${descriptor}`, "buffer"));
      if (mode !== 0 && path.startsWith("/") && !path.endsWith(" (deleted)"))
        events.push({ kind: "open", path, how: "change" });
    } catch {
      // Closed meanwhile.
    }
  }
  return events;
}

function descriptorsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`);
  } catch {
    return [];
  }
}
