import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { patternRegex } from "../../../src/plan/pattern.ts";

/** What a pattern means, by trying everything. */
function means(pattern: readonly string[], text: readonly string[]): boolean {
  const [head, ...tail] = pattern;
  if (head === undefined) return text.length === 0;
  if (head === "*") return means(tail, text) || (text.length > 0 && text[0] !== "/" && means(pattern, text.slice(1)));
  return text.length > 0 && (head === "?" ? text[0] !== "/" : head === text[0]) && means(tail, text.slice(1));
}

describe("a pattern", () => {
  it("matches what its stars and question marks can stand for, and nothing else", () => {
    const character = fc.constantFrom("a", "b", ".", "/", "é", "💾", "\\", "[", "(", "+", "^");
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constantFrom("*", "?"), character), { maxLength: 8 }),
        fc.array(character, { maxLength: 8 }),
        (pattern, text) => {
          expect(patternRegex(pattern.join("")).test(text.join(""))).toBe(means(pattern, text));
        },
      ),
      { numRuns: 5000 },
    );
  });

  it("is done with at once, however many stars it has", () => {
    const [short, long] = [40, 4000].map((length) => {
      const regex = patternRegex(`${"*a".repeat(length / 4)}b`);
      const start = performance.now();
      for (let i = 0; i < 50; i++) expect(regex.test("a".repeat(length))).toBe(false);
      return performance.now() - start;
    });
    expect((long ?? 0) / (short ?? 1)).toBeLessThan(10_000);
  });
});
