/** Says at the end of a test run which engines were missing and what was not tested for that. */
import type { Reporter, TestModule } from "vitest/node";
import { type EngineName, engineNames, howToGet, missingIn } from "./engines.ts";

/** What was skipped for want of one engine. */
export interface Loss {
  readonly engine: EngineName;
  readonly tests: number;
  readonly files: number;
}

/** The tests and files that were skipped, by engine; a suite that needs two missing engines counts for both. */
function losses(modules: readonly TestModule[]): Loss[] {
  const tests = new Map<EngineName, Set<string>>();
  const files = new Map<EngineName, Set<string>>();
  const add = (to: Map<EngineName, Set<string>>, engine: EngineName, id: string) =>
    to.set(engine, (to.get(engine) ?? new Set()).add(id));

  for (const module of modules) {
    for (const suite of module.children.allSuites()) {
      for (const engine of missingIn(suite.name)) {
        add(files, engine, module.id);
        for (const test of suite.children.allTests()) add(tests, engine, test.id);
      }
    }
  }
  return engineNames
    .filter((engine) => files.has(engine))
    .map((engine) => ({ engine, tests: tests.get(engine)?.size ?? 0, files: files.get(engine)?.size ?? 0 }));
}

const count = (n: number, thing: string) => `${n} ${thing}${n === 1 ? "" : "s"}`;

/** The report as text; empty where nothing was missing. */
export function lossReport(lost: readonly Loss[]): string {
  if (lost.length === 0) return "";
  const width = Math.max(...lost.map(({ engine }) => engine.length));
  const lines = lost.map(
    ({ engine, tests, files }) =>
      `   ${engine.padEnd(width)}  ${count(tests, "test")} in ${count(files, "file")} skipped; to have it: ${howToGet(engine)}`,
  );
  return `\n Missing engines, so not everything was tested:\n${lines.join("\n")}\n`;
}

/** Vitest reporter that prints `lossReport` when the run is over. */
export class EnginesReporter implements Reporter {
  onTestRunEnd(testModules: readonly TestModule[]): void {
    const text = lossReport(losses(testModules));
    // beside the other reporters' output; a reporter is where a test run prints
    if (text !== "") process.stdout.write(`${text}\n`);
  }
}
