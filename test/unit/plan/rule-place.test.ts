import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fate, rulesOf } from "../../../src/plan/fate.ts";
import { type AbsolutePath, componentsOf } from "../../../src/plan/path.ts";
import type { RulePlace } from "../../../src/plan/rule-index.ts";
import { filesOf } from "../../support/model.ts";
import { probesOf } from "../../support/probes.ts";
import { randomManifest } from "../../support/random-manifest.ts";
import { resolveFiles } from "./said.ts";

/** The places on the way down to a path, from that of `/`. */
function placesTo(top: RulePlace, path: AbsolutePath): RulePlace[] {
  const places = [top];
  for (const name of componentsOf(path)) places.push((places.at(-1) ?? top).step(name));
  return places;
}

describe("a walk down among the rules", () => {
  it("finds for each path what the law says of it, and knows where nothing deeper is left", async () => {
    await fc.assert(
      fc.asyncProperty(randomManifest, async (model) => {
        const { plans } = await resolveFiles(filesOf(model));
        for (const plan of plans) {
          const probes = probesOf(plan.rules.map((rule) => rule.live)) as AbsolutePath[];
          for (const path of probes) {
            const places = placesTo(rulesOf(plan).top, path);
            const { rule } = fate(plan, path);
            expect(places.at(-1)?.deciding ?? null, path).toBe(rule);
            const uniform = places.slice(0, -1).find((place) => !place.hasDeeper);
            if (uniform !== undefined) expect(uniform.below ?? null, path).toBe(rule);
          }
        }
      }),
      { numRuns: 80 },
    );
  });
});
