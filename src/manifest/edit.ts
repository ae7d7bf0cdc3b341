import { isDeepStrictEqual } from "node:util";
import { type Diagnostic, hasErrors } from "../diagnostics/diagnostic.ts";
import type { SourceFile } from "../diagnostics/span.ts";
import { parseHomePath, parseSystemPath } from "../plan/path.ts";
import { classDefaults, needOf } from "../plan/vocabulary.ts";
import { editDiagnostics as say } from "./edit-diagnostics.ts";
import { parseManifest } from "./parse.ts";
import { pathFault } from "./paths.ts";
import type { WrittenEntry, WrittenManifest } from "./schema.ts";
import { isMap } from "./shape-words.ts";
import { additions, type NewItem, spliced } from "./splice.ts";
import { type Plain, writtenYaml } from "./written-yaml.ts";
import { parseYaml, type YamlSource } from "./yaml-source.ts";

/** Something to add to a manifest, and a comment (without `#`) to stand beside it. */
export type Edit = (
  | { readonly add: "entry"; readonly scope: "home" | "system"; readonly entry: NewEntry }
  | { readonly add: "profile"; readonly profile: NewProfile }
) & { readonly comment?: string | undefined };

/** An entry of one path, by the keys of the manifest. In `path` a trailing slash means directory. */
export type NewEntry = Omit<WrittenEntry, "path"> & { readonly path: string };

type WrittenProfile = Exclude<NonNullable<WrittenManifest["profiles"]>[number], string>;
export type NewProfile = Readonly<WrittenProfile>;

/** The manifest's text with the edits made, or why none of them was. */
export type Edited =
  | { readonly text: string; readonly diagnostics: readonly [] }
  | { readonly text: undefined; readonly diagnostics: readonly Diagnostic[] };

/**
 * Adds entries and profiles to the text of a manifest's own file, at the end of their lists and in the shortest form.
 * All other text stays as it is, byte for byte: comments, blank lines, quotes, indentation, line breaks. All edits are
 * made or none. Refused: a text with faults, a path that cannot be one, what is in this file already, a list that is an
 * alias, and every edit after which the text would not say just what it said before and what was added.
 */
export function editManifest(source: SourceFile, edits: readonly Edit[]): Edited {
  const faults: Diagnostic[] = [];
  let text = source.text;
  for (const list of ["profiles", "system", "home"] as const) {
    const yaml = parseYaml({ path: source.path, text });
    const parsed = parseManifest(yaml, false);
    const broken = [...yaml.diagnostics, ...parsed.diagnostics];
    if (hasErrors(broken)) return { text: undefined, diagnostics: broken };
    const wanted = edits.filter((edit) => listOf(edit) === list);
    const items = wanted.flatMap((edit) => newItem(edit, yaml, parsed.written, faults));
    faults.push(...repeated(list, items, yaml));
    if (items.length === 0 || faults.length > 0) continue;
    const added = addTo(list, items, yaml);
    if (typeof added !== "string") faults.push(added);
    else text = added;
  }
  return faults.length > 0 ? { text: undefined, diagnostics: faults } : { text, diagnostics: [] };
}

type List = "profiles" | "system" | "home";

function listOf(edit: Edit): List {
  return edit.add === "profile" ? "profiles" : edit.scope;
}

/** What is to stand in the list: as data, and as text. */
interface Item extends NewItem {
  readonly value: Plain;
  readonly key: string;
}

function newItem(edit: Edit, yaml: YamlSource, written: WrittenManifest, faults: Diagnostic[]): Item[] {
  const before = faults.length;
  const value =
    edit.add === "profile"
      ? newProfile(edit.profile, yaml, written, faults)
      : newEntry(edit.scope, edit.entry, yaml, written, faults);
  if (faults.length > before) return [];
  const comment = edit.comment?.replace(/[\p{Cc}\p{Cf}\u2028\u2029\p{Cs}]+/gu, " ").trim();
  return [{ value, key: keyOf(value), text: writtenYaml(value), comment: comment === "" ? undefined : comment }];
}

function newProfile(
  profile: NewProfile,
  yaml: YamlSource,
  { profiles = [] }: WrittenManifest,
  faults: Diagnostic[],
): Plain {
  const known = profiles.findIndex((other) => {
    const full = typeof other === "string" ? { name: other } : other;
    return full.name === profile.name && full.flavour === profile.flavour && reachesAll(full, profile);
  });
  if (known !== -1)
    faults.push(say["edit/exists"]({ what: `profile \`${profile.name}\`` }, yaml.spanOf(["profiles", known])));
  const { name, ...rest } = defined(profile);
  return Object.keys(rest).length === 0 && name !== undefined ? name : { name: profile.name, ...rest };
}

