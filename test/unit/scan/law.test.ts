import { type Dirent, lstatSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fate } from "../../../src/plan/fate.ts";
import { type AbsolutePath, isWithin } from "../../../src/plan/path.ts";
import type { HostPlan } from "../../../src/plan/plan.ts";
import { isSystemsOwn, keepingPlaces } from "../../../src/scan/places.ts";
import type { ScanResult } from "../../../src/scan/result.ts";
import { scanHost } from "../../../src/scan/scan.ts";
import { filesOf } from "../../support/model.ts";
import { probesOf } from "../../support/probes.ts";
import { randomManifest } from "../../support/random-manifest.ts";
import { memory, scratch } from "../../support/workspace.ts";
import { resolveFiles } from "../plan/said.ts";

/** Lays a file or a folder at each path, as far as there is room beside the others. */
function lay(root: string, paths: readonly string[]): void {
  for (const [i, path] of paths.entries()) {
    const real = join(root, path);
    try {
      mkdirSync(i % 3 === 0 ? real : dirname(real), { recursive: true });
      if (i % 3 !== 0) writeFileSync(real, "x".repeat((i % 5) * 3000), { flag: "wx" });
    } catch {
      // A file is there already.
    }
  }
}

/** All that a scan should look at, one path after the other, as the law has it. */
function everything(
  plan: HostPlan,
  root: string,
): { live: AbsolutePath; bytes: number; isFile: boolean; fate: string }[] {
  const homes = plan.host.users.map(({ home }) => home);
  const left = keepingPlaces(plan);
  const isLookedAt = (live: string): boolean => {
    if (left.some((place) => isWithin(live, place))) return false;
    if (homes.some((home) => isWithin(live, home))) return true;
    for (let at = live; at !== "/"; at = dirname(at)) if (isSystemsOwn(at)) return false;
    return true;
  };
  const pathOf = (entry: Dirent): AbsolutePath => join(entry.parentPath, entry.name).slice(root.length) as AbsolutePath;
  const lives = readdirSync(root, { recursive: true, withFileTypes: true }).map(pathOf);
  return ["/" as AbsolutePath, ...lives].filter(isLookedAt).map((live) => {
    const stats = lstatSync(join(root, live));
    return { live, bytes: stats.blocks * 512, isFile: !stats.isDirectory(), fate: fate(plan, live).fate };
  });
}

function expectedTotals(found: ReturnType<typeof everything>): ScanResult["totals"] {
  const of = (name: string): { bytes: number; files: number } => {
    const those = found.filter((path) => path.fate === name);
    return {
      bytes: those.reduce((sum, { bytes }) => sum + bytes, 0),
      files: those.filter(({ isFile }) => isFile).length,
    };
  };
  return {
    persist: of("persist"),
    carry: of("carry"),
    fetch: of("fetch"),
    discard: of("discard"),
    undecided: of("undecided"),
  };
}

/** Sizes of the leaves of the tree, by fate. */
function leaves(node: ScanResult["tree"], sums: Record<string, number> = {}): Record<string, number> {
  if (node.children.length === 0 && node.fate !== null && node.bytes > 0)
    sums[node.fate] = (sums[node.fate] ?? 0) + node.bytes;
  for (const child of node.children) leaves(child, sums);
  return sums;
}

describe("a scan of random trees by random plans", () => {
  it("decides each path as the law does, and shows each undecided file in one row, and nothing else", async () => {
    await fc.assert(
      fc.asyncProperty(randomManifest, fc.constantFrom("n1", "f2"), async (model, host) => {
        const { plans } = await resolveFiles(filesOf(model));
        const plan = plans.find((p) => p.host.name === host);
        if (plan === undefined) throw new RangeError(host);
        const root = scratch("remanence-scan-", memory);
        try {
          for (const { home } of plan.host.users) mkdirSync(join(root, home), { recursive: true });
          lay(root, probesOf(plan.rules.map((rule) => rule.live)));
          const result = await scanHost({ plan, indexes: [], root });
          const found = everything(plan, root);
          expect(result.totals).toEqual(expectedTotals(found));
          const bytes = Object.fromEntries(
            Object.entries(result.totals).flatMap(([name, size]) => (size.bytes === 0 ? [] : [[name, size.bytes]])),
          );
          expect(leaves(result.tree)).toEqual(bytes);
          for (const { live, fate: decided, isFile } of found) {
            const rows = result.undecided.filter(({ path }) => isWithin(live, path));
            if (isFile) expect(rows.length, live).toBe(decided === "undecided" ? 1 : 0);
            else if (decided !== "undecided") expect(rows, live).toEqual([]);
          }
        } finally {
          rmSync(root, { recursive: true });
        }
      }),
      { numRuns: 25 },
    );
  });
});
