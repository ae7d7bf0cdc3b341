import { type BaseType, type Selection, select } from "d3-selection";
import { leavesOf, type ReportNode, sumOf } from "../forest.ts";
import { type Box, layOut, type Tile } from "../layout.ts";
import { countText, fates, fateWords, shareText, sizeText } from "../words.ts";
import type { DetailView } from "./detail-view.ts";
import { byId, seen } from "./elements.ts";
import type { Model } from "./model.ts";
import { type Area, neighbour, unionOf } from "./neighbour.ts";

/** The room on a sheet of paper; the style for paper keeps its proportions. */
const paper: Box = { width: 700, height: 400 };

/** A place directly in the directory that is looked into: what arrow keys go to, and what a screen reader hears of. */
interface Stop extends Area {
  readonly node: ReportNode;
}

/**
 * The treemap: tiles to look at, and over them a button for each place directly in the directory that is looked into. The
 * keyboard moves between those and looks into them; a click looks into the directory under the pointer, however deep.
 */
export class TreemapView {
  readonly #model: Model;
  readonly #detail: DetailView;
  readonly #stage = byId("treemap");
  readonly #tiles = this.#stage.append("div").attr("class", "tiles").attr("aria-hidden", "true");
  readonly #hover = this.#stage.append("div").attr("class", "hover").attr("aria-hidden", "true");
  readonly #stops = this.#stage.append("div").attr("class", "stops");
  #box: Box = { width: 0, height: 0 };
  #laid: readonly Tile[] = [];
  #places: readonly Stop[] = [];

  constructor(model: Model, detail: DetailView) {
    this.#model = model;
    this.#detail = detail;
    this.#stage
      .on("keydown", (event: KeyboardEvent) => this.#key(event))
      .on("pointermove", (event: PointerEvent) => this.#point(event))
      .on("pointerleave", () => this.#unpoint());
    model.watch(() => this.draw());
    const node = this.#stage.node();
    if (node !== null) new ResizeObserver(() => this.draw()).observe(node);
    // Where a click gives no focus the keys go on working.
    window.addEventListener("keydown", (event) => event.target === document.body && this.#key(event));
    window.addEventListener("beforeprint", () => this.draw(paper));
    window.addEventListener("afterprint", () => this.draw());
  }

  /** Draws what the model shows, in the room that there is; the tiles keep their parts of it when that changes. */
  draw(box: Box = this.#room()): void {
    const { current, shown } = this.#model;
    this.#box = box;
    this.#laid = layOut(current, box);
    this.#places = stopsOf(this.#laid);
    this.#stage
      .attr("aria-label", `${seen(current.path ?? current.name)}, ${sizeText(current.bytes)}`)
      .attr("data-sum", String(current.bytes))
      .attr("data-empty", emptyText(this.#model))
      .classed("empty", shown.bytes === 0);
    this.#drawTiles();
    this.#drawStops();
    this.#unpoint();
  }

  #room(): Box {
    const node = this.#stage.node();
    return { width: node?.clientWidth ?? 0, height: node?.clientHeight ?? 0 };
  }

  #drawTiles(): void {
    const tiles = this.#tiles
      .selectAll<HTMLDivElement, Tile>("div.tile")
      .data(this.#laid, (tile) => tile.key)
      .join((enter) => enter.append("div").call((made) => made.append("span").attr("class", "label")))
      .order()
      .attr("class", (tile) => `tile ${tile.shape}${tile.fate === null ? "" : " fill"}${roomOf(tile)}`)
      .attr("data-fate", (tile) => tile.fate)
      .attr("data-bytes", (tile) => (tile.shape === "directory" ? null : String(tile.bytes)));
    place(tiles, this.#box);
    tiles.select<HTMLSpanElement>("span.label").each(function (tile) {
      const label = select(this);
      label.selectAll("*").remove();
      if (tile.fate !== null) label.append("b").text(fateWords[tile.fate].letter);
      label.append("span").attr("class", "name").text(seen(tile.node.name));
      if (tile.shape !== "part") label.append("span").attr("class", "size").text(sizeText(tile.bytes));
    });
  }

  #drawStops(): void {
    const selected = this.#selected() ?? this.#places[0];
    const hadFocus = this.#stage.node()?.contains(document.activeElement) === true;
    const stops = this.#stops
      .selectAll<HTMLButtonElement, Stop>("button")
      .data(this.#places, ({ node }) => node.id)
      .join((enter) => enter.append("button").attr("type", "button"))
      .order()
      .attr("tabindex", (stop) => (stop === selected ? 0 : -1))
      .attr("aria-label", (stop) => this.#say(stop.node))
      .attr("data-path", ({ node }) => node.path)
      .classed("opens", ({ node }) => node.children.length > 0)
      .on("click", (event: MouseEvent, stop) => this.#click(event, stop))
      .on("focus", (_event, { node }) => this.#focused(node));
    place(stops, this.#box);
    this.#detail.show(selected?.node ?? this.#model.current);
    if (hadFocus && selected !== undefined) this.#focus(selected);
  }

  /** The place that is selected, or the one in which it lies among its like. */
  #selected(): Stop | undefined {
    const { selected } = this.#model;
    return (
      this.#places.find(({ node }) => node.id === selected) ??
      this.#places.find(({ node }) => node.isRest && node.children.some(({ id }) => id === selected))
    );
  }

  /** What a screen reader says of a place: the words for what others see. */
  #say(node: ReportNode): string {
    const parts = fates.flatMap((fate) => {
      const { bytes } = sumOf([...leavesOf(node)].filter((leaf) => leaf.fate === fate));
      return bytes === 0 ? [] : [`${fate} ${shareText(bytes, node.bytes)}`];
    });
    const of = `${shareText(node.bytes, this.#model.current.bytes)} of this directory`;
    const what = node.fate === null ? parts.join(", ") : `${node.fate}, ${fateWords[node.fate].says}`;
    const opens = node.children.length > 0 ? ". Enter looks inside" : "";
    return `${seen(node.name)}: ${sizeText(node.bytes)}, ${of}, ${countText(node.files, "file")}; ${what}${opens}`;
  }

  #focused(node: ReportNode): void {
    this.#model.select(node.id);
    this.#stops
      .selectAll<HTMLButtonElement, Stop>("button")
      .attr("tabindex", (stop) => (stop.node.id === node.id ? 0 : -1));
    this.#detail.show(node);
  }

  #focus(stop: Stop): void {
    this.#stops
      .selectAll<HTMLButtonElement, Stop>("button")
      .filter(({ node }) => node.id === stop.node.id)
      .node()
      ?.focus({ preventScroll: true });
  }

  #click(event: MouseEvent, stop: Stop): void {
    // A click that the keyboard made is nowhere.
    const under = event.detail === 0 ? undefined : this.#under(event);
    const way = under === undefined ? [stop.node] : this.#wayDown(under);
    this.#model.zoomIn(way);
  }

  /** From the directory that is looked into down to the directory that a tile is, or is in. */
  #wayDown(tile: Tile): ReportNode[] {
    const way: ReportNode[] = [];
    const around = this.#laid.filter((other) => other.shape === "directory" && encloses(other, tile));
    for (const { node } of around) way.push(node);
    // What stands closed is opened; what has nothing in it is shown with its neighbours.
    if (!way.includes(tile.node)) way.push(tile.node);
    return way;
  }

  #under(event: MouseEvent): Tile | undefined {
    const box = this.#stage.node()?.getBoundingClientRect();
    if (box === undefined) return undefined;
    const x = ((event.clientX - box.left) / box.width) * this.#box.width;
    const y = ((event.clientY - box.top) / box.height) * this.#box.height;
    return this.#laid.findLast(
      (tile) => x >= tile.x && x < tile.x + tile.width && y >= tile.y && y < tile.y + tile.height,
    );
  }

  #key(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Escape" || event.key === "Backspace") {
      event.preventDefault();
      this.#model.zoomOut();
      return;
    }
    const from = this.#selected() ?? this.#places[0];
    if (from === undefined) return;
    const to = neighbour(this.#places, from, event.key);
    if (to === undefined) return;
    event.preventDefault();
    this.#focus(to);
  }

  #point(event: PointerEvent): void {
    const tile = this.#under(event);
    this.#hover.classed("on", tile !== undefined);
    if (tile === undefined) return;
    place(this.#hover.datum(tile), this.#box);
    this.#detail.show(tile.node);
  }

  #unpoint(): void {
    this.#hover.classed("on", false);
    this.#detail.show(this.#selected()?.node ?? this.#model.current);
  }
}

