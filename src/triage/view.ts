import { bytesText } from "../diagnostics/bytes.ts";
import { printable } from "../diagnostics/print.ts";
import { type Cell, cell, type Frame, type Line, pathCell, rightCell, wrapped } from "../screen/frame.ts";
import { decisionText, suggested } from "./decision.ts";
import { keyLines, shortKeyLine } from "./keys.ts";
import { isTooSmall, type Layout, layoutOf, textHeight } from "./layout.ts";
import { longText } from "./long-text.ts";
import type { TriageRow } from "./row.ts";
import { chosenProfile, currentLevel, currentRow, decidedCount, decidedInside, rowsAt, type State } from "./state.ts";
import { countText } from "./words.ts";

/** The screen for a state: as many lines as the screen has, none longer. */
export function view(state: State): Frame {
  const { size } = state;
  if (isTooSmall(size))
    return [[cell(0, size.columns, "The terminal is too small for a list.")], [cell(0, size.columns, "q quits")]];
  const layout = layoutOf(size);
  const lines: Line[] = Array.from({ length: size.rows }, () => []);
  const put = (at: number, part: readonly Line[]): void => {
    for (const [i, line] of part.entries()) if (at + i < lines.length) lines[at + i] = line;
  };
  put(0, [title(state), above(state)]);
  if (state.screen === "list" || state.screen === "filter") {
    put(layout.list, list(state, layout.height));
    put(layout.message, [messageLine(state)]);
    put(layout.details, details(state, layout));
    put(layout.keys, keys(state, layout));
  } else {
    put(layout.list, text(state));
    put(size.rows - 2, [messageLine(state), keysOfText(state)]);
  }
  return lines;
}

function title(state: State): Line {
  const { host, folders, size } = state;
  const rows = folders.get("") ?? [];
  const bytes = rows.reduce((sum, row) => sum + row.bytes, 0);
  const left = ` remanence triage: ${host}`;
  const right = `${countText(rows.length, "place")} undecided, ${bytesText(bytes)}; ${decidedCount(state)} decided `;
  const room = Math.max(0, size.columns - right.length - 2);
  return [cell(0, size.columns, "", "title"), cell(0, room, left, "title"), rightTitle(size.columns, right)];
}

function rightTitle(columns: number, text: string): Cell {
  const width = Math.min(columns, text.length);
  return cell(columns - width, width, text, "title");
}

function above(state: State): Line {
  const { columns } = state.size;
  const level = currentLevel(state);
  const around = state.levels.length > 1 ? `inside ${folderName(state)}` : "";
  if (state.screen === "filter") return [cell(1, columns - 2, `filter: ${level.filter}_`, "bold")];
  const filter = level.filter === "" ? "" : `filter: ${level.filter}  (Esc shows all)`;
  return [pathCell(1, columns - 2, [around, filter].filter((part) => part !== "").join("  "), "bold")];
}

/** The folder that is shown, as its row calls it. */
function folderName(state: State): string {
  const { folder } = currentLevel(state);
  for (const rows of state.folders.values()) {
    const row = rows.find(({ live }) => live === folder);
    if (row !== undefined) return row.shown;
  }
  return folder;
}

/** What stands in place of the list. */
function text(state: State): readonly Line[] {
  const { columns } = state.size;
  const height = textHeight(state.size);
  const lines = (texts: readonly string[]): Line[] => texts.map((line) => [cell(1, columns - 2, line)]);
  switch (state.screen) {
    case "help":
    case "review":
      if (state.screen === "review" && state.review === null)
        return lines(["", "Working out the change of the manifest, and checking it …"]);
      return longText(state)
        .slice(state.scroll, state.scroll + height)
        .map((line) => [cell(1, columns - 2, line.text, line.look)]);
    default:
      return lines([
        "",
        `${countText(decidedCount(state), "decision")} not written yet.`,
        "",
        "  w  look at the change of the manifest, and write it there",
        "  q  quit: nothing is written",
        "",
        "Any other key goes back.",
      ]);
  }
}

function list(state: State, height: number): readonly Line[] {
  const level = currentLevel(state);
  const rows = rowsAt(state, level);
  const { columns } = state.size;
  if (rows === undefined) {
    const far = state.looked === 0 ? "" : ` ${state.looked.toLocaleString("en-GB")} entries`;
    return [[cell(3, columns - 4, `looking …${far}`, "dim")]];
  }
  if (rows.length === 0) {
    const why = level.filter === "" ? "There is nothing in it." : "Nothing here has these letters.";
    return [[cell(3, columns - 4, why, "dim")]];
  }
  return rows.slice(level.top, level.top + height).map((row, i) => rowLine(state, row, level.top + i === level.cursor));
}

