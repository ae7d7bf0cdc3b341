import type { Class, Need } from "../plan/vocabulary.ts";
import type { ScannedFate, ScannedNode, Size } from "../scan/result.ts";
import type { Report } from "./data.ts";

/** A place of a scanned tree, with what is needed to show it by itself. */
export interface ReportNode extends Size {
  /** Unique in a report, and the same in every view of it. */
  readonly id: string;
  readonly host: string;
  /** What it is called inside its parent; several names where nothing else lies on the way to it. */
  readonly name: string;
  /** Absolute; of what is too small to be shown by itself the directory that it is in. Null above the hosts. */
  readonly path: string | null;
  /** True for many small things as one. */
  readonly isRest: boolean;
  readonly fate: ScannedFate | null;
  readonly class: Class | null;
  readonly need: Need | null;
  readonly children: readonly ReportNode[];
}

/** What the rest of a directory is called: what is too small to be shown by itself, or the room its own list of names takes. */
function restName(files: number): string {
  return files === 0 ? "the directory itself" : "smaller ones";
}

/** The trees of a report as one: that of its host, or one root over the trees of several hosts. */
export function growForest(report: Pick<Report, "scans">): ReportNode {
  const trees = report.scans.map(({ host, tree }) => grow(tree, { host, parent: null, index: 0 }));
  const [only] = trees;
  if (only !== undefined && trees.length === 1) return only;
  const children = trees.map((tree) => ({
    ...tree,
    name: tree.name === "/" ? tree.host : `${tree.host}:${tree.name}`,
  }));
  return {
    id: "",
    host: "",
    name: "all hosts",
    path: null,
    isRest: false,
    ...sumOf(children),
    fate: null,
    class: null,
    need: null,
    children,
  };
}

/** Bytes and files of several places together. */
export function sumOf(sizes: Iterable<Size>): Size {
  let bytes = 0;
  let files = 0;
  for (const size of sizes) {
    bytes += size.bytes;
    files += size.files;
  }
  return { bytes, files };
}

/** The leaves of a tree: each has one fate. */
export function* leavesOf(node: ReportNode): Generator<ReportNode> {
  if (node.children.length === 0) yield node;
  for (const child of node.children) yield* leavesOf(child);
}

/** The way from a root to the deepest place that is the path or lies around it, on its host; the root first. */
export function wayTo(root: ReportNode, host: string, path: string): ReportNode[] {
  const way = [root];
  for (let at: ReportNode | undefined = root; at !== undefined; ) {
    at = at.children.find((child) => child.host === host && !child.isRest && covers(child.path, path));
    if (at !== undefined) way.push(at);
  }
  return way;
}

function covers(directory: string | null, path: string): boolean {
  if (directory === null || directory === path) return true;
  return path.startsWith(directory === "/" ? "/" : `${directory}/`);
}

interface Place {
  readonly host: string;
  readonly parent: string | null;
  readonly index: number;
}

function grow(node: ScannedNode, { host, parent, index }: Place): ReportNode {
  const path = node.name === null ? (parent ?? "/") : pathOf(node.name, parent);
  const children = node.children.map((child, i) => grow(child, { host, parent: path, index: i }));
  const grown = {
    // A name holds no NUL: this is never the id of a path.
    id: node.name === null ? `${host}:${path}\0${index}` : `${host}:${path}`,
    host,
    name: node.name === null ? restName(node.files) : parent === null ? path : node.name,
    path,
    isRest: node.name === null,
    bytes: node.bytes,
    files: node.files,
    fate: node.fate,
    class: node.class,
    need: node.need,
    children,
  };
  return withoutPassage(grown);
}

function pathOf(name: string, parent: string | null): string {
  if (parent === null) return name === "" ? "/" : name;
  return parent.endsWith("/") ? `${parent}${name}` : `${parent}/${name}`;
}

/** A directory with nothing but one directory in it is no place of its own: `home/mitsio`. */
function withoutPassage(node: ReportNode): ReportNode {
  const [only] = node.children;
  if (only === undefined || node.children.length > 1 || only.children.length === 0 || only.isRest) return node;
  return { ...only, name: node.name === "/" ? `/${only.name}` : `${node.name}/${only.name}` };
}
