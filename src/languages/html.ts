import { Fragment, type Language, oneLine } from "./fragment.ts";

/** What has a meaning of its own in text or in an attribute, in HTML and in the XML of an SVG alike. */
const references: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** What no XML document can hold, not even by a reference (XML 1.0, 2.2 Char), and the controls that HTML takes for mistakes. */
const unwritable = /(?![\t\n\r])\p{Cc}|\p{Cs}|[\ufffe\uffff]/gu;

/**
 * HTML, and SVG as a document of its own: both take the same five references. A carriage return is written as a reference,
 * since parsers make a line feed of it.
 */
export const html = {
  name: "html",
  /** Text between tags, or an attribute's value between quotes. What no document can hold becomes U+FFFD. */
  quote: (value: string): Fragment<"html"> =>
    new Fragment(
      "html",
      value
        .replace(unwritable, "\ufffd")
        .replace(/[&<>"']/g, (c) => references[c] ?? c)
        .replaceAll("\r", "&#13;"),
    ),
  /** Attributes of an element, a blank between them. Names are ours: another than a plain one, or a handler, throws. */
  attributes(values: Readonly<Record<string, string | number>>): Fragment<"html"> {
    const texts = Object.entries(values).map(([name, value]) => {
      if (!/^(?!on|style$)[a-z][a-z0-9-]*$/i.test(name)) throw new TypeError(`no attribute of ours is named ${name}`);
      return `${name}="${html.quote(String(value)).text}"`;
    });
    return new Fragment("html", texts.join(" "));
  },
  /** A comment; a hyphen in it is never beside another, nor at its end. */
  comment: (text: string): Fragment<"html"> =>
    new Fragment("html", `<!-- ${oneLine(text).replace(unwritable, "\ufffd").replaceAll("-", "- ").trim()} -->`),
  /** The content of a style element: a style sheet of ours. Throws on what HTML and XML would not both take as it is. */
  style: (css: string): Fragment<"html"> => rawText(css, /[<&]/),
  /** The content of a script element: a program of ours. Throws where it would end the element, or begin a comment in it. */
  script: (code: string): Fragment<"html"> => rawText(code, /<\/script|<script|<!--/i),
  /**
   * The content of a script element of the type `application/json`: any data, escaped so that no text in it can end the
   * element or begin a comment, whoever wrote that text.
   */
  data: (value: unknown): Fragment<"html"> =>
    new Fragment(
      "html",
      JSON.stringify(value).replace(
        /[<>&\u007f-\u009f\u2028\u2029\ufffe\uffff]/g,
        (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
      ),
    ),
} satisfies Language<"html"> & Record<string, unknown>;

function rawText(text: string, ends: RegExp): Fragment<"html"> {
  const end = ends.exec(text)?.[0];
  if (end !== undefined) throw new TypeError(`a style or script of ours cannot hold ${end}`);
  return new Fragment("html", text);
}
