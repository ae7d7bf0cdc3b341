// `npm run coverage [-- --missing]`: of what real people persist, how much a profile of the catalogue names, exactly or by a
// directory around it. `--missing` lists what none knows, what most people keep first.
import { readFileSync } from "node:fs";

/** Trees so wide that to name them says nothing of what lies in them. */
const wholeTrees = new Set([
  ...["user ", "user .config", "user .local", "user .local/share", "user .local/state", "user .cache"],
  ...["system /", "system /var", "system /var/lib", "system /etc", "system /home", "system /root"],
]);
const scopes = { home: "user", system: "system" };

const lines = readFileSync(new URL("../../dist/profiles.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .slice(1);
const profiles = lines.map((line) => JSON.parse(line));
const known = new Map();
for (const profile of profiles) {
  for (const entry of [profile, ...Object.values(profile.flavours)].flatMap((variant) => variant.paths)) {
    const key = `${scopes[entry.scope]} ${entry.path}`;
    if (entry.kind !== "pattern" && !wholeTrees.has(key)) known.set(key, profile.name);
  }
}

/** "exact", "below" or undefined. */
function match(scope, path) {
  if (known.has(`${scope} ${path}`)) return "exact";
  for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) {
    if (known.has(`${scope} ${path.slice(0, at)}`)) return "below";
  }
  return undefined;
}

const counts = {};
const missing = new Map();
const statements = readFileSync(new URL("persisted.tsv", import.meta.url), "utf8")
  .split("\n")
  .slice(1);
for (const line of statements) {
  if (line === "") continue;
  const [, scope, , written] = line.split("\t");
  const path = written.replace(/\/+$/, "");
  counts[scope] ??= { statements: 0, exact: 0, below: 0 };
  counts[scope].statements += 1;
  const how = match(scope, path);
  if (how === undefined) missing.set(`${scope}\t${path}`, (missing.get(`${scope}\t${path}`) ?? 0) + 1);
  else counts[scope][how] += 1;
}

const row = (name, statements, exact, below, share) =>
  process.stdout.write(
    `${name.padEnd(10)}${[statements, exact, below].map((cell) => String(cell).padStart(12)).join("")}${share.padStart(10)}\n`,
  );
const rowOf = (name, { statements, exact, below }) =>
  row(name, statements, exact, below, `${((100 * (exact + below)) / statements).toFixed(1)} %`);
row("scope", "statements", "exact", "below", "known");
for (const [scope, count] of Object.entries(counts)) rowOf(scope, count);
const total = (key) => Object.values(counts).reduce((sum, count) => sum + count[key], 0);
rowOf("all", { statements: total("statements"), exact: total("exact"), below: total("below") });
process.stdout.write(`${profiles.length} profiles\n`);
if (process.argv.includes("--missing")) {
  const byCount = [...missing].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  for (const [path, count] of byCount) process.stdout.write(`${count}\t${path}\n`);
}
