import type { Span } from "../diagnostics/span.ts";
import type { Backup, Carry, FedoraPolicy, Fetch, HomePath, NixosPolicy } from "../manifest/manifest.ts";
import type { AbsolutePath, RelativePath } from "./path.ts";
import type { Class, Disposition, How, Kind, Need } from "./vocabulary.ts";

/** The manifest and its profiles resolved for one host: plain data, and all that emitters see. */
export interface HostPlan {
  readonly version: 1;
  /** The manifest's file name, for the headers of outputs. */
  readonly manifest: string;
  readonly host: PlanHost;
  /**
   * What is to be done, in byte order of the live path; an entry inside one of the same fate is folded into it.
   */
  readonly entries: readonly PlanEntry[];
  /** Every rule that decides a path, folded or not, in the same order: what `fate` looks at. */
  readonly rules: readonly PlanEntry[];
}

interface PlanHostCommon {
  readonly name: string;
  readonly users: readonly PlanUser[];
  readonly stores: readonly PlanStore[];
  readonly keep: Need;
  readonly backup: Backup | null;
  readonly span: Span;
  /** Places of the host's settings by dotted key (`nixos.module`), to complain at the line that asks for it. */
  readonly spans: Readonly<Record<string, Span>>;
}
export type PlanHost =
  | (PlanHostCommon & { readonly os: "nixos"; readonly nixos: NixosPolicy })
  | (PlanHostCommon & { readonly os: "fedora"; readonly fedora: FedoraPolicy });

export interface PlanUser {
  readonly name: string;
  readonly home: AbsolutePath;
  readonly group: string;
}

export interface PlanStore {
  readonly name: string;
  /** Absolute, or below each user's home. */
  readonly path: AbsolutePath | HomePath;
  readonly backup: boolean;
  /** Mount point of the file system that holds it; null for a store in the homes. */
  readonly mount: AbsolutePath | null;
  readonly span: Span;
}

/** Where a rule was written. */
export interface Origin {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The profile that says it, when it is not the manifest itself. */
  readonly profile: string | null;
}

export interface PlanEntry {
  readonly scope: "home" | "system";
  readonly user: string | null;
  /** As in the manifest: relative to the home, or absolute. */
  readonly path: RelativePath | AbsolutePath;
  readonly live: AbsolutePath;
  readonly kind: Kind;
  readonly class: Class;
  readonly need: Need;
  readonly disposition: Disposition;
  readonly store: string | null;
  /** Where it really lies; null where it is not persisted, or persisted in place. */
  readonly stored: AbsolutePath | null;
  readonly how: How | null;
  /** Four octal digits; null where the target's default is right. */
  readonly mode: string | null;
  readonly owner: string | null;
  readonly group: string | null;
  readonly backup: boolean;
  readonly expire: string | null;
  readonly carry: Carry | null;
  readonly fetch: Fetch | null;
  readonly writes: "rename" | "in-place" | null;
  readonly database: boolean;
  readonly note: string | null;
  /** Title of the profile, as a heading in outputs. */
  readonly title: string | null;
  readonly origin: Origin;
  readonly span: Span;
}

/** A persisted entry that lies in a store. */
export type RelocatedEntry = PlanEntry & { readonly stored: AbsolutePath; readonly how: How };

/** True for a persisted entry that lies in a store and appears at its live path by a mount or a link. */
export function isRelocated(entry: PlanEntry): entry is RelocatedEntry {
  return entry.stored !== null && entry.how !== null;
}
