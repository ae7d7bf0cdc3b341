/** Reports of made-up machines: what a scan would have found, as one thing that tests can look at. */
import type { Class, Need } from "../../src/plan/vocabulary.ts";
import type { LostCase, Report, ReportedScan } from "../../src/report/data.ts";
import type { LostRow, ScannedFate, ScannedNode, ScannedRow, Size, Suggestion } from "../../src/scan/result.ts";

/** A leaf of a made-up tree; a path that ends with an asterisk is what is too small to be shown in its directory. */
export interface Leaf {
  readonly path: string;
  readonly bytes: number;
  readonly files: number;
  readonly fate: ScannedFate;
  readonly class: Class | null;
  readonly need: Need | null;
  readonly suggestion?: Suggestion;
}

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;

function leaf(
  fate: ScannedFate,
  of: Class | null,
  need: Need | null,
  path: string,
  bytes: number,
  files: number,
): Leaf {
  return { path, bytes: Math.round(bytes / 4096) * 4096, files, fate, class: of, need };
}
const kept = (of: Class, need: Need, path: string, bytes: number, files: number): Leaf =>
  leaf("persist", of, need, path, bytes, files);
const gone = (of: Class, path: string, bytes: number, files: number): Leaf =>
  leaf("discard", of, of === "log" ? "optional" : "none", path, bytes, files);
const open = (path: string, bytes: number, files: number, suggestion?: Suggestion): Leaf => ({
  ...leaf("undecided", null, null, path, bytes, files),
  ...(suggestion === undefined ? {} : { suggestion }),
});

const h = "/home/gabriel";

