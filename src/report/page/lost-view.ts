import { select } from "d3-selection";
import { type Need, needs } from "../../plan/vocabulary.ts";
import type { LostRow, Size } from "../../scan/result.ts";
import { passes } from "../facets.ts";
import { sumOf } from "../forest.ts";
import { caseTitle, countText, knownOf, sizeText } from "../words.ts";
import { addPath, byId, seen } from "./elements.ts";
import type { Model } from "./model.ts";
import type { TableView } from "./table-view.ts";

interface Card {
  readonly id: string;
  readonly title: string;
  readonly host: string;
  readonly rows: readonly LostRow[];
}

/** What hurts, in the order in which it hurts; what nobody decided about may be any of it. */
const kinds: readonly { readonly label: string; readonly need: Need | null }[] = [
  { label: "critical", need: "critical" },
  { label: "undecided", need: null },
  ...needs.slice(1).map((need) => ({ label: need === "none" ? "no loss" : need, need })),
];

/** A card for each case: what would be gone, critical things first. */
export function showLost(model: Model, table: TableView): void {
  const several = model.report.scans.length > 1;
  model.watch(() => {
    const cards = model.report.scans.flatMap((scan) =>
      scan.lost.map(
        ({ name, rows }): Card => ({
          id: name,
          title: several ? `${scan.host}: ${lowered(caseTitle(name))}` : caseTitle(name),
          host: scan.host,
          rows: rows.filter((row) => passes({ ...row, host: scan.host }, model.filter)),
        }),
      ),
    );
    byId("lost").attr("hidden", cards.length === 0 ? "" : null);
    byId("lost-cards")
      .selectAll<HTMLElement, Card>("article")
      .data(cards, ({ host, id }) => `${host}:${id}`)
      .join("article")
      .order()
      .attr("data-case", ({ id }) => id)
      .each(function (card) {
        fillCard(this, card, table);
      });
  });
}

/** A title in the middle of a line. */
function lowered(title: string): string {
  return `${title.charAt(0).toLowerCase()}${title.slice(1)}`;
}

function fillCard(element: HTMLElement, { id, title, rows }: Card, table: TableView): void {
  const card = select(element);
  card.selectAll("*").remove();
  card.append("h3").text(title);
  const whole = sumOf(rows);
  const hurting = rows.filter(({ need }) => need === null || need === "critical");
  card.classed("calm", hurting.length === 0);
  card.append("p").attr("class", "lost-sum").attr("data-bytes", String(whole.bytes)).text(sizeText(whole.bytes));
  card
    .append("p")
    .attr("class", "lost-says")
    .text(
      rows.length === 0
        ? "nothing would be gone"
        : `would be gone, in ${countText(rows.length, "place")}${hurting.length === 0 ? "; nothing critical, nothing undecided" : ""}`,
    );
  addKinds(element, rows, whole);
  const worst = [...hurting].sort((a, b) => b.bytes - a.bytes).slice(0, 3);
  const list = card.append("ul").attr("class", "lost-worst");
  for (const row of worst) {
    const item = list.append("li");
    item
      .append("span")
      .attr("class", "path")
      .each(function () {
        addPath(this, row.path);
      });
    item.append("span").attr("class", "size").text(sizeText(row.bytes));
    item
      .append("span")
      .attr("class", "why")
      .text(seen(row.fate === "undecided" ? knownOf(row) : row.why));
  }
  if (rows.length === 0) return;
  card
    .append("button")
    .attr("type", "button")
    .attr("class", "quiet screen-only")
    .text(rows.length === 1 ? "Show it in the table" : `Show all ${rows.length.toLocaleString("en-GB")} in the table`)
    .on("click", () => {
      table.show(id);
      byId("rows").node()?.scrollIntoView({ block: "start" });
      document.querySelector<HTMLElement>("#tabs [aria-selected='true']")?.focus({ preventScroll: true });
    });
}

function addKinds(element: HTMLElement, rows: readonly LostRow[], whole: Size): void {
  const sums = kinds
    .map((kind) => ({ ...kind, ...sumOf(rows.filter((row) => row.need === kind.need)) }))
    .filter(({ files, bytes }) => files > 0 || bytes > 0);
  const list = select(element).append("ul").attr("class", "lost-kinds");
  for (const { label, bytes } of sums) {
    const item = list.append("li").attr("data-kind", label);
    item.append("span").attr("class", "kind").text(label);
    item.append("span").attr("class", "size").text(sizeText(bytes));
    const meter = item.append("span").attr("class", "meter").attr("aria-hidden", "true").append("span");
    meter.style("width", `${whole.bytes === 0 ? 0 : (bytes / whole.bytes) * 100}%`);
  }
}
