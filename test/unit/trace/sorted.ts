import { expect } from "vitest";
import { fate } from "../../../src/plan/fate.ts";
import type { AbsolutePath } from "../../../src/plan/path.ts";
import { loadPathIndexes } from "../../../src/profiles/load-path-indexes.ts";
import type { Folded, Writes } from "../../../src/trace/fold.ts";
import type { Found } from "../../../src/trace/found.ts";
import { placeFinder } from "../../../src/trace/places.ts";
import { type SortedOut, sortOut } from "../../../src/trace/sort-out.ts";
import { compileText } from "../../support/workspace.ts";

/** What a trace has seen. */
export interface Seen {
  readonly written?: Readonly<Record<string, Writes | null>>;
  readonly missing?: readonly string[];
  readonly programs?: readonly string[];
  readonly sidecars?: readonly string[];
  readonly find?: (path: string) => Found | undefined;
}

const indexes = await loadPathIndexes(undefined);

/** What is made of a trace, on a host of a manifest with the given entries. */
export async function sorted(seen: Seen, entries = "", host = "os: fedora"): Promise<SortedOut> {
  const { plans, diagnostics } = await compileText(
    `version: 1\nusers: { m: {} }\nhosts: { h: { ${host} } }\n${entries}`,
  );
  expect(diagnostics.filter((one) => one.severity === "error")).toEqual([]);
  const [plan] = plans;
  if (plan === undefined) throw new Error("there is no plan");
  const folded: Folded = {
    written: Object.entries(seen.written ?? {}).map(([path, writes]) => ({ path, writes, kind: "file" })),
    sidecars: new Set(seen.sidecars),
    missing: seen.missing ?? [],
    programs: seen.programs ?? [],
    hasOtherRoot: false,
    hasUnseenCalls: false,
    unresolved: 0,
  };
  const home = "/home/m" as AbsolutePath;
  return sortOut(folded, {
    placeOf: placeFinder([{ user: "m", home, names: [home, "/var/home/m"] }], plan),
    deciding: (live) => fate(plan, live).rule,
    indexes,
    os: plan.host.os,
    find: seen.find ?? (() => ({ kind: "file", bytes: 1 })),
  });
}
