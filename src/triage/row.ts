import type { ListedPath } from "../plan/listed-path.ts";
import type { ScannedRow, Suggestion } from "../scan/result.ts";

/** A profile as a manifest names it. */
export interface NamedProfile {
  readonly name: string;
  readonly flavour: string | null;
}

/** A path that nobody decided about, as it stands in the list. */
export interface TriageRow {
  /** Its live path, by which it is known. */
  readonly live: string;
  /** As a person reads it: below `~` where it is in a home, with a slash where it is a folder. */
  readonly shown: string;
  readonly kind: ScannedRow["kind"];
  readonly bytes: number;
  readonly files: number;
  readonly newest: string;
  readonly suggestion: Suggestion | null;
  /** What of it the catalogue knows to be cache. */
  readonly cache: number;
  /** Files in it that look like secrets, by their names. */
  readonly secrets: readonly string[];
  readonly listed: ListedPath;
  /** The profile that knows exactly this path. */
  readonly profile: NamedProfile | null;
  /** Why no entry can name it, or why it is nothing to keep; undefined where it can be decided about. */
  readonly unfit: string | undefined;
}
