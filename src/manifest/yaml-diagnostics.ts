import { defineDiagnostics } from "../diagnostics/define.ts";

/** What can be wrong with a manifest before anything of it is understood. */
export const yamlDiagnostics = defineDiagnostics({
  "yaml/syntax": {
    severity: "error",
    message: ({ detail }: { detail: string; code: string }) => `this is not valid YAML: ${sentencePart(detail)}`,
    help: ({ detail, code }) => (/reserved character/.test(detail) ? inQuotes : syntaxHelp[code]),
  },
  "yaml/several-documents": {
    severity: "error",
    message: (_: object) => "a second YAML document begins here, and a manifest is one",
    help: () => "remove the line `---`, or move the rest to a file of its own and `include` it",
  },
  "yaml/duplicate-key": {
    severity: "error",
    message: (_: object) => "this key is written twice in the same map",
    help: () => "keep one; the other would be lost",
  },
  "yaml/key": {
    severity: "error",
    message: (_: object) => "a key is plain text",
    help: () => "write `key: value`",
  },
  "yaml/tag": {
    severity: "error",
    message: (_: object) => "tags are not allowed: a manifest is data, never code",
    help: () => "write the plain value without the `!tag`",
  },
  "yaml/version": {
    severity: "error",
    message: (_: object) => "a manifest is YAML 1.2",
    help: () => "remove the `%YAML` line",
  },
  "yaml/unknown-alias": {
    severity: "error",
    message: ({ name }: { name: string }) => `there is no anchor \`&${name}\` before this alias`,
    help: () => "a plain value that begins with `*` is an alias in YAML: write a pattern in quotes",
  },
  "yaml/aliases": {
    severity: "error",
    message: (_: object) => "aliases expand to too many values",
    help: () => "write the repeated part out, or move it to a file and use `include`",
  },
  "yaml/too-deep": {
    severity: "error",
    message: (_: object) => "this is nested too deeply for a manifest",
    help: () => "a manifest needs about six levels; check for unclosed brackets",
  },
});

const inQuotes = 'put the text in quotes: `"…"`';

/** What to do, by the code that the yaml library gives. */
const syntaxHelp: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: "indent with spaces",
  BAD_INDENT: "indent items of one list or map alike, and close each `[` and `{`",
  MISSING_CHAR: "close what is open: each quote, `[` and `{`; put a comma between items on one line",
  BLOCK_IN_FLOW: "inside `[` and `{` write items on one line with commas, without `- `",
  BLOCK_AS_IMPLICIT_KEY: `text with \`: \` in it is taken for a key: ${inQuotes}`,
  MULTILINE_IMPLICIT_KEY: "a key stands on one line, with `:` behind it; check the line above",
  BAD_SCALAR_START: inQuotes,
  BAD_DQ_ESCAPE: "write a backslash twice, or use single quotes",
  UNEXPECTED_TOKEN: `check the line above: something is not closed, or needs quotes: ${inQuotes}`,
  BAD_ALIAS: "write a name behind `*` and `&`; a pattern that begins with `*` stands in quotes",
  KEY_OVER_1024_CHARS: "check for a missing quote: a key this long is none",
};

/** A message of the yaml library in the middle of a sentence of ours. */
function sentencePart(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1).replace(/\.$/, "");
}
