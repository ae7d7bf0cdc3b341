import type { Report } from "../data.ts";
import { type Facet, type Filter, noFilter, prune } from "../facets.ts";
import { growForest, type ReportNode } from "../forest.ts";

/** What the page shows: the tree as it is filtered, the directory that is looked into, and the place that is selected. */
export class Model {
  readonly report: Report;
  readonly forest: ReportNode;
  filter: Filter = noFilter;
  /** What the filter lets through; without children where it lets nothing through. */
  shown: ReportNode;
  /** The way from the root to the directory that is looked into, both included. */
  trail: readonly ReportNode[];
  selected: string | null = null;
  readonly #listeners: (() => void)[] = [];

  constructor(report: Report) {
    this.report = report;
    this.forest = growForest(report);
    this.shown = this.forest;
    this.trail = [this.forest];
  }

  get current(): ReportNode {
    return this.trail.at(-1) ?? this.shown;
  }

  /** Calls the listener now, and after every change. */
  watch(listener: () => void): void {
    this.#listeners.push(listener);
    listener();
  }

  /** Shows a value of a facet, or no longer; with none chosen all are shown. */
  choose(facet: Facet, value: string | null, isChosen: boolean): void {
    const values = new Set(this.filter[facet]);
    if (isChosen) values.add(value);
    else values.delete(value);
    this.#filterBy({ ...this.filter, [facet]: values });
  }

  clear(): void {
    this.#filterBy(noFilter);
  }

  get isFiltered(): boolean {
    return Object.values(this.filter).some((values) => values.size > 0);
  }

  /** Looks into a directory; the way leads to it from the one that is looked into. */
  zoomIn(way: readonly ReportNode[]): void {
    const into = way.filter(({ children }) => children.length > 0);
    if (into.length === 0) return;
    this.trail = [...this.trail, ...into];
    this.selected = null;
    this.#changed();
  }

  /** Looks out again, to the directory of that depth; what one comes from is selected. */
  zoomOut(depth = this.trail.length - 2): void {
    if (depth < 0 || depth >= this.trail.length - 1) return;
    this.selected = this.trail[depth + 1]?.id ?? null;
    this.trail = this.trail.slice(0, depth + 1);
    this.#changed();
  }

  /** Looks at a place from its directory; the way leads there from the root. */
  reveal(way: readonly ReportNode[]): void {
    const trail = way.slice(0, -1);
    this.trail = trail.length === 0 ? way : trail;
    this.selected = way.at(-1)?.id ?? null;
    this.#changed();
  }

  select(id: string): void {
    this.selected = id;
  }

  #filterBy(filter: Filter): void {
    this.filter = filter;
    this.shown = prune(this.forest, filter) ?? { ...this.forest, bytes: 0, files: 0, children: [] };
    this.trail = this.#sameWay();
    this.#changed();
  }

  /** As far along the way as there is something of it left. */
  #sameWay(): ReportNode[] {
    const way = [this.shown];
    for (const { id } of this.trail.slice(1)) {
      const next = way.at(-1)?.children.find((child) => child.id === id);
      if (next === undefined || next.children.length === 0) break;
      way.push(next);
    }
    return way;
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
