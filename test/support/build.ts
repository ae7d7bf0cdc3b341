import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/**
 * Builds before all tests, where something is newer than the build: they run the command as people do, and the
 * catalogue is made by the build.
 */
export function setup(): void {
  const lock = join(root, "node_modules", ".remanence-build");
  while (!taken(lock)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  try {
    const sources = ["src", "profiles", "chezmoi-templates", "test/tour", "build.mjs", "package.json"];
    const newest = Math.max(...sources.map((source) => newestIn(join(root, source))));
    if (newest < builtAt()) return;
    execFileSync(process.execPath, ["build.mjs"], { cwd: root, stdio: "inherit" });
  } finally {
    rmSync(lock, { recursive: true });
  }
}

/** Two test runs at once must not build at once; a lock that was left behind is broken after a minute. */
function taken(lock: string): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch {
    if (Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? 0) > 60_000)
      rmSync(lock, { recursive: true, force: true });
    return false;
  }
}

function builtAt(): number {
  return statSync(join(root, "dist", "app.cjs"), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function newestIn(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newestIn(join(path, name))));
}
