import type { ScannedRow } from "../../scan/result.ts";
import { facetTotals } from "../facets.ts";
import type { ReportNode } from "../forest.ts";
import { countText, fates, fateWords, knownOf, shareText, sizeText } from "../words.ts";
import { addPath, byId, seen } from "./elements.ts";
import type { Model } from "./model.ts";
import { addSign } from "./signs.ts";

/** The lines below the treemap about the place that is selected or pointed at. */
export class DetailView {
  readonly #model: Model;
  readonly #root = byId("detail");
  readonly #undecided = new Map<string, ScannedRow>();
  #last: ReportNode | null = null;

  constructor(model: Model) {
    this.#model = model;
    for (const scan of model.report.scans)
      for (const row of scan.undecided) this.#undecided.set(`${scan.host}:${row.path}`, row);
  }

  show(node: ReportNode): void {
    if (node === this.#last) return;
    this.#last = node;
    this.#root.selectAll("*").remove();
    const head = this.#root.append("p").attr("class", "detail-path path");
    head.each(function () {
      addPath(this, node.path ?? node.name);
    });
    if (node.isRest)
      head
        .append("span")
        .attr("class", "way")
        .text(` ${seen(node.name)}`);
    const facts = this.#root.append("p").attr("class", "detail-facts");
    facts.append("span").text(`${sizeText(node.bytes)} in ${countText(node.files, "file")}`);
    facts.append("span").text(`${shareText(node.bytes, this.#model.shown.bytes)} of what is shown`);
    if (node.class !== null) facts.append("span").text(node.class);
    if (node.need !== null) facts.append("span").text(`need: ${node.need}`);
    this.#addFates(node);
    const why = this.#why(node);
    if (why !== null) this.#root.append("p").attr("class", "detail-why").text(seen(why));
  }

  #addFates(node: ReportNode): void {
    const line = this.#root.append("p").attr("class", "detail-fates");
    const totals = facetTotals(node, "fate");
    for (const fate of fates) {
      const total = totals.find(({ value }) => value === fate);
      if (total === undefined || (total.bytes === 0 && total.files === 0)) continue;
      const part = line.append("span").each(function () {
        addSign(this, fate);
      });
      const text = node.fate === fate ? `${fate}: ${fateWords[fate].says}` : `${fate} ${sizeText(total.bytes)}`;
      part.append("span").text(text);
    }
  }

  /** What the scan says of an undecided place: of itself, or of the directory that is undecided as a whole. */
  #why({ host, path, fate }: ReportNode): string | null {
    if (path === null || fate !== "undecided") return null;
    for (let at = path; at !== ""; at = at.slice(0, at.lastIndexOf("/"))) {
      const row = this.#undecided.get(`${host}:${at}`);
      if (row === undefined) continue;
      const { suggestion } = row;
      return suggestion === null ? knownOf(row) : `${suggestion.class}, ${suggestion.need}? ${knownOf(row)}`;
    }
    return null;
  }
}
