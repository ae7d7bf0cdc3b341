/**
 * The real engines that tests run: which there are, where they are on this machine, and what happens to
 * a test whose engine is missing. On a developer's machine it is skipped, visibly; in CI it fails, unless
 * the engine is one that a CI machine cannot always have.
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

/** A program that test/engines/install.sh installs, or a property of the machine. */
interface EngineSpec {
  /** Commands that must all exist; the first is the one that is run and that tells the version. */
  readonly commands?: readonly string[];
  readonly versionArgs?: readonly string[];
  /** For what is no program: tells whether it is there. */
  readonly probe?: () => boolean;
  /** Must not be missing in CI. */
  readonly required: boolean;
  readonly howToGet: string;
}

const program = (commands: readonly string[], versionArg = "--version"): EngineSpec => ({
  commands,
  versionArgs: [versionArg],
  required: true,
  howToGet: "npm run engines",
});

/** SELinux' tools and policy, to be laid over a root. */
export const selinuxLayer = fileURLToPath(new URL("../../.cache/engines/selinux", import.meta.url));

const condition = (probe: () => boolean, howToGet: string): EngineSpec => ({ probe, required: false, howToGet });

const isRoot = () => process.getuid?.() === 0;
const runs = (command: string, ...args: string[]) => spawnSync(command, args, { stdio: "ignore" }).status === 0;

const engines = {
  nix: program(["nix-instantiate"]),
  chezmoi: program(["chezmoi"]),
  restic: program(["restic"], "version"),
  // another than the system's own, where that one is old
  "restic-current": program(["restic-current"], "version"),
  systemd: program(["systemd-analyze", "systemd-tmpfiles", "systemd-escape"]),
  shellcheck: program(["shellcheck"]),
  shfmt: program(["shfmt"]),
  btrfs: program(["btrfs", "mkfs.btrfs"]),
  xfs: program(["mkfs.xfs"], "-V"),
  acl: program(["setfacl", "getfacl"]),
  attr: program(["getfattr", "setfattr"]),
  zstd: program(["zstd"]),
  age: program(["age", "age-keygen"]),
  keepassxc: program(["keepassxc-cli"]),
  pass: program(["pass"]),
  gpg: program(["gpg", "gpg-agent"]),
  sqlite: program(["sqlite3"]),
  strace: program(["strace"], "-V"),
  ssh: program(["ssh", "ssh-keygen"], "-V"),
  vim: program(["vim"]),
  neovim: program(["nvim"]),
  stow: program(["stow"]),
  bubblewrap: program(["bwrap"]),
  git: program(["git"]),
  tmux: program(["tmux"], "-V"),
  chromium: program(["chromium"]),
  // used where the system has them; the install script leaves them alone
  python3: { ...program(["python3"]), required: false, howToGet: "the system's package python3" },
  perl: { ...program(["perl"]), required: false, howToGet: "the system's package perl" },
  nixfmt: { ...program(["nixfmt"]), required: false, howToGet: "nixfmt 1.0 or later, for instance of nixpkgs" },
  "nix-sources": condition(
    () => nixSources() !== undefined,
    "npm run engines where GitHub can be reached, or REMANENCE_NIX_SOURCES=FOLDER",
  ),
  "selinux-policy": {
    probe: () => existsSync(join(selinuxLayer, "etc/selinux/default/contexts/files/file_contexts")),
    required: true,
    howToGet: "test/engines/selinux-policy.sh, on Debian or Ubuntu",
  },
  root: condition(isRoot, "run the tests as root"),
  loop: condition(() => isRoot() && runs("losetup", "-f"), "run the tests as root where loop devices may be used"),
  "mount-namespace": condition(
    () => isRoot() && runs("unshare", "--mount", "--propagation", "private", "true"),
    "run the tests as root where mounts are allowed",
  ),
} satisfies Record<string, EngineSpec>;

/** Name of an engine, as written in the name of a test that needs it. */
export type EngineName = keyof typeof engines;

/** All engines, in the order of the report. */
export const engineNames = Object.keys(engines) as EngineName[];

/** An engine that was found. */
export interface Engine {
  /** Absolute path of its first command; empty for what is no program. */
  readonly command: string;
  /** "2.8.0"; empty for what is no program. */
  readonly version: string;
}

/** Where the checkouts of the Nix modules are that generated modules are evaluated against. */
export interface NixSources {
  /** nixpkgs' `lib` folder */
  readonly libPath: string;
  /** a checkout of nix-community/impermanence */
  readonly impermanence: string;
  /** a checkout of its branch home-manager-v1 */
  readonly impermanenceV1: string;
  /** a checkout of nix-community/preservation */
  readonly preservation: string;
  /** a checkout of nix-community/home-manager */
  readonly homeManager: string;
}

