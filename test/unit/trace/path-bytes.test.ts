import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytesOf, shownName, textOf } from "../../../src/trace/path-bytes.ts";

describe("names of files as text", () => {
  it("leads back to the same bytes, whatever they are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(bytesOf(textOf(Buffer.from(bytes)))).toEqual(Buffer.from(bytes));
      }),
      { numRuns: 2000 },
    );
  });

  it("is the text itself where the bytes are UTF-8", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(textOf(Buffer.from(text, "utf8"))).toBe(text);
      }),
    );
  });

  it.each([
    ["Latin-1", [0x61, 0xe4, 0x62], "a\\xe4b"],
    ["a sequence that is cut short", [0x61, 0xf0, 0x9f, 0x98], "a\\xf0\\x9f\\x98"],
    ["an overlong slash", [0xc0, 0xaf], "\\xc0\\xaf"],
    ["a surrogate in UTF-8", [0xed, 0xb2, 0x80], "\\xed\\xb2\\x80"],
    ["a whole sequence beside a broken byte", [0xc3, 0xa9, 0xff], "é\\xff"],
  ])("shows the bytes of %s that are none", (_, bytes, shown) => {
    const text = textOf(Buffer.from(bytes));
    expect(text.isWellFormed()).toBe(false);
    expect(shownName(text)).toBe(shown);
  });
});
