import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { columnsOf } from "../../../src/diagnostics/columns.ts";
import { lineText, type ScreenSize } from "../../../src/screen/frame.ts";
import type { State } from "../../../src/triage/state.ts";
import { update } from "../../../src/triage/update.ts";
import { view } from "../../../src/triage/view.ts";
import { countText } from "../../../src/triage/words.ts";
import { oddText } from "../../support/odd-texts.ts";
import { press, row, secretLike, started } from "../../support/triage-rows.ts";

const screen = (state: State): string[] => view(state).map(lineText);

const rows = [
  row("/home/ann/Music", { bytes: 1.2 * 2 ** 30, files: 12345 }),
  row("/home/ann/.config/rclone", { suggestion: secretLike, bytes: 8192 }),
  ...Array.from({ length: 40 }, (_, i) => row(`/home/ann/.local/share/app${i}`)),
];

describe("the screen at 80 x 24", () => {
  it("shows the list, what is said of the line, and the keys", () => {
    const lines = screen(started(rows));
    expect(lines).toHaveLength(24);
    expect(lines[0]).toBe(" remanence triage: laptop               42 places undecided, 1.2 GiB; 0 decided");
    expect(lines[2]).toBe(">    1.2 GiB  ~/Music/");
    expect(lines[3]).toBe("       8 KiB  ~/.config/rclone/                        secret, critical?");
    expect(lines[15]).toMatch(/app11/);
    expect(lines.slice(17, 20)).toEqual([
      " ~/Music/",
      " 1.2 GiB in 12,345 files, newest change 2026-11-20",
      expect.stringMatching(/nobody knows it/),
    ]);
    expect(lines.slice(21)).toEqual([
      " c config  d data  s state  x secret  l log  a cache  n discard  r carry",
      " 1 critical  2 important  3 optional   Enter as suggested  Space skip  u undo",
      " p profile  → look inside  ← back  / filter   w write  q quit  ? help",
    ]);
  });

  it("shows each decision with a mark and words, without any colour", () => {
    const lines = screen(press(started(rows), "d", "n", "space"));
    expect(lines[0]).toMatch(/2 decided$/);
    expect(lines[2]).toMatch(/^ {2}\+ {2}1\.2 GiB {2}~\/Music\/ +data, critical$/);
    expect(lines[3]).toMatch(/^ {2}- .* discard$/);
    expect(lines[4]).toMatch(/^ {2}\. .* skipped$/);
    expect(lines[5]).toMatch(/^>/);
  });

  it("says what of a folder is cache, and warns of secrets in it", () => {
    const inside = ["/home/ann/x/token.json", "/home/ann/x/y/id_rsa"];
    const more = { bytes: 2 ** 21, files: 3, cache: { bytes: 2 ** 20, files: 1 }, secrets: inside };
    const lines = screen(started([row("/home/ann/x", more)]));
    expect(lines[16]).toBe(" by their names there are secrets in it: token.json, y/id_rsa");
    expect(lines[18]).toBe(" 2.0 MiB in 3 files, 1.0 MiB of it cache, newest change 2026-11-20");
  });

  it("keeps the marked line on the screen however far it goes, and when the screen shrinks", () => {
    const end = press(started(rows), "G");
    expect(screen(end).filter((line) => line.startsWith(">"))).toEqual([expect.stringMatching(/app39/)]);
    const small = update(end, { is: "resize", size: { columns: 50, rows: 12 } }).state;
    expect(screen(small)).toHaveLength(12);
    expect(screen(small).filter((line) => line.startsWith(">"))).toEqual([expect.stringMatching(/app39/)]);
    expect(screen(update(end, { is: "resize", size: { columns: 20, rows: 5 } }).state)[0]).toMatch(/too small|^The/);
  });

  it("shows in a folder what is decided inside", () => {
    const inside = update(press(started(rows), "right"), {
      is: "inside",
      folder: "/home/ann/Music",
      rows: [row("/home/ann/Music/a")],
    }).state;
    expect(screen(inside)[1]).toBe(" inside ~/Music/");
    expect(screen(press(inside, "d", "left"))[2]).toMatch(/^> \* .* 1 inside decided$/);
    const looking = update(press(started(rows), "right"), {
      is: "looking",
      folder: "/home/ann/Music",
      entries: 12345,
    }).state;
    expect(screen(looking)[2]).toBe("   looking … 12,345 entries");
  });

  it("scrolls help to its last line and no further, and shows a change with what it says", () => {
    const help = press(started(rows), "?");
    expect(screen(help)).toContainEqual(expect.stringMatching(/c {2}config {3}settings a person edits/));
    const last = screen(press(help, "G", "down", "down"));
    expect(last[21]).toMatch(/nothing is moved or deleted|moved or deleted/);
    const asked = press(started(rows), "d", "w");
    expect(screen(asked)[3]).toMatch(/Working out/);
    const review = {
      lines: [
        { text: "+  - Music/", look: "green" as const },
        { text: `+  - "${"x".repeat(2000)}"`, look: "green" as const },
      ],
      canWrite: true,
    };
    const long = press(update(asked, { is: "review", review, of: asked }).state, "G");
    expect(screen(long)[21]).toMatch(/^ x+"$/);
    const lines = screen(update(asked, { is: "review", review, of: asked }).state);
    expect([lines[2], lines[23]]).toEqual([" +  - Music/", " ↑ ↓ scroll, y writes this, Esc goes back"]);
  });
});

describe("any names on any screen", () => {
  const size: fc.Arbitrary<ScreenSize> = fc.record({
    columns: fc.integer({ min: 1, max: 160 }),
    rows: fc.integer({ min: 1, max: 50 }),
  });
  const keys = fc.array(fc.constantFrom("d", "j", "n", "?", "/", "w", "q", "right", "space", "a", "G"), {
    maxLength: 12,
  });

  it("make lines that fit, and none that steers the terminal", () => {
    fc.assert(
      fc.property(fc.array(oddText, { minLength: 1, maxLength: 6 }), size, keys, (names, screenSize, pressed) => {
        const odd = names.map((name, i) => row(`/home/ann/${i}${name}`, { suggestion: { ...secretLike, why: name } }));
        const frame = view(press(started(odd, screenSize), ...pressed));
        expect(frame.length).toBeLessThanOrEqual(Math.max(2, screenSize.rows));
        for (const line of frame) {
          for (const { column, width, text } of line) {
            expect(columnsOf(text)).toBeLessThanOrEqual(width);
            expect(column + width).toBeLessThanOrEqual(Math.max(screenSize.columns, 1));
            expect(text).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029\p{Cs}]/u);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("counts in words", () => {
  it("are grouped, and one is one", () => {
    expect([countText(1, "file"), countText(12345, "file")]).toEqual(["1 file", "12,345 files"]);
  });
});
