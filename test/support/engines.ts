import { describe, it } from "vitest";
import { type EngineName, howToGet, skippedTitle, verdictOn } from "./engine-table.ts";

export * from "./engine-table.ts";

/**
 * Like vitest's `describe`, for tests that need real engines. Where one is missing the suite is skipped
 * under a name that says so, and in CI replaced by one failing test. The body is read even then, so it must ask for
 * the engine inside its tests and hooks, not while it registers them.
 */
export function describeWith(names: readonly EngineName[], title: string, body: () => void): void {
  const verdict = verdictOn(names);
  if (verdict.kind === "run") {
    describe(title, body);
  } else if (verdict.kind === "skip") {
    describe.skip(skippedTitle(title, verdict.missing), body);
  } else {
    describe(title, () => {
      it(`engine ${verdict.missing.join(", ")} is missing`, () => {
        throw new Error(verdict.missing.map((name) => `${name}: ${howToGet(name)}`).join("\n"));
      });
    });
  }
}
