import { readSync, writeSync } from "node:fs";

// Streams of node take longer to start than many an answer takes altogether.

/** All of stdin. Throws what the system says. */
export function readInput(): Buffer {
  const chunks: Buffer[] = [];
  for (;;) {
    const chunk = Buffer.allocUnsafe(65_536);
    const size = waiting(() => readSync(0, chunk));
    if (size === 0) return Buffer.concat(chunks);
    chunks.push(chunk.subarray(0, size));
  }
}

/** Writes all of a text to stdout. Throws what the system says. */
export function writeOutput(text: string): void {
  const bytes = Buffer.from(text);
  for (let written = 0; written < bytes.length; ) written += waiting(() => writeSync(1, bytes, written));
}

/** Tries until it works: somebody may have made it a pipe that does not wait. */
function waiting<Result>(attempt: () => Result): Result {
  for (;;) {
    try {
      return attempt();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}
