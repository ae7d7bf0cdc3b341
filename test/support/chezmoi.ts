/** Runs the real chezmoi in a scratch world: no configuration, state or variable of the caller reaches it. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { engineCommand } from "./engines.ts";

/** The machine that chezmoi is to believe it runs on; what is left out is the real one's. */
export interface ChezmoiHost {
  readonly os?: string;
  /** `.chezmoi.homeDir` */
  readonly home?: string;
  readonly username?: string;
  readonly hostname?: string;
  /** The whole name of the host; `hostname` is what stands before its first dot. */
  readonly fqdn?: string;
  /** `ID_LIKE` of its os-release. */
  readonly osLike?: string;
  /** Further lines of its configuration. */
  readonly settings?: string;
}

/** A whole host, and the folder that guards look into (`.chezmoi.destDir`). */
export interface ArchiveHost
  extends Required<Omit<ChezmoiHost, "fqdn" | "osLike" | "settings">>,
    Pick<ChezmoiHost, "fqdn" | "osLike" | "settings"> {
  /** By default a new empty folder. */
  readonly destination?: string;
}

/** A target in the state that chezmoi computes from a source. */
export interface ArchiveEntry {
  /** Relative to the home. */
  readonly path: string;
  readonly type: "dir" | "file" | "symlink";
  /** "0700"; null for a link, which has none. */
  readonly mode: string | null;
  /** Text of a link. */
  readonly link: string | null;
  /** Text of a file. */
  readonly content: string | null;
}

/** How a run of chezmoi ended. */
export interface ChezmoiRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where the configuration, cache and state of one scratch world are. */
interface World {
  readonly source: string;
  readonly home: string;
  readonly destination: string;
  readonly scratch: string;
}

const overrideData = ({ os, osLike, home, username, hostname, fqdn }: ChezmoiHost) =>
  JSON.stringify({
    chezmoi: {
      // undefined members are not written: they stay the real machine's
      osRelease: os === undefined ? undefined : { id: os, idLike: osLike ?? "" },
      homeDir: home,
      username,
      hostname,
      fqdnHostname: fqdn ?? hostname,
    },
  });

function chezmoi(
  world: World,
  host: ChezmoiHost,
  args: readonly string[],
  input?: string,
): ChezmoiRun & { bytes: Buffer } {
  const { source, home, destination, scratch } = world;
  mkdirSync(scratch, { recursive: true });
  const config = join(scratch, "chezmoi.toml");
  writeFileSync(config, `umask = 0o022\n${host.settings ?? ""}`);
  const options = {
    config,
    source,
    destination,
    cache: join(scratch, "cache"),
    "persistent-state": join(scratch, "state.boltdb"),
    "override-data": overrideData(host),
    color: "false",
  };
  const run = spawnSync(
    engineCommand("chezmoi"),
    [...Object.entries(options).map(([name, value]) => `--${name}=${value}`), "--no-pager", ...args],
    {
      env: { PATH: process.env.PATH, HOME: home, LANG: "C.UTF-8" },
      // no terminal: where chezmoi would ask it must fail
      ...(input === undefined ? { stdio: ["ignore", "pipe", "pipe"] as const } : { input }),
      maxBuffer: 1 << 28,
    },
  );
  if (run.error) throw run.error;
  return { code: run.status, bytes: run.stdout, stdout: run.stdout.toString(), stderr: run.stderr.toString() };
}

/** The world of a home: its configuration and state lie beside it and live as long as it does. */
const worldOf = (source: string, home: string): World => ({
  source: resolve(source),
  home: resolve(home),
  destination: resolve(home),
  scratch: `${resolve(home)}.chezmoi`,
});

const successful = (run: ChezmoiRun & { bytes: Buffer }) => {
  if (run.code !== 0) throw new Error(`chezmoi ended with ${run.code}: ${run.stderr}`);
  return run;
};

