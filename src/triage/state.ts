import type { Look, ScreenSize } from "../screen/frame.ts";
import type { Decision } from "./decision.ts";
import type { NamedProfile, TriageRow } from "./row.ts";

/** All there is to know to show the screen. Never changed: each event makes a new one. */
export interface State {
  readonly host: string;
  /** Users of the manifest: an entry of a home is for all of them. */
  readonly users: readonly string[];
  /** What is in each folder that was looked into, by its live path; the first list has the empty one. */
  readonly folders: ReadonlyMap<string, readonly TriageRow[]>;
  /** From the first list to the one that is shown. */
  readonly levels: readonly [Level, ...Level[]];
  /** By live path. */
  readonly decisions: ReadonlyMap<string, Decision>;
  /** Profiles to be named in the manifest, each by `profileKey`. */
  readonly profiles: ReadonlyMap<string, NamedProfile>;
  readonly skipped: ReadonlySet<string>;
  readonly history: readonly Snapshot[];
  /** Entries seen so far in a folder that is being looked into. */
  readonly looked: number;
  readonly screen: "list" | "filter" | "help" | "review" | "quit";
  /** The change of the manifest; null while it is worked out. */
  readonly review: Review | null;
  /** First line shown of a text that is longer than the screen. */
  readonly scroll: number;
  /** Something to say about the last key; gone with the next. */
  readonly message: string | null;
  readonly size: ScreenSize;
  readonly ended: "written" | "quit" | null;
}

/** A list that is shown, or was on the way to it. */
export interface Level {
  /** Live path of the folder; empty for the first list. */
  readonly folder: string;
  /** The marked line, among those that the filter leaves. */
  readonly cursor: number;
  /** The first line shown. */
  readonly top: number;
  readonly filter: string;
}

/** What undo goes back to. */
export type Snapshot = Pick<State, "levels" | "decisions" | "profiles" | "skipped">;

/** The change of the manifest as it would be written, or why it cannot be. */
export interface Review {
  readonly lines: readonly { readonly text: string; readonly look: Look }[];
  readonly canWrite: boolean;
}

export function startState(
  host: string,
  users: readonly string[],
  rows: readonly TriageRow[],
  size: ScreenSize,
  message: string | null = null,
): State {
  return {
    host,
    users,
    folders: new Map([["", rows]]),
    levels: [{ folder: "", cursor: 0, top: 0, filter: "" }],
    decisions: new Map(),
    profiles: new Map(),
    skipped: new Set(),
    history: [],
    looked: 0,
    screen: "list",
    review: null,
    scroll: 0,
    message,
    size,
    ended: null,
  };
}

export function currentLevel({ levels }: State): Level {
  return levels.at(-1) ?? levels[0];
}

/** A profile in one of its flavours, as one word. */
export function profileKey({ name, flavour }: NamedProfile): string {
  return `${name} ${flavour ?? ""}`;
}

/** The profile that decides a row, where it was chosen. */
export function chosenProfile({ profiles }: Pick<State, "profiles">, { profile }: TriageRow): NamedProfile | undefined {
  return profile === null ? undefined : profiles.get(profileKey(profile));
}

/** Decisions that would be written. */
export function decidedCount({ decisions, profiles }: State): number {
  return decisions.size + profiles.size;
}

/** The rows of a level that its filter leaves; undefined while nobody knows yet what is in the folder. */
export function rowsAt({ folders }: State, { folder, filter }: Level): readonly TriageRow[] | undefined {
  const rows = folders.get(folder);
  if (rows === undefined || filter === "") return rows;
  const words = filter.toLowerCase().split(" ").filter(Boolean);
  return rows.filter((row) => {
    const { profile, class: c } = row.suggestion ?? {};
    const text = `${row.shown} ${profile ?? ""} ${c ?? ""}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** The row under the mark. */
export function currentRow(state: State): TriageRow | undefined {
  const level = currentLevel(state);
  return rowsAt(state, level)?.[level.cursor];
}

/** Every row that was ever shown, each once. */
export function allRows({ folders }: State): TriageRow[] {
  const rows = [...folders.values()].flat();
  return [...new Map(rows.map((row) => [row.live, row])).values()];
}

/** How many paths below a folder are decided. */
export function decidedInside({ decisions }: State, { live, kind }: TriageRow): number {
  if (kind !== "directory") return 0;
  return [...decisions.keys()].filter((path) => path.startsWith(`${live}/`)).length;
}
