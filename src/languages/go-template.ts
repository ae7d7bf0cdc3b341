import { Fragment, type Language, oneLine } from "./fragment.ts";

/**
 * Go text/template as chezmoi reads it. A string inside an action is a JSON string literal, which Go's syntax takes;
 * text outside actions is data too, so `{{` in it has to be put out by an action.
 */
function quoted(value: string): string {
  if (!value.isWellFormed()) throw new TypeError("Go refuses a lone surrogate");
  return JSON.stringify(value).replaceAll("\u007f", "\\u007f");
}

export const goTemplate = {
  name: "go-template",
  /** A string literal for use inside an action. */
  quote: (value: string): Fragment<"go-template"> => new Fragment("go-template", quoted(value)),
  /** A comment that leaves nothing behind, not even its line. */
  comment: (text: string): Fragment<"go-template"> =>
    new Fragment("go-template", `{{- /* ${oneLine(text).replaceAll("*/", "* /")} */ -}}`),
  /** Text outside actions that comes out as it is. */
  text: (value: string): Fragment<"go-template"> =>
    new Fragment(
      "go-template",
      value.replaceAll("{{", () => `{{ ${quoted("{{")} }}`),
    ),
} as const satisfies Language<"go-template"> & Record<string, unknown>;
