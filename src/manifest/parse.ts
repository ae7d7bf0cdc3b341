import type { $ZodIssue } from "zod/v4/core";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { didYouMean } from "../diagnostics/did-you-mean.ts";
import { manifestDiagnostics as say } from "./diagnostics.ts";
import { knownKeys, type MapKind, manifestSchema, type WrittenManifest } from "./schema.ts";
import { wrongKeys, wrongValues } from "./wrong-facts.ts";
import type { DocumentPath, YamlSource } from "./yaml-source.ts";

/** A file's written form, with what is wrong with its shape. */
export interface ParsedManifest {
  /** What remains when the faulty parts are left out, so that the rest can be checked in the same run. */
  readonly written: WrittenManifest;
  readonly diagnostics: readonly Diagnostic[];
  /** Place in the file of the n-th remaining item of a list. */
  placeOf(section: ListSection, n: number): DocumentPath;
}

type ListSection = "include" | "profiles" | "system" | "home";

/**
 * Checks the shape of a manifest file: every unknown key, wrong type and wrong value at its own place. Parts that
 * are at fault are left out of the result (an entry, a host), never guessed.
 */
export function parseManifest(yaml: YamlSource): ParsedManifest {
  const placeOf = (section: ListSection, n: number): DocumentPath => [section, n];
  if (yaml.value === undefined) return { written: {}, diagnostics: [], placeOf };
  if (yaml.value === null) {
    return { written: {}, diagnostics: [say["manifest/empty"]({}, yaml.spanOf([]))], placeOf };
  }
  const value = withoutEmptySections(yaml.value);
  const diagnostics = prototypeNames(value, yaml);
  const first = manifestSchema.safeParse(value);
  if (first.success) return { written: first.data, diagnostics, placeOf };
  const faulty = new Set<string>();
  for (const issue of first.error.issues) {
    diagnostics.push(...describe(issue, [], value, yaml));
    faulty.add(JSON.stringify(partAtFault(issue)));
  }
  const rest = manifestSchema.safeParse(without(value, faulty));
  const remaining = new Map<string, number[]>();
  for (const [section, list] of Object.entries(isMap(value) ? value : {})) {
    if (!Array.isArray(list)) continue;
    remaining.set(
      section,
      [...list.keys()].filter((i) => !faulty.has(JSON.stringify([section, i]))),
    );
  }
  return {
    written: rest.success ? rest.data : {},
    diagnostics,
    placeOf: (section, n) => [section, remaining.get(section)?.[n] ?? n],
  };
}

/** `home:` with nothing after it is an empty list to a person, and null to YAML. */
function withoutEmptySections(value: unknown): unknown {
  if (!isMap(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, section]) => section !== null));
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The smallest part that can be left out on its own: a section, or one item of it. */
function partAtFault(issue: $ZodIssue): PropertyKey[] {
  if (issue.path.length === 0 && issue.code === "unrecognized_keys") return issue.keys.slice(0, 1);
  return issue.path.slice(0, 2);
}

function without(value: unknown, faulty: ReadonlySet<string>): unknown {
  if (!isMap(value)) return {};
  const known = knownKeys.manifest as readonly string[];
  const sections = Object.entries(value)
    .filter(([name]) => known.includes(name) && !faulty.has(JSON.stringify([name])))
    .map(([name, section]) => [name, withoutItems(name, section, faulty)] as const);
  return Object.fromEntries(sections);
}

function withoutItems(name: string, section: unknown, faulty: ReadonlySet<string>): unknown {
  if (Array.isArray(section)) return section.filter((_, i) => !faulty.has(JSON.stringify([name, i])));
  if (!isMap(section)) return section;
  return Object.fromEntries(Object.entries(section).filter(([key]) => !faulty.has(JSON.stringify([name, key]))));
}

/** One or more diagnostics of a zod issue. `base` is where the issue's own path begins. */
function describe(issue: $ZodIssue, base: DocumentPath, root: unknown, yaml: YamlSource): Diagnostic[] {
  const path = [...base, ...issue.path];
  const what = nameOf(path);
  const found = at(root, path);
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => unknownKey(key, path, root, yaml));
    case "invalid_union":
      return describeUnion(issue, path, root, yaml);
    case "invalid_key": {
      const name = String(path.at(-1));
      const kind = singular(String(path.at(-2)));
      return [say["manifest/name"]({ name, kind, rule: nameRule }, yaml.spanOf(path, "key"))];
    }
    case "invalid_type":
      if (found === undefined) return [missing(path, root, yaml)];
      return [wrongType(what, issue.expected, found, path, yaml)];
    case "invalid_value":
      return [wrongValue(what, issue.values.map(String), found, path, yaml)];
    default:
      return [
        say["manifest/value"]({ what, detail: lower(issue.message), help: helpFor(path, found) }, yaml.spanOf(path)),
      ];
  }
}

