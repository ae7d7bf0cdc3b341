import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { filesOf, lineOf, type ModelManifest } from "../../support/model.ts";
import { probesOf } from "../../support/probes.ts";
import { randomManifest } from "../../support/random-manifest.ts";
import { Oracle } from "./oracle.ts";
import { errorCodes, planOf, resolveFiles, type Said, said } from "./said.ts";

/** What the oracle says of a path, in the words of the plan. */
function expected(oracle: Oracle, model: ModelManifest, path: string): Said {
  const { rule, ...found } = oracle.fateOf(path);
  return {
    path,
    ...found,
    class: rule?.class ?? null,
    need: rule?.need ?? null,
    store: found.fate === "persist" ? (rule?.store ?? null) : null,
    user: rule?.user ?? null,
    line: rule === null ? null : lineOf(model, rule.said.list, rule.said.index),
    profile: rule?.profile ?? null,
  };
}

describe("resolution", () => {
  it("does for every path and host what the sentences of the design say", async () => {
    await fc.assert(
      fc.asyncProperty(randomManifest, async (model) => {
        const resolved = await resolveFiles(filesOf(model));
        const oracles = Object.keys(model.hosts).map((host) => ({ host, oracle: new Oracle(model, host) }));
        const refused = new Set(oracles.flatMap(({ oracle }) => [...oracle.errors]));
        expect(errorCodes(resolved)).toEqual([...refused].sort());
        for (const { host, oracle } of oracles) {
          // Of two entries that contradict each other neither is right.
          if (oracle.errors.has("plan/contradiction") || oracle.isOpen) continue;
          const plan = planOf(resolved, host);
          const paths = probesOf(oracle.rules.map((rule) => rule.live));
          expect(paths.map((path) => said(plan, path))).toEqual(paths.map((path) => expected(oracle, model, path)));
        }
      }),
      { numRuns: 300 },
    );
  });
});
