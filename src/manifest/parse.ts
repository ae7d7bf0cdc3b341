import type { $ZodIssue } from "zod/v4/core";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { didYouMean } from "../diagnostics/did-you-mean.ts";
import { manifestDiagnostics as say } from "./diagnostics.ts";
import { knownKeys, manifestSchema, type WrittenManifest } from "./schema.ts";
import { helpForKey, helpForMissing, helpForType, helpForValue, knownKeysHelp, sizeDetail } from "./shape-help.ts";
import { at, foundWord, isMap, keysAt, nameOf, placeOf, singular, typeWord } from "./shape-words.ts";
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
 * are at fault are left out of the result (an entry, a host), never guessed. `included`: it is not the manifest's own
 * file, and may be empty.
 */
export function parseManifest(yaml: YamlSource, included: boolean): ParsedManifest {
  const placeOf = (section: ListSection, n: number): DocumentPath => [section, n];
  if (yaml.value === undefined) return { written: {}, diagnostics: [], placeOf };
  if (yaml.value === null) {
    return { written: {}, diagnostics: included ? [] : [say["manifest/empty"]({}, yaml.spanOf([]))], placeOf };
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
      const rule = issue.issues[0]?.message ?? "";
      return [say["manifest/name"]({ name, kind, rule }, yaml.spanOf(path, "key"))];
    }
    case "invalid_type":
      if (found === undefined) return [missing(path, root, yaml)];
      return [wrongType(what, issue.expected, found, path, yaml)];
    case "invalid_value":
      return [wrongValue(what, issue.values.map(String), found, path, yaml)];
    case "too_small":
    case "too_big":
      return [say["manifest/value"]({ what, detail: sizeDetail(issue) }, yaml.spanOf(path))];
    default:
      return [say["manifest/value"]({ what, detail: issue.message }, yaml.spanOf(path))];
  }
}

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
    const params = { name: "__proto__", kind, rule: "JavaScript keeps it for itself" };
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
  return [wrongType(nameOf(path), [...new Set(expected.map(typeWord))].join(" or "), found, path, yaml)];
}

function isTypeIssue(issue: $ZodIssue): boolean {
  return issue.code === "invalid_type" || issue.code === "invalid_value" || issue.code === "invalid_union";
}

function missing(path: DocumentPath, root: unknown, yaml: YamlSource): Diagnostic {
  const parent = path.slice(0, -1);
  const name = String(path.at(-1));
  const help = helpForMissing(name, parent);
  return say["manifest/missing-key"]({ name, where: placeOf(parent, root), help }, yaml.spanOf(parent, "key"));
}

function wrongType(what: string, expected: string, found: unknown, path: DocumentPath, yaml: YamlSource): Diagnostic {
  const help = helpForType(expected, found, path, yaml.typed(path));
  return say["manifest/type"]({ what, expected: typeWord(expected), found: foundWord(found), help }, yaml.spanOf(path));
}

function wrongValue(what: string, options: string[], found: unknown, path: DocumentPath, yaml: YamlSource): Diagnostic {
  const detail = `${typeof found === "string" ? `\`${found}\`` : foundWord(found)} is not one of ${options.join(", ")}`;
  const known = typeof found === "string" && !options.includes(found) ? didYouMean(found, options) : undefined;
  const help = helpForValue(path, found, options, yaml.typed(path));
  return say["manifest/value"]({ what, detail, known, help }, yaml.spanOf(path));
}

function unknownKey(name: string, path: DocumentPath, root: unknown, yaml: YamlSource): Diagnostic {
  const wrong = helpForKey(name, path, root);
  const known = wrong === undefined ? didYouMean(name, keysAt(path, root)) : undefined;
  const help = wrong ?? (known === undefined ? knownKeysHelp(path, root) : undefined);
  const where = placeOf(path, root);
  return say["manifest/unknown-key"]({ name, where, known, help }, yaml.spanOf([...path, name], "key"));
}
