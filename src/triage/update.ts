import type { ScreenSize } from "../screen/frame.ts";
import { decide, undo } from "./decide.ts";
import { actions } from "./keys.ts";
import { isTooSmall, textHeight } from "./layout.ts";
import { longText } from "./long-text.ts";
import { back, moved, withLevel } from "./navigate.ts";
import type { TriageRow } from "./row.ts";
import { currentLevel, currentRow, decidedCount, type Review, type State } from "./state.ts";

/** A key as it was pressed: the letter, or what terminals call it (`up`, `enter`, `ctrl-c`). */
export type Happening =
  | { readonly is: "key"; readonly key: string }
  | { readonly is: "resize"; readonly size: ScreenSize }
  /** What is in a folder that was to be looked into, or why it cannot be. */
  | { readonly is: "inside"; readonly folder: string; readonly rows: readonly TriageRow[] | string }
  /** How far a look into a folder is. */
  | { readonly is: "looking"; readonly folder: string; readonly entries: number }
  /** What these decisions come to. */
  | { readonly is: "review"; readonly review: Review; readonly of: Decided }
  | { readonly is: "written" }
  | { readonly is: "failed"; readonly why: string };

/** What a change of the manifest is made of. */
export type Decided = Pick<State, "decisions" | "profiles">;

/** Something that only the outside can do; what comes of it happens later. */
export type Wish =
  | { readonly is: "look"; readonly row: TriageRow }
  | { readonly is: "propose" }
  | { readonly is: "write" };

export interface Step {
  readonly state: State;
  readonly wish?: Wish;
}

/** What becomes of the state when something happens, and what is to be done outside. */
export function update(state: State, event: Happening): Step {
  switch (event.is) {
    case "key":
      return pressed({ ...state, message: null }, event.key);
    case "resize":
      return { state: withLevel({ ...state, size: event.size }, {}) };
    case "inside":
      return { state: lookedInside(state, event.folder, event.rows) };
    case "review":
      return { state: reviewed(state, event.review, event.of) };
    case "looking":
      return { state: currentLevel(state).folder === event.folder ? { ...state, looked: event.entries } : state };
    case "written":
      return { state: { ...state, ended: "written" } };
    case "failed":
      return { state: { ...state, message: event.why } };
  }
}

/** An answer that is late is about other decisions than those that would be written. */
function reviewed(state: State, review: Review, of: Decided): State {
  const isAsked = state.screen === "review" && state.decisions === of.decisions && state.profiles === of.profiles;
  return isAsked ? { ...state, review, scroll: 0 } : state;
}

function lookedInside(state: State, folder: string, rows: readonly TriageRow[] | string): State {
  if (typeof rows !== "string") return withLevel({ ...state, folders: new Map(state.folders).set(folder, rows) }, {});
  const isShown = currentLevel(state).folder === folder;
  return { ...(isShown ? back(state) : state), message: rows };
}

function pressed(state: State, key: string): Step {
  if (isTooSmall(state.size) && key !== "ctrl-c" && key !== "q") return { state };
  switch (state.screen) {
    case "list":
      return onList(state, key);
    case "filter":
      return { state: onFilter(state, key) };
    case "help":
      return { state: scrolled(state, key) ?? { ...state, screen: "list" } };
    case "review":
      return onReview(state, key);
    case "quit":
      return onQuit(state, key);
  }
}

function onList(state: State, key: string): Step {
  const action = Object.hasOwn(actions, key) ? actions[key] : undefined;
  if (action === undefined) return { state: { ...state, message: "? lists the keys" } };
  const after = decide(state, action);
  if (after !== undefined) return { state: after };
  switch (action.is) {
    case "move":
      return { state: moved(state, action.by, action.down) };
    case "inside":
      return inside(state);
    case "back":
      return { state: back(state) };
    case "undo":
      return { state: undo(state) };
    case "filter":
      return { state: { ...state, screen: "filter" } };
    case "help":
      return { state: { ...state, screen: "help", scroll: 0 } };
    case "review":
      return review(state);
    case "quit":
      return { state: quit(state) };
    default:
      return { state };
  }
}

function inside(state: State): Step {
  const row = currentRow(state);
  if (row === undefined) return { state };
  if (row.kind !== "directory")
    return { state: { ...state, message: "this is no folder: there is nothing to look into" } };
  const level = { folder: row.live, cursor: 0, top: 0, filter: "" };
  const next: State = { ...state, levels: [...state.levels, level], looked: 0 };
  return state.folders.has(row.live) ? { state: next } : { state: next, wish: { is: "look", row } };
}

function review(state: State): Step {
  if (decidedCount(state) === 0)
    return { state: { ...state, message: "nothing is decided yet, so there is nothing to write" } };
  return { state: { ...state, screen: "review", review: null, scroll: 0 }, wish: { is: "propose" } };
}

function quit(state: State): State {
  return decidedCount(state) === 0 ? { ...state, ended: "quit" } : { ...state, screen: "quit" };
}

function onQuit(state: State, key: string): Step {
  if (key === "w") return review(state);
  const isSure = key === "q" || key === "ctrl-c";
  return { state: isSure ? { ...state, ended: "quit" } : { ...state, screen: "list" } };
}

function onReview(state: State, key: string): Step {
  if (key === "ctrl-c") return { state: { ...state, screen: "quit" } };
  if (key === "y" && state.review?.canWrite === true) return { state, wish: { is: "write" } };
  const next = scrolled(state, key);
  if (next !== undefined) return { state: next };
  const leaves = key === "escape" || key === "q" || key === "left" || key === "b" || key === "backspace";
  return { state: leaves ? { ...state, screen: "list", review: null } : state };
}

/** A long text moved on the screen; undefined for a key that does not. The view keeps it from running out. */
function scrolled(state: State, key: string): State | undefined {
  const action = Object.hasOwn(actions, key) ? actions[key] : undefined;
  if (action?.is !== "move") return undefined;
  const height = textHeight(state.size);
  const step = action.by === "line" ? 1 : action.by === "page" ? height : Number.MAX_SAFE_INTEGER;
  const last = Math.max(0, longText(state).length - height);
  return { ...state, scroll: Math.max(0, Math.min(state.scroll + (action.down ? step : -step), last)) };
}

function onFilter(state: State, key: string): State {
  const { filter } = currentLevel(state);
  const filtered = (text: string): State => withLevel(state, { filter: text, cursor: 0, top: 0 });
  if (key === "enter" || key === "down" || key === "up") return { ...state, screen: "list" };
  if (key === "escape" || key === "ctrl-c") return { ...filtered(""), screen: "list" };
  if (key === "backspace") return filtered([...filter].slice(0, -1).join(""));
  if (key === "ctrl-u") return filtered("");
  const typed = key === "space" ? " " : key;
  return [...typed].length === 1 ? filtered(filter + typed) : state;
}