const root = fileURLToPath(new URL("../../", import.meta.url));
const cache = join(root, ".cache", "engines");

/** The PATH on which engines are looked for: the caller's, then the system folders it may lack, then the cache. */
export const enginePath = [process.env.PATH ?? "", "/usr/sbin", "/sbin", join(cache, "bin")].join(delimiter);

const isExecutable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
};

const which = (command: string): string | undefined =>
  enginePath
    .split(delimiter)
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, command))
    .find(isExecutable);

/** The first version number in what a program says about itself: "1.2.3", or else a bare number ("systemd 252"). */
const versionIn = (text: string): string =>
  (/(?<![A-Za-z0-9.])v?(\d+(?:\.\d+)+)/.exec(text) ?? /(?<![A-Za-z0-9.])v?(\d+)/.exec(text))?.[1] ?? "?";

const probeProgram = (commands: readonly string[], versionArgs: readonly string[]): Engine | undefined => {
  const [command, ...others] = commands.map(which);
  if (command === undefined || others.includes(undefined)) return undefined;
  const run = spawnSync(command, versionArgs, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  return run.status === 0 ? { command, version: versionIn(run.stdout + run.stderr) } : undefined;
};

const probeEngine = (name: EngineName): Engine | undefined => {
  const { commands = [], versionArgs = [], probe }: EngineSpec = engines[name];
  if (probe === undefined) return probeProgram(commands, versionArgs);
  return probe() ? { command: "", version: "" } : undefined;
};

const found = new Map<EngineName, Engine | undefined>();

/** The engine of that name on this machine; undefined where it is missing. Looked for once in a process. */
export function findEngine(name: EngineName): Engine | undefined {
  if (!found.has(name)) found.set(name, probeEngine(name));
  return found.get(name);
}

/** Absolute path of an engine's first command. For the body of tests under `describeWith`, where it is there. */
export function engineCommand(name: EngineName): string {
  const engine = findEngine(name);
  if (engine === undefined) throw new Error(`${name} is missing: ${howToGet(name)}`);
  return engine.command;
}

/** What a person does to have this engine. */
export function howToGet(name: EngineName): string {
  return engines[name].howToGet;
}

/** The checkouts in REMANENCE_NIX_SOURCES, or those that the install script fetched; undefined where one is missing. */
export function nixSources(): NixSources | undefined {
  const base = process.env.REMANENCE_NIX_SOURCES || join(cache, "nix-sources");
  const sources = {
    libPath: join(base, "nixpkgs.lib", "lib"),
    impermanence: join(base, "impermanence"),
    impermanenceV1: join(base, "impermanence-v1"),
    preservation: join(base, "preservation"),
    homeManager: join(base, "home-manager"),
  };
  const needed = [
    join(sources.libPath, "default.nix"),
    join(sources.impermanence, "nixos.nix"),
    join(sources.impermanenceV1, "home-manager.nix"),
    join(sources.preservation, "module.nix"),
    join(sources.homeManager, "modules", "files.nix"),
  ];
  return needed.every((file) => existsSync(file)) ? sources : undefined;
}

/** What becomes of a suite: run, skipped for the named engines, or failed for them. */
export type Verdict =
  | { readonly kind: "run" }
  | { readonly kind: "skip" | "fail"; readonly missing: readonly EngineName[] };

/** Decides about a suite that needs `names`; `missing` tells which engines are not there. */
export function verdictOn(
  names: readonly EngineName[],
  missing: (name: EngineName) => boolean = (name) => findEngine(name) === undefined,
  ci: boolean = process.env.CI === "true",
): Verdict {
  const absent = names.filter(missing);
  const unforgivable = ci ? absent.filter((name) => engines[name].required) : [];
  if (unforgivable.length > 0) return { kind: "fail", missing: unforgivable };
  return absent.length > 0 ? { kind: "skip", missing: absent } : { kind: "run" };
}

/** Name of a skipped suite: the reporter finds it, in another process, by its end. */
export function skippedTitle(title: string, missing: readonly EngineName[]): string {
  return `${title} [needs ${missing.join(", ")}]`;
}

/** The engines for want of which the suite of this name was skipped: the inverse of `skippedTitle`. */
export function missingIn(title: string): EngineName[] {
  const names = /\[needs ([^\]]+)\]$/.exec(title)?.[1]?.split(", ") ?? [];
  return engineNames.filter((name) => names.includes(name));
}
