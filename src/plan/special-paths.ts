import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { isBelow, isWithin } from "./path.ts";
import type { PlanEntry, PlanHost } from "./plan.ts";
import type { Disposition, Os } from "./vocabulary.ts";

type Severity = "error" | "warning";

/** What a rule of the table may ask of an entry. */
type Shape = Pick<PlanEntry, "kind" | "how" | "mode" | "owner" | "group">;

/** A path with its own right answer: what is wrong with keeping it like any other, and what to do instead. */
interface SpecialPath {
  readonly path: string;
  /** `tree`: the path and all below it; default: only the path itself. */
  readonly covers?: "tree";
  readonly severity: Readonly<Partial<Record<Os, Severity>>>;
  /** The dispositions that are wrong here; default: persist. */
  readonly wrong?: readonly Disposition[];
  /** Only where the entry looks so; default: always. */
  readonly when?: (entry: Shape) => boolean;
  readonly why: string;
  readonly instead: string;
}

const everywhere = (severity: Severity): Record<Os, Severity> => ({ nixos: severity, fedora: severity });
const any: readonly Disposition[] = ["persist", "carry", "fetch", "discard"];
const isDirectory = (entry: Shape): boolean => entry.kind === "directory";

const accounts = ["passwd", "shadow", "group", "gshadow", "subuid", "subgid"].map(
  (name): SpecialPath => ({
    path: `/etc/${name}`,
    severity: { nixos: "error", fedora: "warning" },
    why: "programs replace it by rename, and its numbers belong to this system alone",
    instead:
      "on NixOS declare users (`users.users`, `hashedPasswordFile` on the store) and keep `/var/lib/nixos/`; on Fedora restore accounts by hand",
  }),
);

/** What NixOS writes at each activation from its configuration: the path, and what to declare. */
const declared = Object.entries({
  hosts: "networking.hosts",
  hostname: "networking.hostName",
  fstab: "fileSystems",
  "nsswitch.conf": "system.nssDatabases",
  shells: "environment.shells",
  sudoers: "security.sudo",
}).map(
  ([name, option]): SpecialPath => ({
    path: `/etc/${name}`,
    severity: { nixos: "error" },
    why: "NixOS writes it at each activation from its configuration",
    instead: `declare \`${option}\`; limit the entry with \`on: [fedora]\``,
  }),
);

const hostKeys = ["rsa", "ecdsa", "ed25519"].map(
  (type): SpecialPath => ({
    path: `/etc/ssh/ssh_host_${type}_key`,
    severity: everywhere("error"),
    when: ({ mode }) => mode !== null && !["0600", "0400", "0640"].includes(mode),
    why: "sshd uses no private key that others can read",
    instead: "leave `mode` away: with `class: secret` it is 0600",
  }),
);

const pseudo = ["/run", "/proc", "/sys", "/dev"].map(
  (path): SpecialPath => ({
    path,
    covers: "tree",
    severity: everywhere("error"),
    wrong: any,
    why: "the kernel and systemd make it anew at each boot, and refuse mounts on it",
    instead: "leave it out",
  }),
);

