import { Fragment, type Language, oneLine } from "./fragment.ts";

/** chezmoi takes a line with this for a directive, wherever it stands, and cuts the line out. */
const directive = "chezmoi:template:";

/**
 * Go text/template as chezmoi reads it. A string inside an action is a JSON string literal, which Go's syntax takes;
 * text outside actions is data too, so `{{` in it has to be put out by an action.
 */
function quoted(value: string): string {
  if (!value.isWellFormed()) throw new TypeError("Go refuses a lone surrogate");
  return JSON.stringify(value)
    .replaceAll("\u007f", () => "\\u007f")
    .replaceAll(directive, () => directive.replaceAll(":", () => "\\u003a"));
}

export const goTemplate = {
  name: "go-template",
  /** A string literal for use inside an action. */
  quote: (value: string): Fragment<"go-template"> => new Fragment("go-template", quoted(value)),
  /** A comment that leaves nothing behind, not even its line. */
  comment: (text: string): Fragment<"go-template"> =>
    new Fragment(
      "go-template",
      `{{- /* ${oneLine(text)
        .replaceAll("*/", () => "* /")
        .replaceAll(directive, () => "chezmoi: template:")} */ -}}`,
    ),
  /** The name of a function; never data. */
  reference(name: string): Fragment<"go-template"> {
    if (!/^[A-Za-z][A-Za-z0-9]*$/.test(name)) throw new TypeError(`${name} is no name in Go`);
    return new Fragment("go-template", name);
  },
  /** Text outside actions that comes out as it is. */
  text(value: string): Fragment<"go-template"> {
    if (!value.isWellFormed()) throw new TypeError("a file cannot hold a lone surrogate");
    // A single brace would run together with those of an action that follows.
    const special = /\{{2,}|\{(?=$|chezmoi:template:)|chezmoi:template:/g;
    const text = value.replace(special, (found) => `{{ ${quoted(found)} }}`);
    return new Fragment("go-template", text);
  },
} as const satisfies Language<"go-template"> & Record<string, unknown>;
