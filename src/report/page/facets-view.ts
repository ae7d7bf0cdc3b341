import { type Facet, type FacetTotal, facetTotals } from "../facets.ts";
import { sumOf } from "../forest.ts";
import { countText, fates, fateWords, shareText, sizeText } from "../words.ts";
import { byId, type One } from "./elements.ts";
import type { Model } from "./model.ts";
import { addSign } from "./signs.ts";

const titles: Readonly<Record<Facet, string>> = { fate: "Fate", class: "Class", need: "Need", host: "Host" };

/** What a facet's value is called: null is what has none. */
function nameOf(value: string | null): string {
  return value ?? "not decided";
}

/** The fates as cards with a bar of all of them, and the other facets beside the treemap: totals that are filters. */
export function showFacets(model: Model): void {
  const cards = byId("fate-cards");
  const side = byId("facets");
  const shown: readonly Facet[] = model.report.scans.length > 1 ? ["host", "class", "need"] : ["class", "need"];
  const groups = shown.map((facet) => {
    const group = side.append<HTMLElement>("fieldset").attr("class", "facet").attr("data-facet", facet);
    group.append("legend").text(titles[facet]);
    return { facet, group };
  });
  foldWhereNarrow();
  byId("reset").on("click", () => model.clear());
  model.watch(() => {
    showBar(model);
    showValues(model, "fate", cards);
    for (const { facet, group } of groups) showValues(model, facet, group);
    const chosen = Object.values(model.filter).reduce((sum, values) => sum + values.size, 0);
    byId("reset").attr("hidden", chosen === 0 ? "" : null);
    byId("filter-state").text(chosen === 0 ? "" : `(${chosen} chosen)`);
  });
}

/** In a narrow window the filters would stand before all else: they are folded, as the style sheet has it (treemap.css). */
function foldWhereNarrow(): void {
  const fold = byId("facets-fold");
  const narrow = window.matchMedia("(max-width: 899px)");
  const refold = (): void => {
    fold.attr("open", narrow.matches ? null : "");
  };
  narrow.addEventListener("change", refold);
  refold();
  window.addEventListener("beforeprint", () => fold.attr("open", ""));
  window.addEventListener("afterprint", refold);
}

/** One line in proportion to the fates of everything; what the filter leaves out is pale. */
function showBar(model: Model): void {
  const totals = facetTotals(model.forest, "fate", model.filter);
  const { bytes } = sumOf(totals);
  byId("bar")
    .attr("aria-label", totals.map(({ value, bytes: b }) => `${nameOf(value)} ${shareText(b, bytes)}`).join(", "))
    .selectAll<HTMLSpanElement, FacetTotal>("span")
    .data(totals, ({ value }) => nameOf(value))
    .join("span")
    .attr("class", "fill")
    .attr("data-fate", ({ value }) => value)
    .classed("pale", ({ value }) => model.filter.fate.size > 0 && !model.filter.fate.has(value))
    .style("flex-grow", ({ bytes: b }) => String(b));
}

function showValues(model: Model, facet: Facet, group: One<HTMLElement>): void {
  const totals = facetTotals(model.forest, facet, model.filter);
  const { bytes: whole } = sumOf(totals);
  const chosen = model.filter[facet];
  const items = group
    .selectAll<HTMLLabelElement, FacetTotal>("label")
    .data(totals, ({ value }) => nameOf(value))
    .join((enter) => {
      const label = enter.append("label").attr("class", "choice");
      label.append("input").attr("type", "checkbox");
      label.each(function (total) {
        if (facet === "fate") addSign(this, total.value);
      });
      label
        .append("span")
        .attr("class", "choice-name")
        .text(({ value }) => nameOf(value));
      label.append("span").attr("class", "choice-size");
      label.append("span").attr("class", "choice-more");
      label.append("span").attr("class", "meter").attr("aria-hidden", "true").append("span");
      return label;
    })
    .order()
    .attr("data-value", ({ value }) => nameOf(value))
    .attr("data-bytes", ({ bytes }) => String(bytes))
    .classed("pale", ({ value, bytes }) => bytes === 0 || (chosen.size > 0 && !chosen.has(value)));
  items
    .select<HTMLInputElement>("input")
    .property("checked", ({ value }) => chosen.has(value))
    .on("change", (event: Event, { value }) =>
      model.choose(facet, value, event.target instanceof HTMLInputElement && event.target.checked),
    );
  items.select(".choice-size").text(({ bytes }) => sizeText(bytes));
  items.select(".choice-more").text((total) => moreAbout(total, facet, whole));
  items
    .select<HTMLSpanElement>(".meter span")
    .style("width", ({ bytes }) => `${whole === 0 ? 0 : (bytes / whole) * 100}%`);
}

function moreAbout({ value, bytes, files }: FacetTotal, facet: Facet, whole: number): string {
  const count = countText(files, "file");
  const fate = fates.find((known) => known === value);
  return facet === "fate" && fate !== undefined
    ? `${shareText(bytes, whole)} · ${count} · ${fateWords[fate].says}`
    : count;
}