/** The table of special paths (design, section 4), each with the reason. */
const specialPaths: readonly SpecialPath[] = [
  ...pseudo,
  ...accounts,
  ...declared,
  ...hostKeys,
  {
    path: "/etc/machine-id",
    severity: everywhere("error"),
    when: (entry) => entry.how === "symlink",
    why: "PID 1 reads it before any link to it can be there (a tmpfiles `L+` line comes too late), and would make a new one",
    instead: "keep it as a plain file entry; it is mounted before PID 1 needs it",
  },
  {
    path: "/var/lib/machine-id",
    severity: everywhere("error"),
    wrong: any,
    why: "there is no such file",
    instead: "the machine id is `/etc/machine-id`",
  },
  {
    path: "/var/lib/dbus/machine-id",
    severity: everywhere("warning"),
    why: "it is a link to `/etc/machine-id`",
    instead: "keep `/etc/machine-id`",
  },
  {
    path: "/etc/localtime",
    severity: { nixos: "error", fedora: "warning" },
    why: "it must be a link, and programs read the zone from the text of that link",
    instead: "set `time.timeZone` on NixOS, `timedatectl set-timezone` on Fedora",
  },
  {
    path: "/etc/adjtime",
    severity: { nixos: "warning" },
    why: "NixOS does not write it any more; without it the hardware clock is in UTC, which is right",
    instead:
      "where the clock is in local time declare `time.hardwareClockInLocalTime = true`; limit the entry with `on: [fedora]`",
  },
  {
    path: "/etc/resolv.conf",
    severity: { nixos: "error", fedora: "warning" },
    why: "it is a link that the network manager renews at each start",
    instead: "leave it out; keep `/etc/NetworkManager/system-connections/`",
  },
  {
    path: "/etc/ssh",
    severity: { nixos: "error", fedora: "warning" },
    when: isDirectory,
    why: "the system writes sshd_config there: an empty mount over it hides it, and restoring all of it brings an old one back",
    instead: "list the keys one by one (`/etc/ssh/ssh_host_ed25519_key`), or use the profile `ssh-host-keys`",
  },
  {
    path: "/etc/NetworkManager",
    severity: { nixos: "error" },
    when: isDirectory,
    why: "NixOS writes NetworkManager.conf there, which the mount would hide",
    instead: "keep `/etc/NetworkManager/system-connections/`",
  },
  {
    path: "/etc",
    severity: { nixos: "error" },
    when: isDirectory,
    why: "NixOS makes it anew at each activation",
    instead: "list what is not declared in your configuration, path by path",
  },
  {
    path: "/var/lib/systemd/random-seed",
    severity: { nixos: "warning" },
    why: "it must not exist before systemd loads it, which a mounted file does",
    instead: "keep the directory `/var/lib/systemd/`",
  },
  {
    path: "/var/lib/private",
    severity: everywhere("error"),
    when: (entry) => entry.mode !== "0700",
    why: "systemd refuses to start services with DynamicUser= unless it has mode 0700",
    instead: "leave `mode` away: it is 0700",
  },
  {
    path: "/var/lib",
    severity: everywhere("warning"),
    when: (entry) => entry.owner !== null || entry.group !== null,
    why: "services own their directories below it; one owner for all of them stops the services",
    instead: "leave `owner` and `group` away",
  },
  {
    path: "/tmp",
    covers: "tree",
    severity: everywhere("error"),
    why: "it is for what may vanish at any time",
    instead: "leave it out, or write `class: cache`",
  },
  {
    path: "/nix",
    covers: "tree",
    severity: everywhere("error"),
    wrong: any,
    why: "the Nix store is a file system of its own and takes care of itself",
    instead: "leave it out",
  },
  {
    path: "/boot",
    covers: "tree",
    severity: everywhere("error"),
    wrong: any,
    why: "it is a file system of its own, written by the boot loader",
    instead: "leave it out",
  },
  {
    path: "/home",
    severity: everywhere("error"),
    wrong: any,
    why: "homes are decided entry by entry",
    instead: "list what is kept under `home`",
  },
];

/** Wrong names that circulate for paths in a home. */
const wrongInHome: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ".fish_history": "fish keeps its history in `.local/share/fish/`; use the profile `fish`",
  }),
);

/** What the tables say of one rule on one host. */
export function specialFaults(
  entry: PlanEntry,
  host: PlanHost,
  report: (severity: Severity, params: { path: string; why: string; instead: string }) => Diagnostic,
): Diagnostic[] {
  if (entry.scope === "home") {
    const instead = wrongInHome.get(entry.path);
    return instead === undefined
      ? []
      : [report("warning", { path: entry.path, why: "no program reads or writes it", instead })];
  }
  return specialPaths.flatMap((special) => {
    const severity = special.severity[host.os];
    const here = special.covers === "tree" ? isWithin(entry.live, special.path) : entry.live === special.path;
    const wrong = (special.wrong ?? ["persist"]).includes(entry.disposition);
    if (severity === undefined || !here || !wrong || special.when?.(entry) === false) return [];
    return [report(severity, { path: entry.path, why: special.why, instead: special.instead })];
  });
}

/** Why a path of the system must not be kept with an entry that says no more than its class; undefined where it may. */
export function specialAdvice(
  path: string,
  kind: "file" | "directory",
  os: Os,
): { why: string; instead: string } | undefined {
  // With the modes that the class itself would give.
  const shape: Shape = { kind, how: null, mode: kind === "directory" ? "0700" : "0600", owner: null, group: null };
  return specialPaths.find((special) => {
    const here = special.covers === "tree" ? isWithin(path, special.path) : path === special.path;
    return here && special.severity[os] === "error" && special.when?.(shape) !== false;
  });
}

/** Trees in which nothing of one's own can live, neither a home nor a store, and why. */
const impossible: readonly { readonly place: string; readonly why: string }[] = [
  ...["/proc", "/sys", "/dev"].map((place) => ({ place, why: "the kernel makes it anew at each boot" })),
  { place: "/boot", why: "it is a file system of its own, written by the boot loader" },
  { place: "/nix/store", why: "it is read-only, and the Nix store takes care of itself" },
];

/** The tree around a path in which no home and no store can be; undefined where there is none. */
export function impossiblePlace(path: string): { place: string; why: string } | undefined {
  // A tmpfs that anybody may use: nothing stays there, but it works as any other until the next boot.
  if (isBelow(path, "/dev/shm")) return undefined;
  return impossible.find(({ place }) => isWithin(path, place));
}

/** Why a file system must not be empty after each boot; undefined where it may. */
export function unwipeablePlace(path: string): string | undefined {
  if (path === "/nix") return "the system itself lies there, and would not start again";
  if (isWithin(path, "/run")) return "it is empty after each boot anyway";
  return impossible.find(({ place }) => isWithin(path, place))?.why;
}

/** Trees that systemd ages by rules of its own (tmp.conf); ours stay out of them. */
export function isAgedBySystem(path: string): boolean {
  return ["/tmp", "/var/tmp"].some((tree) => isWithin(path, tree) || isBelow(tree, path));
}
