/** Kills the scripts for Fedora at every instant, and looks whether anything is lost. */
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { commandLine, environment, type Run, type RunOptions, run, type Scripts } from "./fedora.ts";
import { scratch } from "./workspace.ts";

/**
 * Runs a script with a look at each command, in functions, subshells and command substitutions too: each look takes a
 * character from a file that all these processes read through one shared offset, and `K` means the end of the look's
 * process and of the script, `C` a command of ours in between.
 */
const watched = `
exec 8<"$1"
log=$2 between=$3 script=$4
shift 4
set -T
trap 'read -r -N 1 -u 8 __look; case $__look in
  K) kill -9 $$ $BASHPID ;;
  C) eval "$between" || : ;;
  L) printf "%s\\t%s\\n" "\${FUNCNAME[0]-}" "\${BASH_COMMAND//[[:cntrl:]]/ }" >>"$log" ;;
esac' DEBUG
source "$script"
`;
const enough = 20_000;

/** A command that a script ran: in which function, and its text. */
export interface Boundary {
  readonly number: number;
  readonly within: string;
  readonly command: string;
}

/** Runs a script to its end; the commands it ran. */
export function boundaries(scripts: Scripts, call: readonly string[], options: RunOptions): Boundary[] {
  const folder = scratch();
  const log = join(folder, "log");
  writeFileSync(join(folder, "looks"), "L".repeat(enough));
  writeFileSync(log, "");
  const done = watch(folder, "", scripts, call, options);
  if (done.code !== 0) throw new Error(`${call.join(" ")} failed: ${done.code} ${done.out}${done.err}`);
  const lines = readFileSync(log, "utf8").split("\n").slice(0, -1);
  if (lines.length >= enough) throw new Error(`${call.join(" ")} runs more than ${enough} commands`);
  return lines.map((line, number) => {
    const [within = "", command = ""] = line.split("\t");
    return { number, within, command };
  });
}

/** Runs a script and kills it before the command of that number; false where it ended before. */
export function killBefore(number: number, scripts: Scripts, call: readonly string[], options: RunOptions): boolean {
  const folder = scratch();
  writeFileSync(join(folder, "looks"), `${".".repeat(number)}K${".".repeat(enough)}`);
  return watch(folder, "", scripts, call, options).code === null;
}

/** Runs a script to its end, and something else before the commands of those numbers, or before all of them. */
export function runBetween(
  between: string,
  numbers: readonly number[] | "all",
  scripts: Scripts,
  call: readonly string[],
  options: RunOptions,
): Run {
  const folder = scratch();
  const looks = new Array<string>(enough).fill(numbers === "all" ? "C" : ".");
  for (const number of numbers === "all" ? [] : numbers) looks[number] = "C";
  writeFileSync(join(folder, "looks"), looks.join(""));
  return watch(folder, between, scripts, call, options);
}

function watch(
  folder: string,
  between: string,
  scripts: Scripts,
  [name, ...args]: readonly string[],
  options: RunOptions,
): Run {
  const script = join(scripts.folder, `${name}.sh`);
  const files = [join(folder, "looks"), join(folder, "log"), between, script];
  return run(["bash", "-c", watched, "bash", ...files, ...args], options);
}

/** Runs a script and kills all its processes after a time; false where it ended before. */
export function killAfter(
  milliseconds: number,
  scripts: Scripts,
  [name, ...args]: readonly string[],
  options: RunOptions,
): Promise<boolean> {
  return new Promise((resolve) => {
    const [program = "", ...words] = commandLine(["bash", join(scripts.folder, `${name}.sh`), ...args], options);
    const child = spawn(program, words, {
      cwd: "/",
      detached: true,
      env: environment(options),
      stdio: "ignore",
    });
    const timer = setTimeout(() => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
    }, milliseconds);
    child.on("exit", (_, signal) => {
      clearTimeout(timer);
      resolve(signal === "SIGKILL");
    });
  });
}

/** Runs a script again until no process of a killed run holds the lock any more. */
export function runToEnd(scripts: Scripts, [name, ...args]: readonly string[], options: RunOptions): Run {
  for (let tries = 0; ; tries++) {
    const done = run(["bash", join(scripts.folder, `${name}.sh`), ...args], options);
    if (done.code !== 75 || tries > 50) return done;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  }
}

/** A PATH with nothing that can exchange names but the one given: what is found first is taken otherwise. */
export function pathWith(exchanger: "python3" | "perl" | "exch" | "mv" | "none"): string {
  const folder = scratch();
  const tools =
    "awk bash cat cp cut date df du find findmnt flock getent getfattr grep head iconv id ln mkdir mktemp mountpoint mv numfmt printf python3 perl readlink realpath rm rmdir sed b2sum sleep sort stat sync tail tar touch uname uniq xargs".split(
      " ",
    );
  const others = new Set(["python3", "perl"].filter((tool) => tool !== exchanger));
  for (const tool of tools) {
    if (others.has(tool)) continue;
    const real =
      tool === "python3" ? realPython() : run(["bash", "-c", `command -v ${tool}`], { home: "/" }).out.trim();
    run(["ln", "-s", real, join(folder, tool)], { home: "/" });
  }
  if (exchanger === "exch" || exchanger === "mv") standIn(folder, exchanger);
  return folder;
}

/** The interpreter itself: a version manager puts a slow script in its place. */
function realPython(): string {
  return run(["python3", "-c", "import sys; print(sys.executable)"], { home: "/" }).out.trim();
}

/** `exch` of util-linux 2.40, or `mv` of coreutils 9.5, as far as the scripts use them: here are only older ones. */
function standIn(folder: string, program: "exch" | "mv"): void {
  const exchange = `exec ${realPython()} -I -c '
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
a, b = (os.fsencode(name) for name in sys.argv[1:])
sys.exit(libc.renameat2(-100, a, -100, b, 2) != 0)' `;
  const text =
    program === "exch"
      ? `[[ $1 == -- ]] || exit 64\n${exchange} "$2" "$3"`
      : `[[ $1 == --help ]] && { echo "      --exchange  exchange source and destination"; exit; }\n[[ "$1 $2 $3" == "-T --exchange --" ]] || exec /usr/bin/mv "$@"\n${exchange} "$4" "$5"`;
  run(["rm", "-f", join(folder, program)], { home: "/" });
  writeFileSync(join(folder, program), `#!/bin/bash\n${text}\n`, { mode: 0o755 });
}
