import { knownKeys, type MapKind } from "./schema.ts";
import type { DocumentPath } from "./yaml-source.ts";

/** The keys that may stand in the map at a path. */
export function keysAt(path: DocumentPath, root: unknown): readonly string[] {
  const kind = kindAt(path);
  if (kind !== "host") return knownKeys[kind];
  const host = at(root, path);
  const os = isMap(host) ? host["os"] : undefined;
  return knownKeys.host.filter((key) => (key !== "nixos" && key !== "fedora") || key === os);
}

function kindAt(path: DocumentPath): MapKind {
  const [section, second, third, fourth] = path;
  const last = path.at(-1);
  if (section === "home" || section === "system") {
    return last === "carry" || last === "fetch" ? last : "entry";
  }
  if (section === "hosts" && second !== undefined) {
    if (third === undefined) return "host";
    if (third === "stores") return "store";
    if (third === "nixos") return fourth === "wipe" ? "wipe" : "nixos";
    if (third === "backup") return fourth === "retain" || fourth === "encrypt" ? fourth : "backup";
    return "fedora";
  }
  const kinds: Readonly<Record<string, MapKind>> = {
    stores: "store",
    users: "user",
    profiles: "profile",
    outputs: "outputs",
  };
  return kinds[String(section)] ?? "manifest";
}

/** "host `laptop`", "an entry of `home`": the map at a path, in words. */
export function placeOf(path: DocumentPath, root: unknown): string {
  const [section, name, third] = path;
  if (section === undefined) return "the manifest";
  if (section === "home" || section === "system")
    return path.length <= 2 ? "an entry" : `\`${String(path.at(-1))}\` of an entry`;
  if (section === "profiles") return "a profile";
  if (name === undefined) return `\`${String(section)}\``;
  const owner = `${singular(String(section))} \`${String(name)}\``;
  if (third === undefined || !isMap(at(root, [section]))) return owner;
  return `\`${path
    .slice(2)
    .filter((p) => typeof p === "string")
    .join(".")}\` of ${owner}`;
}

/** "`class`", "an entry": the value at a path, in words. */
export function nameOf(path: DocumentPath): string {
  const last = path.at(-1);
  if (last === undefined) return "the manifest";
  if (typeof last !== "number") return `\`${String(last)}\``;
  const section = path.at(-2);
  if (section === "home" || section === "system") return "an entry";
  return `an item of \`${String(section)}\``;
}

/** A section's name as that of one of its items. */
export function singular(section: string): string {
  return section.endsWith("s") ? section.slice(0, -1) : section;
}

/** The value at a path of plain data; undefined where there is none. */
export function at(root: unknown, path: DocumentPath): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

/** A type in words. */
export function typeWord(type: string): string {
  const words: Readonly<Record<string, string>> = {
    string: "text",
    number: "a number",
    int: "a whole number",
    boolean: "`true` or `false`",
    array: "a list",
    object: "a map",
    record: "a map",
  };
  return words[type] ?? type;
}

/** What stands there, in words. */
export function foundWord(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  if (typeof value === "string") return "text";
  if (typeof value === "number" || typeof value === "bigint") return `the number ${value}`;
  return `\`${String(value)}\``;
}

/** True for a map of plain data. */
export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
