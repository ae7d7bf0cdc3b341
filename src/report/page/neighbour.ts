/** A rectangle of the page. */
export interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const directions: Readonly<Record<string, { readonly x: number; readonly y: number }>> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

/**
 * Where a key leads from one of several rectangles: an arrow to the nearest that lies that way, Home and End to the first
 * and the last; undefined where there is none, and for other keys. Those beside it come before those around a corner.
 */
export function neighbour<Place extends Area>(places: readonly Place[], from: Place, key: string): Place | undefined {
  if (key === "Home") return places[0];
  if (key === "End") return places.at(-1);
  const way = Object.hasOwn(directions, key) ? directions[key] : undefined;
  if (way === undefined) return undefined;
  const rated = places
    .filter((place) => place !== from && isThatWay(from, place, way))
    .map((place) => ({ place, cost: distance(from, place, way) }))
    .sort((a, b) => a.cost - b.cost);
  return rated[0]?.place;
}

/** The smallest rectangle around two. */
export function unionOf(a: Area, b: Area): Area {
  const x = Math.min(a.x, b.x);
  const y = Math.min(a.y, b.y);
  return {
    x,
    y,
    width: Math.max(a.x + a.width, b.x + b.width) - x,
    height: Math.max(a.y + a.height, b.y + b.height) - y,
  };
}

function isThatWay(from: Area, to: Area, way: { readonly x: number; readonly y: number }): boolean {
  const a = middle(from);
  const b = middle(to);
  if (way.x !== 0)
    return (b.x - a.x) * way.x > 0 && (way.x > 0 ? to.x >= from.x + from.width - 1 : to.x + to.width <= from.x + 1);
  return (b.y - a.y) * way.y > 0 && (way.y > 0 ? to.y >= from.y + from.height - 1 : to.y + to.height <= from.y + 1);
}

/** How far it is along the way; what lies beside it, off the way, counts for much more. */
function distance(from: Area, to: Area, way: { readonly x: number; readonly y: number }): number {
  const across = (start: number, size: number, otherStart: number, otherSize: number): number =>
    Math.max(0, otherStart - (start + size), start - (otherStart + otherSize));
  const gapX = across(from.x, from.width, to.x, to.width);
  const gapY = across(from.y, from.height, to.y, to.height);
  const a = middle(from);
  const b = middle(to);
  return way.x !== 0 ? gapX + gapY * 8 + Math.abs(a.y - b.y) / 1000 : gapY + gapX * 8 + Math.abs(a.x - b.x) / 1000;
}

function middle({ x, y, width, height }: Area): { x: number; y: number } {
  return { x: x + width / 2, y: y + height / 2 };
}
