import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { commentedOut, printCommentedYaml } from "../../../src/languages/yaml.ts";
import { oddLine } from "../../support/odd-texts.ts";

describe("a document with remarks", () => {
  it("has them above, beside and below", () => {
    const text = printCommentedYaml(
      [
        ["version", { data: 1, above: ["first"] }],
        ["map", { map: [["a", { data: { x: 1 }, beside: "why" }]], below: ["last"] }],
        [
          "list",
          {
            list: [
              { data: "x", above: ["one", "", "two"] },
              { data: ["y"], above: ["", "gap"] },
            ],
          },
        ],
      ],
      ["", "end"],
    );
    expect(text).toBe(
      "# first\nversion: 1\n\nmap:\n  a: { x: 1 } # why\n  # last\n\nlist:\n  # one\n\n  # two\n  - x\n\n  # gap\n  - [y]\n\n\n# end\n",
    );
  });

  it("has no break of a line in a remark that any reader of YAML could know", () => {
    const part = { data: 1, above: ["x\r- y\u0085z\u2028w\u001b[m"], beside: "p\r\nq: r" };
    expect(printCommentedYaml([["a", part]])).toBe("# x - y z w [m\na: 1 # p q: r\n");
  });

  it("says what its data says, whatever the remarks hold", () => {
    const remark = fc.oneof(oddLine, fc.string(), fc.constantFrom("", "a\nb: c", "x\r- y", "\u2028z: 1", "# # "));
    const data = fc.oneof(oddLine, fc.record({ path: oddLine, list: fc.array(oddLine) }));
    fc.assert(
      fc.property(fc.array(fc.tuple(data, remark, remark)), remark, remark, (items, above, below) => {
        const list = items.map(([value, over, beside]) => ({ data: value, above: [over], beside }));
        const text = printCommentedYaml(
          [
            ["a", { data: 1, above: [above] }],
            ["b", { list, below: [below] }],
          ],
          [below],
        );
        expect(parse(text)).toEqual({ a: 1, b: items.map(([value]) => value) });
      }),
      { numRuns: 300 },
    );
  });
});

describe("data as a comment", () => {
  it("is on one line where it fits", () => {
    expect(commentedOut({ path: "/", list: [1, "a b"] })).toEqual(["- { path: /, list: [1, a b] }"]);
    expect(commentedOut({ method: "tmpfs" }, "wipe")).toEqual(["wipe: { method: tmpfs }"]);
  });

  it("is that data again without the signs, on however many lines", () => {
    fc.assert(
      fc.property(fc.record({ path: oddLine, more: fc.array(oddLine, { maxLength: 30 }) }), (data) => {
        const lines = commentedOut(data, "key");
        for (const line of lines) expect(line).not.toMatch(/[\n\r]/);
        // Characters that no terminal shows become blanks in a comment.
        if (!/[\p{Cf}\u2028\u2029]/u.test(JSON.stringify(data))) expect(parse(lines.join("\n"))).toEqual({ key: data });
      }),
      { numRuns: 300 },
    );
  });
});
