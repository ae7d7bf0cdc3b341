import { stringify } from "yaml";

/** A YAML 1.2 document from data; a template never makes one. */
export function printYaml(data: unknown): string {
  return stringify(data, { version: "1.2", lineWidth: 100 });
}
