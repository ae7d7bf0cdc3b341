import { type JsonMap, stringify } from "@iarna/toml";
import { oneLine } from "./fragment.ts";

/** A TOML document from data; a template never makes one. `header` becomes comment lines at its head. */
export function printToml(header: readonly string[], data: JsonMap): string {
  const head = header.map((line) => `# ${oneLine(line)}`.trimEnd()).join("\n");
  return `${head}\n\n${stringify(data)}`;
}
