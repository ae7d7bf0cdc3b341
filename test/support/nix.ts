/** Evaluates generated Nix with the real evaluator and the real modules; builds nothing, writes nothing. */
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { engineCommand, type NixSources, nixSources } from "./engines.ts";

/** What eval.nix takes; paths may be relative to the working directory. */
export interface NixosArgs {
  /** The persistence module: impermanence's nixos.nix, preservation's module.nix; none by default. */
  readonly modulePath?: string;
  readonly generated: readonly string[];
  readonly users?: Readonly<Record<string, { group?: string; home?: string; uid?: number }>>;
  readonly fileSystems?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** The NixOS release to imitate, "25.05" to "26.11"; 26.05 by default. */
  readonly release?: string;
  /** By default what the release has. */
  readonly initrdSystemd?: boolean;
  /** Adds the home-manager.* options. */
  readonly withHomeManager?: boolean;
  readonly extraModules?: readonly string[];
}

/** What eval-home.nix takes; paths may be relative to the working directory. */
export interface HomeArgs {
  /** impermanence's home-manager.nix; none by default. */
  readonly modulePath?: string;
  readonly generated: readonly string[];
  readonly username?: string;
  readonly homeDirectory?: string;
  readonly stateVersion?: string;
  readonly extraModules?: readonly string[];
}

/** Something that the real modules accept in silence and that fails or surprises later. */
export interface Hazard {
  readonly kind: string;
  readonly text: string;
}

/** What every evaluation that got through says. */
interface Report {
  /** Messages of failed assertions. */
  readonly assertions: readonly string[];
  readonly warnings: readonly string[];
  readonly hazards: readonly Hazard[];
}

/** A mount unit. */
export interface Mount {
  readonly stage: "initrd" | "system";
  readonly unit: string;
  readonly where: string;
  readonly what: string;
  readonly type: string;
  readonly options: string;
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly wantedBy: readonly string[];
  readonly requiredBy: readonly string[];
  readonly conditions: Readonly<Record<string, unknown>>;
}

/** A rule of tmpfiles.d. */
export interface TmpfilesRule {
  readonly stage: "initrd" | "system";
  readonly file: string;
  readonly path: string;
  readonly type: string;
  readonly mode: string;
  readonly user: string;
  readonly group: string;
  readonly age: string;
  readonly argument: string;
}

/** A file that impermanence mounts or links by a service. */
export interface FileService {
  readonly unit: string;
  readonly file: string;
  readonly target: string;
  readonly method: string;
  readonly before: readonly string[];
  readonly wantedBy: readonly string[];
}

/** A directory that is made in the store or in the live tree. */
export interface MadeDirectory {
  readonly by: string;
  readonly base: string;
  readonly path: string;
  readonly user: string;
  readonly group: string;
  readonly mode: string;
}

/** A service of the initrd. */
export interface InitrdUnit {
  readonly after: readonly string[];
  readonly before: readonly string[];
  readonly requires: readonly string[];
  readonly wants: readonly string[];
  readonly bindsTo: readonly string[];
  readonly wantedBy: readonly string[];
  readonly requiredBy: readonly string[];
  readonly unitConfig: Readonly<Record<string, unknown>>;
  readonly serviceConfig: Readonly<Record<string, unknown>>;
  readonly hasScript: boolean;
  readonly hasPath: boolean;
}

/** What a NixOS configuration comes to. */
export interface NixosReport extends Report {
  readonly mounts: readonly Mount[];
  readonly fstabBinds: readonly {
    readonly where: string;
    readonly what: string;
    readonly options: readonly string[];
    readonly neededForBoot: boolean;
  }[];
  readonly fileServices: readonly FileService[];
  readonly tmpfiles: readonly TmpfilesRule[];
  /** Lines of `systemd.tmpfiles.rules`, as they are. */
  readonly tmpfilesRules: readonly string[];
  readonly directories: readonly MadeDirectory[];
  readonly activationScripts: readonly string[];
  readonly initrd: {
    readonly systemd: boolean;
    readonly units: Readonly<Record<string, InitrdUnit>>;
    readonly postResumeCommands: string;
    readonly postDeviceCommands: string;
    readonly postMountCommands: string;
    readonly suppressedUnits: readonly string[];
  };
  readonly suppressedSystemUnits: readonly string[];
  /** Mount points that are mounted in stage 1. */
  readonly neededForBoot: readonly string[];
}

