import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { engineCommand } from "../support/engines.ts";
import { remanence, scratch, writeFiles } from "../support/workspace.ts";

/** A home of its own with a manifest beside it, to trace programs in. */
export interface Stage {
  readonly home: string;
  /** The manifest's. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
}

/** What `trace --format json` says, as far as tests ask. */
export interface Answer {
  readonly by: "calls" | "changes";
  readonly ended: { readonly code: number | null; readonly signal: string | null } | null;
  readonly proposals: readonly {
    readonly scope: string;
    readonly path: string;
    readonly kind: string;
    readonly class: string;
    readonly need: string;
    readonly profile: string | null;
    readonly database: boolean;
    readonly writes: string | null;
    readonly written: readonly { readonly path: string; readonly writes: string | null; readonly database: boolean }[];
  }[];
  readonly decided: readonly {
    readonly path: string;
    readonly files: number;
    readonly origin: { readonly line: number };
  }[];
  readonly missing: readonly { readonly path: string; readonly profile: string | null }[];
  readonly saved: string | null;
  readonly added: string | null;
  readonly notes: readonly string[];
}

/** `entries` are further lines of the manifest, from its line 4. */
export function stage(entries = "", name?: string): Stage {
  const top = scratch(name);
  const home = join(top, "home");
  mkdirSync(home);
  const manifest = `version: 1\nusers: { me: { home: ${JSON.stringify(home)} } }\nhosts: { h: { os: fedora } }\n${entries}`;
  writeFiles(join(top, "manifest"), { "persistence.yaml": manifest });
  const others = Object.fromEntries(
    Object.keys(process.env)
      .filter(leadsElsewhere)
      .map((key) => [key, undefined]),
  );
  return { home, folder: join(top, "manifest"), env: { ...others, HOME: home, GIT_CONFIG_NOSYSTEM: "1" } };
}

/** True for variables that would lead programs out of the home: npm sets some where it runs the tests. */
function leadsElsewhere(key: string): boolean {
  return /^(?:npm_|XDG_|GIT_)|^(?:GNUPGHOME|HISTFILE|VIMINIT|MYVIMRC|NODE_OPTIONS)$/i.test(key);
}

/** Traces a program on a stage. */
export function traced({ folder, env }: Stage, command: readonly string[], options: readonly string[] = []): Answer {
  const { stdout, stderr, code } = remanence(folder, ["trace", "--format", "json", ...options, "--", ...command], env);
  if (code === 2 || stdout === "") throw new Error(`trace could not run: ${stderr}`);
  return JSON.parse(stdout) as Answer;
}

/** The proposals as `path class profile`, a directory with its slash. */
export function proposed({ proposals }: Answer): string[] {
  return proposals.map((one) => `${one.path}${one.kind === "directory" ? "/" : ""} ${one.class} ${one.profile}`);
}

/** How each written file was saved, by its path in the home. */
export function savedHow({ proposals }: Answer, { home }: Stage): Record<string, string | null> {
  const files = proposals.flatMap(({ written }) => written);
  return Object.fromEntries(files.map(({ path, writes }) => [path.replace(`${home}/`, ""), writes]));
}

export const cli = fileURLToPath(new URL("../../dist/cli.cjs", import.meta.url));

export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts the command; what it says is there when it has ended. */
export function run(
  { folder, env }: Stage,
  args: readonly string[],
): { process: ChildProcess; output: Promise<Output> } {
  const child = spawn(process.execPath, [cli, ...args], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said.stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said.stderr += text;
  });
  const output = new Promise<Output>((resolve) => child.once("close", () => resolve(said)));
  return { process: child, output };
}

export function remanenceWith({ folder, env }: Stage, args: readonly string[], input: string): Output {
  return spawnSync(process.execPath, [cli, ...args], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: "1", ...env },
    input,
    encoding: "utf8",
  });
}

/** Runs the command on a terminal of its own, and types `keys` once the program has said `ready`. */
export function onTerminal({ folder, env }: Stage, args: readonly string[], keys: string): Output {
  const typing = `import os, pty, sys
keys = os.environ["KEYS"].encode()
typed = False
seen = b""
def read(fd):
    global typed, seen
    data = os.read(fd, 4096)
    seen += data
    if not typed and b"ready" in seen:
        typed = True
        os.write(fd, keys)
    return data
pty.spawn(sys.argv[1:], read)`;
  return spawnSync(engineCommand("python3"), ["-c", typing, process.execPath, cli, ...args], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: "1", ...env, KEYS: keys },
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 20_000,
  });
}
