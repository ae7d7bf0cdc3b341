import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CarriedOver, carriedOver } from "../../../src/plan/carried-over.ts";
import { fate, rulesOf } from "../../../src/plan/fate.ts";
import { type AbsolutePath, isWithin, joinPath, relativeTo } from "../../../src/plan/path.ts";
import { physicalPath } from "../../../src/plan/physical.ts";
import type { HostPlan } from "../../../src/plan/plan.ts";
import { filesOf } from "../../support/model.ts";
import { probesOf } from "../../support/probes.ts";
import { randomManifest } from "../../support/random-manifest.ts";
import { covers } from "./oracle-rules.ts";
import { errorCodes, planOf, resolveFiles } from "./said.ts";

const depthOf = (path: string): number => path.split("/").length;

function lies(plan: HostPlan, path: AbsolutePath): AbsolutePath {
  return fate(plan, path).stored ?? physicalPath(plan, path);
}

/**
 * Where a file of the backup ends up: it goes with the innermost place that it lies in, unless what is unwanted lies in
 * between. Undefined where it comes with none.
 */
function landsAt(here: HostPlan, carried: CarriedOver, file: AbsolutePath): AbsolutePath | undefined {
  const around = carried.saved.filter(({ root }) => isWithin(file, root));
  const place = around.sort((a, b) => depthOf(b.root) - depthOf(a.root))[0];
  if (place === undefined) return undefined;
  const gone = carried.unwanted.some(
    ({ path, pattern }) =>
      depthOf(path) > depthOf(place.root) && covers({ live: path, kind: pattern ? "pattern" : "directory" }, file),
  );
  const below = relativeTo(file, place.root);
  const top = lies(here, place.live);
  return gone ? undefined : below === undefined ? top : joinPath(top, below);
}

/** Nothing can lie below a file, on either of the two. */
function isPossible(plans: readonly HostPlan[], path: AbsolutePath): boolean {
  return plans.every((plan) => rulesOf(plan).fileAbove(path) === undefined);
}

const manifest = `version: 1
stores: { persist: /keep }
users: { ann: {} }
hosts:
  laptop: { os: nixos, backup: { engine: restic, repository: /r, password-file: /p } }
  desk: { os: fedora, stores: { persist: ~/.persist } }
home:
  - { path: .config/, class: config, on: [laptop] }
  - { path: .config/, class: config, how: none, on: [desk] }
  - { path: .config/app/, class: state, on: [desk] }
  - { path: .config/app/gone/, class: cache, on: [desk] }
  - { path: ".config/*/Cache/", class: cache, on: [desk] }
  - { path: .config/app/Cache/kept/, class: data, on: [desk] }
  - { path: .config/nvim/, class: config, carry: true, on: [desk] }
  - { path: .ssh/, class: secret }
  - { path: videos/, class: data, on: [laptop] }
  - { path: music/, class: data, on: [desk] }
`;

describe("what a host takes over from another host's backup", () => {
  it("is exactly what is backed up there and kept here, and lands where it is kept here", async () => {
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(randomManifest, async (model) => {
        const resolved = await resolveFiles(filesOf(model));
        fc.pre(errorCodes(resolved).length === 0);
        for (const here of resolved.plans) {
          for (const there of resolved.plans.filter((plan) => plan !== here && plan.host.backup !== null)) {
            const carried = carriedOver(here, there);
            const lives = [here, there].flatMap((plan) => plan.rules.map((rule) => rule.live));
            const paths = (probesOf(lives) as AbsolutePath[]).filter((path) => isPossible([here, there], path));
            const rows = paths
              .filter((path) => fate(there, path).backup)
              .map((path) => {
                const kept = fate(here, path).fate === "persist";
                const lands = landsAt(here, carried, lies(there, path));
                return { path, expected: kept ? lies(here, path) : undefined, lands };
              });
            expect(rows.filter(({ expected, lands }) => expected !== lands)).toEqual([]);
            taken += rows.filter(({ lands }) => lands !== undefined).length;
          }
        }
      }),
      { numRuns: 200 },
    );
    expect(taken).toBeGreaterThan(100);
  });

  it("leaves out what is kept there inside a cache, and here is part of that cache", async () => {
    const resolved = await resolveFiles({
      "persistence.yaml": `version: 1
users: { ann: {} }
hosts: { laptop: { os: nixos }, desk: { os: fedora, backup: { engine: restic, repository: /r, password-file: /p } } }
home: [a/, { path: a/b/cache/, class: cache }, { path: a/b/cache/kept, writes: in-place, on: [desk] }]
`,
    });
    const { saved, unwanted } = carriedOver(planOf(resolved, "laptop"), planOf(resolved, "desk"));
    expect(saved.map(({ live }) => live)).toEqual(["/home/ann/a"]);
    expect(unwanted.map(({ path }) => path)).toEqual([expect.stringMatching(/\/a\/b\/cache\/kept$/)]);
  });

  it("names what lies in something else there and elsewhere here, and what is not kept here", async () => {
    const resolved = await resolveFiles({ "persistence.yaml": manifest });
    const { saved, unwanted } = carriedOver(planOf(resolved, "desk"), planOf(resolved, "laptop"));
    expect(saved.map(({ class: c, live, root }) => [c, live, root])).toEqual([
      ["config", "/home/ann/.config", "/keep/home/ann/.config"],
      ["config", "/home/ann/.config/app", "/keep/home/ann/.config/app"],
      ["config", "/home/ann/.config/app/Cache/kept", "/keep/home/ann/.config/app/Cache/kept"],
      ["secret", "/home/ann/.ssh", "/keep/home/ann/.ssh"],
    ]);
    expect(unwanted.map(({ path, pattern }) => [path, pattern])).toEqual([
      ["/keep/home/ann/.config/app/gone", false],
      ["/keep/home/ann/.config/nvim", false],
      ["/keep/home/ann/.config/*/Cache", true],
      ["/keep/home/ann/.config/app/Cache", false],
    ]);
  });
});
