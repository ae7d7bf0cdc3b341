import { isWithin } from "../plan/path.ts";

/** A mounted file system, as proc_mounts(5) has it. */
export interface Mount {
  readonly device: string;
  readonly path: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** Reads /proc/self/mounts as it looks from `root`: what is mounted outside of it is left out. Of several at one path the last counts. */
export function readMounts(text: string, root = "/"): Mount[] {
  const byPath = new Map<string, Mount>();
  for (const line of text.split("\n")) {
    const [device, place, type, options] = line.split(" ").map(unescaped);
    if (device === undefined || place === undefined || type === undefined) continue;
    const path = fromRoot(place, root);
    if (path !== undefined) byPath.set(path, { device, path, type, options: (options ?? "").split(",") });
  }
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Blanks, tabs, line breaks and backslashes stand there in octal. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

function fromRoot(place: string, root: string): string | undefined {
  if (root === "/") return place;
  if (place === root) return "/";
  return place.startsWith(`${root}/`) ? place.slice(root.length) : undefined;
}

/** File systems that keep what is written to them. */
const lasting = new Set(["btrfs", "ext4", "ext3", "ext2", "xfs", "zfs", "f2fs", "bcachefs", "jfs"]);

/** How the root could be empty at each boot, with the facts of this machine; or why it cannot. */
export type WipeIdea =
  | { readonly kind: "wipe"; readonly wipe: Readonly<Record<string, string>>; readonly why: string }
  | { readonly kind: "none"; readonly why: string };

/** What the mounts of a machine say about where state lives. */
export interface FileSystems {
  /** True where the root is in memory: whatever lies on it is gone at the next boot already. */
  readonly rootIsWiped: boolean;
  /** A folder that looks like a store, and the file system that it lies on, which is not the root; null where there is none. */
  readonly store: { readonly path: string; readonly mount: string } | null;
  /** Further file systems that a wipe of the root leaves alone. */
  readonly others: readonly string[];
  readonly wipe: WipeIdea;
}

const storeNames = ["/persist", "/persistent", "/nix/persist", "/nix/persistent", "/state"];
/** Not for a person's state, or never wiped. */
const setApart =
  /^\/(?:nix|boot|efi|run|proc|sys|dev|tmp|mnt|media|sysroot|var\/lib\/(?:docker|containers)|home\/[^/]+\/.+)(?:\/|$)/;

/** What a list of mounts says of the root, of a store, and of what else is mounted. */
export function fileSystemsOf(mounts: readonly Mount[], isDirectory: (path: string) => boolean): FileSystems {
  const root = mounts.find(({ path }) => path === "/");
  const store = storeNames.map((path) => storeAt(path, mounts, isDirectory)).find((found) => found !== null) ?? null;
  const others = mounts
    .filter(({ path, type }) => path !== "/" && path !== store?.mount && lasting.has(type) && !setApart.test(path))
    .map(({ path }) => path);
  return { rootIsWiped: root?.type === "tmpfs", store, others, wipe: wipeIdea(root) };
}

function storeAt(path: string, mounts: readonly Mount[], isDirectory: (path: string) => boolean): FileSystems["store"] {
  const around = mounts.filter((mount) => mount.path !== "/" && isWithin(path, mount.path));
  const mount = around.sort((a, b) => b.path.length - a.path.length)[0];
  if (mount === undefined || !lasting.has(mount.type)) return null;
  return mount.path === path || isDirectory(path) ? { path, mount: mount.path } : null;
}

function wipeIdea(root: Mount | undefined): WipeIdea {
  switch (root?.type) {
    case "tmpfs":
      return wipe({ method: "tmpfs", size: sizeOf(root) }, "the root is in memory already");
    case "btrfs":
      return btrfsIdea(root);
    case "zfs":
      return wipe(
        { method: "zfs", dataset: root.device, snapshot: `${root.device}@blank` },
        "the root is a ZFS dataset; the snapshot has to be made while it is empty",
      );
    case undefined:
      return { kind: "none", why: "the mounts could not be read" };
    default:
      return {
        kind: "none",
        why: `the root is ${root?.type}, which cannot be emptied at boot: that takes a root in memory (tmpfs), or on btrfs or ZFS`,
      };
  }
}

function wipe(rest: Readonly<Record<string, string>>, why: string): WipeIdea {
  return { kind: "wipe", wipe: { path: "/", ...rest }, why };
}

function btrfsIdea({ device, options }: Mount): WipeIdea {
  const subvolume = options
    .find((option) => option.startsWith("subvol="))
    ?.slice("subvol=".length)
    .replace(/^\/+/, "");
  if (subvolume === undefined || subvolume === "") {
    return {
      kind: "none",
      why: "the root is the top level of its btrfs: a wipe replaces a subvolume, so it has to be in one",
    };
  }
  return wipe(
    { method: "btrfs", device, subvolume, retain: "30d" },
    "the root is a subvolume of btrfs; a device by label or UUID is safer than its number",
  );
}

/** `size=4194304k` is `4G`; half of the memory, as tmpfs(5) has it, where nothing is said. */
function sizeOf({ options }: Mount): string {
  const [, digits, unit] = /^size=(\d+)([kmg%]?)$/i.exec(options.find((o) => o.startsWith("size=")) ?? "") ?? [];
  if (digits === undefined || Number(digits) === 0) return "50%";
  if (unit === "%") return `${digits}%`;
  const power = { "": 0, k: 1, m: 2, g: 3 }[(unit ?? "").toLowerCase()] ?? 0;
  const kilobytes = Math.ceil(Number(digits) * 1024 ** (power - 1));
  if (kilobytes % 1024 ** 2 === 0) return `${kilobytes / 1024 ** 2}G`;
  return kilobytes % 1024 === 0 ? `${kilobytes / 1024}M` : `${kilobytes}k`;
}
