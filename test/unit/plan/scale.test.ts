import { describe, expect, it } from "vitest";
import { resolve } from "../../../src/pipeline.ts";
import { ageingOf } from "../../../src/plan/ageing.ts";
import { backupSet } from "../../../src/plan/backup-set.ts";
import { fate } from "../../../src/plan/fate.ts";
import { folderWith } from "../../support/workspace.ts";

const head = `version: 1
users: { u: {} }
hosts:
  n: { os: nixos, backup: { engine: restic, repository: /r, password-file: /persist/p }, nixos: { wipe: { path: /, method: tmpfs } } }
  f: { os: fedora, stores: { persist: ~/.persist }, backup: { engine: tar, path: /b } }
profiles: [nixos-ids]
`;

const lines = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => `  - ${line(i)}\n`).join("");

/** Manifests of about `n` entries, each with a shape that could be slow. */
const shapes: Readonly<Record<string, (n: number) => string>> = {
  "many directories": (n) => `home:\n${lines(n, (i) => `d${i}/`)}`,
  "many files": (n) => `home:\n${lines(n, (i) => `{ path: f${i}, writes: in-place }`)}`,
  "many system entries": (n) => `system:\n${lines(n, (i) => `/srv/d${i}/`)}`,
  "patterns in as many folders": (n) =>
    `home:\n${lines(n / 2, (i) => `{ path: "p${i}/*/Cache/", class: cache }\n  - p${i}/a/b/`)}`,
  "patterns in one folder": (n) =>
    `home:\n  - p/\n${lines(n / 2, (i) => `{ path: "p/*.c${i}", class: cache }\n  - { path: p/q${i}/b/, class: secret }`)}`,
  "exceptions in exceptions": (n) =>
    `home:\n  - p/\n${lines(n / 2, (i) => `{ path: p/p${i}/, class: cache }\n  - p/p${i}/a/`)}`,
  "deep paths": (n) => `home:\n${lines(n, (i) => `${"a/".repeat(40)}b${i}/`)}`,
  "one line": (n) => `home: [${Array.from({ length: n }, (_, i) => `d𝒳${i}/`).join(", ")}]\n`,
  "one anchor": (n) =>
    `home:\n  - { path: x/, on: &on [nixos, fedora] }\n${lines(n, (i) => `{ path: d${i}/, on: *on }`)}`,
  "the same entry": (n) => `home:\n${lines(n, () => "d/")}`,
  "a fault in each line": (n) => `home:\n${lines(n, (i) => `{ path: d${i}/, clas: x }`)}`,
};

/** Milliseconds to resolve a manifest and to ask everything about its plans that outputs ask; the best of some runs. */
async function timeOf(shape: (n: number) => string, n: number, runs: number): Promise<number> {
  const file = `${folderWith({ "persistence.yaml": head + shape(n) })}/persistence.yaml`;
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run++) {
    const start = performance.now();
    const { plans } = await resolve(file);
    for (const plan of plans) {
      for (const owner of [null, "u"]) {
        backupSet(plan, owner);
        ageingOf(plan, owner);
      }
      for (const rule of plan.rules) fate(plan, rule.live);
    }
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

describe("ten times the entries", () => {
  it.each(Object.entries(shapes))("take about ten times as long, not a hundred: %s", async (_, shape) => {
    await timeOf(shape, 1000, 1);
    const small = await timeOf(shape, 1000, 2);
    const large = await timeOf(shape, 10_000, 1);
    expect(large / small).toBeLessThan(40);
  });
});
