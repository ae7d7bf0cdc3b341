import fc from "fast-check";
import { expect, it } from "vitest";
import { compile } from "../../src/pipeline.ts";
import { describeWith } from "../support/engines.ts";
import { filesOf } from "../support/model.ts";
import { evaluateHost, expectClean, expectPlanned, nixosPlan } from "../support/nixos.ts";
import { declaredFileSystems, oneHost } from "../support/nixos-one-host.ts";
import { runs } from "../support/odd-texts.ts";
import { randomManifest } from "../support/random-manifest.ts";
import { folderWith } from "../support/workspace.ts";

describeWith(["nix", "nix-sources"], "any NixOS host", () => {
  it.each(["impermanence", "preservation", "none"])("is refused, or works as planned with %s", async (module) => {
    const { numRuns, seed } = runs(8);
    let worked = 0;
    for (const model of fc.sample(randomManifest, { numRuns, seed })) {
      for (const name of ["n1", "n2"]) {
        const one = oneHost(model, name, { module });
        const files = filesOf(one);
        const compiled = await compile(`${folderWith(files)}/persistence.yaml`);
        if (compiled.diagnostics.some(({ severity }) => severity === "error")) continue;
        const plan = nixosPlan(compiled);
        const mounts = plan.host.stores.map(({ mount }) => mount);
        const report = evaluateHost(compiled, declaredFileSystems(one, mounts));
        try {
          expectClean(report);
          expectPlanned(report, plan);
        } catch (cause) {
          throw new Error(files["persistence.yaml"], { cause });
        }
        worked++;
      }
    }
    expect(worked).toBeGreaterThan(3);
  });
});
