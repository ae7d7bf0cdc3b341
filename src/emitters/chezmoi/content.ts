import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { directoryName, fileName, linkName } from "../../languages/chezmoi-names.ts";
import { goTemplate } from "../../languages/go-template.ts";
import { renderTemplate } from "../../languages/template.ts";
import { printToml } from "../../languages/toml.ts";
import type { SecretReference } from "../../manifest/manifest.ts";
import { comparePaths, parentOf } from "../../plan/path.ts";
import type { HostPlan, PlanEntry } from "../../plan/plan.ts";
import { generatedFrom } from "../emitter.ts";
import { chezmoiDiagnostics as say } from "./diagnostics.ts";
import type { AnyRow, LinkRow, TargetRow } from "./rows.ts";
import { parentsOf, type SourceTree } from "./source-tree.ts";

/** A file of the source tree, and the target it makes; null for what only serves the others. */
export interface SourceFile {
  readonly path: string;
  readonly content: string;
  readonly target: string | null;
  readonly kind: "link" | "carry" | "secret" | "fetch" | "root" | "support";
}

/** The links that a source tree can hold; the others are said, and are link.sh's alone. */
export function holdableLinks(links: readonly LinkRow[], diagnostics: Diagnostic[]): LinkRow[] {
  return links.filter((row) => {
    const why = unholdable(row);
    if (why !== undefined) diagnostics.push(say["chezmoi/unrepresentable"]({ path: row.target, why }, row.span));
    return why === undefined;
  });
}

function unholdable({ target, texts }: LinkRow): string | undefined {
  // What Go calls a blank.
  if (/[\t-\r \u0085\p{Z}]$/u.test(target)) return "it cuts blanks off the end of a link's text";
  const components = target.split("/");
  const last = linkName(components.pop() ?? "", isTemplate(texts));
  const names = [...components.map((component) => directoryName(component, true)), last];
  if (names.some((name) => Buffer.byteLength(name) > 255)) return "with its prefix the name has more than 255 bytes";
  return undefined;
}

function isTemplate(texts: LinkRow["texts"]): boolean {
  return new Set(texts.values()).size > 1;
}

/** A plain link where all hosts agree (a template costs chezmoi 2 ms each), else one that chooses. */
export function linkFile(row: LinkRow, tree: SourceTree): SourceFile {
  const content = isTemplate(row.texts) ? choice(row) : `${[...row.texts.values()][0] ?? ""}\n`;
  const path = sourcePath(row.target, tree, (name) => linkName(name, isTemplate(row.texts)));
  return { path, content, target: row.target, kind: "link" };
}

function sourcePath(target: string, tree: SourceTree, spell: (name: string) => string): string {
  const folder = tree.directoryFor(parentOf(target) ?? "");
  const file = spell(target.slice(target.lastIndexOf("/") + 1));
  return folder === "" ? file : `${folder}/${file}`;
}

/**
 * A file whose content chezmoi asks a password manager for. Always a template of its own and private, so that nothing
 * else waits for a password. chezmoi takes an empty body for a removal, so it stops where the manager has nothing.
 */
export function secretFile(row: TargetRow<"secret">, tree: SourceTree): SourceFile[] {
  const carry = [...row.by.values()][0]?.carry;
  if (carry?.from == null) return [];
  const path = sourcePath(row.target, tree, (name) =>
    fileName(name, { create: carry.seed, private: true, template: true }),
  );
  const content = renderTemplate("secret.gotmpl.ejs", {
    ...carry.from,
    isOwnField: isOwnField(carry.from),
    nothing: `remanence: ${carry.from.manager} has nothing for it in ${carry.from.entry}`,
  });
  return [{ path, content, target: row.target, kind: "secret" }];
}

/** The fields that every entry has, as each password manager's function names them. */
const commonFields: Readonly<Record<string, readonly string[]>> = {
  keepassxc: ["Title", "UserName", "Password", "URL", "Notes"],
  bitwarden: ["username", "password", "totp", "notes"],
};

