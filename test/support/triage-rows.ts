/** Rows of a triage list, made up, and what a person would press. */

import type { AbsolutePath } from "../../src/plan/path.ts";
import type { PlanUser } from "../../src/plan/plan.ts";
import type { ScannedRow, Suggestion } from "../../src/scan/result.ts";
import type { TriageRow } from "../../src/triage/row.ts";
import { rowOf } from "../../src/triage/rows.ts";
import { type State, startState } from "../../src/triage/state.ts";
import { type Step, update } from "../../src/triage/update.ts";

export const ann: PlanUser = { name: "ann", home: "/home/ann" as AbsolutePath, group: "ann" };
export const bob: PlanUser = { name: "bob", home: "/home/bob" as AbsolutePath, group: "bob" };

export const cacheLike: Suggestion = { profile: null, class: "cache", need: "none", why: "made again" };
export const secretLike: Suggestion = { profile: "rclone", class: "secret", need: "critical", why: "rclone: tokens" };

function scanned(path: string, more: Partial<ScannedRow> = {}): ScannedRow {
  const usual = { kind: "directory", bytes: 4096, files: 1, newest: "2026-11-20T10:00:00Z", suggestion: null } as const;
  return { path, ...usual, ...more };
}

export function row(
  path: string,
  more: Partial<ScannedRow> = {},
  users: readonly PlanUser[] = [ann],
  profile: string | null = null,
): TriageRow {
  const named = profile === null ? null : { name: profile, flavour: null };
  return rowOf(scanned(path, more), { users, profileOf: () => named, suggestionFor: () => null });
}

export function started(rows: readonly TriageRow[], size = { columns: 80, rows: 24 }): State {
  return startState("laptop", ["ann"], rows, size);
}

/** What becomes of a state when these keys are pressed, one after the other. */
export function press(state: State, ...keys: readonly string[]): State {
  return keys.reduce((now, key) => update(now, { is: "key", key }).state, state);
}

/** The last of the keys, with what is wished for. */
export function pressLast(state: State, key: string): Step {
  return update(state, { is: "key", key });
}
