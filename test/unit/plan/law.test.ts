import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planJson } from "../../../src/commands/plan.ts";
import type { HostPlan } from "../../../src/plan/plan.ts";
import { filesOf, headText, listsText, type ModelEntry, type ModelManifest } from "../../support/model.ts";
import { probesOf } from "../../support/probes.ts";
import { randomManifest } from "../../support/random-manifest.ts";
import { Oracle } from "./oracle.ts";
import { covers } from "./oracle-rules.ts";
import { errorCodes, planOf, resolveFiles, saidAnywhere } from "./said.ts";

const runs = { numRuns: 150 };

/** Fates of all probe paths of a model on all hosts, as its files are resolved. */
async function fatesOf(model: ModelManifest, files = filesOf(model)): Promise<object> {
  const resolved = await resolveFiles(files);
  const paths = pathsOf(model);
  const fates = Object.keys(model.hosts).map((host) => paths.map((path) => saidAnywhere(planOf(resolved, host), path)));
  return { errors: errorCodes(resolved), fates };
}

function pathsOf(model: ModelManifest): string[] {
  const rules = Object.keys(model.hosts).flatMap((host) => new Oracle(model, host).rules);
  return probesOf(rules.map((rule) => rule.live)).sort();
}

/** Models in which no two entries contradict each other: of those the order decides which one is reported. */
const consistent = randomManifest.filter((model) =>
  Object.keys(model.hosts).every((host) => !new Oracle(model, host).errors.has("plan/contradiction")),
);

function shuffled<T>(items: readonly T[]): fc.Arbitrary<T[]> {
  return fc.shuffledSubarray([...items], { minLength: items.length });
}

/** The same lists, each in some order. */
function inAnyOrder(model: ModelManifest): fc.Arbitrary<ModelManifest> {
  return fc
    .tuple(shuffled(model.profiles), shuffled(model.system), shuffled(model.home))
    .map(([profiles, system, home]) => ({ ...model, profiles, system, home }));
}

/** The same manifest over up to four files in folders below it, one of them included by another. */
function split(model: ModelManifest): fc.Arbitrary<Record<string, string>> {
  const place = <T>(items: readonly T[]): fc.Arbitrary<[number, T][]> =>
    fc.tuple(...items.map((item) => fc.tuple(fc.nat(3), fc.constant(item))));
  return fc.tuple(place(model.profiles), place(model.system), place(model.home), fc.nat(3)).map(([p, s, h, head]) => {
    const pick = <T>(items: [number, T][], n: number): T[] => items.filter(([i]) => i === n).map(([, item]) => item);
    const text = (n: number): string =>
      (n === head ? headText(model) : "version: 1\n") +
      listsText({ profiles: pick(p, n), system: pick(s, n), home: pick(h, n) });
    return {
      ...filesOf(model),
      "persistence.yaml": `include: [sub/one.yaml, "three é.yaml"]\n${text(0)}`,
      "sub/one.yaml": `include: [deep/two.yaml]\n${text(1)}`,
      "sub/deep/two.yaml": text(2),
      "three é.yaml": text(3),
    };
  });
}

