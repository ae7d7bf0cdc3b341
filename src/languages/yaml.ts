import { stringify } from "yaml";

/** A YAML 1.2 document from data; a template never makes one. */
export function printYaml(data: unknown): string {
  const text = stringify(data, { version: "1.2", lineWidth: 100 });
  // At the very beginning this character would be taken for a mark of the encoding.
  return text.startsWith("\ufeff") ? `---\n${text}` : text;
}
