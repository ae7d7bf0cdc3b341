// `npm run test:crash`: all kills and power cuts, and a table of them. Exits 1 where anything broke, or where there were
// fewer kills than there should be. Everything happens in memory: TMPDIR is a tmpfs where the machine has one.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const least = 1000;
const tmpfsMagic = 0x01021994;
const memory = "/dev/shm";
const base = existsSync(memory) && statfsSync(memory).type === tmpfsMagic ? memory : tmpdir();
const folder = mkdtempSync(join(base, "remanence-crash-"));
const table = join(folder, "table");

const start = Date.now();
const tests = spawnSync("npx", ["vitest", "run", "test/engines/fedora-crash", ...process.argv.slice(2)], {
  stdio: "inherit",
  env: { ...process.env, REMANENCE_CRASH: "full", REMANENCE_CRASH_TABLE: table, TMPDIR: folder },
});
const rows = existsSync(table)
  ? readFileSync(table, "utf8")
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  : [];
rmSync(folder, { recursive: true, force: true });

const sum = (key) => rows.reduce((total, row) => total + row[key], 0);
const line = (name, rounds, kills, broken) =>
  process.stdout.write(
    `${name.padEnd(64)}${String(rounds).padStart(8)}${String(kills).padStart(8)}${String(broken).padStart(8)}\n`,
  );
process.stdout.write("\n");
line("case", "rounds", "kills", "broken");
for (const row of rows.sort((a, b) => (a.name < b.name ? -1 : 1))) line(row.name, row.rounds, row.kills, row.broken);
line(`all, in ${Math.round((Date.now() - start) / 60_000)} minutes`, sum("rounds"), sum("kills"), sum("broken"));
if (sum("kills") < least) process.stdout.write(`fewer than ${least} kills\n`);
process.exitCode = tests.status !== 0 || sum("broken") > 0 || sum("kills") < least ? 1 : 0;
