import { spawnSync } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { callsWithStructures, tracedCalls } from "./calls.ts";

/**
 * What strace is asked for (strace(1)): all processes and threads, paths of descriptors, each byte of a text as `\xNN`, so that
 * names of any bytes come through; never a buffer, an argument of a program or its environment. `-I 2` lets SIGTERM end
 * it, whereupon it lets go of what it traces. `--seccomp-bpf` would be faster, but what is let go of then fails with
 * ENOSYS in each call that was traced.
 */
const straceOptions: readonly string[] = [
  ...["-I", "2", "-f", "-q", "-y", "-xx", "-s", "0"],
  ...["-e", `verbose=${callsWithStructures.join(",")}`, "-e", "signal=none"],
  ...["-e", `trace=${tracedCalls.map((call) => `?${call}`).join(",")}`],
];

/** Arguments of strace that run a program: strace itself is no parent of it, and in a process group that ^C does not reach. */
export function runArguments(output: string, command: readonly string[]): string[] {
  return ["-DD", ...straceOptions, "-o", output, "--", ...command];
}

/** Arguments of strace that attach it to a process and all its threads. */
export function attachArguments(output: string, pid: number): string[] {
  return [...straceOptions, "-o", output, "-p", String(pid)];
}

/** The program of that name: a path as it is, else on the PATH; undefined where there is none that can be run. */
export function findProgram(name: string, path: string): string | undefined {
  const candidates = name.includes("/") ? [name] : path.split(delimiter).map((folder) => join(folder || ".", name));
  return candidates.find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return statSync(file).isFile();
    } catch {
      return false;
    }
  });
}

/**
 * Whether strace can trace here: it may be too old, and a container or the kernel may forbid it. A trial says so, with the
 * options that are used afterwards; `folder` takes its output.
 */
export function canTrace(strace: string, folder: string): boolean {
  const output = join(folder, "trial");
  spawnSync(strace, runArguments(output, ["true"]), { stdio: "ignore", timeout: 10_000 });
  try {
    return statSync(output).size > 0;
  } catch {
    return false;
  }
}
