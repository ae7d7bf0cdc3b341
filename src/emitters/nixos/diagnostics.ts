import { defineDiagnostics } from "../../diagnostics/define.ts";

const whatIsMissing: Readonly<Record<string, string>> = {
  subvolume: "name the subvolume that is replaced (`@`)",
  device: "name the device that holds it (/dev/disk/by-label/nixos)",
  dataset: "name the dataset that is rolled back (rpool/local/root)",
  snapshot: "name the snapshot of it that was taken while it was empty (rpool/local/root@blank)",
};

/** What NixOS or its modules cannot do, said before anything is written (each row is a hazard of the real modules). */
export const nixosDiagnostics = defineDiagnostics({
  "nixos/combination": {
    severity: "error",
    message: ({ what, other, why }: { what: string; other: string; why: string; instead: string }) =>
      `${what} does not go together with ${other}: ${why}`,
    help: ({ instead }) => instead,
  },
  "nixos/chezmoi-lost": {
    severity: "warning",
    message: ({ folder, user, isSource }: { folder: string; user: string; isSource: boolean }) =>
      isSource
        ? `the wipe takes \`${folder}\` of ${user}: what is carried comes back only from a source that is kept`
        : `the wipe takes \`${folder}\` of ${user}: chezmoi loses its settings, its key, and its record of what it wrote, and then overwrites without asking`,
    help: ({ isSource }) =>
      `add the profile \`chezmoi\`${isSource ? ", or keep the folder that `sourceDir` in its configuration names" : ""}`,
  },
  "nixos/how": {
    severity: "error",
    message: ({ path, why }: { path: string; why: string }) => `\`${path}\` cannot be kept like this on NixOS: ${why}`,
    help: () => "leave `how` away, or limit it to the other system with an entry of its own (`on: [fedora]`)",
  },
  "nixos/characters": {
    severity: "error",
    message: ({ path, why }: { path: string; why: string }) => `\`${path}\` cannot be mounted on NixOS: ${why}`,
    help: () => "keep the directory around it, rename it, or use `home: standalone`, which links instead of mounting",
  },
  "nixos/unit-name-too-long": {
    severity: "error",
    message: ({ path, length }: { path: string; length: number }) =>
      `\`${path}\` cannot be mounted on NixOS: the name of its unit would have ${length} bytes, and 255 are allowed`,
    help: () => "keep a directory further up",
  },
  "nixos/same-unit": {
    severity: "error",
    message: ({ path, other, unit }: { path: string; other: string; unit: string }) =>
      `\`${path}\` and \`${other}\` would share the unit ${unit}, and only one of the two would be mounted`,
    help: () => "keep the directory around one of them, or write `how: symlink` at one",
  },
  "nixos/file-access": {
    severity: "warning",
    message: ({ path, what }: { path: string; what: string }) =>
      `impermanence gives a single file no ${what}: \`${path}\` keeps those that it has in the store`,
    help: () =>
      "migrate.sh sets them when it copies the file; to have them set at each boot keep the directory around it, or use `module: preservation` or `module: none`",
  },
  "nixos/home-access": {
    severity: "error",
    message: ({ path, what }: { path: string; what: string }) =>
      `\`${path}\` is kept by home-manager as its user, who cannot give it to ${what}`,
    help: () => "leave `owner` and `group` away, or keep it with `home: nixos-module`",
  },
  "nixos/secret-in-nix-store": {
    severity: "error",
    message: ({ path }: { path: string }) =>
      `\`${path}\` is a secret, and home-manager would lay it out of the Nix store, which everybody can read`,
    help: () => "let chezmoi carry it encrypted (`nixos: { carry: chezmoi }`), or let it be persisted",
  },
  "nixos/initrd-owner": {
    severity: "error",
    message: ({ path, who }: { path: string; who: string }) =>
      `\`${path}\` is needed in the initrd, which does not know ${who}`,
    help: () => "leave `owner` and `group` away: it belongs to root",
  },
  "nixos/store-in-home": {
    severity: "error",
    message: ({ store }: { store: string }) =>
      `store \`${store}\` lies in the homes, which NixOS modules do not support`,
    help: () => "give this host a store outside of them: `stores: { persist: /persist }`, or use `home: standalone`",
  },
  "nixos/wipe-incomplete": {
    severity: "error",
    message: ({ method, missing }: { method: string; missing: string }) => `a wipe by ${method} needs \`${missing}\``,
    help: ({ missing }) => whatIsMissing[missing] ?? "",
  },
  "nixos/wipe-subvolume": {
    severity: "error",
    message: ({ subvolume }: { subvolume: string }) => `\`${subvolume}\` is no usable name of a subvolume`,
    help: () =>
      "write it as it is listed by `btrfs subvolume list /`, without a leading slash; `..`, commas and backslashes cannot be in it",
  },
  "nixos/wipe-device": {
    severity: "error",
    message: ({ device }: { device: string }) => `\`${device}\` is no device that the boot could wait for`,
    help: () =>
      "name it by a path (`/dev/disk/by-uuid/…`); in labels udev writes a blank as `\\x20`: `ls /dev/disk/by-label`",
  },
  "nixos/wipe-snapshot": {
    severity: "error",
    message: ({ dataset, snapshot }: { dataset: string; snapshot: string }) =>
      `\`${snapshot}\` is no snapshot of a dataset \`${dataset}\``,
    help: () => "write both in full, as `zfs list -t snapshot` does: rpool/local/root and rpool/local/root@blank",
  },
  "nixos/wipe-twice": {
    severity: "error",
    message: ({ path }: { path: string }) => `${path} is wiped in two ways`,
    help: () => "keep one",
  },
  "nixos/wipe-of-mount": {
    severity: "error",
    message: ({ path }: { path: string }) => `${path} is wiped, and listed under \`mounts\` as what no wipe touches`,
    help: () => "keep one of the two",
  },
  "nixos/below-file": {
    severity: "error",
    message: ({ path, file }: { path: string; file: string }) =>
      `\`${path}\` cannot be mounted: it lies in \`${file}\`, which is mounted as a single file`,
    help: ({ file }) => `if that is a directory, write \`${file}/\``,
  },
  "nixos/mount-inside": {
    severity: "error",
    message: ({ path, mount }: { path: string; mount: string }) =>
      `${mount} is a file system of its own inside \`${path}\`, which is kept as a whole`,
    label: () => "what is mounted there would be hidden, or not lie where its backup is looked for",
    help: ({ path }) => `list what is kept of \`${path}\` one by one`,
  },
  "nixos/backup-engine": {
    severity: "warning",
    message: ({ host }: { host: string }) =>
      `${host} backs up with tar, for which NixOS has no module: no backup.nix is written`,
    help: () => "use restic on NixOS (`engine: restic`), or run your own job over the store",
  },
  "nixos/backup-password": {
    severity: "error",
    message: ({ host }: { host: string }) => `the restic backup of ${host} has no \`password-file\``,
    help: () => "name a file on the store that holds the password (/persist/secrets/restic)",
  },
  "nixos/password-on-wiped": {
    severity: "warning",
    message: ({ path }: { path: string }) => `the password file \`${path}\` lies on a file system that is wiped`,
    help: () => "name it on the store, where it is before anything is mounted (/persist/secrets/restic)",
  },
});
