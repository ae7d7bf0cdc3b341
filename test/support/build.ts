import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Builds once before all tests: they run the command as people do, and the catalogue is made by the build. */
export function setup(): void {
  execFileSync(process.execPath, ["build.mjs"], {
    cwd: fileURLToPath(new URL("../../", import.meta.url)),
    stdio: "inherit",
  });
}
