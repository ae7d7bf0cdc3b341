// `npm run bench`: how long commands take, as ratios to a bare `node -e 0` of the same run (times alone mean nothing:
// machines differ). Runs are interleaved and the fastest of each counts. Exits 1 where a limit is passed.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { catalogueRows } from "./catalogue.mjs";
import { chezmoiRows } from "./chezmoi.mjs";
import { fedoraRows } from "./fedora.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const cli = join(root, "dist", "cli.cjs");
const scratch = mkdtempSync(join(tmpdir(), "remanence-bench-"));

/** Milliseconds of one run; a run that fails ends the benchmark. */
function time(args) {
  const start = process.hrtime.bigint();
  const run = spawnSync(process.execPath, args, { stdio: "ignore" });
  const end = process.hrtime.bigint();
  if (run.status !== 0) throw new Error(`node ${args.join(" ")} ended with ${run.status}`);
  return Number(end - start) / 1e6;
}

function example(machine) {
  const folder = join(scratch, machine);
  mkdirSync(folder);
  cpSync(join(root, "docs", "examples", machine, "persistence.yaml"), join(folder, "persistence.yaml"));
  return join(folder, "persistence.yaml");
}

/** A manifest of so many entries for two hosts, as different from each other as a list of state is. */
function large(count) {
  const folder = join(scratch, String(count));
  mkdirSync(folder);
  const entries = Array.from(
    { length: count },
    (_, i) => `  - { path: .config/app${i % 977}/part${i}/, class: ${i % 7 === 0 ? "cache" : "state"} }`,
  );
  const head =
    "version: 1\nusers: { alice: {} }\nhosts:\n  laptop: { os: nixos }\n  desk: { os: fedora, stores: { persist: ~/.persist } }\nprofiles: [nixos-ids]\nhome:\n";
  writeFileSync(join(folder, "persistence.yaml"), `${head}${entries.join("\n")}\n`);
  return join(folder, "persistence.yaml");
}

const generate = (manifest) => [cli, "generate", "--manifest", manifest];
const gabriel = example("gabriel");
const mitsio = example("mitsio");

/** name, what is run, whether outputs are removed first */
const jobs = [
  ["node -e 0", ["-e", "0"]],
  ["remanence --version", [cli, "--version"]],
  ["generate gabriel, nothing there", generate(gabriel), gabriel],
  ["generate gabriel, nothing to do", generate(gabriel)],
  ["generate mitsio, nothing there", generate(mitsio), mitsio],
  ["generate mitsio, nothing to do", generate(mitsio)],
];
const outputs = [".remanence", "nixos", "fedora", "chezmoi", "home-manager"];
const best = new Map(jobs.map(([name]) => [name, Number.POSITIVE_INFINITY]));
for (let round = 0; round < 25; round++) {
  for (const [name, args, fresh] of jobs) {
    if (fresh !== undefined)
      for (const output of outputs) rmSync(join(fresh, "..", output), { recursive: true, force: true });
    best.set(name, Math.min(best.get(name), time(args)));
  }
}
const many = { 1000: Number.POSITIVE_INFINITY, 10000: Number.POSITIVE_INFINITY };
const manifests = { 1000: large(1000), 10000: large(10000) };
for (let round = 0; round < 4; round++) {
  for (const count of [1000, 10000])
    many[count] = Math.min(many[count], time([cli, "check", "--manifest", manifests[count]]));
}
rmSync(scratch, { recursive: true });

const bare = best.get("node -e 0");
const limits = {
  "remanence --version": 1.3,
  "generate gabriel, nothing there": 2.5,
  "generate gabriel, nothing to do": 2.5,
  "generate mitsio, nothing there": 2.5,
  "generate mitsio, nothing to do": 2.5,
};
const rows = jobs.map(([name]) => [name, best.get(name), best.get(name) / bare, limits[name]]);
rows.push(["check of 1,000 entries", many[1000], many[1000] / bare, undefined]);
rows.push(["check of 10,000 entries, to that of 1,000", many[10000], many[10000] / many[1000], 13]);
rows.push(...catalogueRows(cli, bare));
rows.push(...fedoraRows(cli));
rows.push(...chezmoiRows(cli));

let failed = false;
process.stdout.write("what                                          ms     ratio   limit\n");
for (const [name, ms, ratio, limit] of rows) {
  const passed = limit === undefined || ratio <= limit;
  failed ||= !passed;
  const verdict = limit === undefined ? "" : `${limit}${passed ? "" : "  PASSED IT"}`;
  process.stdout.write(`${name.padEnd(42)}${ms.toFixed(1).padStart(8)}${ratio.toFixed(2).padStart(9)}   ${verdict}\n`);
}
process.exitCode = failed ? 1 : 0;
