import type { PlanEntry } from "../plan/plan.ts";
import type { Branch, ScannedRoot } from "./branch.ts";
import type { BranchTotals } from "./branch-totals.ts";
import { shownPath } from "./names.ts";
import type { ScannedNode } from "./result.ts";
import type { Folders, Sums } from "./sums.ts";

/** What is smaller than this part of the whole is not shown by itself. */
const worthShowing = 0.001;

/**
 * The scanned trees as one from `/` down, for a picture of it: each folder and large file that takes a thousandth of the
 * whole or more, and the rest of each folder as a child without a name for each fate.
 */
export function treeOf(roots: readonly ScannedRoot[], sums: Sums, totals: BranchTotals): ScannedNode {
  const whole = roots.reduce((bytes, { branch }) => bytes + totals.of(branch).bytes, 0);
  const drawing = new Drawing(sums, totals, whole * worthShowing);
  const trees = roots.map(({ branch, live }) => ({ names: namesOf(live), node: drawing.branch(branch, "/") }));
  return grafted("/", trees);
}

function namesOf(live: string): readonly string[] {
  return live === "/" ? [] : live.slice(1).split("/");
}

interface Grafted {
  readonly names: readonly string[];
  readonly node: ScannedNode;
}

/** Trees at their places below a folder; one of them may be the folder itself. */
function grafted(name: string, trees: readonly Grafted[]): ScannedNode {
  const own = trees.filter(({ names }) => names.length === 0).flatMap(({ node }) => contentOf(node));
  const further = new Map<string, Grafted[]>();
  for (const { names, node } of trees) {
    const [first, ...rest] = names;
    if (first !== undefined) further.set(first, [...(further.get(first) ?? []), { names: rest, node }]);
  }
  const inner = [...further].map(([inside, below]) => {
    const there = own.find((child) => child.name === shownPath(inside));
    return grafted(inside, there === undefined ? below : [...below, { names: [], node: there }]);
  });
  const replaced = new Set([...further.keys()].map(shownPath));
  return folder(name, [...own.filter((child) => child.name === null || !replaced.has(child.name)), ...inner]);
}

function contentOf(node: ScannedNode): readonly ScannedNode[] {
  return node.children.length > 0 ? node.children : [{ ...node, name: null }];
}

/** A folder as the sum of what is in it. */
function folder(name: string, children: readonly ScannedNode[]): ScannedNode {
  const [first, ...others] = children;
  const isAlike = (key: "fate" | "class" | "need"): boolean => others.every((child) => child[key] === first?.[key]);
  const own = {
    name: shownPath(name),
    bytes: children.reduce((sum, child) => sum + child.bytes, 0),
    files: children.reduce((sum, child) => sum + child.files, 0),
    fate: first !== undefined && isAlike("fate") ? first.fate : null,
    class: first !== undefined && isAlike("class") ? first.class : null,
    need: first !== undefined && isAlike("need") ? first.need : null,
  };
  // What is of one fate but of several classes has a child for each: its sums by class are known, too.
  const isLeaf =
    own.fate !== null && isAlike("class") && isAlike("need") && children.every((child) => child.name === null);
  return { ...own, children: isLeaf ? [] : [...children].sort((a, b) => b.bytes - a.bytes) };
}

class Drawing {
  readonly #folders: Folders;
  readonly #inner: ReadonlyMap<number, readonly number[]>;

  readonly sums: Sums;
  readonly totals: BranchTotals;
  readonly least: number;

  constructor(sums: Sums, totals: BranchTotals, least: number) {
    this.sums = sums;
    this.totals = totals;
    this.least = least;
    this.#folders = sums.folders();
    this.#inner = innerFolders(this.#folders);
  }

  branch(branch: Branch, name = branch.name): ScannedNode {
    const rest = new Rest();
    rest.add(branch.rule, branch.bytes, branch.kind === "directory" ? 0 : 1);
    const shown: ScannedNode[] = [];
    for (const child of branch.children ?? []) {
      if (this.totals.of(child).bytes >= this.least) shown.push(this.branch(child));
      else this.#addAll(child, rest);
    }
    if (branch.job !== undefined) {
      const [first] = this.#inner.get(-1 - branch.job) ?? [];
      const node = first === undefined ? undefined : this.#folder(first, name, branch.rule);
      if (node !== undefined) shown.push(...contentOf(node));
    }
    return folder(name, [...shown, ...rest.nodes()]);
  }

  #addAll(branch: Branch, rest: Rest): void {
    const { bytes, files } = this.totals.own(branch);
    rest.add(branch.rule, bytes, files);
    for (const child of branch.children ?? []) this.#addAll(child, rest);
  }

  #folder(place: number, name: string, rule: PlanEntry | null): ScannedNode {
    const { bytes, files, names, large } = this.#folders;
    const inner = (this.#inner.get(place) ?? [])
      .filter((child) => (bytes[child] ?? 0) >= this.least)
      .map((child) => this.#folder(child, names[child] ?? "", rule));
    const alone = (large.get(place) ?? [])
      .filter((file) => file.bytes >= this.least)
      .map((file) => ({ ...leaf(rule, file.bytes, 1), name: shownPath(file.name) }));
    const shown = [...inner, ...alone];
    const without = (whole: number, key: "bytes" | "files"): number => shown.reduce((left, n) => left - n[key], whole);
    const rest = new Rest();
    rest.add(rule, without(bytes[place] ?? 0, "bytes"), without(files[place] ?? 0, "files"));
    return folder(name, [...shown, ...rest.nodes()]);
  }
}

/** What is not shown by itself, one sum for each fate, class and need. */
class Rest {
  readonly #sums = new Map<string, { readonly rule: PlanEntry | null; bytes: number; files: number }>();

  add(rule: PlanEntry | null, bytes: number, files: number): void {
    if (bytes === 0 && files === 0) return;
    const key = rule === null ? "" : `${rule.disposition} ${rule.class} ${rule.need}`;
    const sum = this.#sums.get(key) ?? { rule, bytes: 0, files: 0 };
    sum.bytes += bytes;
    sum.files += files;
    this.#sums.set(key, sum);
  }

  nodes(): ScannedNode[] {
    return [...this.#sums.values()].map(({ rule, bytes, files }) => leaf(rule, bytes, files));
  }
}

function leaf(rule: PlanEntry | null, bytes: number, files: number): ScannedNode {
  const said = {
    fate: rule?.disposition ?? "undecided",
    class: rule?.class ?? null,
    need: rule?.need ?? null,
  } as const;
  return { name: null, bytes, files, ...said, children: [] };
}

/** The folders in each folder, and the first of each job under -1 - job. */
function innerFolders({ parents, names }: Folders): ReadonlyMap<number, readonly number[]> {
  const inner = new Map<number, number[]>();
  for (const [place, parent] of parents.entries()) {
    if (parent >= 0 && names[place] === "") continue;
    let around = parent;
    // One without a name is more of the folder around it.
    while (around >= 0 && names[around] === "" && (parents[around] ?? -1) >= 0) around = parents[around] ?? -1;
    const known = inner.get(around);
    if (known === undefined) inner.set(around, [place]);
    else known.push(place);
  }
  return inner;
}
