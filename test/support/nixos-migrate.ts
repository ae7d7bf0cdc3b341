/** A machine on which NixOS keeps nothing yet, and what copies its state into the store. */
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { Run } from "./fedora.ts";
import { type FileSystem, Machine } from "./fedora-machine.ts";
import { compileText, writeTree } from "./workspace.ts";

export interface MigrationSpec {
  readonly home?: readonly string[];
  readonly system?: readonly string[];
  /** Settings below `nixos:`. */
  readonly nixos?: string;
  readonly store?: FileSystem;
  readonly env?: NodeJS.ProcessEnv;
}

const list = (name: string, entries: readonly string[] | undefined): string[] =>
  entries === undefined ? [] : [`${name}:`, ...entries.map((entry) => `  - ${entry}`)];

/** Two users and the system keep something on a host `box`, whose store is mounted at /mnt. */
function migrationManifest({ home, system, nixos }: MigrationSpec): string {
  return [
    "version: 1",
    "users: { ann: { group: ann }, bob: { group: bob } }",
    `hosts: { box: { os: nixos, stores: { persist: /mnt }, nixos: { wipe: { path: /, method: tmpfs }${nixos ?? ""} } } }`,
    ...list("home", home),
    ...list("system", ["/var/lib/nixos/", ...(system ?? [])]),
    "",
  ].join("\n");
}

export class Migration {
  readonly machine: Machine;
  readonly script: string;

  static async of(spec: MigrationSpec): Promise<Migration> {
    const compiled = await compileText(migrationManifest(spec));
    if (compiled.tree.length === 0) throw new Error(JSON.stringify(compiled.diagnostics, null, 1));
    const folder = writeTree(compiled);
    chmodSync(folder, 0o755);
    const machine = new Machine("tmpfs", spec.store ?? "ext4", spec.env);
    // What the machine for Fedora has made there: the store is new.
    machine.sh("rm -rf /mnt/home /mnt/lost+found; mkdir -p /var/lib/nixos; echo 1 >/var/lib/nixos/uid-map");
    return new Migration(machine, join(folder, "nixos", "box", "migrate.sh"));
  }

  private constructor(machine: Machine, script: string) {
    this.machine = machine;
    this.script = script;
  }

  /** Runs it as root; it must end in the given way. */
  run(code: number, ...args: string[]): Run {
    const done = this.machine.run(["bash", this.script, ...args]);
    expect(done.code, `${args.join(" ")}\n${done.out}${done.err}`).toBe(code);
    expect(done.err).not.toContain(": command not found");
    return done;
  }

  /** What it did or would do, by the path as it names it. */
  report(code: number, ...args: string[]): Record<string, string> {
    const { entries } = JSON.parse(this.run(code, "--format", "json", ...args).out) as { entries: Reported[] };
    return Object.fromEntries(entries.map(({ path, action, reason }) => [path, reason ?? action]));
  }

  /** Everything about all that is there, but for notes. */
  everything(...places: string[]): string {
    return this.machine.sh(
      `find ${places.join(" ")} ! -name '*.remanence-*' -printf '%p %y %m %U %G %s %T@ %C@ %i %l\\n' | sort`,
    );
  }
}

interface Reported {
  readonly path: string;
  readonly action: string;
  readonly reason: string | null;
}