function isOwnField({ manager, field }: SecretReference): boolean {
  return field !== null && commonFields[manager]?.includes(field) !== true;
}

function choice({ texts }: LinkRow): string {
  const choices = [...new Set(texts.values())].map((text) => ({
    text,
    on: [...texts].filter(([, other]) => other === text).map(([here]) => here),
  }));
  return renderTemplate("choice-link.gotmpl.ejs", { choices, all: [...texts.keys()] });
}

/** A carried directory is there on every host, also before anything was added to it; files come with `chezmoi add`. */
export function carryFile(row: TargetRow<"carry">, tree: SourceTree, plans: readonly HostPlan[]): SourceFile[] {
  const entry = [...row.by.values()][0];
  if (entry?.kind !== "directory" || tree.hasContent(row.target) || tree.ownAt(row.target) !== undefined) return [];
  const folder = tree.directoryFor(row.target, entry.mode === null ? undefined : isPrivate(entry));
  const origin = plans[0] === undefined ? "" : ` ${generatedFrom(plans[0])}`;
  const content = `~/${row.target} is carried: add its content with \`chezmoi add\`.${origin}\n`;
  return [{ path: `${folder}/.keep`, content, target: row.target, kind: "carry" }];
}

/** True for a mode that lets in nobody but the owner. */
function isPrivate({ mode }: PlanEntry): boolean {
  return mode !== null && (Number.parseInt(mode, 8) & 0o077) === 0;
}

/**
 * Tells of a directory that nobody manages yet whether it is private: by its own rule, else when all below it is.
 * chezmoi sets the mode of each directory on the way, and must not open one.
 */
export function privateParents(plans: readonly HostPlan[], rows: readonly AnyRow[]): (target: string) => boolean {
  const known = new Map<string, boolean>();
  for (const { target, by } of rows) {
    if (by.size === 0) continue;
    const closed = [...by.values()].every(isPrivate);
    for (const parent of parentsOf(target)) known.set(parent, closed && known.get(parent) !== false);
  }
  for (const rule of plans.flatMap((plan) => plan.rules)) {
    if (rule.scope === "home" && rule.kind === "directory" && known.has(rule.path))
      known.set(rule.path, isPrivate(rule));
  }
  return (target) => known.get(target) ?? false;
}

/** One link a store that leads to the home's folder in it: the only templates among the links. */
export function rootFiles(links: readonly LinkRow[]): SourceFile[] {
  const names = new Set(links.flatMap((link) => [...link.roots.values()]));
  return [...names].sort(comparePaths).map((name) => ({
    path: linkName(name, true),
    content: renderTemplate("root-link.gotmpl.ejs", { name }),
    target: name,
    kind: "root",
  }));
}

/** What comes from elsewhere. chezmoi runs each file of externals as a template, so the document is text of one. */
export function fetchFiles(rows: readonly TargetRow<"fetch">[], plans: readonly HostPlan[]): SourceFile[] {
  const first = plans[0];
  if (rows.length === 0 || first === undefined) return [];
  const externals = rows.flatMap((row) => {
    const fetch = [...row.by.values()][0]?.fetch;
    if (fetch === undefined || fetch === null) return [];
    const types = { git: "git-repo", archive: "archive", file: "file" } as const;
    return [
      [
        row.target,
        {
          type: types[fetch.type],
          url: fetch.url,
          ...(fetch.refresh === null ? {} : { refreshPeriod: goDuration(fetch.refresh) }),
          ...(fetch.sha256 === null ? {} : { checksum: { sha256: fetch.sha256 } }),
        },
      ] as const,
    ];
  });
  const document = printToml(["What comes from elsewhere.", generatedFrom(first)], Object.fromEntries(externals));
  return [
    { path: ".chezmoiexternals/remanence.toml", content: goTemplate.text(document).text, target: null, kind: "fetch" },
  ];
}

/** Go's durations know no days. */
function goDuration(text: string): string {
  const hours = { h: 1, d: 24, w: 168 }[text.slice(-1)] ?? 1;
  return `${Number(text.slice(0, -1)) * hours}h`;
}
