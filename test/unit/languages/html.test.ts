import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { html } from "../../../src/languages/html.ts";

/** Texts of what ends or begins something in HTML, of odd characters, and of anything. */
const texts = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "</script",
        "</SCRIPT>",
        "<script>",
        "<!--",
        "-->",
        "]]>",
        "&amp;",
        "'",
        '"',
        "<",
        ">",
        "&",
        "\\",
      ),
      fc.constantFrom("\u2028", "\u2029", "\0", "\r", "\n", "\u0085", "\ud800", "\ufffe", "\uffff"),
      fc.string({ unit: "binary" }),
    ),
  )
  .map((parts) => parts.join(""));

/** What a parser makes of text between tags or in an attribute: references become characters. */
function parsed(text: string): string {
  const known: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'", "#13": "\r" };
  return text.replace(/&([a-z#0-9]+);/g, (whole, name: string) => known[name] ?? whole);
}

describe("text in HTML and SVG", () => {
  it("holds no markup, and is read as it was written, but for what no document can hold", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const quoted = html.quote(text).text;
        expect(quoted).not.toMatch(/[<>"']/);
        expect(quoted.replace(/&(?:amp|lt|gt|quot|#39|#13);/g, "")).not.toContain("&");
        expect(quoted).not.toMatch(/(?![\t\n])\p{Cc}|\p{Cs}|[\ufffe\uffff]/u);
        expect(parsed(quoted)).toBe(text.replace(/(?![\t\n\r])\p{Cc}|\p{Cs}|[\ufffe\uffff]/gu, "\ufffd"));
      }),
    );
  });

  it("is an attribute's value between quotes", () => {
    expect(html.attributes({ class: 'a" onload="x', "data-bytes": 3 }).text).toBe(
      'class="a&quot; onload=&quot;x" data-bytes="3"',
    );
    for (const name of ["onload", "ONLOAD", "style", "a b", "a=", ""])
      expect(() => html.attributes({ [name]: "x" }), name).toThrow("no attribute of ours");
  });

  it("is a comment that nothing in it ends", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const { text: comment } = html.comment(text);
        expect(comment).toMatch(/^<!-- .* -->$|^<!-- {2}-->$/);
        const inner = comment.slice("<!-- ".length, -" -->".length);
        expect(inner).not.toContain("--");
        expect(`${inner} `).not.toMatch(/-$|-!?>/);
      }),
    );
  });
});

describe("data in a script element", () => {
  it("never ends the element, begins a comment or breaks a line of a program, and is read as it was", () => {
    fc.assert(
      fc.property(fc.oneof(texts, fc.dictionary(texts, texts), fc.array(texts)), (value) => {
        const { text } = html.data(value);
        expect(text).not.toMatch(/[<>&\u2028\u2029]/);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe("a style or a program of ours", () => {
  it("is put as it is", () => {
    expect(html.style("a > b { content: '' }").text).toBe("a > b { content: '' }");
    expect(html.script("if (a < b && c) d('<p>')").text).toBe("if (a < b && c) d('<p>')");
  });

  it("is refused where it would end its element", () => {
    for (const css of ["a {} </style", "a & b", "<!-- x"]) expect(() => html.style(css), css).toThrow("cannot hold");
    for (const code of ["'</script>'", "'</SCRIPT '", "'<!--'", "'<script'"])
      expect(() => html.script(code), code).toThrow("cannot hold");
  });
});