describe("the law", () => {
  it("does not depend on the order of entries and profiles", async () => {
    const both = consistent.chain((model) => fc.tuple(fc.constant(model), inAnyOrder(model)));
    await fc.assert(
      fc.asyncProperty(both, async ([model, other]) => {
        expect(await fatesOf(other)).toEqual(await fatesOf(model));
      }),
      runs,
    );
  });

  it("does not depend on how the manifest is split over included files", async () => {
    const both = consistent.chain((model) => fc.tuple(fc.constant(model), split(model)));
    await fc.assert(
      fc.asyncProperty(both, async ([model, files]) => {
        expect(await fatesOf(model, files)).toEqual(await fatesOf(model));
      }),
      runs,
    );
  });

  it("does not change when entries are written twice", async () => {
    const both = consistent.chain((model) =>
      fc.tuple(fc.constant(model), fc.subarray([...model.system]), fc.subarray([...model.home])),
    );
    await fc.assert(
      fc.asyncProperty(both, async ([model, system, home]) => {
        const doubled = { ...model, system: [...model.system, ...system], home: [...home, ...model.home] };
        expect(await fatesOf(model, filesOf(doubled))).toEqual(await fatesOf(model));
      }),
      runs,
    );
  });

  it("does not change by a deeper entry of the same facts, which is folded", async () => {
    const withParent = consistent.chain((model) => {
      const parents = model.home.filter((entry) => isWholeTree(model, entry));
      return parents.length === 0
        ? fc.constant(undefined)
        : fc.tuple(fc.constant(model), fc.constantFrom(...parents), fc.constantFrom("in here/", "in/here/", "in"));
    });
    let tried = 0;
    await fc.assert(
      fc.asyncProperty(withParent, async (found) => {
        if (found === undefined) return;
        tried++;
        const [model, parent, below] = found;
        const more = { ...model, home: [...model.home, { ...parent, path: parent.path + below }] };
        expect(await fatesOf(model, filesOf(more))).toEqual(await fatesOf(model));
        expect(await keptOf(more)).toEqual(await keptOf(model));
      }),
      { numRuns: 400 },
    );
    expect(tried).toBeGreaterThan(20);
  });

  it("follows from the entries of `plan --format json` alone", async () => {
    await fc.assert(
      fc.asyncProperty(randomManifest, async (model) => {
        const { plans } = await resolveFiles(filesOf(model));
        for (const plan of plans) {
          const paths = probesOf(plan.rules.map((rule) => rule.live));
          const expected = paths.map((path) => saidAnywhere(plan, path));
          const entries = JSON.parse(JSON.stringify(planJson(plan))).entries as JsonEntry[];
          expect(paths.map((path) => ({ path, ...fateFrom(entries, path) }))).toEqual(
            expected.map(({ path, fate, stored, backup }) => ({ path, fate, stored, backup })),
          );
        }
      }),
      { numRuns: 300 },
    );
  });
});

/** True where everything new in a directory is decided by its entry, on every host, and kept alike. */
function isWholeTree(model: ModelManifest, entry: ModelEntry): boolean {
  if (!entry.path.endsWith("/") || entry.how !== undefined) return false;
  return Object.keys(model.hosts).every((host) => {
    const oracle = new Oracle(model, host);
    const inside = oracle.rules.filter((rule) => rule.entry === entry).flatMap((rule) => below(rule.live));
    return inside.every((path) => oracle.deciding(path)?.entry === entry && oracle.fateOf(path).fate === "persist");
  });
}

function below(live: string): string[] {
  return ["in here", "in", "in/here"].map((name) => `${live}/${name}`);
}

/** The plans' entries but for where they are written. */
async function keptOf(model: ModelManifest): Promise<object[]> {
  const { plans } = await resolveFiles(filesOf(model));
  return plans.map((plan: HostPlan) => plan.entries.map((entry) => ({ ...entry, origin: null, span: null })));
}

interface JsonEntry {
  readonly live: string;
  readonly kind: "directory" | "file" | "pattern";
  readonly disposition: string;
  readonly stored: string | null;
  readonly backup: boolean;
}

/** The deepest entry that covers a path decides; literal before pattern, more literal before less, then byte order. */
function fateFrom(
  entries: readonly JsonEntry[],
  path: string,
): { fate: string; stored: string | null; backup: boolean } {
  const rank = (e: JsonEntry): number[] => [
    e.live.split("/").length,
    e.kind === "pattern" ? 0 : 1,
    e.live.replace(/[*?]/g, "").length,
  ];
  const decides = entries
    .filter((entry) => covers(entry, path))
    .reduce<JsonEntry | undefined>((best, entry) => {
      if (best === undefined) return entry;
      const [a, b] = [rank(best), rank(entry)];
      const i = a.findIndex((n, k) => n !== b[k]);
      return i !== -1 && (b[i] ?? 0) > (a[i] ?? 0) ? entry : best;
    }, undefined);
  if (decides === undefined) return { fate: "undecided", stored: null, backup: false };
  const { disposition: fate, stored, live, backup } = decides;
  return { fate, stored: stored === null ? null : stored + path.slice(live.length), backup };
}
