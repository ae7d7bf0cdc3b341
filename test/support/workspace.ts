/** Scratch folders with a manifest in them, and the command run on it. */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { type Compiled, compile } from "../../src/pipeline.ts";

const cli = fileURLToPath(new URL("../../dist/cli.cjs", import.meta.url));

const tmpfsMagic = 0x01021994;
const shared = "/dev/shm";

/**
 * A folder in memory, where the machine has one: for what is written to disk many times in a test that is not about the
 * disk, and for the images of disks.
 */
export const memory: string = hasRoom(shared) ? shared : tmpdir();

/** True for a file system in memory with two gigabytes to spare. */
function hasRoom(folder: string): boolean {
  if (!existsSync(folder)) return false;
  const { type, bavail, bsize } = statfsSync(folder);
  return type === tmpfsMagic && bavail * bsize > 2 ** 31;
}

/** A new folder that is gone when the test is over. */
export function scratch(name = "remanence-test-", base = tmpdir()): string {
  const folder = mkdtempSync(join(base, name));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A new folder with the given files. */
export function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = scratch();
  writeFiles(folder, files);
  return folder;
}

export function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

/** Compiles a manifest, as the command does before it writes. */
export function compileText(manifest: string, others: Readonly<Record<string, string>> = {}): Promise<Compiled> {
  const folder = folderWith({ "persistence.yaml": manifest, ...others });
  return compile(join(folder, "persistence.yaml"));
}

/** Writes the compiled tree into a folder; returns the folder. */
export function writeTree(compiled: Compiled, folder = scratch()): string {
  for (const file of compiled.tree) {
    writeFiles(folder, { [file.path]: file.content });
    if (file.executable) chmodSync(join(folder, file.path), 0o755);
  }
  return folder;
}

export interface CliRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command in a folder. */
export function remanence(folder: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): CliRun {
  const run = spawnSync(process.execPath, [cli, ...args], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", ...env },
    maxBuffer: 1 << 28,
  });
  return { code: run.status, stdout: run.stdout, stderr: run.stderr };
}

/** All files below a folder, as relative paths, sorted. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

export function readText(...path: string[]): string {
  return readFileSync(join(...path), "utf8");
}
