import { hash } from "node:crypto";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { goTemplate } from "../../languages/go-template.ts";
import { printJson } from "../../languages/json.ts";
import { renderTemplate } from "../../languages/template.ts";
import { printToml } from "../../languages/toml.ts";
import type { Fate } from "../../plan/fate.ts";
import { comparePaths, relativeTo } from "../../plan/path.ts";
import { relocatedAround } from "../../plan/physical.ts";
import type { HostPlan, PlanUser } from "../../plan/plan.ts";
import { rootLink, storeFolder } from "../../plan/stores.ts";
import type { EmitInput, EmitResult, Emitter, OutputFile, Saying } from "../emitter.ts";
import { generatedFrom, inFolder } from "../emitter.ts";
import { checkChezmoi } from "./checks.ts";
import { chezmoiDiagnostics as say } from "./diagnostics.ts";
import { carryRows, fetchRows, type Here, hereOf, type LinkRow, linkRows, type TargetRow } from "./rows.ts";
import { ignorePattern, linkName } from "./source-names.ts";
import { type SourceTree, sourceTree } from "./source-tree.ts";

/** chezmoi: links to state, the guard that holds them back, carried directories, externals; inside the person's own tree. */
export const chezmoiEmitter: Emitter = {
  name: "chezmoi",
  summary: "chezmoi source state: guarded links to the store on Fedora, carried configuration on both systems",
  emit,
  explain,
};

/** A file of the source tree, and the target it makes; null for what only serves the others. */
interface SourceFile {
  readonly path: string;
  readonly content: string;
  readonly target: string | null;
  readonly kind: "link" | "carry" | "fetch" | "root" | "support";
}

/** What the guard's loop reads. */
interface GuardRow {
  readonly target: string;
  readonly pattern: string;
  readonly kind: "link" | "carry" | "parent" | "output";
  readonly on: readonly Here[];
}

function emit(input: EmitInput): EmitResult {
  const links = linkRows(input.plans);
  const carries = carryRows(input.plans);
  const fetches = fetchRows(input.plans);
  const tree = sourceTree(input.chezmoi);
  const diagnostics = checkChezmoi(input.plans, links, [...carries, ...fetches], tree, input.chezmoi);
  if (links.length + carries.length + fetches.length === 0) return { files: [], diagnostics };
  const linkFiles = links.flatMap((row) => linkFile(row, tree, diagnostics));
  const carryFiles = carries.flatMap((row) => carryFile(row, tree, input));
  const roots = rootFiles(input.plans, links);
  const rows = guardRows([...links, ...carries, ...fetches], roots, tree, input);
  const content = [...roots, ...linkFiles, ...carryFiles, ...fetchFiles(fetches, input)];
  const files = [...content, ...supportFiles(rows, input), ledger(content)];
  return { files: files.map((file) => outputFile(file, input)), diagnostics };
}

function outputFile({ path, content }: SourceFile, input: EmitInput): OutputFile {
  return { path: inFolder(input.chezmoi.root, path), content, executable: false, target: "chezmoi", host: null };
}

/** A plain link where all hosts agree (a template costs chezmoi 2 ms each), else one that chooses. */
function linkFile(row: LinkRow, tree: SourceTree, diagnostics: Diagnostic[]): SourceFile[] {
  const texts = [...new Set(row.texts.values())];
  const at = row.target.lastIndexOf("/");
  const name = row.target.slice(at + 1);
  const folder = tree.directoryFor(at === -1 ? "" : row.target.slice(0, at), false);
  const only = texts.length === 1 ? texts[0] : undefined;
  const file = linkName(name, only === undefined);
  const why = unrepresentable(row.target, file);
  if (why !== undefined) {
    diagnostics.push(say["chezmoi/unrepresentable"]({ path: row.target, why }, row.span));
    return [];
  }
  const content = only === undefined ? choice(row, texts) : `${only}\n`;
  return [{ path: folder === "" ? file : `${folder}/${file}`, content, target: row.target, kind: "link" }];
}

function unrepresentable(target: string, file: string): string | undefined {
  if (target !== target.trim()) return "it cuts blanks off the end of a link's text";
  if (Buffer.byteLength(file) > 255) return "with its prefix the name has more than 255 bytes";
  return undefined;
}

