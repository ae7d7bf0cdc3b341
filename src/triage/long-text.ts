import { printable } from "../diagnostics/print.ts";
import { type Look, wrapped } from "../screen/frame.ts";
import { helpText } from "./keys.ts";
import type { State } from "./state.ts";

interface TextLine {
  readonly text: string;
  readonly look: Look;
}

/** What the screen shows in place of the list, broken into lines that fit: all of it, though not all at once. */
export function longText({ screen, review, size }: State): readonly TextLine[] {
  const width = size.columns - 2;
  if (screen === "help") return wrapped(helpText, width).map((text) => ({ text, look: "plain" }));
  if (screen !== "review" || review === null) return [];
  return review.lines.flatMap(({ text, look }) =>
    wrapped(printable(text), width).map((line) => ({ text: line, look })),
  );
}
