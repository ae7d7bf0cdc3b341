import { ignorePattern } from "../../languages/chezmoi-names.ts";
import { comparePaths } from "../../plan/path.ts";
import type { HostPlan } from "../../plan/plan.ts";
import type { AnyRow, Here, LinkRow } from "./rows.ts";
import { parentsOf, type SourceTree } from "./source-tree.ts";

/** A line of what the guard's loop reads (`chezmoi-templates/ignore.gotmpl.ejs` says what it does about each kind). */
export interface GuardRow {
  readonly target: string;
  /** The line of `.chezmoiignore` that holds it back, where that is not the target as it stands. */
  readonly pattern?: string;
  /**
   * `root` a link into a store, `directory` one that is there for us only, `way` one of the
   * person's (or of nobody's) with something of ours below it, `carry` and `carry-file` content of the person's, `secret`
   * a file that a password manager is asked for, `spared` what chezmoi has no business with, `former` the same unless it is a
   * link; the others are what is fetched.
   */
  readonly kind:
    | "root"
    | "directory"
    | "way"
    | "carry"
    | "carry-file"
    | "secret"
    | "spared"
    | "former"
    | "git"
    | "archive"
    | "file";
  /** The hosts and users it is for; elsewhere it is held back. */
  readonly on: readonly Here[];
}

type LaidRow = Exclude<AnyRow, { readonly kind: "link" }>;

/** The links through the root links, together where hosts and root links are the same: they are many. */
export interface GuardedLinks {
  readonly on: readonly Here[];
  /** The root links that they go through. */
  readonly through: readonly string[];
  readonly targets: readonly string[];
  /** Their lines of `.chezmoiignore`, where one is not the target as it stands. */
  readonly patterns?: readonly string[];
}

/** The links as the guard reads them, in the order of their targets within each group. */
export function guardedLinks(links: readonly LinkRow[]): GuardedLinks[] {
  const groups = new Map<string, LinkRow[]>();
  for (const row of links) {
    const key = JSON.stringify([sorted(row.by.keys()), sorted(row.roots.values())]);
    const group = groups.get(key) ?? [];
    group.push(row);
    groups.set(key, group);
  }
  return [...groups]
    .sort(([a], [b]) => comparePaths(a, b))
    .map(([key, rows]) => {
      const [on, through] = JSON.parse(key) as [Here[], string[]];
      const targets = rows.map(({ target }) => target).sort(comparePaths);
      const patterns = targets.map(ignorePattern);
      return { on, through, targets, ...(patterns.every((pattern, i) => pattern === targets[i]) ? {} : { patterns }) };
    });
}

/** What the guard has to know of besides the links: each thing of ours and the way to it, from the outside in, root links first. */
export function guardRows(
  links: readonly LinkRow[],
  laid: readonly LaidRow[],
  { spared, former }: { readonly spared: readonly string[]; readonly former: readonly string[] },
  tree: SourceTree,
): GuardRow[] {
  const line = (target: string, kind: GuardRow["kind"], on: Iterable<Here>): GuardRow => ({
    target,
    ...(ignorePattern(target) === target ? {} : { pattern: ignorePattern(target) }),
    kind,
    on: sorted(on),
  });
  const roots = new Map<string, Set<Here>>();
  for (const link of links) for (const [here, root] of link.roots) addTo(roots, root, [here]);
  const all = [...links, ...laid];
  const targets = new Set(all.map((row) => row.target));
  const below = heresBelow(all.filter((row) => row.kind !== "carry" || tree.made.has(row.target)));
  const parents = [...new Set([...below.keys(), ...tree.made])].filter((target) => !targets.has(target));
  return [
    ...[...roots].sort(([a], [b]) => comparePaths(a, b)).map(([root, on]) => line(root, "root", on)),
    ...[
      ...laid.map((row) =>
        tree.made.has(row.target)
          ? line(row.target, "directory", [...row.by.keys(), ...(below.get(row.target) ?? [])])
          : line(row.target, kindOf(row), row.by.keys()),
      ),
      ...parents.map((target) => line(target, tree.made.has(target) ? "directory" : "way", below.get(target) ?? [])),
      ...spared.map((target) => line(target, "spared", [])),
      ...former.filter((target) => !spared.includes(target)).map((target) => line(target, "former", [])),
    ].sort((a, b) => comparePaths(a.target, b.target)),
  ];
}

function kindOf(row: LaidRow): GuardRow["kind"] {
  if (row.kind === "carry") return [...row.by.values()][0]?.kind === "file" ? "carry-file" : "carry";
  if (row.kind !== "fetch") return row.kind;
  return [...row.by.values()][0]?.fetch?.type ?? "file";
}

/** On which hosts something of ours lies below a directory. */
function heresBelow(rows: readonly AnyRow[]): Map<string, Set<Here>> {
  const heres = new Map<string, Set<Here>>();
  for (const { target, by } of rows) {
    if (by.size > 0) for (const parent of parentsOf(target)) addTo(heres, parent, by.keys());
  }
  return heres;
}

function addTo(map: Map<string, Set<Here>>, key: string, heres: Iterable<Here>): void {
  const known = map.get(key) ?? new Set<Here>();
  for (const here of heres) known.add(here);
  map.set(key, known);
}

function sorted(names: Iterable<string>): string[] {
  return [...new Set(names)].sort(comparePaths);
}

/**
 * What is kept below an `exact_` directory of the person's and is no link: chezmoi removes from there what it does not
 * know, so it has to be told to leave it.
 */
export function keptInExact(
  plans: readonly HostPlan[],
  links: readonly LinkRow[],
  tree: SourceTree,
): readonly string[] {
  const linked = new Set(links.map((row) => row.target));
  const targets = new Set<string>();
  for (const rule of plans.flatMap((plan) => plan.rules)) {
    if (rule.scope !== "home" || rule.kind === "pattern") continue;
    if (rule.disposition !== "persist" && rule.disposition !== "carry") continue;
    if ([rule.path, ...parentsOf(rule.path)].some((path) => linked.has(path))) continue;
    for (const child of inExact(rule.path, tree)) targets.add(child);
  }
  return [...targets];
}

/** What was linked there once and is kept no longer: where something real stands in its place, it was never ours to clear away. */
export function formerInExact(former: readonly { readonly target: string }[], tree: SourceTree): readonly string[] {
  return [...new Set(former.flatMap(({ target }) => inExact(target, tree)))];
}

/** The children of `exact_` directories that hold a path, or are it, and that chezmoi does not know. */
function inExact(path: string, tree: SourceTree): string[] {
  return tree
    .exactAbove(path)
    .map((exact) => path.slice(0, `${path}/`.indexOf("/", exact.length + 1)))
    .filter((child) => tree.ownAt(child) === undefined && !tree.made.has(child));
}
