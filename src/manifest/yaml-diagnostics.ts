import { defineDiagnostics } from "../diagnostics/define.ts";

/** What can be wrong with a manifest before anything of it is understood. */
export const yamlDiagnostics = defineDiagnostics({
  "yaml/syntax": {
    severity: "error",
    message: ({ detail }: { detail: string }) => `this is not valid YAML: ${sentencePart(detail)}`,
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

/** A message of the yaml library in the middle of a sentence of ours. */
function sentencePart(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1).replace(/\.$/, "");
}
