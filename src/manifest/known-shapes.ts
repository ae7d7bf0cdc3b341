import type { Catalogue } from "../profiles/catalogue.ts";
import type { EntryPath } from "./manifest.ts";

type WrittenShape = Pick<EntryPath, "scope" | "path" | "kind">;

/** What a known path is where it is written as something else; undefined where it is right, or not known. */
export function otherKind(entry: WrittenShape, catalogue: Catalogue): "directory" | "file" | undefined {
  const is = catalogue.known(entry.scope, entry.path)?.entry.kind ?? shapeOf(entry);
  return is === "pattern" || entry.kind === "pattern" || is === entry.kind ? undefined : is;
}

/** Paths of no single application whose shape every Linux system agrees on. */
function shapeOf({ scope, path }: WrittenShape): "directory" | "file" | undefined {
  if (scope === "home") return homeFolders.has(path) ? "directory" : undefined;
  if (systemFolders.has(path)) return "directory";
  return systemFiles.has(path) ? "file" : undefined;
}

const homeFolders: ReadonlySet<string> = new Set([
  ...[".config", ".local", ".local/share", ".local/state", ".local/bin", ".cache", ".var", ".var/app"],
  ...["Documents", "Downloads", "Pictures", "Videos", "Music", "Desktop", "Public", "Templates"],
]);
const systemFolders: ReadonlySet<string> = new Set([
  ...["/etc", "/etc/ssh", "/etc/NetworkManager", "/var", "/var/lib", "/var/log", "/var/cache", "/var/tmp", "/tmp"],
  ...["/srv", "/opt", "/root", "/home", "/boot", "/nix", "/usr", "/var/spool", "/var/lib/private"],
]);
const systemFiles: ReadonlySet<string> = new Set([
  ...["/etc/machine-id", "/etc/adjtime", "/etc/localtime", "/etc/resolv.conf", "/etc/hostname", "/etc/fstab"],
  ...["/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow", "/etc/subuid", "/etc/subgid"],
  "/var/lib/systemd/random-seed",
]);
