import type { PlanEntry } from "../plan/plan.ts";
import type { IndexedPath } from "../profiles/path-index.ts";

export type BranchKind = "directory" | "file" | "symlink" | "other";

/**
 * A path that the plan, the catalogue or the shape of a system tells apart from what is around it, as it was found on the
 * disk. What lies below a branch without children was only summed up: it shares one fate.
 */
export interface Branch {
  readonly name: string;
  readonly parent: Branch | null;
  readonly kind: BranchKind;
  /** The rule that decides the path itself; null for what nobody decided. */
  readonly rule: PlanEntry | null;
  /** What another host's plan says of it, where one is asked (`move:HOST`). */
  readonly there: PlanEntry | null;
  /** What the catalogue knows of exactly this path. */
  readonly known: IndexedPath | null;
  /** True for a folder that is never shown as a whole: a home, `.config`, `/var/lib`, and where the system lays files too. */
  open: boolean;
  /** Space of the inode itself; 0 where a job counts it, or where the file is counted at another of its names. */
  bytes: number;
  /** Milliseconds since 1970. */
  readonly changed: number;
  /** For a folder that was looked into here; undefined for one that walkers sum up, and for what is none. */
  readonly children: Branch[] | undefined;
  /** The number of the job that sums up all below it. */
  readonly job: number | undefined;
}

/** A scanned tree: a home, or the system with its homes left out. */
export interface ScannedRoot {
  readonly branch: Branch;
  /** Live path of its top. */
  readonly live: string;
  readonly scope: "home" | "system";
}

/** All that lies at a branch and below it, added up. */
export interface Total {
  bytes: number;
  files: number;
  newest: number;
}
