/** The backup of a NixOS machine, run as its own module runs it. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { expect } from "vitest";
import type { Compiled } from "../../src/pipeline.ts";
import { evalNix } from "../support/nix.ts";
import { modulesOf } from "../support/nixos.ts";
import type { Machine } from "./machine.ts";

/** The options of `services.restic.backups.<name>` that backup.nix sets. */
interface Job {
  readonly repository: string;
  readonly passwordFile: string;
  readonly initialize: boolean;
  readonly paths: readonly string[];
  readonly exclude?: readonly string[];
  readonly extraBackupArgs: readonly string[];
  readonly pruneOpts?: readonly string[];
}

/** The backup jobs that nix finds in a host's backup.nix. */
export function backupJobs(compiled: Compiled, host: string): Readonly<Record<string, Job>> {
  const module = modulesOf(compiled, host, "nixos").find((path) => path.endsWith("backup.nix")) ?? "";
  return evalNix(`(import ${module}).services.restic.backups`) as Record<string, Job>;
}

/**
 * Runs the jobs with the command lines of nixos/modules/services/backup/restic.nix, as root, into a repository at
 * another address: `preStart` makes the repository and the list of paths, `ExecStart` backs up, forgets and checks.
 */
export function runBackups(machine: Machine, jobs: Readonly<Record<string, Job>>, repository: string): void {
  for (const [name, job] of Object.entries(jobs)) {
    const runtime = `/run/restic-backups-${name}`;
    mkdirSync(machine.at(runtime), { recursive: true });
    writeFileSync(machine.at(`${runtime}/includes`), job.paths.map((path) => `${path}\n`).join(""));
    writeFileSync(machine.at(`${runtime}/exclude-patterns`), (job.exclude ?? []).join("\n"));
    const files = [`--exclude-file=${runtime}/exclude-patterns`, `--files-from=${runtime}/includes`];
    const prune = job.pruneOpts ?? [];
    const lines = [
      ...(job.initialize ? ["restic cat config > /dev/null || restic init"] : []),
      `restic backup ${[...job.extraBackupArgs, ...files].join(" ")}`,
      ...(prune.length > 0 ? ["restic unlock", `restic forget --prune ${prune.join(" ")}`, "restic check "] : []),
    ];
    const script = [
      `export RESTIC_CACHE_DIR=/var/cache/restic-backups-${name} RESTIC_PASSWORD_FILE=${job.passwordFile}`,
      `export RESTIC_REPOSITORY=${repository}`,
      "set -e",
      ...lines,
    ].join("\n");
    const done = machine.run(["bash", "-c", script]);
    expect(done.code, `${name}: ${done.out}${done.err}`).toBe(0);
  }
}

/** Puts the password where the jobs look for it. */
export function layPassword(machine: Machine, jobs: Readonly<Record<string, Job>>, password: string): void {
  for (const file of new Set(Object.values(jobs).map((job) => job.passwordFile))) {
    mkdirSync(machine.at(dirname(file)), { recursive: true, mode: 0o700 });
    writeFileSync(machine.at(file), `${password}\n`);
    chmodSync(machine.at(file), 0o600);
  }
}
