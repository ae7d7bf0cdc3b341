/** Homes on real file systems, and the scripts for Fedora run in them. */
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  closeSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { printDiagnostic } from "../../src/diagnostics/print.ts";
import type { Compiled } from "../../src/pipeline.ts";
import type { HostPlan } from "../../src/plan/plan.ts";
import { enginePath } from "./engines.ts";
import { compileText, memory, scratch, writeTree } from "./workspace.ts";

/** A manifest's scripts for its host `desk`, ready to run. */
export interface Scripts {
  /** The folder with link.sh and the others. */
  readonly folder: string;
  readonly plan: HostPlan;
  readonly compiled: Compiled;
}

/** Compiles a manifest and writes what its Fedora host `desk` gets. */
export async function scriptsOf(manifest: string): Promise<Scripts> {
  const compiled = await compileText(manifest);
  const plan = compiled.plans.find(({ host }) => host.name === "desk");
  if (plan === undefined || compiled.tree.length === 0) {
    throw new Error(compiled.diagnostics.map((d) => printDiagnostic(d, compiled.sources, { color: false })).join("\n"));
  }
  const folder = writeTree(compiled);
  chmodSync(folder, 0o755); // other users run them too
  return { folder: join(folder, "fedora", "desk"), plan, compiled };
}

/** A manifest with one Fedora host `desk` and one user `ann`, whose home entries are given as YAML. */
export function manifestOf(
  home: readonly string[],
  more: { store?: string; backup?: string; top?: string } = {},
): string {
  return [
    "version: 1",
    "users: { ann: {} }",
    `hosts: { desk: { os: fedora, stores: { persist: ${more.store ?? "~/.persist"} }${more.backup === undefined ? "" : `, backup: ${more.backup}`} } }`,
    more.top ?? "",
    "home:",
    ...home.map((entry) => `  - ${entry}`),
    "",
  ].join("\n");
}

export interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly home: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Another user and group to run as. */
  readonly uid?: number;
  /** A process whose mounts it sees. */
  readonly among?: number;
}

/** Everything a script's environment holds: nothing of the tester's own. */
export function environment({ home, env = {} }: RunOptions): NodeJS.ProcessEnv {
  // The system's own programs first: what a version manager puts before them is slow.
  return { PATH: `/usr/bin:/usr/sbin:${enginePath}`, HOME: home, ...env };
}

/** A command line that enters the mounts, and becomes the user, that are asked for. */
export function commandLine(command: readonly string[], { uid, among }: RunOptions): readonly string[] {
  const into = among === undefined ? [] : ["nsenter", `--mount=/proc/${among}/ns/mnt`, "--"];
  const as = uid === undefined ? [] : ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"];
  return [...into, ...as, ...command];
}

/** Runs a program as the scripts are run: without a terminal, with an environment of its own. */
export function run(command: readonly string[], options: RunOptions): Run {
  const [program = "", ...args] = commandLine(command, options);
  const done: SpawnSyncReturns<string> = spawnSync(program, args, {
    cwd: "/",
    encoding: "utf8",
    env: environment(options),
    maxBuffer: 1 << 28,
  });
  if (done.error !== undefined) throw done.error;
  return { code: done.status, out: done.stdout, err: done.stderr };
}

/** Runs one of the scripts. */
export function runScript(scripts: Scripts, name: string, args: readonly string[], options: RunOptions): Run {
  return run(["bash", join(scripts.folder, `${name}.sh`), ...args], options);
}

/** Runs a script that must end in the given way; its output is in the message where it does not. */
export function expectRun(code: number, ...call: Parameters<typeof runScript>): Run {
  const done = runScript(...call);
  expect(done.code, `${call[1]} ${call[2].join(" ")}\n${done.out}${done.err}`).toBe(code);
  // In a condition a function that is not there is only "no".
  expect(done.err).not.toContain(": command not found");
  return done;
}

/** What a script reported with `--format json`, by path. */
export function actions(done: Run, key: "action" | "result" = "action"): Record<string, string> {
  const report = JSON.parse(done.out) as { entries: ({ path: string } & Record<"action" | "result", string>)[] };
  return Object.fromEntries(report.entries.map((entry) => [entry.path, entry[key]]));
}