const nameRule = "letters, digits, `.`, `_` and `-`, beginning with a letter or digit, not too long";

/** The one name that zod leaves out of a map without a word. */
function prototypeNames(value: unknown, yaml: YamlSource): Diagnostic[] {
  const hosts = at(value, ["hosts"]);
  const maps = [
    ["stores"],
    ["users"],
    ["hosts"],
    ...Object.keys(isMap(hosts) ? hosts : {}).map((h) => ["hosts", h, "stores"]),
  ];
  return maps.flatMap((path) => {
    const map = at(value, path);
    if (!isMap(map) || !Object.hasOwn(map, "__proto__")) return [];
    const kind = singular(String(path.at(-1)));
    const params = { name: "__proto__", kind, rule: nameRule };
    return [say["manifest/name"](params, yaml.spanOf([...path, "__proto__"], "key"))];
  });
}

type UnionIssue = Extract<$ZodIssue, { code: "invalid_union" }>;

function describeUnion(issue: UnionIssue, path: DocumentPath, root: unknown, yaml: YamlSource): Diagnostic[] {
  const found = at(root, path);
  const tag = "discriminator" in issue ? String(issue.discriminator) : undefined;
  if (tag !== undefined) {
    const options = "options" in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];
    if (found === undefined) return [missing(path, root, yaml)];
    return [wrongValue(nameOf(path), options, found, path, yaml)];
  }
  // The branch that is meant is the one whose type fits; the others only say that they are others.
  const meant = issue.errors.filter((branch) => !branch.some((i) => i.path.length === 0 && isTypeIssue(i)));
  const best = meant.sort((a, b) => a.length - b.length)[0];
  if (best !== undefined) return best.flatMap((i) => describe(i, path, root, yaml));
  if (found === undefined) return [missing(path, root, yaml)];
  const words = issue.errors.flat().flatMap((i) => (i.code === "invalid_value" ? i.values.map(String) : []));
  if (typeof found === "string" && words.length > 0) return [wrongValue(nameOf(path), words, found, path, yaml)];
  const expected = issue.errors.flat().flatMap((i) => (i.code === "invalid_type" ? [i.expected] : []));
  return [wrongType(nameOf(path), expected.map(typeWord).join(" or "), found, path, yaml)];
}

function isTypeIssue(issue: $ZodIssue): boolean {
  return issue.code === "invalid_type" || issue.code === "invalid_value" || issue.code === "invalid_union";
}

function missing(path: DocumentPath, root: unknown, yaml: YamlSource): Diagnostic {
  const parent = path.slice(0, -1);
  return say["manifest/missing-key"](
    { name: String(path.at(-1)), where: placeOf(parent, root) },
    yaml.spanOf(parent, "key"),
  );
}

function wrongType(what: string, expected: string, found: unknown, path: DocumentPath, yaml: YamlSource): Diagnostic {
  return say["manifest/type"]({ what, expected: typeWord(expected), found: foundWord(found) }, yaml.spanOf(path));
}

function wrongValue(what: string, options: string[], found: unknown, path: DocumentPath, yaml: YamlSource): Diagnostic {
  const detail = `${typeof found === "string" ? `\`${found}\`` : foundWord(found)} is not one of ${options.join(", ")}`;
  const known = typeof found === "string" ? didYouMean(found, options) : undefined;
  return say["manifest/value"]({ what, detail, known, help: helpFor(path, found) }, yaml.spanOf(path));
}

function unknownKey(name: string, path: DocumentPath, root: unknown, yaml: YamlSource): Diagnostic {
  const help = wrongKeys.get(name);
  const known = help === undefined ? didYouMean(name, keysAt(path, root)) : undefined;
  const where = placeOf(path, root);
  return say["manifest/unknown-key"]({ name, where, known, help }, yaml.spanOf([...path, name], "key"));
}

function helpFor(path: DocumentPath, found: unknown): string | undefined {
  const key = path.at(-1);
  return typeof key === "string" && typeof found === "string" ? wrongValues.get(`${key}: ${found}`) : undefined;
}

/** The keys that may stand in the map at a path. */
function keysAt(path: DocumentPath, root: unknown): readonly string[] {
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
function placeOf(path: DocumentPath, root: unknown): string {
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

function nameOf(path: DocumentPath): string {
  const last = path.at(-1);
  if (last === undefined) return "the manifest";
  if (typeof last !== "number") return `\`${String(last)}\``;
  const section = path.at(-2);
  if (section === "home" || section === "system") return "an entry";
  return `an item of \`${String(section)}\``;
}

function singular(section: string): string {
  return section.endsWith("s") ? section.slice(0, -1) : section;
}

function at(root: unknown, path: DocumentPath): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

function typeWord(type: string): string {
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

function foundWord(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  if (typeof value === "string") return "text";
  if (typeof value === "number" || typeof value === "bigint") return `the number ${value}`;
  return `\`${String(value)}\``;
}

function lower(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}
