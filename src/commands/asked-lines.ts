import { readSync } from "node:fs";
import { CannotRun } from "../diagnostics/cannot-run.ts";

/** What somebody hands over on stdin, one a line. (Streams of node take longer to start than the whole answer.) */
export function askedLines(): string[] {
  const chunks: Buffer[] = [];
  for (;;) {
    const chunk = Buffer.allocUnsafe(65_536);
    const size = readSome(chunk);
    if (size === 0) break;
    if (size !== undefined) chunks.push(chunk.subarray(0, size));
  }
  const lines = Buffer.concat(chunks).toString("utf8").split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.includes("") ? lines.filter((line) => line !== "") : lines;
}

/** Bytes that were read, 0 at the end; undefined where nothing has come yet, after a short wait. */
function readSome(chunk: Buffer): number | undefined {
  try {
    return readSync(0, chunk);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "EOF") return 0;
    if (code !== "EAGAIN") throw new CannotRun(`cannot read paths from stdin: ${message}`);
    // Somebody has made it a pipe that does not wait.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    return undefined;
  }
}
