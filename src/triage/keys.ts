import type { Class, Need } from "../plan/vocabulary.ts";

/** What a key asks for while the list is shown. */
export type Action =
  | { readonly is: "class"; readonly class: Class }
  | { readonly is: "need"; readonly need: Need }
  | { readonly is: "move"; readonly by: "line" | "page" | "all"; readonly down: boolean }
  | {
      readonly is:
        | "suggested"
        | "profile"
        | "discard"
        | "carry"
        | "skip"
        | "undo"
        | "inside"
        | "back"
        | "filter"
        | "review"
        | "help"
        | "quit";
    };

const move = (by: "line" | "page" | "all", down: boolean): Action => ({ is: "move", by, down });
const as = (entryClass: Class): Action => ({ is: "class", class: entryClass });
const needs = (need: Need): Action => ({ is: "need", need });

/** By the key's name: a letter as it is typed, or what terminals call it. */
export const actions: Readonly<Record<string, Action>> = {
  up: move("line", false),
  k: move("line", false),
  down: move("line", true),
  j: move("line", true),
  pageup: move("page", false),
  pagedown: move("page", true),
  home: move("all", false),
  g: move("all", false),
  end: move("all", true),
  G: move("all", true),
  c: as("config"),
  d: as("data"),
  s: as("state"),
  x: as("secret"),
  l: as("log"),
  a: as("cache"),
  "1": needs("critical"),
  "2": needs("important"),
  "3": needs("optional"),
  "4": needs("none"),
  p: { is: "profile" },
  n: { is: "discard" },
  r: { is: "carry" },
  enter: { is: "suggested" },
  space: { is: "skip" },
  u: { is: "undo" },
  right: { is: "inside" },
  o: { is: "inside" },
  left: { is: "back" },
  b: { is: "back" },
  backspace: { is: "back" },
  escape: { is: "back" },
  "/": { is: "filter" },
  w: { is: "review" },
  "?": { is: "help" },
  q: { is: "quit" },
  "ctrl-c": { is: "quit" },
};

/** The keys in three lines of at most 80 columns. */
export const keyLines: readonly string[] = [
  "c config  d data  s state  x secret  l log  a cache  n discard  r carry",
  "1 critical  2 important  3 optional   Enter as suggested  Space skip  u undo",
  "p profile  → look inside  ← back  / filter   w write  q quit  ? help",
];

/** The same in one line, where there is no room for more. */
export const shortKeyLine = "? help  w write  q quit";

export const helpText = `What nobody has decided about yet, the largest first. One key decides the line that is marked, and goes on to the next.

What it is:
  c  config   settings a person edits
  d  data     a person's own files
  s  state    what programs remember
  x  secret   keys, tokens, credentials
  l  log      history for debugging
  a  cache    can be made again: discarded
  n           discard it: gone at the next wipe, not backed up
  r           carry it: its content travels in the dotfiles repo
  Enter       what is suggested, in the column at the right
  p           by the profile that knows it: one line for all of the program

How much it hurts to lose it (the class says it, unless you do):
  1  critical   2  important   3  optional   4  none: discard
  On a line that is decided they change that line.

Moving:
  ↑ ↓ j k     a line      PgUp PgDn   a page      Home End g G   all
  → o         look inside a folder, and decide what is in it one by one
  ← b         back to the folder around it
  /           only lines with these letters; Esc shows all again
  Space       skip the line: it stays undecided
  u           undo the last decision

Ending:
  w           look at the change of the manifest, and write it there
  q           quit; asks where something is decided

Marks: + kept   - discarded   . skipped   * decided in part, inside

Nothing is written before you confirm the change. Contents of files are never read, and nothing is moved or deleted.`;
