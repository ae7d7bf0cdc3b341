import { type JsonMap, stringify } from "@iarna/toml";
import { oneLine } from "./fragment.ts";

/**
 * A TOML document from data; a template never makes one. `header` becomes comment lines at its head. Control characters
 * throw: the library escapes only the first of them, and no path or address has any.
 */
export function printToml(header: readonly string[], data: JsonMap): string {
  const strange = texts(data).find((text) => /\p{Cc}/u.test(text) || !text.isWellFormed());
  if (strange !== undefined) throw new TypeError(`a TOML file of ours cannot hold ${JSON.stringify(strange)}`);
  const head = header.map((line) => `# ${oneLine(line)}`.trimEnd()).join("\n");
  return `${head}\n\n${stringify(data)}`;
}

function texts(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => [key, ...texts(member)]);
}
