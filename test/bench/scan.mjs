// `npm run bench:scan`: how long a scan takes, as ratios to `du -s` of the same tree in the same run (times alone mean
// nothing: machines differ). The tree is made and removed here; all is in the page cache; runs are interleaved and the
// fastest of each counts. Exits 1 where a limit is passed.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const cli = fileURLToPath(new URL("../../dist/cli.cjs", import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "remanence-bench-scan-"));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));
process.on("SIGINT", () => process.exit(130));

const filesOfFolder = 10;
const manifest = join(scratch, "persistence.yaml");
writeFileSync(
  manifest,
  `version: 1
users: { u: {} }
hosts: { desk: { os: fedora } }
profiles: [ssh, firefox]
home: [Documents/, top7/, { path: top9/mid3/, need: none }, { path: "top1/*/leaf1*/", class: cache }]
`,
);
// Tells the most memory that a run has had: what the threads have is in it.
const hook = join(scratch, "memory.cjs");
writeFileSync(
  hook,
  `const { isMainThread } = require("node:worker_threads");
if (isMainThread) process.on("exit", () =>
  require("node:fs").writeFileSync(process.env.BENCH_MEMORY, String(process.resourceUsage().maxRSS)));`,
);

/** Makes a tree of so many files in a tenth as many folders, some levels deep. */
function plant(name, files) {
  const home = join(scratch, name, "u");
  const text = "x".repeat(2000);
  for (let i = 0; i < files / filesOfFolder; i++) {
    const folder = join(home, `top${i % 50}`, `mid${Math.floor(i / 50) % 40}`, `leaf${i}`);
    mkdirSync(folder, { recursive: true });
    for (let j = 0; j < filesOfFolder; j++) writeFileSync(join(folder, `file${j}.txt`), text.slice(0, 100 * (j + 1)));
  }
  return home;
}

/** Milliseconds of one run. */
function time(command, args, env = {}) {
  const start = process.hrtime.bigint();
  const { status, stderr } = spawnSync(command, args, {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, ...env },
  });
  const end = process.hrtime.bigint();
  // 1 are findings.
  if (status !== 0 && status !== 1) throw new Error(`${command} ended with ${status}: ${stderr}`);
  return Number(end - start) / 1e6;
}

/** The fastest of some runs of both, in milliseconds, and the most memory of a scan, in MiB. */
function measure(home, rounds) {
  const best = { du: Number.POSITIVE_INFINITY, scan: Number.POSITIVE_INFINITY, memory: 0 };
  const peak = join(scratch, "peak");
  const args = ["-r", hook, cli, "scan", "--manifest", manifest, "--home", home, "--format", "json"];
  for (let round = 0; round < rounds; round++) {
    best.du = Math.min(best.du, time("du", ["-s", home]));
    best.scan = Math.min(best.scan, time(process.execPath, args, { BENCH_MEMORY: peak }));
    best.memory = Math.max(best.memory, Number(readFileSync(peak, "utf8")) / 1024);
  }
  return best;
}

process.stdout.write(`making the trees (${availableParallelism()} cores) …\n`);
const small = measure(plant("small", 300_000), 12);
rmSync(join(scratch, "small"), { recursive: true });
const large = measure(plant("large", 1_000_000), 5);

const rows = [
  ["du -s of 300,000 files in 30,000 folders, ms", small.du, undefined],
  ["scan of them, ms", small.scan, undefined],
  ["scan to du", small.scan / small.du, 1],
  ["most memory of a scan, MiB", small.memory, 120],
  ["1,000,000 files: scan to du", large.scan / large.du, 1],
  ["time a file, to that of 300,000 files", large.scan / 1_000_000 / (small.scan / 300_000), 1.25],
  ["most memory, MiB", large.memory, undefined],
];
let failed = false;
for (const [name, value, limit] of rows) {
  const passed = limit === undefined || value <= limit;
  failed ||= !passed;
  const verdict = limit === undefined ? "" : `limit ${limit}${passed ? "" : "  PASSED IT"}`;
  process.stdout.write(`${name.padEnd(46)}${value.toFixed(2).padStart(10)}   ${verdict}\n`);
}
process.exitCode = failed ? 1 : 0;
