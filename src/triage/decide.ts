import type { Class, Need } from "../plan/vocabulary.ts";
import { type Decision, decisionOf, discarded, suggested } from "./decision.ts";
import type { Action } from "./keys.ts";
import { toNextOpen, withLevel } from "./navigate.ts";
import type { TriageRow } from "./row.ts";
import { currentRow, profileKey, type State } from "./state.ts";

/** Remembers where we are, for undo. */
function remembered(state: State): State {
  const { levels, decisions, profiles, skipped } = state;
  return { ...state, history: [...state.history, { levels, decisions, profiles, skipped }] };
}

function decided(state: State, row: TriageRow, decision: Decision): State {
  const skipped = new Set(state.skipped);
  skipped.delete(row.live);
  return { ...remembered(state), skipped, decisions: new Map(state.decisions).set(row.live, decision) };
}

/** What the row cannot be, as a message; undefined where it can be decided so. */
function refusal(row: TriageRow, decision: Decision): string | undefined {
  if (row.unfit !== undefined) return `it cannot be an entry: ${row.unfit}`;
  if (decision.carry && row.listed.scope === "system") return "only what is in a home is carried: chezmoi lays it";
  if (decision.need !== "none" && row.kind === "other")
    return "this is neither a file nor a folder: it can only be discarded";
  if (decision.need !== "none" && row.kind === "symlink")
    return "a link holds nothing itself: keep what it leads to, or discard it (n)";
  return undefined;
}

/** Decides about the marked row; a new decision goes on to the next, a change of one stays. */
function settle(state: State, row: TriageRow, decision: Decision, stays: boolean): State {
  const message = refusal(row, decision);
  if (message !== undefined) return { ...state, message };
  const next = decided(state, row, decision);
  return stays ? next : toNextOpen(next);
}

function byClass(state: State, row: TriageRow, entryClass: Class): State {
  const carries = state.decisions.get(row.live)?.carry === true && entryClass !== "cache" && entryClass !== "log";
  return settle(state, row, { ...decisionOf(entryClass), carry: carries }, false);
}

function byNeed(state: State, row: TriageRow, need: Need): State {
  if (need === "none") return settle(state, row, discarded(row), state.decisions.has(row.live));
  const known = state.decisions.get(row.live);
  const base = known ?? suggested(row) ?? decisionOf("state");
  // What is a cache only because nobody needs it is none any more.
  const entryClass = base.class === "cache" ? "state" : base.class;
  return settle(state, row, { ...base, class: entryClass, need }, known !== undefined);
}

function byCarry(state: State, row: TriageRow): State {
  const known = state.decisions.get(row.live);
  if (known !== undefined && known.need !== "none") return settle(state, row, { ...known, carry: !known.carry }, true);
  const usual = suggested(row);
  const base = usual === undefined || usual.need === "none" ? decisionOf("config") : usual;
  return settle(state, row, { ...base, carry: true }, known !== undefined);
}

function bySuggestion(state: State, row: TriageRow): State {
  const usual = suggested(row);
  if (usual !== undefined) return settle(state, row, usual, false);
  return { ...state, message: "nothing is suggested here: say what it is (c d s x l a), or discard it (n)" };
}

/** Names the profile that knows the row; all other rows that it knows are decided by that too. */
function byProfile(state: State, row: TriageRow): State {
  if (row.profile === null) return { ...state, message: "no profile knows just this path" };
  const decisions = new Map(state.decisions);
  decisions.delete(row.live);
  const profiles = new Map(state.profiles).set(profileKey(row.profile), row.profile);
  return toNextOpen({ ...remembered(state), decisions, profiles });
}

function skip(state: State, row: TriageRow): State {
  const decisions = new Map(state.decisions);
  decisions.delete(row.live);
  return toNextOpen({ ...remembered(state), decisions, skipped: new Set(state.skipped).add(row.live) });
}

export function undo(state: State): State {
  const last = state.history.at(-1);
  if (last === undefined) return { ...state, message: "there is nothing to undo" };
  return withLevel({ ...state, ...last, history: state.history.slice(0, -1) }, {});
}

/** Carries out an action that decides about the marked row; undefined for any other action. */
export function decide(state: State, action: Action): State | undefined {
  const row = currentRow(state);
  const on = (change: (row: TriageRow) => State): State => (row === undefined ? state : change(row));
  switch (action.is) {
    case "class":
      return on((r) => byClass(state, r, action.class));
    case "need":
      return on((r) => byNeed(state, r, action.need));
    case "discard":
      return on((r) => settle(state, r, discarded(r), false));
    case "carry":
      return on((r) => byCarry(state, r));
    case "profile":
      return on((r) => byProfile(state, r));
    case "suggested":
      return on((r) => bySuggestion(state, r));
    case "skip":
      return on((r) => skip(state, r));
    default:
      return undefined;
  }
}