function choice(row: LinkRow, texts: readonly string[]): string {
  const choices = texts.map((text) => ({
    text,
    on: [...row.texts].filter(([, t]) => t === text).map(([here]) => here),
  }));
  return renderTemplate("choice-link.gotmpl.ejs", { choices, all: [...row.texts.keys()] });
}

/** A carried directory is there on every host, also before anything was added to it; files come with `chezmoi add`. */
function carryFile(row: TargetRow<"carry">, tree: SourceTree, input: EmitInput): SourceFile[] {
  const entry = [...row.by.values()][0];
  if (entry?.kind !== "directory" || tree.hasOwnBelow(row.target)) return [];
  const folder = tree.directoryFor(row.target, entry.mode !== null && (Number.parseInt(entry.mode, 8) & 0o077) === 0);
  const first = input.plans[0];
  const origin = first === undefined ? "" : ` ${generatedFrom(first)}`;
  const content = `~/${row.target} is carried: add its content with \`chezmoi add\`.${origin}\n`;
  return [{ path: `${folder}/.keep`, content, target: row.target, kind: "carry" }];
}

/** One link a store that leads to the home's folder in it: the only templates among the links. */
function rootFiles(plans: readonly HostPlan[], links: readonly LinkRow[]): SourceFile[] {
  const roots = new Map<string, string>();
  for (const plan of plans) {
    for (const row of links) {
      for (const [here, entry] of row.by) {
        if (entry.store === null || !here.startsWith(`${plan.host.name}/`)) continue;
        roots.set(rootLink(entry.store, plan.host.stores), entry.store);
      }
    }
  }
  return [...roots]
    .sort(([a], [b]) => comparePaths(a, b))
    .map(([name, store]) => ({
      path: linkName(name, true),
      content: renderTemplate("root-link.gotmpl.ejs", { store }),
      target: name,
      kind: "root",
    }));
}

function guardRows(
  rows: readonly TargetRow<"link" | "carry" | "fetch">[],
  roots: readonly SourceFile[],
  tree: SourceTree,
  input: EmitInput,
): GuardRow[] {
  const row = (target: string, kind: GuardRow["kind"], on: Iterable<Here>): GuardRow => ({
    target,
    pattern: ignorePattern(target),
    kind,
    on: [...new Set(on)].sort(comparePaths),
  });
  const linkHeres = rows.filter((r) => r.kind === "link").flatMap((r) => [...r.by.keys()]);
  const targets = new Set(rows.map((r) => r.target));
  const needs = heresByParent(rows);
  const parents = [...tree.made]
    .filter((made) => !targets.has(made))
    .map((made) => row(made, "parent", needs.get(made) ?? []));
  return [
    ...roots.map((root) => row(root.target ?? "", "link", linkHeres)),
    ...parents,
    ...rows.map((r) => row(r.target, r.kind === "link" ? "link" : "carry", r.by.keys())),
    ...outputsInRoot(input).map((target) => row(target, "output", [])),
  ].sort((a, b) => comparePaths(a.target, b.target));
}

/** On which hosts something lies below a directory that is there for us only. */
function heresByParent(rows: readonly TargetRow<"link" | "carry" | "fetch">[]): Map<string, Set<Here>> {
  const heres = new Map<string, Set<Here>>();
  for (const { target, by } of rows) {
    for (let at = target.lastIndexOf("/"); at > 0; at = target.lastIndexOf("/", at - 1)) {
      const parent = target.slice(0, at);
      const known = heres.get(parent) ?? new Set<Here>();
      for (const here of by.keys()) known.add(here);
      heres.set(parent, known);
    }
  }
  return heres;
}

/** Where the chezmoi source is the repo itself, our other outputs and the manifest are no targets. */
function outputsInRoot({ chezmoi, folders, plans }: EmitInput): string[] {
  if (chezmoi.root !== ".") return [];
  const others = [folders.nixos, folders["home-manager"], folders.fedora];
  const hosts = plans.map((plan) => plan.host.name);
  const tops = others.flatMap((folder) => {
    const top = folder.split("/")[0] ?? folder;
    return top.includes("{host}") ? hosts.map((host) => top.replaceAll("{host}", () => host)) : [top];
  });
  return [...new Set([...tops, ...plans.map((plan) => plan.manifest)])].filter((top) => top !== "." && top !== "");
}

