import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { backupSet, rootsInside } from "../../../src/plan/backup-set.ts";
import { fate } from "../../../src/plan/fate.ts";
import type { AbsolutePath } from "../../../src/plan/path.ts";
import { physicalPath } from "../../../src/plan/physical.ts";
import type { HostPlan, PlanEntry } from "../../../src/plan/plan.ts";
import { filesOf } from "../../support/model.ts";
import { probesOf } from "../../support/probes.ts";
import { randomManifest } from "../../support/random-manifest.ts";
import { covers } from "./oracle-rules.ts";
import { errorCodes, planOf, resolveFiles } from "./said.ts";

/** What a backup of these roots and excludes holds: the deepest of both that covers a path decides, a root on a draw. */
function holds(plan: HostPlan, user: string | null, path: string): boolean {
  const { roots, excludes } = backupSet(plan, user);
  const depths = (places: readonly { path: string; kind: PlanEntry["kind"] }[]): number[] =>
    places.filter(({ path: live, kind }) => covers({ live, kind }, path)).map((place) => place.path.split("/").length);
  const root = Math.max(0, ...depths(roots.map((r) => ({ path: r.path, kind: r.entry.kind }))));
  const left = excludes.map(({ path, pattern, entry }) => ({
    path,
    kind: pattern ? ("pattern" as const) : entry.kind,
  }));
  return root > 0 && root >= Math.max(0, ...depths(left));
}

describe("the set of a backup", () => {
  it("holds, where things really lie, exactly what the plan says is backed up", async () => {
    let backedUp = 0;
    await fc.assert(
      fc.asyncProperty(randomManifest, async (model) => {
        const resolved = await resolveFiles(filesOf(model));
        fc.pre(errorCodes(resolved).length === 0);
        for (const plan of resolved.plans) {
          const owners = [null, ...plan.host.users.map((user) => user.name)];
          const paths = probesOf(plan.rules.map((rule) => rule.live)) as AbsolutePath[];
          const rows = paths.map((path) => {
            const { stored, backup } = fate(plan, path);
            const real = stored ?? physicalPath(plan, path);
            return { path, real, backup, held: owners.some((owner) => holds(plan, owner, real)) };
          });
          expect(rows.filter((row) => row.held !== row.backup)).toEqual([]);
          backedUp += rows.filter((row) => row.backup).length;
        }
      }),
      { numRuns: 400 },
    );
    expect(backedUp).toBeGreaterThan(500);
  });

  it("names for each exclude exactly the roots that lie in it", async () => {
    await fc.assert(
      fc.asyncProperty(randomManifest, async (model) => {
        const { plans } = await resolveFiles(filesOf(model));
        for (const plan of plans) {
          for (const owner of [null, ...plan.host.users.map((user) => user.name)]) {
            const set = backupSet(plan, owner);
            for (const exclude of set.excludes) {
              const { path, pattern } = exclude;
              const kind = pattern ? "pattern" : "directory";
              const inside = set.roots.filter((root) => covers({ live: path, kind }, root.path));
              expect(rootsInside(set, exclude)).toEqual(inside);
            }
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it("leaves nothing out by a pattern that would match at another depth in a store in the home", async () => {
    const manifest = `version: 1
users: { u: {} }
hosts: { h: { os: fedora, stores: { persist: ~/.keep }, backup: { engine: restic, repository: /r } } }
home: [docs/, { path: "*/*/tmp/", class: cache }]
`;
    const plan = planOf(await resolveFiles({ "persistence.yaml": manifest }), "h");
    expect(backupSet(plan, "u").excludes.map(({ path }) => path)).toEqual(["/home/u/.keep/docs/*/tmp"]);
  });
});
