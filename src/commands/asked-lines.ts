import { readFileSync } from "node:fs";

/** What somebody hands over on stdin, one a line. (Streams of node take longer to start than the whole answer.) */
export function askedLines(): string[] {
  return readFileSync(0, "utf8")
    .split("\n")
    .filter((line) => line !== "");
}