/** A new home below a folder (default: the temporary files), with no link in its path. */
export function newHome(base = tmpdir()): string {
  const home = realpathSync(mkdtempSync(join(base, "remanence-home-")));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  return home;
}

/** Content of a path to lay: text is a file, a list a directory, `{ link }` a link. */
export type Content = string | { readonly link: string } | { readonly [name: string]: Content };

/** Lays files, directories and links below a folder. */
export function lay(folder: string, content: { readonly [path: string]: Content }): void {
  for (const [name, what] of Object.entries(content)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    if (typeof what === "string") writeFileSync(path, what);
    else if (typeof what.link === "string") symlinkSync(what.link, path);
    else {
      mkdirSync(path, { recursive: true });
      lay(path, what as { [path: string]: Content });
    }
  }
}

/** Names whatever programs may call their files. */
export const oddNames = [
  ...["with space", " lead", "trail ", "it's", 'a "b"', "$HOME", "${x}", "$(touch x)", "`id`", "''", "a\\b", "100%"],
  ...[
    "#hash",
    "-rf",
    "--only",
    "*",
    "?",
    "[x]",
    "{a}",
    "τέχνη",
    "a&b",
    "a;b",
    "!x",
    "~",
    "a|b",
    "é",
    "x\u00a0",
    "@(a)",
  ],
  ...["a\\'b", "a’b", "a\\nb", "a=b", "=", "a\u00adb", "^a$", "a+b", "<x>", "%h"],
  "n".repeat(200),
];

/** One line for each path below a folder: kind, mode, and content or where a link leads. */
export function contents(folder: string): Record<string, string> {
  const found: Record<string, string> = {};
  const visit = (path: string, name: string): void => {
    const stat = lstatSync(path);
    const mode = (stat.mode & 0o7777).toString(8);
    if (stat.isSymbolicLink()) found[name] = `link ${readlinkSync(path)}`;
    else if (stat.isDirectory()) {
      found[name] = `directory ${mode}`;
      for (const below of readdirSync(path).sort()) visit(join(path, below), name === "." ? below : `${name}/${below}`);
    } else if (stat.isFile()) {
      found[name] = `file ${mode} ${createHash("sha256").update(readFileSync(path)).digest("hex").slice(0, 16)}`;
    } else found[name] = `other ${mode}`;
  };
  visit(folder, ".");
  return found;
}

/** All that can be told of a tree, times and owners too: equal before and after means that nothing was touched. */
export function snapshot(...folders: string[]): string {
  const script =
    'find "$@" -printf "%p %y %m %U %G %s %T@ %C@ %i %l\\n" | sort; find "$@" -type f -exec sha256sum {} + | sort';
  return run(["bash", "-c", script, "-", ...folders], { home: "/" }).out;
}

/** A file system of its own, mounted for the test: an image on a loop device, or tmpfs. */
export function mounted(kind: "ext4" | "btrfs" | "xfs" | "tmpfs"): string {
  const folder = mkdtempSync(join(scratch(), "fs-"));
  const call = (...command: string[]): void => {
    const done = run(command, { home: "/" });
    if (done.code !== 0) throw new Error(`${command.join(" ")}: ${done.err}`);
  };
  if (kind === "tmpfs") call("mount", "-t", "tmpfs", "tmpfs", folder);
  else {
    const image = join(scratch("remanence-disk-", memory), "image");
    closeSync(openSync(image, "w"));
    truncateSync(image, 320 << 20);
    call(`mkfs.${kind}`, "-q", image);
    call("mount", "-o", "loop", image, folder);
  }
  // Registered after the folder's own removal, so done before it.
  onTestFinished(() => call("umount", "-l", folder));
  chmodSync(folder, 0o755);
  return folder;
}

/** A home, and a store on a file system of its own, with the scripts that move entries between them. */
export async function apart(
  kind: "ext4" | "btrfs" | "xfs" | "tmpfs" = "tmpfs",
  entries: readonly string[] = ["app/"],
): Promise<{ home: string; store: string; scripts: Scripts }> {
  const top = mounted(kind);
  const store = join(top, "home", "ann");
  mkdirSync(store, { recursive: true });
  return { home: newHome(), store, scripts: await scriptsOf(manifestOf(entries, { store: top })) };
}