/** A laptop as people have them: a home of some 27 GiB, with what is usually forgotten. */
export const laptop: readonly Leaf[] = [
  kept("data", "critical", `${h}/Documents`, 5.4 * GiB, 8112),
  kept("data", "critical", `${h}/Pictures/2024`, 1.9 * GiB, 1204),
  kept("data", "critical", `${h}/Pictures/2025`, 2.7 * GiB, 1874),
  kept("data", "important", `${h}/Projects/remanence`, 410 * MiB, 9120),
  kept("data", "important", `${h}/Projects/*`, 122 * MiB, 3011),
  leaf("fetch", "data", "important", `${h}/Projects/notes`, 38 * MiB, 944),
  leaf("fetch", "data", "important", `${h}/Projects/nixpkgs`, 1.3 * GiB, 51_220),
  kept("secret", "critical", `${h}/.ssh`, 44 * KiB, 9),
  kept("secret", "critical", `${h}/.gnupg`, 72 * KiB, 14),
  kept("secret", "critical", `${h}/.aws`, 12 * KiB, 2),
  kept("state", "important", `${h}/.mozilla/firefox`, 518 * MiB, 2901),
  kept("state", "important", `${h}/.local/share/keyrings`, 16 * KiB, 3),
  kept("state", "important", `${h}/.local/state/nvim`, 84 * MiB, 311),
  kept("state", "important", `${h}/.local/share/zoxide`, 120 * KiB, 1),
  kept("data", "important", `${h}/.local/bin`, 214 * MiB, 38),
  kept("state", "optional", `${h}/.local/share/Steam/userdata`, 610 * MiB, 1209),
  gone("cache", `${h}/.local/share/Steam/steamapps/shadercache`, 1.1 * GiB, 8821),
  open(`${h}/.local/share/containers`, 1.2 * GiB, 40_213, {
    profile: "podman",
    class: "state",
    need: "critical",
    why: "podman: images can be pulled again, volumes cannot",
  }),
  open(`${h}/.local/share/gnome-boxes`, 733 * MiB, 4, {
    profile: "gnome-boxes",
    class: "data",
    need: "critical",
    why: "gnome-boxes: disks of virtual machines",
  }),
  open(`${h}/.local/share/*`, 41 * MiB, 803),
  leaf("carry", "config", "important", `${h}/.config/nvim`, 3.1 * MiB, 121),
  leaf("carry", "config", "important", `${h}/.config/river`, 48 * KiB, 4),
  leaf("carry", "config", "important", `${h}/.config/fish`, 210 * KiB, 61),
  leaf("carry", "config", "important", `${h}/.config/fonts`, 92 * MiB, 40),
  kept("state", "important", `${h}/.config/obsidian`, 211 * MiB, 502),
  kept("state", "optional", `${h}/.config/discord`, 240 * MiB, 390),
  gone("cache", `${h}/.config/discord/Cache`, 302 * MiB, 2204),
  gone("cache", `${h}/.config/Code/CachedData`, 188 * MiB, 1011),
  open(`${h}/.config/rclone`, 4 * KiB, 1, {
    profile: "rclone",
    class: "secret",
    need: "critical",
    why: "rclone: credentials",
  }),
  open(`${h}/.config/Code`, 121 * MiB, 2200, {
    profile: "vscode",
    class: "config",
    need: "important",
    why: "vscode: settings and extensions' state",
  }),
  gone("cache", `${h}/.cache/pip`, 640 * MiB, 1203),
  gone("cache", `${h}/.cache/mozilla`, 1.4 * GiB, 19_883),
  gone("cache", `${h}/.cache/nix`, 802 * MiB, 402),
  gone("cache", `${h}/.cache/*`, 2.2 * GiB, 30_771),
  gone("cache", `${h}/.npm`, 290 * MiB, 20_114),
  gone("cache", `${h}/.tabby`, 1.4 * GiB, 310),
  open(`${h}/VirtualBox VMs`, 840 * MiB, 12),
  open(`${h}/Downloads`, 1.7 * GiB, 203, {
    profile: null,
    class: "data",
    need: "optional",
    why: "likely: what was downloaded can be downloaded again, often",
  }),
  open(`${h}/.zsh_history`, 212 * KiB, 1, {
    profile: "zsh",
    class: "state",
    need: "important",
    why: "zsh: history of the shell",
  }),
  kept("state", "important", "/var/lib/bluetooth", 88 * KiB, 31),
  kept("state", "critical", "/var/lib/nixos", 16 * KiB, 4),
  kept("secret", "critical", "/etc/NetworkManager/system-connections", 24 * KiB, 6),
  kept("state", "important", "/var/lib/docker/volumes", 930 * MiB, 11_020),
  open("/var/lib/docker", 2.6 * GiB, 120_114, {
    profile: "docker",
    class: "state",
    need: "optional",
    why: "docker: images can be pulled again",
  }),
  open("/var/lib/postgresql", 310 * MiB, 1802, {
    profile: "postgresql",
    class: "data",
    need: "critical",
    why: "postgresql: the databases",
  }),
  gone("log", "/var/log/journal", 1.0 * GiB, 61),
  gone("cache", "/var/cache", 420 * MiB, 4021),
  kept("state", "important", "/srv/git", 77 * MiB, 2033),
];

/** Names that try to be something else. */
export const hostile: readonly Leaf[] = [
  open("/home/eve/</script><script>document.title='owned'</script>", 90 * MiB, 3),
  open("/home/eve/<!--<script>", 80 * MiB, 1),
  open("/home/eve/<img src=x onerror=document.title='owned'>", 70 * MiB, 1),
  open("/home/eve/]]><x>&amp;", 60 * MiB, 1),
  open("/home/eve/\u2028\u2029\u202etxt.exe\u0007\u001b[31m", 50 * MiB, 1),
  open("/home/eve/\"'`${document.title='owned'}", 40 * MiB, 1),
  open("/home/eve/\\xff\\xfe", 30 * MiB, 1),
  open("/home/eve/\uffff\ud800\u0000", 20 * MiB, 1),
  kept("data", "critical", `/home/eve/${"long".repeat(60)}`, 10 * MiB, 1),
  open("/home/eve/__proto__", 9 * MiB, 1),
  gone("cache", "/home/eve/constructor", 8 * MiB, 1),
  open("/home/eve/leer", 0, 1),
];

const newest = "2026-11-27T21:14:00Z";

