import { describe, expect, it } from "vitest";
import { changes, drawn } from "../../../src/screen/draw.ts";
import { cell, lineText, pathCell, rightCell, wrapped } from "../../../src/screen/frame.ts";
import { keyNames } from "../../../src/screen/key-name.ts";

const size = { columns: 20, rows: 3 };

describe("a frame on a terminal", () => {
  it("is drawn line by line, each cell at its column", () => {
    const lines = drawn([[cell(0, 5, "ab"), cell(10, 5, "日本", "red")]], size, true);
    expect(lines).toHaveLength(3);
    expect(lines[0]).toBe("\u001b[1;1H\u001b[2K\u001b[1;1Hab\u001b[1;11H\u001b[31m日本\u001b[0m");
    expect(lines[2]).toBe("\u001b[3;1H\u001b[2K");
  });

  it("has no colours where none are wanted, and shows the marked line all the same", () => {
    const [line] = drawn([[cell(0, 4, "a", "red"), cell(5, 4, "b", "chosen"), cell(10, 2, "c", "bold")]], size, false);
    expect(line).toContain("\u001b[7mb   \u001b[0m");
    expect(line).toContain("\u001b[1mc\u001b[0m");
    expect(line).not.toContain("\u001b[31m");
  });

  it("is drawn anew only where it differs, in one piece", () => {
    const before = drawn([[cell(0, 5, "a")], [cell(0, 5, "b")]], size, true);
    const after = drawn([[cell(0, 5, "a")], [cell(0, 5, "c")]], size, true);
    expect(changes(before, after)).toBe(`\u001b[?2026h${after[1]}\u001b[?2026l`);
    expect(changes(after, after)).toBe("");
  });
});

describe("cells", () => {
  it("cut what is too long, at whole characters, and steer nothing", () => {
    expect(cell(0, 4, "日本語").text).toBe("日…");
    expect(pathCell(0, 6, "~/.local/share").text).toBe("…share");
    expect(rightCell(0, 8, "12 KiB")).toMatchObject({ column: 2, width: 6 });
    expect(cell(0, 20, "a\u001b[2Jb\u202ec").text).toBe("a\\u{1b}[2Jb\\u{202e}c");
    expect(cell(0, 0, "abc").text).toBe("");
    expect(lineText([cell(0, 3, "ab"), cell(5, 3, "cd")])).toBe("ab   cd");
  });

  it("wrap text at blanks, else within a word, and keep its indentation", () => {
    expect(wrapped("  abcdefghij 日本語日本語", 8)).toEqual(["  abcdef", "  ghij", "  日本語", "  日本語"]);
    expect(wrapped("日本", 1)).toEqual(["日", "本"]);
    expect(wrapped("one two three\n  four five", 8)).toEqual(["one two", "three", "  four", "  five"]);
  });
});

describe("the name of a key", () => {
  it.each([
    ["\r", { name: "return" }, "enter"],
    ["\n", { name: "enter" }, "enter"],
    ["j", { name: "j" }, "j"],
    ["G", { name: "g", shift: true }, "G"],
    ["?", { name: undefined }, "?"],
    [" ", { name: "space" }, "space"],
    ["é", {}, "é"],
    [undefined, { name: "up" }, "up"],
    ["\u0003", { name: "c", ctrl: true }, "ctrl-c"],
    ["\u001b", { name: "escape", meta: true }, "escape"],
    [undefined, { name: "g", meta: true, shift: true, sequence: "\u001bG" }, "escape", "G"],
    [undefined, { name: "return", meta: true, sequence: "\u001b\r" }, "escape", "enter"],
    [undefined, { name: "f1" }],
    ["\u0001", { name: "?" }],
  ])("%j %j", (text, key, ...names) => {
    expect(keyNames(text, key)).toEqual(names);
  });
});
