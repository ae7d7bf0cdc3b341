import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { classes, needs } from "../../../src/plan/vocabulary.ts";
import { type Facet, type Filter, facets, facetTotals, noFilter, passes, prune } from "../../../src/report/facets.ts";
import { growForest, leavesOf, type ReportNode, wayTo } from "../../../src/report/forest.ts";
import { layOut, type Tile } from "../../../src/report/layout.ts";
import { fates } from "../../../src/report/words.ts";
import { hostile, type Leaf, laptop, reportOf, scanOf } from "../../support/report-fixture.ts";

const box = { width: 1000, height: 700 };

/** Trees of any shape: a few names, so that many lie in the same directories. */
const leaves: fc.Arbitrary<Leaf[]> = fc
  .uniqueArray(
    fc.record({
      path: fc
        .array(fc.constantFrom("a", "b", "c", "home", "a b", "__proto__"), { minLength: 1, maxLength: 7 })
        .map((names) => `/${names.join("/")}`),
      bytes: fc.oneof(fc.constantFrom(0, 4096), fc.integer({ min: 0, max: 2 ** 40 })),
      files: fc.nat(9),
      fate: fc.constantFrom(...fates),
      class: fc.constantFrom(...classes, null),
      need: fc.constantFrom(...needs, null),
    }),
    { minLength: 1, maxLength: 60, selector: ({ path }) => path },
  )
  .map((all) => all.map((leaf) => (leaf.fate === "undecided" ? { ...leaf, class: null, need: null } : leaf)));

function forestOf(all: readonly Leaf[]): ReportNode {
  return growForest(reportOf(scanOf("laptop", all)));
}

const bytesOf = (all: Iterable<{ bytes: number }>): number => [...all].reduce((sum, { bytes }) => sum + bytes, 0);
const shown = (tiles: readonly Tile[]): Tile[] => tiles.filter(({ shape }) => shape !== "directory");

describe("the treemap", () => {
  it("shows each byte of the scan once, in the colour of its fate", () => {
    fc.assert(
      fc.property(leaves, (all) => {
        const tiles = shown(layOut(forestOf(all), box));
        expect(bytesOf(tiles)).toBe(bytesOf(all));
        for (const fate of fates)
          expect(bytesOf(tiles.filter((tile) => tile.fate === fate)), fate).toBe(
            bytesOf(all.filter((leaf) => leaf.fate === fate)),
          );
      }),
    );
  });

  it("shows them in a narrow box, in a tiny one, and from any directory", () => {
    const root = forestOf(laptop);
    for (const small of [
      { width: 300, height: 2000 },
      { width: 30, height: 10 },
      { width: 1, height: 1 },
    ])
      expect(bytesOf(shown(layOut(root, small)))).toBe(bytesOf(laptop));
    const visit = (node: ReportNode): void => {
      expect(bytesOf(shown(layOut(node, box))), node.id).toBe(node.bytes);
      node.children.forEach(visit);
    };
    visit(root);
    expect(layOut(root, { width: 0, height: 700 })).toEqual([]);
  });

  it("keeps tiles in their directory and apart from each other", () => {
    fc.assert(
      fc.property(leaves, (all) => {
        const tiles = layOut(forestOf(all), box);
        for (const { x, y, width, height } of tiles) {
          expect(Math.min(x, y, width, height)).toBeGreaterThanOrEqual(0);
          expect(x + width).toBeLessThanOrEqual(box.width + 0.001);
          expect(y + height).toBeLessThanOrEqual(box.height + 0.001);
        }
        const flat = shown(tiles);
        for (const [i, a] of flat.entries())
          for (const b of flat.slice(i + 1)) {
            const across = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
            const down = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
            expect(Math.min(across, down), `${a.key} and ${b.key}`).toBeLessThan(0.001);
          }
      }),
      { numRuns: 40 },
    );
  });

  it("names each tile once", () => {
    fc.assert(
      fc.property(leaves, (all) => {
        const keys = layOut(forestOf(all), box).map(({ key }) => key);
        expect(new Set(keys).size).toBe(keys.length);
      }),
    );
  });
});

describe("a filter", () => {
  const chosen: fc.Arbitrary<Filter> = fc.record({
    fate: fc.subarray([...fates]).map((values) => new Set<string | null>(values)),
    class: fc.subarray([...classes, null]).map((values) => new Set<string | null>(values)),
    need: fc.subarray([...needs, null]).map((values) => new Set<string | null>(values)),
    host: fc.constantFrom(new Set<string>(), new Set(["laptop"]), new Set(["other"])),
  });

  it("leaves what it lets through, and the sums of that", () => {
    fc.assert(
      fc.property(leaves, chosen, (all, filter) => {
        const left = all.filter((leaf) => passes({ ...leaf, host: "laptop" }, filter));
        const pruned = prune(forestOf(all), filter);
        expect(pruned?.bytes ?? 0).toBe(bytesOf(left));
        expect(pruned === undefined ? 0 : [...leavesOf(pruned)].length).toBe(left.length);
        if (pruned !== undefined) expect(bytesOf(shown(layOut(pruned, box)))).toBe(bytesOf(left));
      }),
    );
  });

  it("is forecast by the totals of each value", () => {
    fc.assert(
      fc.property(leaves, chosen, fc.constantFrom<Facet>(...facets), (all, filter, facet) => {
        const root = forestOf(all);
        for (const { value, bytes } of facetTotals(root, facet, filter))
          expect(bytes).toBe(prune(root, { ...filter, [facet]: new Set([value]) })?.bytes ?? 0);
      }),
    );
  });

  it("lets all through where nothing is chosen", () => {
    const root = forestOf(laptop);
    expect(prune(root, noFilter)).toBe(root);
  });
});

describe("the forest", () => {
  it("takes directories with nothing but one directory in them as one", () => {
    const root = forestOf(laptop);
    expect(root.children.map(({ name }) => name)).toContain("home/gabriel");
    expect(root.children.find(({ name }) => name === "home/gabriel")?.path).toBe("/home/gabriel");
  });

  it("finds the way to a path, and to what lies around one that is not shown", () => {
    const root = forestOf(laptop);
    expect(wayTo(root, "laptop", "/var/lib/postgresql").map(({ path }) => path)).toEqual([
      "/",
      "/var",
      "/var/lib",
      "/var/lib/postgresql",
    ]);
    expect(wayTo(root, "laptop", "/var/lib/postgresql/15/main").at(-1)?.path).toBe("/var/lib/postgresql");
    expect(wayTo(root, "laptop", "/home/gabrielle").at(-1)?.path).toBe("/");
    expect(wayTo(root, "elsewhere", "/var/lib").map(({ path }) => path)).toEqual(["/"]);
  });

  it("is one over several hosts, with the sum of all", () => {
    const both = growForest(reportOf(scanOf("laptop", laptop), scanOf("eve", hostile)));
    expect(both.bytes).toBe(bytesOf(laptop) + bytesOf(hostile));
    expect(both.children.map(({ name }) => name)).toEqual(["laptop", "eve:/home/eve"]);
    expect(wayTo(both, "eve", "/home/eve/__proto__").at(-1)?.name).toBe("__proto__");
  });
});
