import type { Span } from "../diagnostics/span.ts";
import type { AbsolutePath, RelativePath } from "../plan/path.ts";
import type { Class, Kind, Need, Os, SecretManager } from "../plan/vocabulary.ts";

/**
 * A manifest with all its included files, checked and in one form: names resolved, short forms expanded,
 * defaults of the format filled in, every part with its place. Profiles are still names.
 */
export interface Manifest {
  /** The manifest's own file, as the person named it. */
  readonly file: string;
  readonly stores: readonly ManifestStore[];
  readonly users: readonly ManifestUser[];
  readonly hosts: readonly ManifestHost[];
  readonly profiles: readonly ProfileReference[];
  readonly entries: readonly ManifestEntry[];
  readonly outputs: OutputFolders;
}

export interface ManifestStore {
  readonly name: string;
  /** Absolute, or relative to each user's home. */
  readonly path: AbsolutePath | HomePath;
  /** What is said of its backup; null: nothing. */
  readonly backup: boolean | null;
  readonly mount: AbsolutePath | null;
  readonly span: Span;
}

/** A path below each user's home. */
export interface HomePath {
  readonly below: "home";
  readonly path: RelativePath;
}

export interface ManifestUser {
  readonly name: string;
  readonly home: AbsolutePath;
  readonly group: string | null;
  readonly span: Span;
}

export interface Backup {
  readonly engine: "restic" | "tar";
  /** restic: the repository; tar: the folder of the archives. */
  readonly to: string;
  readonly passwordFile: string | null;
  readonly encrypt: { readonly tool: "age" | "gpg"; readonly recipient: string } | null;
  readonly need: Need;
  readonly schedule: string;
  readonly retain: Readonly<Partial<Record<"last" | "hourly" | "daily" | "weekly" | "monthly" | "yearly", number>>>;
}

export interface Wipe {
  readonly path: AbsolutePath;
  readonly method: "tmpfs" | "btrfs" | "zfs";
  readonly size: string | null;
  readonly device: AbsolutePath | null;
  readonly subvolume: string | null;
  readonly retain: string | null;
  readonly dataset: string | null;
  readonly snapshot: string | null;
  readonly onFailure: "boot" | "stop";
}

export interface NixosPolicy {
  readonly release: "25.11" | "26.05" | "26.11";
  readonly module: "impermanence" | "preservation" | "none";
  readonly home: "nixos-module" | "home-manager" | "home-manager-v1" | "standalone";
  readonly carry: "chezmoi" | "home-manager";
  readonly initrd: "systemd" | "scripted";
  readonly relocate: "all" | "wiped";
  readonly wipes: readonly Wipe[];
  readonly mounts: readonly AbsolutePath[];
}

export interface FedoraPolicy {
  readonly variant: "workstation" | "atomic";
  readonly link: "symlink" | "bind" | "none";
  readonly home: "standalone" | null;
  /** Scripts that chezmoi runs after it has applied, when they have changed. */
  readonly chezmoiRuns: readonly ("link" | "verify")[];
}

interface HostCommon {
  readonly name: string;
  readonly users: readonly string[];
  readonly keep: Need;
  readonly backup: Backup | null;
  readonly stores: readonly ManifestStore[];
  readonly span: Span;
  /** Places of what is written for this host, by dotted key (`nixos.module`). */
  readonly spans: Readonly<Record<string, Span>>;
}
export type ManifestHost =
  | (HostCommon & { readonly os: "nixos"; readonly nixos: NixosPolicy })
  | (HostCommon & { readonly os: "fedora"; readonly fedora: FedoraPolicy });

export interface ProfileReference {
  readonly name: string;
  readonly flavour: string | null;
  readonly store: string | null;
  readonly users: readonly string[] | null;
  readonly on: readonly string[] | null;
  readonly span: Span;
}

/** How content travels in the dotfiles repo. */
export interface Carry {
  readonly template: boolean;
  readonly encrypted: boolean;
  readonly seed: boolean;
  /** Where the content comes from, when it is not in the repo itself. */
  readonly from: SecretReference | null;
}

/** A secret that stays in a password manager; the repo has only its name. */
export interface SecretReference {
  readonly manager: SecretManager;
  readonly entry: string;
  readonly field: string | null;
  readonly attachment: string | null;
}

export interface Fetch {
  readonly type: "git" | "archive" | "file";
  readonly url: string;
  readonly sha256: string | null;
  readonly refresh: string | null;
}

/** What an entry says of its path, in the manifest or in a profile. */
export interface EntryFacts {
  readonly class: Class;
  readonly need: Need;
  readonly carry: Carry | null;
  readonly fetch: Fetch | null;
  readonly store: string | null;
  readonly mode: string | null;
  readonly owner: string | null;
  readonly group: string | null;
  readonly how: "bind" | "symlink" | "none" | null;
  readonly writes: "rename" | "in-place" | null;
  readonly database: boolean;
  /** What the entry itself says of its backup; null: the class decides. */
  readonly backup: boolean | null;
  readonly expire: string | null;
  readonly note: string | null;
}

export interface EntryPath {
  readonly scope: "home" | "system";
  /** Relative to the home, or absolute. */
  readonly path: RelativePath | AbsolutePath;
  readonly kind: Kind;
}

export interface ManifestEntry extends EntryPath, EntryFacts {
  readonly users: readonly string[] | null;
  readonly on: readonly string[] | null;
  readonly span: Span;
}

/** Folders of the generated files, relative to the manifest's folder; `{host}` stands for the host's name. */
export interface OutputFolders {
  readonly nixos: string;
  readonly "home-manager": string;
  readonly chezmoi: string;
  readonly fedora: string;
}

/** True where a name of an `on` list means this host: its own name, or its OS. */
export function appliesTo(on: readonly string[] | null, host: { readonly name: string; readonly os: Os }): boolean {
  return on === null || on.includes(host.name) || on.includes(host.os);
}
