import { Document, isNode, stringify } from "yaml";
import { oneLine } from "./fragment.ts";

/** A YAML 1.2 document from data; a template never makes one. */
export function printYaml(data: unknown): string {
  const text = stringify(data, { version: "1.2", lineWidth: 100 });
  // At the very beginning this character would be taken for a mark of the encoding.
  return text.startsWith("\ufeff") ? `---\n${text}` : text;
}

/** An item of a list, in one line, and the reason that stands behind it. */
export interface YamlItem {
  readonly value: unknown;
  readonly comment: string;
}

/** Lists by key, each item in a line of its own with its reason as a comment: what a person pastes into a manifest. */
export function printYamlLists(lists: Readonly<Record<string, readonly YamlItem[]>>): string {
  const document = new Document({}, { version: "1.2" });
  for (const [key, items] of Object.entries(lists)) {
    const nodes = items.map(({ value, comment }) => {
      const node: unknown = document.createNode(value, { flow: true });
      if (isNode(node)) node.comment = ` ${oneLine(comment)}`;
      return node;
    });
    document.set(key, document.createNode(nodes));
  }
  return document.toString({ lineWidth: 0 });
}
