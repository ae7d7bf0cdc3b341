import { spawnSync } from "node:child_process";

/** Milliseconds after which a package manager that does not answer is done without. */
const patience = 20_000;

/** Names of the packages that rpm has installed on this machine; none where there is no rpm, or it does not answer. */
export function installedPackages(): Set<string> {
  const { status, stdout } = spawnSync("rpm", ["-qa", "--qf", "%{NAME}\\n"], {
    encoding: "utf8",
    timeout: patience,
    maxBuffer: 1 << 26,
    stdio: ["ignore", "pipe", "ignore"],
  });
  return new Set(status === 0 ? stdout.split("\n").filter((name) => name !== "") : []);
}
