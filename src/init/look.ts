import { needRank, type Os } from "../plan/vocabulary.ts";
import type { Catalogue } from "../profiles/catalogue.ts";
import type { ProfileEntry } from "../profiles/profile.ts";
import type { Disk } from "./disk.ts";
import { findPrograms, type Traces } from "./find-programs.ts";
import { hostNameOf } from "./host-name.ts";
import type { Machine, MachineFolder } from "./machine.ts";
import { fileSystemsOf, type Mount } from "./mounts.ts";
import { isAtomic, type SystemName } from "./os-release.ts";
import { type Home, usersOf } from "./people.ts";
import { userFolders } from "./user-folders.ts";

/** What is asked of a machine, and how it is seen. */
export interface LookInput {
  readonly disk: Disk;
  readonly system: SystemName;
  /** The OS to write for: what the system is, or what was said instead. */
  readonly os: Os;
  /** As the machine calls itself. */
  readonly machineName: string;
  readonly homes: readonly Home[];
  readonly leftOut: readonly string[];
  readonly mounts: readonly Mount[];
  readonly catalogue: Catalogue;
  /** Folders of commands beside the usual ones. */
  readonly path: readonly string[];
  /** Names of installed packages, where a package manager told them. */
  readonly packages: ReadonlySet<string>;
}

/** Looks at a machine: names of what is there, and of files only user-dirs.dirs and .chezmoiroot are read. */
export function lookAt(input: LookInput): Machine {
  const { disk, system, os, homes, catalogue } = input;
  const isThere = (path: string): boolean => disk.kind(path) !== undefined;
  const commands = commandsOf(input);
  const { folders, outside } = foldersOf(homes);
  return {
    os,
    title: system.title,
    assumed: system.os === null,
    version: system.version,
    atomic: os === "fedora" && isAtomic(system.variant, isThere),
    hostName: hostNameOf(input.machineName),
    users: usersOf(homes, os),
    leftOut: input.leftOut,
    programs: findPrograms(
      catalogue.names.flatMap((name) => catalogue.get(name) ?? []),
      tracesOf(input, commands),
    ),
    folders,
    foldersOutside: outside,
    fileSystems: fileSystemsOf(input.mounts, (path) => disk.kind(path) === "directory"),
    chezmoi: chezmoiOf(homes),
    restic: resticOf(homes, commands),
    hasPrivateState: isThere("/var/lib/private"),
    denied: deniedOf(input),
  };
}

/** What could not be looked into; of a home that lies elsewhere as seen from it. */
function deniedOf({ disk, homes }: LookInput): string[] {
  const elsewhere = homes.filter((home) => home.disk !== disk).flatMap((home) => home.disk.denied());
  return [...disk.denied(), ...elsewhere.map((path) => `~${path}`)];
}

/** Where commands are, on either system; what is below a home is added to each home. */
const commandFolders = [
  "/usr/bin",
  "/usr/sbin",
  "/bin",
  "/sbin",
  "/usr/local/bin",
  "/usr/local/sbin",
  "/run/current-system/sw/bin",
  "/nix/var/nix/profiles/default/bin",
];
const homeCommandFolders = ["/.local/bin", "/bin", "/.nix-profile/bin", "/.local/state/nix/profile/bin", "/.cargo/bin"];

function commandsOf({ disk, homes, path }: LookInput): Set<string> {
  const folders = [...commandFolders, ...homes.map(({ name }) => `/etc/profiles/per-user/${name}/bin`), ...path];
  const ofSystem = [...new Set(folders)].flatMap((folder) => disk.names(folder));
  const ofHomes = homes.flatMap((home) => homeCommandFolders.flatMap((below) => home.disk.names(home.at + below)));
  return new Set([...ofSystem, ...ofHomes]);
}

function tracesOf({ disk, os, homes, packages }: LookInput, commands: ReadonlySet<string>): Traces {
  const homeOf = new Map(homes.map((home) => [home.name, home]));
  return {
    os,
    users: homes.map(({ name }) => name),
    commands,
    packages,
    flatpaks: new Map([
      [null, new Set(disk.names("/var/lib/flatpak/app"))],
      ...homes.map((home): [string, Set<string>] => [home.name, flatpaksOf(home)]),
    ]),
    isThere(entry, user) {
      if (user === null) return isSame(entry, disk.kind(entry.path));
      const home = homeOf.get(user);
      return home !== undefined && isSame(entry, home.disk.kind(`${home.at}/${entry.path}`));
    },
  };
}

function flatpaksOf({ disk, at }: Home): Set<string> {
  return new Set([...disk.names(`${at}/.local/share/flatpak/app`), ...disk.names(`${at}/.var/app`)]);
}

/** A link may stand for either: where it leads is not looked at. */
function isSame({ kind }: ProfileEntry, found: ReturnType<Disk["kind"]>): boolean {
  if (found === undefined) return false;
  return found === "symlink" || (kind === "directory") === (found === "directory");
}

/** The well-known folders of all homes that are there; whose they are where not all have them. */
function foldersOf(homes: readonly Home[]): { folders: MachineFolder[]; outside: string[] } {
  const found = new Map<string, MachineFolder & { users: string[] }>();
  const outside = new Set<string>();
  for (const { disk, at, name } of homes) {
    const read = userFolders(disk.read(`${at}/.config/user-dirs.dirs`));
    for (const written of read.outside) outside.add(written);
    for (const folder of read.folders) {
      if (disk.kind(`${at}/${folder.path}`) !== "directory") continue;
      const known = found.get(folder.path);
      if (known === undefined) found.set(folder.path, { ...folder, users: [name] });
      else known.users.push(name);
    }
  }
  const folders = [...found.values()]
    .map((folder) => ({ ...folder, users: folder.users.length === homes.length ? null : folder.users }))
    .sort((a, b) => needRank(b.need) - needRank(a.need));
  return { folders, outside: [...outside] };
}

const chezmoiSource = ".local/share/chezmoi";

function chezmoiOf(homes: readonly Home[]): Machine["chezmoi"] {
  const owner = homes.find(({ disk, at }) => disk.kind(`${at}/${chezmoiSource}`) === "directory");
  if (owner === undefined) return null;
  const root = owner.disk.read(`${owner.at}/${chezmoiSource}/.chezmoiroot`)?.trim().replace(/\/+$/, "");
  return { user: owner.name, path: chezmoiSource, root: root === undefined || root === "" ? null : root };
}

const resticFolders = [".config/restic", ".config/resticprofile", ".config/autorestic"];

/** By names alone: what a configuration says is not read. */
function resticOf(homes: readonly Home[], commands: ReadonlySet<string>): Machine["restic"] {
  for (const { disk, at } of homes) {
    const folder = resticFolders.find((path) => disk.kind(`${at}/${path}`) === "directory");
    if (folder === undefined) continue;
    const password = ["password", "password.txt", "pass"].find(
      (name) => disk.kind(`${at}/${folder}/${name}`) === "file",
    );
    return {
      why: `restic is set up in ~/${folder}/`,
      passwordFile: password === undefined ? null : `~/${folder}/${password}`,
    };
  }
  return commands.has("restic") ? { why: "restic is installed", passwordFile: null } : null;
}
