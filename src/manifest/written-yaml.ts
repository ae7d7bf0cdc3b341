/** Values as a manifest has them, on one line: the short form that a person would write. */

/** A plain value: what an entry or a profile reference consists of. */
export type Plain = string | number | boolean | readonly Plain[] | { readonly [key: string]: Plain | undefined };

/** A value on one line, right within `[ ]` and `{ }` as well as behind a dash; keys without a value are left out. */
export function writtenYaml(value: Plain): string {
  if (typeof value === "string") return writtenText(value);
  if (typeof value !== "object") return String(value);
  if (isList(value)) return `[${value.map(writtenYaml).join(", ")}]`;
  const pairs = Object.entries(value).flatMap(([key, part]) =>
    part === undefined ? [] : [`${writtenKey(key)}: ${writtenYaml(part)}`],
  );
  return pairs.length === 0 ? "{}" : `{ ${pairs.join(", ")} }`;
}

function isList(value: object): value is readonly Plain[] {
  return Array.isArray(value);
}

/** Words of these characters mean nothing else to YAML, wherever they stand (YAML 1.2, 7.3.3: plain style). */
const plainText = /^[\p{L}\p{N}_./$(][\p{L}\p{M}\p{N}_./$()+~@%=;-]*(?: [\p{L}\p{M}\p{N}_./$()+~@%=;-]+)*$/u;

/** What the core schema, or YAML 1.1 in another program's hands, takes for a number, a truth value, null or a date. */
const otherType =
  /^(?:null|true|false|yes|no|on|off|y|n|[-+]?(?:\.\d+|\d[\d_]*(?:\.\d*)?)(?:e[-+]?\d+)?|0x[\da-f]+|0o?[0-7]+|0b[01]+|[-+]?\.inf|\.nan|\d{4}-\d\d?-\d\d?|\.{3})$/i;

/** The keys of the format are words, whatever else YAML 1.1 takes `on` for: that is how people write them. */
function writtenKey(key: string): string {
  return /^[a-z][a-z-]*$/.test(key) ? key : writtenText(key);
}

/** A text without quotes where YAML needs none, else in double quotes; JSON's escapes are YAML's too. */
function writtenText(text: string): string {
  return plainText.test(text) && !otherType.test(text) ? text : JSON.stringify(text);
}
