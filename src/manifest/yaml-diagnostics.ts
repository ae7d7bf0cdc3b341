import { defineDiagnostics } from "../diagnostics/define.ts";

/** What can be wrong with a manifest before anything of it is understood. */
export const yamlDiagnostics = defineDiagnostics({
  "yaml/syntax": {
    severity: "error",
    message: ({ detail }: { detail: string }) => `this is not valid YAML: ${detail.replace(/\.$/, "").toLowerCase()}`,
  },
  "yaml/duplicate-key": {
    severity: "error",
    message: (_: object) => "this key is written twice in the same map",
    help: () => "keep one; the other would be lost",
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
