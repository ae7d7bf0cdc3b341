import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nameOf, realPath, shownPath } from "../../../src/scan/names.ts";

/** Bytes as they may stand in a name: anything but NUL and a slash, often next to each other. */
const bytes = fc
  .array(fc.oneof(fc.integer({ min: 1, max: 255 }), fc.constantFrom(0x5c, 0x78, 0x66, 0xed, 0xa0, 0x80, 0xf4, 0x90)), {
    minLength: 1,
    maxLength: 12,
  })
  .map((list) => Buffer.from(list.filter((byte) => byte !== 0x2f)));

describe("names of any bytes", () => {
  it("come back as the same bytes", () => {
    fc.assert(
      fc.property(bytes, (name) => {
        expect(Buffer.from(realPath(nameOf(name)) as string)).toEqual(name);
      }),
      { numRuns: 500 },
    );
  });

  it("are those of the text where they are UTF-8", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(nameOf(Buffer.from(text))).toBe(text);
      }),
    );
  });

  it("are shown as one text each", () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        const [one, other] = [a, b].map((name) => shownPath(nameOf(name)));
        expect(one === other).toBe(a.equals(b));
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ["plain", "plain"],
    ["ünï", "ünï"],
    ["a\\b", "a\\b"],
    ["a\\xff", "a\\x5cxff"],
    ["😀", "😀"],
  ])("shows %s as %s", (name, shown) => {
    expect(shownPath(nameOf(Buffer.from(name)))).toBe(shown);
  });

  it.each([
    [[0x61, 0xff], "a\\xff"],
    // A surrogate in UTF-8, an overlong slash, and what is above Unicode's last character: none is a character.
    [[0xed, 0xa0, 0x80], "\\xed\\xa0\\x80"],
    [[0xc0, 0xaf], "\\xc0\\xaf"],
    [[0xf4, 0x90, 0x80, 0x80], "\\xf4\\x90\\x80\\x80"],
    [[0xe2, 0x82], "\\xe2\\x82"],
  ])("shows the bytes %j as %s", (list, shown) => {
    expect(shownPath(nameOf(Buffer.from(list)))).toBe(shown);
  });
});
