import fc from "fast-check";
import { expect, it } from "vitest";
import { compile } from "../../src/pipeline.ts";
import { describeWith } from "../support/engines.ts";
import { filesOf, type ModelEntry, type ModelManifest } from "../support/model.ts";
import { evaluateHost, expectClean, expectPlanned, nixosPlan } from "../support/nixos.ts";
import { runs } from "../support/odd-texts.ts";
import { randomManifest } from "../support/random-manifest.ts";
import { folderWith } from "../support/workspace.ts";

const everywhere = <T extends { readonly on?: readonly string[] }>(items: readonly T[]): T[] =>
  items.map(({ on, ...rest }) => {
    void on;
    return rest as T;
  });

/** One NixOS host of a random manifest, with all entries on it, kept by a module. */
function oneHost(model: ModelManifest, name: string, module: string): ModelManifest {
  const host = model.hosts[name];
  if (host === undefined) throw new Error(`no ${name}`);
  return {
    ...model,
    hosts: { [name]: { ...host, nixos: { ...host.nixos, module } } },
    profiles: [{ name: "nixos-ids" }, ...everywhere(model.profiles)],
    system: everywhere<ModelEntry>(model.system),
    home: everywhere<ModelEntry>(model.home),
  };
}

/** The file systems that a person has declared for such a host. */
function declared(model: ModelManifest, mounts: readonly (string | null)[]): Record<string, object> {
  const nixos = Object.values(model.hosts)[0]?.nixos;
  const root = nixos?.wipe?.some(({ path }) => path === "/") === true ? [] : ["/"];
  const all = [...root, ...(nixos?.mounts ?? []), ...mounts.filter((mount) => mount !== null)];
  return Object.fromEntries(all.map((mount) => [mount, { device: "/dev/disk/by-label/x", fsType: "ext4" }]));
}

describeWith(["nix", "nix-sources"], "any NixOS host", () => {
  it.each(["impermanence", "preservation", "none"])("is refused, or works as planned with %s", async (module) => {
    const { numRuns, seed } = runs(8);
    let worked = 0;
    for (const model of fc.sample(randomManifest, { numRuns, seed })) {
      for (const name of ["n1", "n2"]) {
        const one = oneHost(model, name, module);
        const files = filesOf(one);
        const compiled = await compile(`${folderWith(files)}/persistence.yaml`);
        if (compiled.diagnostics.some(({ severity }) => severity === "error")) continue;
        const plan = nixosPlan(compiled);
        const mounts = plan.host.stores.map(({ mount }) => mount);
        const report = evaluateHost(compiled, declared(one, mounts) as never);
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
