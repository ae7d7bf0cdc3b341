import { layoutOf } from "./layout.ts";
import type { TriageRow } from "./row.ts";
import { chosenProfile, currentLevel, type Level, rowsAt, type State } from "./state.ts";

/** The state with its last level changed, the mark within the list and on the screen. */
export function withLevel(state: State, change: Partial<Level>): State {
  const level = { ...currentLevel(state), ...change };
  const count = rowsAt(state, level)?.length ?? 0;
  const { height } = layoutOf(state.size);
  const cursor = Math.max(0, Math.min(level.cursor, count - 1));
  const highest = Math.max(0, count - height);
  const top = Math.max(0, Math.min(level.top, cursor, highest), cursor - height + 1);
  const [first, ...rest] = state.levels;
  const placed = { ...level, cursor, top };
  return { ...state, levels: rest.length === 0 ? [placed] : [first, ...rest.slice(0, -1), placed] };
}

/** The mark some lines, a page or all the way up or down. */
export function moved(state: State, by: "line" | "page" | "all", down: boolean): State {
  const { cursor } = currentLevel(state);
  const count = rowsAt(state, currentLevel(state))?.length ?? 0;
  const step = by === "line" ? 1 : by === "page" ? layoutOf(state.size).height : count;
  return withLevel(state, { cursor: cursor + (down ? step : -step) });
}

/** The mark on the next line below that is open: neither decided nor skipped; where there is none, on the next. */
export function toNextOpen(state: State): State {
  const level = currentLevel(state);
  const rows = rowsAt(state, level) ?? [];
  const isOpen = (row: TriageRow): boolean =>
    !state.decisions.has(row.live) && !state.skipped.has(row.live) && chosenProfile(state, row) === undefined;
  const next = rows.findIndex((row, i) => i > level.cursor && isOpen(row));
  return withLevel(state, { cursor: next === -1 ? level.cursor + 1 : next });
}

/** One level up; at the first list nothing changes. */
export function back(state: State): State {
  if (currentLevel(state).filter !== "") return withLevel(state, { filter: "", cursor: 0, top: 0 });
  const [first, ...rest] = state.levels;
  if (rest.length === 0) return state;
  return withLevel({ ...state, levels: [first, ...rest.slice(0, -1)] }, {});
}
