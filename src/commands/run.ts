import { CannotRun } from "../diagnostics/cannot-run.ts";
import type { ExitCode } from "./manifest-option.ts";
import { readable, terminal } from "./terminal.ts";

/** Runs a command and turns what it cannot handle into an exit code: the one place that catches. */
export async function run(action: () => Promise<ExitCode>): Promise<void> {
  try {
    process.exitCode = await action();
  } catch (error) {
    process.exitCode = 2;
    if (error instanceof CannotRun) terminal.problem(`remanence: ${readable(error.message)}`);
    else reportBug(error);
  }
}

function reportBug(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  terminal.problem(
    `remanence: this is a fault of Remanence, not of your manifest. Please report it with what you ran.\n\nnode ${process.versions.node}\n${text}\n`,
  );
}
