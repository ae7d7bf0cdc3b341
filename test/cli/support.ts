/** What the tests of the command line have in common: a small manifest, what is on the disk, and odd places to run in. */
import { spawnSync } from "node:child_process";
import { chmodSync, lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { type CliRun, folderWith, remanence } from "../support/workspace.ts";

/** The built command, for tests that start it in their own way. */
export const cli = fileURLToPath(new URL("../../dist/cli.cjs", import.meta.url));

/** A NixOS host `n` and a Fedora host `f`, with something for every target. */
export const small = `version: 1
users: { u: {} }
hosts:
  n: { os: nixos, nixos: { wipe: { path: /, method: tmpfs }, home: standalone } }
  f: { os: fedora }
profiles: [nixos-ids]
home:
  - Documents/
  - { path: .config/app/, class: config, carry: true }
`;

/** A scratch folder with the small manifest, or another, and further files. */
export function workspace(manifest = small, others: Readonly<Record<string, string>> = {}): string {
  return folderWith({ "persistence.yaml": manifest, ...others });
}

/** Such a folder in which the outputs are written already. */
export function generated(manifest = small, others: Readonly<Record<string, string>> = {}): string {
  const folder = workspace(manifest, others);
  expect(remanence(folder, ["generate"])).toMatchObject({ code: 0 });
  return folder;
}

/** Everything below a folder: what kind it is, its mode, its content. Two folders with equal states are the same. */
export function stateOf(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const states = entries.map((entry): [string, string] => {
    const path = join(entry.parentPath, entry.name);
    return [relative(folder, path), stateOfOne(path)];
  });
  return Object.fromEntries(states.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function stateOfOne(path: string): string {
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) return `-> ${readlinkSync(path)}`;
  const mode = (stat.mode & 0o7777).toString(8);
  return stat.isFile() ? `${mode} ${readFileSync(path, "utf8")}` : `${mode} no file`;
}

/** Times at which the files below a folder were last written, by path. */
export function timesOf(folder: string): Record<string, number> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map(({ parentPath, name }) => [
      relative(folder, join(parentPath, name)),
      lstatSync(join(parentPath, name)).mtimeMs,
    ]),
  );
}

/** Runs the command as a user without rights; the tests that ask for it run as root. */
export function asNobody(folder: string, args: readonly string[]): CliRun {
  return run("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", process.execPath, cli, ...args], folder);
}

/** Runs a shell script in a mount namespace of its own; `$1` is node, `$2` the command. */
export function inNamespace(folder: string, script: string): CliRun {
  const shell = ["sh", "-euc", script, "sh", process.execPath, cli];
  return run("unshare", ["--mount", "--propagation", "private", ...shell], folder);
}

/** Runs a program in a folder. */
export function run(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): CliRun {
  const options = {
    cwd,
    encoding: "utf8" as const,
    env: { ...process.env, NO_COLOR: "1", ...env },
    maxBuffer: 1 << 28,
  };
  const { status, stdout, stderr } = spawnSync(command, args, options);
  return { code: status, stdout, stderr };
}

/** Lets everybody read and write a scratch folder and what is in it. */
export function openToAll(folder: string): void {
  chmodSync(folder, 0o777);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isSymbolicLink()) chmodSync(path, entry.isDirectory() ? 0o777 : 0o666);
  }
}

/** A run that could not do its work: exit code 2, one plain message, no answer. */
export function expectCannotRun({ code, stdout, stderr }: CliRun, message: RegExp): void {
  expect(stderr).toMatch(message);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expectNoTrace(stderr);
}

/** No stack trace, and no talk of a fault of ours. */
export function expectNoTrace(stderr: string): void {
  expect(stderr).not.toMatch(/^\s+at .+:\d+|fault of Remanence|node:internal|throw /m);
}