function emptyText({ isFiltered }: Model): string {
  return isFiltered ? "Nothing here is of these kinds. Clear a filter to see more." : "Nothing was found.";
}

function stopsOf(tiles: readonly Tile[]): Stop[] {
  const areas = new Map<ReportNode, Area>();
  for (const tile of tiles) {
    if (tile.depth > 1) continue;
    const known = areas.get(tile.top);
    areas.set(tile.top, known === undefined ? tile : unionOf(known, tile));
  }
  return [...areas].map(([node, { x, y, width, height }]) => ({ node, x, y, width, height }));
}

/** Puts elements where their data say. Styles are set one by one: the page's policy knows no style attribute. */
function place<Element extends HTMLElement, Datum extends Area, Parent extends BaseType, Above>(
  elements: Selection<Element, Datum, Parent, Above>,
  box: Box,
): void {
  const part = (of: number, whole: number): string => `${(of / whole) * 100}%`;
  elements
    .style("left", ({ x }) => part(x, box.width))
    .style("top", ({ y }) => part(y, box.height))
    .style("width", ({ width }) => part(width, box.width))
    .style("height", ({ height }) => part(height, box.height));
}

/** What there is room for in a tile: everything, one line, the letter, or nothing. */
function roomOf({ shape, width, height }: Tile): string {
  if (shape === "directory") return width < 110 ? " low" : "";
  if (width < 16 || height < 15) return " bare";
  const flat = height < 20 ? " flat" : "";
  if (width < 44) return `${flat} narrow`;
  return height < 38 || width < 68 ? `${flat} low` : "";
}

function encloses(outer: Area, inner: Area): boolean {
  return (
    outer.x <= inner.x &&
    outer.y <= inner.y &&
    outer.x + outer.width >= inner.x + inner.width &&
    outer.y + outer.height >= inner.y + inner.height
  );
}