/** What a Home Manager configuration comes to. */
export interface HomeReport extends Report {
  readonly files: readonly {
    readonly target: string;
    readonly source: string;
    readonly recursive: boolean;
    readonly force: boolean;
    readonly text: string | null;
    /** Shell text that makes the source, e.g. `ln -s /persist/x $out`. */
    readonly command: string | null;
  }[];
  readonly activation: Readonly<
    Record<string, { readonly before: readonly string[]; readonly after: readonly string[]; readonly data: string }>
  >;
  readonly activationOrder: readonly string[];
  readonly services: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/**
 * An evaluation that got through, or the evaluator's message. `ok` is false where a real user would see
 * an error, a failed assertion, a warning or a trace; hazards do not touch it.
 */
export type Evaluation<T extends Report> =
  | ({ readonly ok: boolean; readonly error: null; readonly traces: readonly string[] } & T)
  | { readonly ok: false; readonly error: string; readonly traces: readonly string[] };

/** Result of parsing a Nix file. */
export interface ParseResult {
  readonly ok: boolean;
  /** The parser's message. */
  readonly error: string | null;
}

const harness = fileURLToPath(new URL("./nix-harness/", import.meta.url));

// The machine's own configuration must not change an answer. The dummy store lets a user without /nix
// evaluate; without build-users-group Nix warns root of a group that is not there.
const environment = {
  PATH: process.env.PATH,
  HOME: "/nonexistent",
  NIX_CONF_DIR: "/nonexistent",
  NIX_USER_CONF_FILES: "/dev/null",
  NIX_PATH: "",
  NIX_CONFIG: "build-users-group =\nstore = dummy://",
};

interface Output {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function nixInstantiate(args: readonly string[], input = ""): Output {
  const run = spawnSync(engineCommand("nix"), args, {
    encoding: "utf8",
    env: environment,
    input,
    maxBuffer: 1 << 28,
  });
  if (run.error) throw run.error;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: Nix colours its messages by escape sequences
  return { ...run, stderr: run.stderr.replace(/\x1b\[[0-9;]*m/g, "") };
}

/** Nix source of a string, as a test needs it to hand over arguments. */
const quoted = (text: string) => `"${text.replace(/[\\"]/g, "\\$&").replace(/\$\{/g, "\\${")}"`;

// By stdin: one argument of a command holds no more than 128 KiB.
const evaluateStrictly = (expr: string) => nixInstantiate(["--eval", "--strict", "--json", "-"], expr);

/** What stderr holds: messages of traces and warnings, and the error that ended it. */
function messages({ stderr, status }: Output): { traces: string[]; error: string | null } {
  const cut = status === 0 ? -1 : stderr.search(/^error:/m);
  const head = cut < 0 ? stderr : stderr.slice(0, cut);
  const traces = head
    .replace(/^warning: the group 'nixbld' specified in 'build-users-group' does not exist\n/gm, "")
    .split(/^(?=trace: |evaluation warning: |warning: )/m)
    .map((text) => text.replace(/^trace: /, "").trim())
    .filter((text) => text !== "");
  if (status === 0) return { traces, error: null };
  return { traces, error: (cut < 0 ? stderr : stderr.slice(cut)).trim() };
}

function evaluate<T extends Report>(file: string, args: Readonly<Record<string, unknown>>): Evaluation<T> {
  const run = evaluateStrictly(`import ${quoted(harness + file)} (builtins.fromJSON ${quoted(JSON.stringify(args))})`);
  const { traces, error } = messages(run);
  if (error !== null) return { ok: false, error, traces };
  const report = JSON.parse(run.stdout) as T;
  const ok = traces.length + report.assertions.length + report.warnings.length === 0;
  return { ok, error: null, traces, ...report };
}

const sources = (): NixSources => {
  const found = nixSources();
  if (found === undefined) throw new Error("the Nix module sources are missing: a test of them needs `nix-sources`");
  return found;
};

const absolute = (paths: readonly string[] = []) => paths.map((path) => resolve(path));

/** The options of agenix and sops-nix, for `extraModules`. */
export const secretsModule = `${harness}stubs/secrets.nix`;

/** Evaluates generated NixOS modules, with a real persistence module or none. */
export function evaluateNixos(args: NixosArgs): Evaluation<NixosReport> {
  const { modulePath, generated, extraModules, withHomeManager = false, ...rest } = args;
  const { libPath, homeManager } = sources();
  return evaluate("eval.nix", {
    ...rest,
    libPath: resolve(libPath),
    modulePath: modulePath === undefined ? null : resolve(modulePath),
    generated: absolute(generated),
    extraModules: absolute(extraModules),
    homeManagerPath: withHomeManager ? resolve(homeManager) : null,
  });
}

/** Evaluates generated Home Manager modules, with impermanence's module or without. */
export function evaluateHome(args: HomeArgs): Evaluation<HomeReport> {
  const { modulePath, generated, extraModules, ...rest } = args;
  const { libPath, homeManager } = sources();
  return evaluate("eval-home.nix", {
    ...rest,
    libPath: resolve(libPath),
    homeManagerPath: resolve(homeManager),
    modulePath: modulePath === undefined ? null : resolve(modulePath),
    generated: absolute(generated),
    extraModules: absolute(extraModules),
  });
}

/** The value of an expression, evaluated to the end, as JSON has it; throws Nix's message. */
export function evalNix(expr: string): unknown {
  const run = evaluateStrictly(expr);
  if (run.status !== 0) throw new Error(messages(run).error ?? "nix-instantiate failed");
  return JSON.parse(run.stdout);
}

/** Does Nix parse this file? */
export function parses(file: string): ParseResult {
  const run = nixInstantiate(["--parse", resolve(file)]);
  return run.status === 0 ? { ok: true, error: null } : { ok: false, error: messages(run).error };
}
