import { type HierarchyRectangularNode, hierarchy, treemap } from "d3-hierarchy";
import type { ScannedFate } from "../scan/result.ts";
import { leavesOf, type ReportNode, sumOf } from "./forest.ts";
import { fates } from "./words.ts";

/** A rectangle of the treemap, in the unit of the box. */
export interface Tile {
  /** Unique in a treemap, and the same for the same place in another. */
  readonly key: string;
  readonly node: ReportNode;
  /**
   * `directory` has others in it and a line for its name; `place` has one fate. Where a directory is not opened it is cut
   * into one `part` for each fate in it. Places and parts together are all there is, each byte once.
   */
  readonly shape: "directory" | "place" | "part";
  /** Null for directories. */
  readonly fate: ScannedFate | null;
  readonly bytes: number;
  /** 1 for what lies directly in the root of the treemap. */
  readonly depth: number;
  /** The place directly in the root that this belongs to. */
  readonly top: ReportNode;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Box {
  readonly width: number;
  readonly height: number;
}

/** How deep a look into the root goes at once. */
const levels = 6;
/** Height of the line with the name of a directory. */
const heading = 22;
/** A directory smaller than this is not opened. */
const smallestOpen: Box = { width: 64, height: 56 };
/** What would take less room than this is shown as one with its like. */
const smallestArea = 90;

/** A node of the layout: a place, as far down as is looked. */
interface Branch {
  readonly node: ReportNode;
  readonly branches: readonly Branch[];
}

/** The treemap of what lies in a directory, larger things first; outer tiles before inner ones. */
export function layOut(root: ReportNode, box: Box): Tile[] {
  if (root.bytes <= 0 || box.width <= 0 || box.height <= 0) return [];
  const top = hierarchy<Branch>(branchOut(root, levels, (box.width * box.height) / root.bytes), (b) => b.branches)
    .sum(({ node, branches }) => (branches.length === 0 ? node.bytes : 0))
    .sort((a, b) => (b.value ?? 0) - (a.value ?? 0) || compare(a.data.node.id, b.data.node.id));
  const placed = treemap<Branch>()
    .size([box.width, box.height])
    .round(true)
    .paddingInner(2)
    .paddingOuter((at) => (at.depth > 0 && isOpen(at) ? 3 : 0))
    .paddingTop((at) => (at.depth > 0 && isOpen(at) ? heading : 0))(top);
  const tiles =
    placed.children === undefined
      ? tilesOf(placed, root)
      : placed.children.flatMap((child) => tilesOf(child, child.data.node));
  // What is of no size stands behind the gap after the last, which may be outside.
  return tiles.map((tile) => ({
    ...tile,
    x: Math.min(tile.x, box.width - tile.width),
    y: Math.min(tile.y, box.height - tile.height),
  }));
}

type Placed = HierarchyRectangularNode<Branch>;

/** d3 asks for a directory's paddings when its own place is settled already. */
function isOpen({ children, x0, x1, y0, y1 }: Placed): boolean {
  return children !== undefined && x1 - x0 >= smallestOpen.width && y1 - y0 >= smallestOpen.height;
}

function tilesOf(at: Placed, top: ReportNode): Tile[] {
  const { node } = at.data;
  const tile: Tile = {
    key: node.id,
    node,
    shape: "directory",
    fate: null,
    bytes: node.bytes,
    depth: Math.max(1, at.depth),
    top,
    x: at.x0,
    y: at.y0,
    width: Math.max(0, at.x1 - at.x0),
    height: Math.max(0, at.y1 - at.y0),
  };
  if (isOpen(at)) return [tile, ...(at.children ?? []).flatMap((child) => tilesOf(child, top))];
  if (node.fate !== null) return [{ ...tile, shape: "place", fate: node.fate }];
  return cut(tile);
}

/** Cuts the tile of a directory with several fates along its longer side, by how much there is of each. */
function cut(tile: Tile): Tile[] {
  const leaves = [...leavesOf(tile.node)];
  const isWide = tile.width >= tile.height;
  let before = 0;
  return fates.flatMap((fate) => {
    const { bytes } = sumOf(leaves.filter((leaf) => leaf.fate === fate));
    if (bytes === 0) return [];
    const from = before / tile.bytes;
    before += bytes;
    const share = bytes / tile.bytes;
    const side = isWide
      ? { x: tile.x + tile.width * from, width: tile.width * share }
      : { y: tile.y + tile.height * from, height: tile.height * share };
    return [{ ...tile, ...side, key: `${tile.key}\0${fate}`, shape: "part" as const, fate, bytes }];
  });
}

function branchOut(node: ReportNode, depth: number, areaOfByte: number): Branch {
  if (depth === 0) return { node, branches: [] };
  const large = node.children.filter((child) => child.bytes * areaOfByte >= smallestArea);
  const small = node.children.filter((child) => child.bytes * areaOfByte < smallestArea);
  const [only, ...others] = small;
  const shown = only === undefined ? large : others.length === 0 ? [...large, only] : [...large, together(node, small)];
  return { node, branches: shown.map((child) => branchOut(child, depth - 1, areaOfByte)) };
}

/** Small things of a directory as one place, which can be looked into. */
function together(parent: ReportNode, small: readonly ReportNode[]): ReportNode {
  const same = <Key extends "fate" | "class" | "need">(key: Key): ReportNode[Key] | null =>
    small.every((node) => node[key] === small[0]?.[key]) ? (small[0]?.[key] ?? null) : null;
  return {
    id: `${parent.id}\0small`,
    host: parent.host,
    name: `${small.length.toLocaleString("en-GB")} smaller`,
    path: parent.path,
    isRest: true,
    ...sumOf(small),
    fate: same("fate"),
    class: same("class"),
    need: same("need"),
    children: small,
  };
}

/** By bytes, as everything in a plan is ordered. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
