import type { Os } from "../plan/vocabulary.ts";
import type { FoundProgram } from "./find-programs.ts";
import type { FileSystems } from "./mounts.ts";
import type { UserFolder } from "./user-folders.ts";

/** All that a first manifest is made of: what one machine shows without a file of a person being read. */
export interface Machine {
  readonly os: Os;
  /** As the system calls itself. */
  readonly title: string;
  /** True where the system is neither NixOS nor a relative of Fedora, and `os` is what was said or assumed instead. */
  readonly assumed: boolean;
  readonly version: string | null;
  /** Fedora whose /usr is an image. */
  readonly atomic: boolean;
  readonly hostName: string;
  readonly users: readonly MachineUser[];
  /** People of the machine that no manifest can name, and why. */
  readonly leftOut: readonly string[];
  readonly programs: readonly FoundProgram[];
  readonly folders: readonly MachineFolder[];
  /** Well-known folders that are no entries of a home, as user-dirs.dirs has them. */
  readonly foldersOutside: readonly string[];
  readonly fileSystems: FileSystems;
  /** The chezmoi source of a user, below their home, with the folder that `.chezmoiroot` names in it. */
  readonly chezmoi: { readonly user: string; readonly path: string; readonly root: string | null } | null;
  readonly restic: { readonly why: string; readonly passwordFile: string | null } | null;
  /** True where services with DynamicUser= may keep state. */
  readonly hasPrivateState: boolean;
  /** Directories that could not be looked into. */
  readonly denied: readonly string[];
}

export interface MachineUser {
  readonly name: string;
  readonly home: string;
  /** The number of a primary group that is not the usual one of the system; null where it is. */
  readonly unusualGroup: number | null;
}

export interface MachineFolder extends UserFolder {
  /** Whose; null: of all users. */
  readonly users: readonly string[] | null;
}
