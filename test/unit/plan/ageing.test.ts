import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ageingOf } from "../../../src/plan/ageing.ts";
import { fate } from "../../../src/plan/fate.ts";
import type { AbsolutePath } from "../../../src/plan/path.ts";
import { physicalPath, relocatedAround } from "../../../src/plan/physical.ts";
import type { HostPlan, PlanEntry } from "../../../src/plan/plan.ts";
import { filesOf } from "../../support/model.ts";
import { probesOf } from "../../support/probes.ts";
import { randomManifest } from "../../support/random-manifest.ts";
import { covers } from "./oracle-rules.ts";
import { errorCodes, planOf, resolveFiles } from "./said.ts";

/** Where a path really is, past links; what is mounted is at its live place too. */
function pastLinks(plan: HostPlan, path: AbsolutePath): AbsolutePath {
  const { rule, stored } = fate(plan, path);
  if (rule?.how === "symlink" && stored !== null) return stored;
  return relocatedAround(plan, path)?.how === "symlink" ? physicalPath(plan, path) : path;
}

/** The rule by which something at a real place ages out: the deepest place decides, one that is spared on a draw. */
function agesBy(plan: HostPlan, path: string): PlanEntry | null {
  const owners = [null, ...plan.host.users.map((user) => user.name)];
  const places = owners.flatMap((owner) => {
    const { aged, spared, stores } = ageingOf(plan, owner);
    const around = stores.filter((store) => path.startsWith(`${store}/`));
    const followed = aged.filter((a) => !a.pattern || around.every((store) => a.path.startsWith(`${store}/`)));
    return [
      ...followed.map((a) => ({ live: a.path, kind: kindOf(a.pattern), aged: a.entry, rank: a.pattern ? 0 : 1 })),
      ...spared.map(({ entry, path: live }) => ({ live, kind: entry.kind, aged: null, rank: 2 })),
    ];
  });
  const depth = (live: string): number => live.split("/").length;
  const covering = places.filter((place) => covers(place, path));
  covering.sort((a, b) => depth(b.live) - depth(a.live) || b.rank - a.rank || literals(b.live) - literals(a.live));
  return covering[0]?.aged ?? null;
}

function kindOf(pattern: boolean): "pattern" | "directory" {
  return pattern ? "pattern" : "directory";
}

function literals(pattern: string): number {
  return pattern.replace(/[*?]/g, "").length;
}

describe("ageing", () => {
  it("takes on every host only what a rule decides that says so, and spares the rest", async () => {
    let aged = 0;
    await fc.assert(
      fc.asyncProperty(randomManifest, async (model) => {
        const resolved = await resolveFiles(filesOf(model));
        fc.pre(errorCodes(resolved).length === 0);
        for (const plan of resolved.plans) {
          const paths = probesOf(plan.rules.map((rule) => rule.live)) as AbsolutePath[];
          for (const path of paths) {
            const by = agesBy(plan, pastLinks(plan, path));
            if (by === null) continue;
            aged++;
            const { rule } = fate(plan, path);
            // What a pattern discards without an age may go with the directory around it.
            if (rule?.kind === "pattern" && rule.disposition === "discard") continue;
            expect({ path, rule: rule?.live }).toEqual({ path, rule: by.live });
            expect(rule?.expire).toBe(by.expire);
            expect(["persist", "discard"]).toContain(rule?.disposition);
          }
        }
      }),
      { numRuns: 400 },
    );
    expect(aged).toBeGreaterThan(200);
  });

  const manifest = (home: string, host = "{ os: fedora }"): string =>
    `version: 1\nusers: { u: {} }\nhosts: { h: ${host} }\nhome: [${home}]\n`;
  const placesOf = async (home: string, host?: string): Promise<object> => {
    const plan = planOf(await resolveFiles({ "persistence.yaml": manifest(home, host) }), "h");
    const { aged, spared } = ageingOf(plan, "u");
    return { aged: aged.map((a) => `${a.path} ${a.age}`), spared: spared.map((s) => s.path) };
  };

  it("takes a cache after a month where nothing wipes it, and not what is kept inside it", async () => {
    const found = await placesOf(
      "{ path: .cache/, class: cache }, .cache/kept/",
      "{ os: fedora, fedora: { link: none } }",
    );
    expect(found).toEqual({ aged: ["/home/u/.cache 30d"], spared: ["/home/u/.cache/kept"] });
  });

  it("takes nothing of a discarded tree that says no age", async () => {
    expect(await placesOf("{ path: .local/share/, need: none }")).toEqual({ aged: [], spared: [] });
  });

  it("takes nothing where the home is wiped at each boot", async () => {
    const wiped = "{ os: nixos, nixos: { wipe: { path: /, method: tmpfs } } }";
    expect(await placesOf("{ path: .cache/, class: cache }", wiped)).toEqual({ aged: [], spared: [] });
  });

  it("takes a discarded directory in a kept one where that really lies", async () => {
    const found = await placesOf("app/, { path: app/cache/, class: cache, expire: 7d }");
    expect(found).toEqual({ aged: ["/persist/home/u/app/cache 7d"], spared: [] });
  });
});