/** What chezmoi would make of a source on that host: every target with all templates rendered. Throws chezmoi's message. */
export function archive(source: string, host: ArchiveHost): ArchiveEntry[] {
  const scratch = mkdtempSync(join(tmpdir(), "remanence-chezmoi-"));
  try {
    const home = join(scratch, "home");
    mkdirSync(home);
    const world = { source: resolve(source), home, destination: host.destination ?? home, scratch };
    // `--include` of this command excludes: only `--exclude` does what it says
    const args = ["archive", "--format=tar", "--exclude=scripts,externals,encrypted"];
    return readTar(successful(chezmoi(world, host, args)).bytes);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** Applies a source to a real home. Its configuration and state are kept in the folder `<home>.chezmoi` beside it. */
export function apply(
  source: string,
  home: string,
  flags: readonly string[] = [],
  overrides: ChezmoiHost = {},
): ChezmoiRun {
  return chezmoi(worldOf(source, home), overrides, ["apply", ...flags]);
}

/** Ends with code 0 where the home is as the source says. */
export function verify(
  source: string,
  home: string,
  flags: readonly string[] = [],
  overrides: ChezmoiHost = {},
): ChezmoiRun {
  return chezmoi(worldOf(source, home), overrides, ["verify", ...flags]);
}

/** What differs, a line each; nothing where the home is as the source says. */
export function status(
  source: string,
  home: string,
  flags: readonly string[] = [],
  overrides: ChezmoiHost = {},
): ChezmoiRun {
  return chezmoi(worldOf(source, home), overrides, ["status", ...flags]);
}

/** What apply would change, for a person. */
export function diff(
  source: string,
  home: string,
  flags: readonly string[] = [],
  overrides: ChezmoiHost = {},
): ChezmoiRun {
  return chezmoi(worldOf(source, home), overrides, ["diff", ...flags]);
}

/** Changes attributes of what a source has: `["+private", path]`. */
export function chattr(
  source: string,
  home: string,
  flags: readonly string[],
  overrides: ChezmoiHost = {},
): ChezmoiRun {
  return chezmoi(worldOf(source, home), overrides, ["chattr", ...flags]);
}

/** The targets that chezmoi manages, relative to the home; `--include=remove` lists what it would delete. Throws chezmoi's message. */
export function managed(
  source: string,
  home: string,
  flags: readonly string[] = ["--include=files,symlinks,dirs"],
  overrides: ChezmoiHost = {},
): string[] {
  const { stdout } = successful(chezmoi(worldOf(source, home), overrides, ["managed", "-0", ...flags]));
  return stdout.split("\0").filter((path) => path !== "");
}

/** The source path of each target that chezmoi manages, both relative; encrypted files are age's. */
export function managedSources(source: string, home: string): [source: string, target: string][] {
  const args = ["managed", "--path-style=all", "--format=json", "--exclude=scripts"];
  const { stdout } = successful(chezmoi(worldOf(source, home), { settings: 'encryption = "age"\n' }, args));
  const targets = JSON.parse(stdout) as Record<string, { sourceRelative: string }>;
  return Object.entries(targets).map(([target, { sourceRelative }]) => [sourceRelative, target]);
}

/** What chezmoi makes of the text of a template. Throws chezmoi's message. */
export function renderText(template: string): string {
  const scratch = mkdtempSync(join(tmpdir(), "remanence-chezmoi-"));
  try {
    return successful(chezmoi(worldOf(scratch, join(scratch, "home")), {}, ["execute-template"], template)).stdout;
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

// --- tar ----------------------------------------------------------------------

const blockSize = 512;
const types = { "0": "file", "\0": "file", "2": "symlink", "5": "dir" } as const;

/** A text field of a header: it ends at the first NUL or at its own end. */
const text = (block: Buffer, from: number, length: number) => {
  const field = block.subarray(from, from + length);
  const end = field.indexOf(0);
  return (end < 0 ? field : field.subarray(0, end)).toString();
};

/** A number field of a header: octal digits, or big-endian binary where the first bit is set. */
const number = (block: Buffer, from: number, length: number) => {
  if (((block[from] ?? 0) & 0x80) === 0) return Number.parseInt(text(block, from, length).trim() || "0", 8);
  return block.subarray(from + 1, from + length).reduce((value, byte) => value * 256 + byte, 0);
};

/** The sum of a header's bytes, its own field read as blanks. */
const checksum = (block: Buffer) => block.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 0x20 : byte), 0);

/** Records of a pax header: "LENGTH KEY=VALUE\n", the length in bytes and of the whole record. */
function paxRecords(data: Buffer): Map<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < data.length; ) {
    const length = Number.parseInt(data.toString("latin1", at, at + 20), 10);
    if (!(length > 0)) throw new Error("tar: malformed pax header");
    const record = data.toString("utf8", data.indexOf(0x20, at) + 1, at + length - 1);
    const equals = record.indexOf("=");
    records.set(record.slice(0, equals), record.slice(equals + 1));
    at += length;
  }
  return records;
}

/** The members of a tar archive in ustar or pax format. What these two formats don't have is an error. */
export function readTar(tar: Buffer): ArchiveEntry[] {
  const entries: ArchiveEntry[] = [];
  let global = new Map<string, string>();
  let local = new Map<string, string>();

  for (let at = 0; at + blockSize <= tar.length; ) {
    const header = tar.subarray(at, at + blockSize);
    if (header.every((byte) => byte === 0)) break;
    if (number(header, 148, 8) !== checksum(header)) throw new Error(`tar: wrong checksum at byte ${at}`);

    const flag = String.fromCharCode(header[156] ?? 0);
    const pax = new Map([...global, ...local]);
    const size = Number(
      flag === "x" || flag === "g" ? number(header, 124, 12) : (pax.get("size") ?? number(header, 124, 12)),
    );
    const start = at + blockSize;
    if (start + size > tar.length) throw new Error(`tar: cut off in the member at byte ${at}`);
    const data = tar.subarray(start, start + size);
    at = start + Math.ceil(size / blockSize) * blockSize;

    if (flag === "x") {
      local = paxRecords(data);
    } else if (flag === "g") {
      global = new Map([...global, ...paxRecords(data)]);
    } else {
      entries.push(member(header, flag, pax, data));
      local = new Map();
    }
  }
  return entries;
}

function member(header: Buffer, flag: string, pax: ReadonlyMap<string, string>, data: Buffer): ArchiveEntry {
  const type = flag in types ? types[flag as keyof typeof types] : undefined;
  if (type === undefined) throw new Error(`tar: member of unknown type ${JSON.stringify(flag)}`);
  const prefix = text(header, 345, 155);
  const name = text(header, 0, 100);
  const path = pax.get("path") ?? (prefix === "" ? name : `${prefix}/${name}`);
  return {
    path: path.replace(/\/$/, ""),
    type,
    mode: type === "symlink" ? null : number(header, 100, 8).toString(8).padStart(4, "0"),
    link: type === "symlink" ? (pax.get("linkpath") ?? text(header, 157, 100)) : null,
    content: type === "file" ? data.toString() : null,
  };
}
