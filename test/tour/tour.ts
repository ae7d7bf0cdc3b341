/**
 * `npm start`: what a newcomer sees. Generates every target of the two example machines into `out/`, lets the engines
 * that this machine has look at the result, and says what to look at.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { styleText } from "node:util";
import { checks } from "./checks.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const out = join(root, "out");
const cli = join(root, "dist", "cli.cjs");

function say(text = ""): void {
  process.stdout.write(`${text}\n`);
}

function main(): number {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out);
  const examples = join(root, "docs", "examples");
  const machines = readdirSync(examples).filter((name) => existsSync(join(examples, name, "persistence.yaml")));
  let failures = 0;
  for (const machine of machines) {
    const folder = join(out, machine);
    mkdirSync(folder);
    cpSync(join(examples, machine, "persistence.yaml"), join(folder, "persistence.yaml"));
    say(`\n${styleText("bold", machine)}  out/${machine}/persistence.yaml`);
    const run = spawnSync(process.execPath, [cli, "generate"], { cwd: folder, encoding: "utf8" });
    process.stdout.write(run.stdout);
    process.stdout.write(run.stderr);
    if (run.status !== 0) return run.status ?? 2;
    failures += validate(folder);
  }
  say(`\n${styleText("bold", "What to look at")}`);
  say("  out/gabriel/nixos/laptop/persistence.nix   the module that keeps state across a wiped root");
  say("  out/mitsio/fedora/desk/link.sh --help      the script that moves a home's state, and undoes it");
  say("  out/mitsio/chezmoi/                        what lies in the dotfiles repo");
  say("  npx remanence explain ~/.cargo/registry --manifest out/mitsio/persistence.yaml");
  say();
  return failures === 0 ? 0 : 1;
}

/** Shows the outputs to each engine that is here; counts what they refuse. */
function validate(folder: string): number {
  let failures = 0;
  for (const check of checks) {
    const verdict = check.look(folder);
    if (verdict === null)
      say(`  ${styleText("dim", "–")}  ${check.name}: not looked at, ${check.engine} is not here (npm run engines)`);
    else if (verdict.length === 0) say(`  ${styleText("green", "✓")}  ${check.name}: accepted by ${check.engine}`);
    else {
      failures += verdict.length;
      say(`  ${styleText("red", "✗")}  ${check.name}: ${check.engine} says`);
      for (const line of verdict) say(`     ${line}`);
    }
  }
  return failures;
}

if (!existsSync(cli)) {
  say("Run `npm run build` first.");
  process.exitCode = 2;
} else process.exitCode = main();
