import { select } from "d3-selection";
import { passes } from "../facets.ts";
import { sumOf, wayTo } from "../forest.ts";
import { countText, sizeText } from "../words.ts";
import { addPath, byId, seen } from "./elements.ts";
import type { Model } from "./model.ts";
import { type Column, type Row, type Sheet, searchRows, sheetsOf, sortRows } from "./rows.ts";
import { addSign } from "./signs.ts";

/** Rows that are made at once: enough to read, few enough to be there at once. */
const step = 100;
/** Rows on paper: more than that nobody reads. */
const onPaper = 2000;

const headings: Readonly<Record<Column, string>> = {
  host: "Host",
  path: "Path",
  fate: "Fate",
  class: "Class",
  need: "Need",
  bytes: "Size",
  files: "Files",
  newest: "Last change",
  suggestion: "Probably",
  why: "Why",
};

/** The table: the same as the treemap in words, what is undecided, and what would be lost; with search and sorting. */
export class TableView {
  readonly #model: Model;
  readonly #sheets: readonly Sheet[];
  #sheet: Sheet;
  #sorted: { readonly column: Column; readonly isReversed: boolean };
  #words = "";
  #room = step;
  readonly #keys = new Map<Row, string>();

  constructor(model: Model) {
    this.#model = model;
    this.#sheets = sheetsOf(model.report, model.forest);
    const [first] = this.#sheets;
    if (first === undefined) throw new TypeError("a report has sheets");
    this.#sheet = first;
    this.#sorted = { column: first.sortedBy, isReversed: false };
    this.#makeTabs();
    byId("search").on("input", (event: Event) => {
      this.#words = event.target instanceof HTMLInputElement ? event.target.value : "";
      this.#room = step;
      this.#draw();
    });
    model.watch(() => this.#draw());
    window.addEventListener("beforeprint", () => this.#draw(onPaper));
    window.addEventListener("afterprint", () => this.#draw());
  }

  /** Shows one of the sheets, by its id. */
  show(id: string): void {
    const sheet = this.#sheets.find((known) => known.id === id);
    if (sheet === undefined) return;
    this.#sheet = sheet;
    this.#sorted = { column: sheet.sortedBy, isReversed: false };
    this.#room = step;
    this.#draw();
  }

  #makeTabs(): void {
    const tabs = byId("tabs")
      .selectAll<HTMLButtonElement, Sheet>("button")
      .data(this.#sheets)
      .join("button")
      .attr("type", "button")
      .attr("role", "tab")
      .attr("id", (_sheet, i) => `tab-${i}`)
      .attr("aria-controls", "panel")
      .text(({ title }) => title)
      .on("click", (_event, { id }) => this.show(id));
    tabs.on("keydown", (event: KeyboardEvent, sheet) => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (by === undefined) return;
      event.preventDefault();
      const next = (this.#sheets.indexOf(sheet) + by + this.#sheets.length) % this.#sheets.length;
      this.show(this.#sheets[next]?.id ?? "");
      tabs.nodes()[next]?.focus();
    });
  }

  #draw(room = this.#room): void {
    const { filter } = this.#model;
    const filtered = this.#sheet.rows.filter((row) => passes(row, filter));
    const found = sortRows(searchRows(filtered, this.#words), this.#sorted.column, this.#sorted.isReversed);
    this.#drawTabs();
    this.#drawHead();
    this.#drawRows(found.slice(0, room));
    const size = sumOf(found);
    byId("rows-sum")
      .attr("data-bytes", String(size.bytes))
      .text(`${countText(found.length, "row")}: ${sizeText(size.bytes)} in ${countText(size.files, "file")}`);
    this.#drawMore(found.length - room);
  }

  #drawTabs(): void {
    byId("tabs")
      .selectAll<HTMLButtonElement, Sheet>("button")
      .attr("aria-selected", (sheet) => String(sheet === this.#sheet))
      .attr("tabindex", (sheet) => (sheet === this.#sheet ? 0 : -1));
    byId("panel").attr("aria-labelledby", `tab-${this.#sheets.indexOf(this.#sheet)}`);
    byId("caption").text(this.#sheet.title);
  }

  #drawHead(): void {
    const { column: by, isReversed } = this.#sorted;
    const down = by === "bytes" || by === "files" || by === "newest";
    const heads = byId("table")
      .select("thead")
      .selectAll<HTMLTableRowElement, null>("tr")
      .data([null])
      .join("tr")
      .attr("role", "row")
      .selectAll<HTMLTableCellElement, Column>("th")
      .data([...this.#sheet.columns], (column) => column)
      .join((enter) =>
        enter
          .append("th")
          .attr("scope", "col")
          .attr("role", "columnheader")
          .call((th) => th.append("button").attr("type", "button")),
      )
      .order()
      .attr("data-column", (column) => column)
      .attr("aria-sort", (column) => (column !== by ? null : down === isReversed ? "ascending" : "descending"));
    heads
      .select("button")
      .text((column) => headings[column])
      .on("click", (_event, column) => {
        this.#sorted = { column, isReversed: column === by && !isReversed };
        this.#draw();
      });
  }

  #drawRows(rows: readonly Row[]): void {
    byId("table")
      .select("tbody")
      .selectAll<HTMLTableRowElement, Row>("tr")
      .data([...rows], (row) => this.#keyOf(row))
      .join("tr")
      .attr("role", "row")
      .order()
      .selectAll<HTMLTableCellElement, { row: Row; column: Column }>("td")
      .data(
        (row) => this.#sheet.columns.map((column) => ({ row, column })),
        ({ column }) => column,
      )
      .join((enter) =>
        enter
          .append("td")
          .attr("role", "cell")
          .each((cell, i, cells) => this.#fillCell(cells[i], cell)),
      )
      .order()
      .attr("data-column", ({ column }) => column);
  }

  #fillCell(td: HTMLTableCellElement | undefined, { row, column }: { row: Row; column: Column }): void {
    if (td === undefined) return;
    const cell = select(td);
    if (column === "path") this.#fillPath(td, row);
    else if (column === "bytes") cell.attr("data-bytes", String(row.bytes)).text(sizeText(row.bytes));
    else if (column === "files") cell.text(row.files.toLocaleString("en-GB"));
    else if (column === "newest") cell.text(row.newest?.slice(0, 10) ?? "");
    else {
      if (column === "fate") addSign(td, row.fate);
      cell.append("span").text(seen(row[column] ?? "–"));
    }
  }

  #fillPath(td: HTMLTableCellElement, row: Row): void {
    const button = select(td).append("button").attr("type", "button").attr("class", "path");
    button.attr("title", "show it in the treemap");
    button.each(function () {
      addPath(this, row.path, row.isDirectory ? "/" : "");
    });
    if (row.part !== null) button.append("span").attr("class", "way").text(` ${row.part}`);
    button.on("click", () => {
      this.#model.reveal(wayTo(this.#model.shown, row.host, row.path));
      byId("map").node()?.scrollIntoView({ block: "start" });
      document.querySelector<HTMLElement>("#treemap button[tabindex='0']")?.focus({ preventScroll: true });
    });
  }

  #keyOf(row: Row): string {
    const key = this.#keys.get(row) ?? String(this.#keys.size);
    this.#keys.set(row, key);
    return key;
  }

  #drawMore(left: number): void {
    const more = byId("more");
    more.selectAll("*").remove();
    if (left <= 0) return;
    const add = (text: string, room: number): void => {
      more
        .append("button")
        .attr("type", "button")
        .attr("class", "quiet")
        .text(text)
        .on("click", () => {
          this.#room = room;
          this.#draw();
        });
    };
    add(`Show ${Math.min(left, step)} more`, this.#room + step);
    if (left > step) add(`Show all ${(left + this.#room).toLocaleString("en-GB")}`, Number.POSITIVE_INFINITY);
  }
}
