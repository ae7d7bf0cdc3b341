import { readable, terminal } from "./terminal.ts";

/** To a program each byte as it is, so that git can apply it; to a person in colour, and nothing that steers a terminal. */
export function shownDiff(diff: string): string {
  if (!terminal.isPerson()) return diff;
  return readable(diff)
    .split("\n")
    .map((line) => {
      const color = diffColor(line);
      return color === undefined ? line : terminal.paint(color, line);
    })
    .join("\n");
}

/** In what colour a line of a diff is shown. */
export function diffColor(line: string): "bold" | "green" | "red" | "cyan" | undefined {
  return /^(?:\+\+\+|---|diff |new |old |deleted )/.test(line) ? "bold" : colors[line[0] ?? ""];
}

const colors: Readonly<Record<string, "green" | "red" | "cyan">> = { "+": "green", "-": "red", "@": "cyan" };