/** A scan that would have found these leaves. */
export function scanOf(host: string, leaves: readonly Leaf[]): ReportedScan {
  const undecided = leaves.filter(({ fate, path }) => fate === "undecided" && !path.endsWith("*")).map(rowOf);
  const total = (fate: ScannedFate): Size => sum(leaves.filter((one) => one.fate === fate));
  return {
    host,
    os: "nixos",
    scanned: "2026-11-28T14:30:12Z",
    totals: {
      persist: total("persist"),
      carry: total("carry"),
      fetch: total("fetch"),
      discard: total("discard"),
      undecided: total("undecided"),
    },
    undecided: [...undecided].sort((a, b) => b.bytes - a.bytes),
    lost: lostOf(leaves),
    tree: nodeOf("/", "/", leaves),
    kept: { bytes: 0, files: 0 },
    unread: [{ path: "/root/.cache", why: "permission denied" }],
    notes: ["what packages install was not told apart: there is no rpm here"],
  };
}

export function reportOf(...scans: readonly ReportedScan[]): Report {
  return { version: 1, generator: "remanence report", scans };
}

function rowOf({ path, bytes, files, suggestion }: Leaf): ScannedRow {
  const kind = files === 1 ? "file" : "directory";
  const inside = path.endsWith("/.config/Code")
    ? { cache: { bytes: 31 * MiB, files: 12 }, secrets: [`${path}/User/id_rsa`] }
    : {};
  return { path, kind, bytes, files, newest, suggestion: suggestion ?? null, ...inside };
}

function lostOf(leaves: readonly Leaf[]): LostCase[] {
  const rows = (why: (one: Leaf) => string | null): LostRow[] =>
    leaves.flatMap((one) => {
      const reason = one.path.endsWith("*") ? null : why(one);
      return reason === null ? [] : [{ ...rowOf(one), fate: one.fate, class: one.class, need: one.need, why: reason }];
    });
  return [
    {
      name: "wipe",
      rows: rows(({ fate }) => (fate === "undecided" ? "nobody has decided about it" : null)),
    },
    {
      name: "disk",
      rows: rows(({ need, fate }) =>
        need === "optional" ? "not backed up" : fate === "undecided" ? "nobody decided" : null,
      ),
    },
    {
      name: "move:desk",
      rows: rows(({ path, class: of }) => (path.startsWith("/var/lib") && of !== null ? "only on this system" : null)),
    },
  ];
}

function nodeOf(name: string, path: string, leaves: readonly Leaf[]): ScannedNode {
  const below = path === "/" ? "/" : `${path}/`;
  const names = new Set(
    leaves.filter((one) => one.path.startsWith(below)).map((one) => firstOf(one.path.slice(below.length))),
  );
  const children = [...names].flatMap((child) => childrenOf(child, `${below}${child}`, leaves));
  const own = leaves.find((one) => one.path === path);
  if (own !== undefined && children.length > 0) {
    const { bytes, files, fate, class: of, need } = own;
    children.push({ name: null, bytes, files, fate, class: of, need, children: [] });
  }
  if (own !== undefined && children.length === 0) return single(name, own);
  const same = <Key extends "fate" | "class" | "need">(key: Key): ScannedNode[Key] =>
    children.every((child) => child[key] === children[0]?.[key]) ? (children[0]?.[key] ?? null) : null;
  return { name, ...sum(children), fate: same("fate"), class: same("class"), need: same("need"), children };
}

function childrenOf(name: string, path: string, leaves: readonly Leaf[]): ScannedNode[] {
  if (name === "*") return leaves.filter((one) => one.path === path).map((one) => single(null, one));
  return [nodeOf(name, path, leaves)];
}

function single(name: string | null, { bytes, files, fate, class: of, need }: Leaf): ScannedNode {
  return { name, bytes, files, fate, class: of, need, children: [] };
}

function firstOf(path: string): string {
  const slash = path.indexOf("/");
  return slash === -1 ? path : path.slice(0, slash);
}

function sum(sizes: readonly Size[]): Size {
  return { bytes: sizes.reduce((a, b) => a + b.bytes, 0), files: sizes.reduce((a, b) => a + b.files, 0) };
}

/** The bytes of these leaves, or of some of them. */
export function bytesOf(leaves: readonly Leaf[], keep: (leaf: Leaf) => boolean = () => true): number {
  return sum(leaves.filter(keep)).bytes;
}
