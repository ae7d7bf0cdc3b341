// What the catalogue costs: to ask whose paths are, and to name profiles instead of listing their paths.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const rounds = 15;

function time(args, options) {
  const start = process.hrtime.bigint();
  const run = spawnSync(process.execPath, args, { stdio: ["pipe", "ignore", "ignore"], ...options });
  const end = process.hrtime.bigint();
  if (run.status !== 0) throw new Error(`node ${args.join(" ")} ended with ${run.status}`);
  return Number(end - start) / 1e6;
}

/** Rows of the table: name, milliseconds, ratio to a bare node, limit. `cli` is the built command. */
export function catalogueRows(cli, bare) {
  const folder = mkdtempSync(join(tmpdir(), "remanence-bench-"));
  const catalogue = readFileSync(new URL("profiles.jsonl", `file://${cli}`), "utf8")
    .trim()
    .split("\n")
    .slice(1);
  const profiles = catalogue.map((line) => JSON.parse(line));
  const paths = askedPaths(profiles, 5000);
  // Every so many, so that they are as different as those of a real manifest.
  const step = Math.floor(profiles.length / 60);
  const chosen = profiles.filter((_, i) => i % step === 0).slice(0, 60);
  const named = manifest(folder, "named", `profiles: [${chosen.map(({ name }) => name).join(", ")}]\n`);
  const listed = manifest(folder, "listed", listsOf(chosen));
  const best = { match: Infinity, named: Infinity, listed: Infinity };
  for (let round = 0; round < rounds; round++) {
    const match = time([cli, "profiles", "match", "--format", "json", "-"], { input: paths, cwd: folder });
    best.match = Math.min(best.match, match);
    best.named = Math.min(best.named, time([cli, "plan", "--host", "desk", "--manifest", named]));
    best.listed = Math.min(best.listed, time([cli, "plan", "--host", "desk", "--manifest", listed]));
  }
  rmSync(folder, { recursive: true });
  const added = Math.max(0, best.named - best.listed);
  return [
    ["profiles match, 5,000 paths", best.match, best.match / bare, 1.5],
    ["60 profiles, beyond their paths listed", added, added / bare, 10 / bare],
  ];
}

/** Paths as a walk of a home and a system finds them: of the catalogue, inside of it, and unknown ones. */
function askedPaths(profiles, count) {
  const known = profiles.flatMap(({ paths }) => paths.map(({ path }) => path));
  const all = known.flatMap((path, i) => [
    path,
    `${path}/sub/file${i}`,
    `${path.startsWith("/") ? "/opt/" : ""}x${i}/y`,
  ]);
  return Array.from({ length: count }, (_, i) => `${all[i % all.length]}\n`).join("");
}

function manifest(folder, name, text) {
  const file = join(folder, `${name}.yaml`);
  writeFileSync(
    file,
    `version: 1\nusers: { alice: {} }\nhosts: { desk: { os: fedora } }\nstores: { persist: ~/.persist }\n${text}`,
  );
  return file;
}

/** The same paths as entries of the manifest. */
function listsOf(profiles) {
  const entries = profiles.flatMap(({ paths }) => paths);
  const list = (scope) =>
    entries
      .filter((entry) => entry.scope === scope)
      .map(({ path, kind, class: c, need, on }) => {
        const written = JSON.stringify(`${path}${kind === "directory" ? "/" : ""}`);
        return `  - { path: ${written}, class: ${c}, need: ${need}${on === null ? "" : `, on: [${on.join(", ")}]`} }\n`;
      })
      .join("");
  return `system:\n${list("system")}home:\n${list("home")}`;
}