/** The shortest form of an entry: nothing that its class says anyway, and a string where only the path is left. */
function newEntry(
  scope: "home" | "system",
  entry: NewEntry,
  yaml: YamlSource,
  written: WrittenManifest,
  faults: Diagnostic[],
): Plain {
  const path = normalPath(scope, entry.path);
  if (typeof path !== "string") {
    faults.push(pathFault(entry.path, path.problem, yaml.spanOf([])));
    return entry.path;
  }
  const known = (written[scope] ?? []).findIndex((other) => {
    const full = typeof other === "string" ? { path: other } : other;
    return [full.path].flat().some((p) => samePath(scope, p, path)) && reachesAll(full, entry);
  });
  if (known !== -1) faults.push(say["edit/exists"]({ what: `\`${path}\`` }, yaml.spanOf([scope, known])));
  const { class: entryClass = "state", need, path: _, ...rest } = entry;
  const says = defined({
    class: entryClass === "state" ? undefined : entryClass,
    need: need === undefined || needOf(need) === classDefaults[entryClass].need ? undefined : need,
    ...rest,
  });
  return Object.keys(says).length === 0 ? path : { path, ...says };
}

function defined(value: object): Record<string, Plain> {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined));
}

/** A path in the form that the list has: of a home relative to it, its slash kept. */
function normalPath(scope: "home" | "system", text: string): string | { problem: Parameters<typeof pathFault>[1] } {
  const parsed = scope === "home" ? parseHomePath(text) : parseSystemPath(text);
  if ("problem" in parsed) return parsed;
  if (parsed.ok.path === "/") return { problem: "empty" };
  return `${parsed.ok.path}${parsed.ok.directory ? "/" : ""}`;
}

/** True for two ways to write one path, as a file or as a directory. */
function samePath(scope: "home" | "system", one: string, other: string): boolean {
  const normal = normalPath(scope, one);
  return typeof normal === "string" && normal.replace(/\/$/, "") === other.replace(/\/$/, "");
}

interface Limits {
  readonly on?: readonly string[] | undefined;
  readonly users?: readonly string[] | undefined;
}

/** True where what is written applies wherever the new one would. */
function reachesAll(written: Limits, added: Limits): boolean {
  const covers = (all: readonly string[] | undefined, some: readonly string[] | undefined): boolean =>
    all === undefined || (some?.every((name) => all.includes(name)) ?? false);
  return covers(written.on, added.on) && covers(written.users, added.users);
}

/** Edits that are about one path or profile. */
function repeated(list: List, items: readonly Item[], yaml: YamlSource): Diagnostic[] {
  const twice = items.find((item, i) => items.findIndex((other) => other.key === item.key) !== i);
  return twice === undefined ? [] : [say["edit/twice"]({ what: twice.text }, yaml.spanOf([list]))];
}

/** What must not be there twice: a path or a profile, and where it applies. */
function keyOf(value: Plain): string {
  if (typeof value !== "object" || Array.isArray(value)) return JSON.stringify([String(value).replace(/\/$/, "")]);
  const { path, name, flavour, on, users } = value as { readonly [key: string]: Plain | undefined };
  return JSON.stringify(
    [String(path ?? name).replace(/\/$/, ""), flavour, on, users].filter((part) => part !== undefined),
  );
}

function addTo(list: List, items: readonly Item[], yaml: YamlSource): string | Diagnostic {
  const layout = yaml.layoutOf(list);
  if (layout.is === "alias") return say["edit/alias"]({ list }, yaml.spanOf([list]));
  const splices = additions(yaml.source.text, list, layout, items);
  const text = splices === undefined ? undefined : spliced(yaml.source.text, splices);
  if (text !== undefined && saysJust(text, list, items, yaml)) return text;
  const lines = items.map((item) => `\`- ${item.text}\``).join(", ");
  return say["edit/unsafe"]({ list, lines }, yaml.spanOf([list], "key"));
}

/** True where a text says what the old one said, and the new items at the end of their list: the proof of an edit. */
function saysJust(text: string, list: List, items: readonly Item[], old: YamlSource): boolean {
  const now = parseYaml({ path: old.source.path, text });
  if (hasErrors(now.diagnostics) || !isMap(old.value)) return false;
  const before = old.value[list];
  const expected = { ...old.value, [list]: [...(Array.isArray(before) ? before : []), ...items.map((i) => i.value)] };
  return isDeepStrictEqual(now.value, expected);
}
