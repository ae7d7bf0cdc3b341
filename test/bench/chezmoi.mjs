// What our 1,000 links cost a `chezmoi apply`, against the same links without a guard. Not where there is no chezmoi.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const rounds = 9;
const count = 1000;
const engines = fileURLToPath(new URL("../../.cache/engines/bin", import.meta.url));
const path = [process.env.PATH, engines].join(delimiter);

/** Rows of the table: name, milliseconds, ratio to chezmoi without us, limit. `cli` is the built command. */
export function chezmoiRows(cli) {
  const folder = mkdtempSync(join(tmpdir(), "remanence-bench-"));
  try {
    if (spawnSync("chezmoi", ["--version"], { env: { ...process.env, PATH: path } }).status !== 0) return [];
    const sources = { ours: ownSource(folder, cli), plain: join(folder, "plain") };
    cpSync(sources.ours, sources.plain, { recursive: true });
    for (const name of readdirSync(sources.plain))
      if (/^\.(chezmoi|remanence)/.test(name)) rmSync(join(sources.plain, name), { recursive: true });
    rmSync(join(sources.plain, "symlink_dot_remanence.tmpl"));
    writeFileSync(join(sources.plain, "symlink_dot_remanence"), ".persist\n");
    const fresh = measured(folder, sources, "fresh");
    const again = measured(folder, sources, "again");
    const row = (what, best) => [`chezmoi apply, 1,000 links, ${what}`, best.ours, best.ours / best.plain, 1.5];
    return [row("nothing there", fresh), row("nothing to do", again)];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function ownSource(folder, cli) {
  const paths = Array.from({ length: count }, (_, i) => `  - .config/app${i % 100}/part${i}/\n`).join("");
  const hosts = "hosts: { desk: { os: fedora, stores: { persist: ~/.persist } } }";
  writeFileSync(join(folder, "persistence.yaml"), `version: 1\nusers: { alice: {} }\n${hosts}\nhome:\n${paths}`);
  const run = spawnSync(process.execPath, [cli, "generate"], { cwd: folder, stdio: "ignore" });
  if (run.status !== 0) throw new Error(`generate ended with ${run.status}`);
  return join(folder, "chezmoi");
}

/** The fastest of some runs of each, in turns; `fresh` each time into a new home. */
function measured(folder, sources, kind) {
  const best = { ours: Number.POSITIVE_INFINITY, plain: Number.POSITIVE_INFINITY };
  for (let round = 0; round < rounds; round++) {
    for (const which of ["ours", "plain"]) {
      const home = join(folder, "homes", which, kind === "fresh" ? String(round) : "0");
      mkdirSync(home, { recursive: true });
      best[which] = Math.min(best[which], apply(sources[which], home));
    }
  }
  return best;
}

function apply(source, home) {
  const chezmoi = { osRelease: { id: "fedora", idLike: "" }, hostname: "desk", username: "alice" };
  const options = ["--source", source, "--destination", home, "--persistent-state", `${home}.boltdb`, "--no-pager"];
  const start = process.hrtime.bigint();
  const run = spawnSync("chezmoi", [...options, "--override-data", JSON.stringify({ chezmoi }), "apply"], {
    env: { PATH: path, HOME: home, LANG: "C.UTF-8" },
    stdio: "ignore",
  });
  const end = process.hrtime.bigint();
  if (run.status !== 0) throw new Error(`chezmoi apply ended with ${run.status}`);
  return Number(end - start) / 1e6;
}
