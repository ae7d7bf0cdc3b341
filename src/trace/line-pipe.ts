import { spawnSync } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";

/** A named pipe through which lines come, until whoever writes them has closed it. */
export interface LinePipe {
  readonly path: string;
  /** Settles when the last writer has gone. */
  readonly closed: Promise<void>;
  /** Says that whoever writes has opened it by now, or never will. */
  release(): void;
}

/**
 * Makes a named pipe in a private folder, and reads lines of ASCII from it. Nothing is kept on the disk, and who writes waits
 * for who reads. Undefined where there is no mkfifo(1).
 */
export function linePipe(folder: string, onLine: (line: string) => void): LinePipe | undefined {
  const path = join(folder, "pipe");
  if (spawnSync("mkfifo", ["-m", "600", path], { stdio: "ignore" }).status !== 0) return undefined;
  const reading = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  // While this end is open the pipe has a writer, and does not end before the real one has opened it.
  let held: number | undefined = openSync(path, constants.O_WRONLY);
  const socket = new Socket({ fd: reading, readable: true, writable: false });
  const release = (): void => {
    if (held !== undefined) closeSync(held);
    held = undefined;
  };
  let rest = "";
  socket.setEncoding("latin1");
  socket.on("data", (chunk: string) => {
    release();
    const lines = `${rest}${chunk}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  });
  const closed = new Promise<void>((resolve) => {
    socket.on("close", () => resolve());
    socket.on("error", () => resolve());
  });
  return { path, closed, release };
}
