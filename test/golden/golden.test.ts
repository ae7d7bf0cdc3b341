import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { countDiagnostics, printDiagnostic } from "../../src/diagnostics/print.ts";
import { readLedger } from "../../src/output/ledger.ts";
import { planWrites } from "../../src/output/plan-writes.ts";
import { compile } from "../../src/pipeline.ts";
import { compileMachine, machineFolder, machines } from "../support/machines.ts";
import { filesBelow } from "../support/workspace.ts";

const golden = fileURLToPath(new URL("./", import.meta.url));
const cases = readdirSync(golden, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

describe.each(cases)("golden tree %s", (name) => {
  const folder = join(golden, name);
  const expected = join(folder, "expected");

  it("is what the manifest gives, byte by byte, and nothing else", async () => {
    const { tree } = await compile(join(folder, "persistence.yaml"));
    for (const file of tree) await expect(file.content).toMatchFileSnapshot(join(expected, file.path));
    const there = existsSync(expected) ? filesBelow(expected) : [];
    expect(there).toEqual(tree.map((file) => file.path).sort());
  });

  it("comes with these diagnostics", async () => {
    const { diagnostics, sources } = await compile(join(folder, "persistence.yaml"));
    const text = diagnostics.map((d) => printDiagnostic(d, sources, { color: false })).join("\n");
    await expect(`${text}\n${countDiagnostics(diagnostics)}\n`).toMatchFileSnapshot(join(folder, "diagnostics.txt"));
  });
});

describe.each(machines)("the example %s", (machine) => {
  it("has its outputs beside it as generate writes them", async () => {
    const { tree } = await compileMachine(machine);
    const folder = machineFolder(machine);
    const plan = planWrites(folder, tree, readLedger(folder), { scope: {}, force: false });
    // Out of date? `npm run examples` writes them anew; read the diff.
    expect({ changes: plan.changes.map((c) => c.path), refused: plan.refused.map((r) => r.path) }).toEqual({
      changes: [],
      refused: [],
    });
    expect(plan.unchanged.length).toBe(tree.length);
  });
});
