import type { Class, Disposition, Need } from "../plan/vocabulary.ts";

/** What becomes of a path by the plan; `undecided` where no entry covers it. */
export type ScannedFate = Disposition | "undecided";

/** Space on the disk as `du` counts it (blocks, in bytes; a file with several names once), and what is no directory. */
export interface Size {
  readonly bytes: number;
  readonly files: number;
}

/** What the catalogue or a convention says of a path that nobody decided about. */
export interface Suggestion {
  readonly profile: string | null;
  readonly class: Class;
  readonly need: Need;
  readonly why: string;
}

/** A path with all below it that shares its fate: the shallowest of its kind. */
export interface ScannedRow extends Size {
  /** Absolute, as it is on the machine the plan is for (without `--root`); bytes that are no UTF-8 are shown as \xNN. */
  readonly path: string;
  readonly kind: "directory" | "file" | "symlink" | "other";
  /** Newest change below it, as RFC 3339 in UTC. */
  readonly newest: string;
  readonly suggestion: Suggestion | null;
  /** What of it the catalogue knows to be cache; left out where there is none. */
  readonly cache?: Size;
  /** Some files in it that look like secrets, by their names alone; left out where there are none. Shown as `path` is. */
  readonly secrets?: readonly string[];
}

/** A row that is gone in the case asked about, and why; `fate` is what the plan says of it. */
export interface LostRow extends ScannedRow {
  readonly fate: ScannedFate;
  readonly class: Class | null;
  readonly need: Need | null;
  readonly why: string;
}

/**
 * The scanned trees as one, for the report: a directory's size is the sum of its children's, and what is too small to be
 * shown by itself is one child with the name null. Leaves have one fate, so the sums by fate are the totals of the scan.
 */
export interface ScannedNode extends Size {
  readonly name: string | null;
  /** Null for a directory with several fates below it. */
  readonly fate: ScannedFate | null;
  readonly class: Class | null;
  readonly need: Need | null;
  readonly children: readonly ScannedNode[];
}

/** All that a scan found, largest rows first. */
export interface ScanResult {
  readonly host: string;
  readonly totals: Readonly<Record<ScannedFate, Size>>;
  readonly undecided: readonly ScannedRow[];
  /** What was asked with `--lost-on`; null where nothing was. */
  readonly lost: readonly LostRow[] | null;
  readonly tree: ScannedNode;
  /**
   * What is in no total, since it is kept already or comes with the system: links into stores and into Nix' own, files as
   * packages brought them. With the totals it is all that was looked at.
   */
  readonly kept: Size;
  /** What could not be looked into, and why. */
  readonly unread: readonly { readonly path: string; readonly why: string }[];
  /** What the numbers leave out, in words for the person ("packages' own files were not told apart: no rpm here"). */
  readonly notes: readonly string[];
}
