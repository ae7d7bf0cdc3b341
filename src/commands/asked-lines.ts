import { CannotRun } from "../diagnostics/cannot-run.ts";
import { readInput } from "./blocking.ts";

/** What somebody hands over on stdin, one a line. */
export function askedLines(): string[] {
  const lines = readText().split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.includes("") ? lines.filter((line) => line !== "") : lines;
}

function readText(): string {
  try {
    return readInput().toString("utf8");
  } catch (error) {
    throw new CannotRun(`cannot read paths from stdin: ${(error as Error).message}`);
  }
}