/** `> + 1.2 GiB  ~/.local/share/containers/          state, critical` */
function rowLine(state: State, row: TriageRow, isMarked: boolean): Line {
  const { columns } = state.size;
  const right = columns >= 60 ? 24 : 17;
  const { mark, text, look } = verdict(state, row);
  const chosen = isMarked ? "chosen" : undefined;
  const path = columns - 14 - right - 2;
  return [
    cell(0, columns, "", chosen ?? "plain"),
    cell(0, 1, isMarked ? ">" : " ", chosen ?? "plain"),
    cell(2, 1, mark, chosen ?? look),
    rightCell(4, 8, bytesText(row.bytes), chosen ?? "plain"),
    pathCell(14, path, row.shown, chosen ?? "plain"),
    cell(columns - right - 1, right, text, chosen ?? look),
  ];
}

interface Verdict {
  readonly mark: string;
  readonly text: string;
  readonly look: Cell["look"];
}

/** What is decided about a row, else what is suggested. */
function verdict(state: State, row: TriageRow): Verdict {
  const decision = state.decisions.get(row.live);
  if (decision !== undefined) {
    const isKept = decision.need !== "none";
    return { mark: isKept ? "+" : "-", text: decisionText(decision), look: isKept ? "green" : "yellow" };
  }
  const profile = chosenProfile(state, row);
  if (profile !== undefined) return { mark: "+", text: `profile ${profile.name}`, look: "green" };
  if (state.skipped.has(row.live)) return { mark: ".", text: "skipped", look: "dim" };
  const inside = decidedInside(state, row);
  if (inside > 0) return { mark: "*", text: `${inside} inside decided`, look: "cyan" };
  if (row.kind === "symlink") return { mark: " ", text: "a link", look: "dim" };
  if (row.unfit !== undefined) return { mark: " ", text: "cannot be an entry", look: "dim" };
  const usual = suggested(row);
  return { mark: " ", text: usual === undefined ? "" : `${decisionText(usual)}?`, look: "dim" };
}

function details(state: State, { detailLines }: Layout): readonly Line[] {
  const row = currentRow(state);
  const { columns } = state.size;
  if (row === undefined) return [];
  const path = [pathCell(1, columns - 2, row.shown, "bold")];
  if (detailLines === 1) return [path];
  const day = row.newest.slice(0, 10);
  const look = row.unfit === undefined ? "cyan" : "yellow";
  const why = linesOf(printable(reason(row)), columns - 2, detailLines - 2);
  return [
    path,
    [cell(1, columns - 2, `${bytesText(row.bytes)}${whatIsIt(row)}, newest change ${day}`)],
    ...why.map((line) => [cell(1, columns - 2, line, look)]),
  ];
}

function whatIsIt({ kind, files, cache }: TriageRow): string {
  if (kind !== "directory") return `, a ${kind === "other" ? "special file" : kind === "symlink" ? "link" : "file"}`;
  return ` in ${countText(files, "file")}${cache === 0 ? "" : `, ${bytesText(cache)} of it cache`}`;
}

/** A text in at most so many lines; what does not fit is cut in the last. */
function linesOf(text: string, width: number, most: number): string[] {
  const lines = wrapped(text, width);
  return lines.length <= most ? lines : [...lines.slice(0, most - 1), lines.slice(most - 1).join(" ")];
}

function reason({ unfit, kind, suggestion, profile }: TriageRow): string {
  if (kind === "symlink") return "a link holds nothing itself: keep what it leads to, or discard it (n)";
  if (unfit !== undefined) return `cannot be an entry: ${unfit}`;
  if (suggestion === null) return "nobody knows it: look inside, or think of what made it";
  const names = profile === null ? "" : ` (p names the profile ${profile.name})`;
  return `suggested: ${suggestion.class}, ${suggestion.need}; ${suggestion.why}${names}`;
}

/** What there is to say of the last key, else a warning about the line. */
function messageLine(state: State): Line {
  const text = state.message ?? (state.screen === "list" ? warning(currentRow(state)) : undefined);
  return text === undefined ? [] : [cell(1, state.size.columns - 2, text, "yellow")];
}

function warning(row: TriageRow | undefined): string | undefined {
  if (row === undefined || row.secrets.length === 0 || row.suggestion?.class === "secret") return undefined;
  const names = row.secrets.map((path) => (path.startsWith(`${row.live}/`) ? path.slice(row.live.length + 1) : path));
  return `by their names there are secrets in it: ${names.join(", ")}`;
}

function keys(state: State, { keyLines: count }: Layout): readonly Line[] {
  const filtering = ["letters of the path, profile or class; Enter keeps the filter, Esc drops it"];
  const texts = state.screen === "filter" ? filtering : count === 3 ? keyLines : [shortKeyLine];
  return texts.map((line) => keyLine(state, line));
}

function keysOfText(state: State): Line {
  const { screen, review, size } = state;
  const scroll = longText(state).length > textHeight(size) ? "↑ ↓ scroll, " : "";
  if (screen === "help") return keyLine({ size }, `${scroll}any other key goes back`);
  if (screen === "quit") return [];
  return keyLine({ size }, `${scroll}${review?.canWrite === true ? "y writes this, " : ""}Esc goes back`);
}

function keyLine({ size }: Pick<State, "size">, line: string): Line {
  return [cell(1, size.columns - 2, line, "dim")];
}