function supportFiles(rows: readonly GuardRow[], input: EmitInput): SourceFile[] {
  const file = (path: string, content: string): SourceFile => ({ path, content, target: null, kind: "support" });
  const { ignore } = input.chezmoi;
  const own = ignore.template ? ".chezmoiignore" : ".chezmoiignore.tmpl";
  const other = ignore.template ? ".chezmoiignore.tmpl" : ".chezmoiignore";
  const included = ignore.includesOurs || (ignore.plain && ignore.template);
  return [
    file(".remanence/links.json", printJson(rows)),
    file(".chezmoidata/remanence.json", printJson({ remanence: { hosts: hostsData(input.plans) } })),
    file(".chezmoitemplates/remanence/here", renderTemplate("here.gotmpl.ejs", {})),
    file(".chezmoitemplates/remanence/ignore", renderTemplate("ignore.gotmpl.ejs", {})),
    ...(included ? [] : [file(own, renderTemplate("chezmoiignore.gotmpl.ejs", { other: goTemplate.text(other) }))]),
  ];
}

/** What the templates know of hosts: OS, users, and where a home's folder in each store is. */
function hostsData(plans: readonly HostPlan[]): Record<string, unknown> {
  return Object.fromEntries(
    plans.map(({ host }) => {
      const users = host.users.map((user) => {
        const stores = host.stores.map((store) => [store.name, folderSeenFromHome(store, user)]);
        return [user.name, { home: user.home, stores: Object.fromEntries(stores) }];
      });
      return [host.name, { os: host.os, users: Object.fromEntries(users) }];
    }),
  );
}

/** Relative where the store lies in the home, so that it also fits a home that is spelled otherwise. */
function folderSeenFromHome(store: HostPlan["host"]["stores"][number], user: PlanUser): string {
  const folder = storeFolder(store, user);
  if (folder === undefined) return "";
  return relativeTo(folder, user.home) ?? folder;
}

function fetchFiles(rows: readonly TargetRow<"fetch">[], input: EmitInput): SourceFile[] {
  const first = input.plans[0];
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
  const content = printToml(["What comes from elsewhere.", generatedFrom(first)], Object.fromEntries(externals));
  return [{ path: ".chezmoiexternals/remanence.toml", content, target: null, kind: "fetch" }];
}

/** Go's durations know no days. */
function goDuration(text: string): string {
  const hours = { h: 1, d: 24, w: 168 }[text.slice(-1)] ?? 1;
  return `${Number(text.slice(0, -1)) * hours}h`;
}

/** What was put into the person's tree, for whoever looks at it there. */
function ledger(files: readonly SourceFile[]): SourceFile {
  const rows = files
    .map(({ path, content, target, kind }) => ({
      target,
      source: path,
      kind,
      sha256: hash("sha256", content),
    }))
    .sort((a, b) => comparePaths(a.source, b.source));
  return { path: ".remanence/ledger.json", content: printJson(rows), target: null, kind: "support" };
}

function explain(plan: HostPlan, fate: Fate, input: EmitInput): Saying[] {
  const { rule } = fate;
  if (fate.rule?.scope === "system" || !fate.live.startsWith("/")) return [];
  const file = `${input.chezmoi.root}/`;
  const here = rule === null ? "" : hereOf(plan.host, rule.user ?? "");
  if (rule === null) return [];
  if (rule.disposition === "carry") return [{ file, says: "lays it" }];
  if (rule.disposition === "fetch")
    return [{ file: inFolder(input.chezmoi.root, ".chezmoiexternals/remanence.toml"), says: "fetches it" }];
  const outer = relocatedAround(plan, rule.live) ?? rule;
  const row = linkRows([plan]).find((r) => r.target === outer.path && r.by.has(here));
  if (row === undefined) return [{ file, says: plan.host.os === "nixos" ? "ignored on NixOS" : "nothing" }];
  return [{ file, says: `links ${outer.path} to ${row.texts.get(here) ?? ""}` }];
}
