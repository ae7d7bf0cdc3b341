import type { ReportNode } from "../forest.ts";
import { countText, shareText, sizeText } from "../words.ts";
import { byId, seen } from "./elements.ts";
import type { Model } from "./model.ts";

/** The way to the directory that is looked into, each step a way back; and how much is in it. */
export function showCrumbs(model: Model): void {
  const list = byId("crumbs");
  const sum = byId("map-sum");
  model.watch(() => {
    const { trail, current, forest } = model;
    const items = list
      .selectAll<HTMLLIElement, ReportNode>("li")
      .data([...trail])
      .join((enter) => enter.append("li").call((item) => item.append("button").attr("type", "button")));
    items
      .select<HTMLButtonElement>("button")
      .text(({ name }) => seen(name))
      .attr("aria-current", (node) => (node === current ? "location" : null))
      .on("click", (_event, node) => model.zoomOut(trail.indexOf(node)));
    const whole = current.bytes === forest.bytes ? "" : `, ${shareText(current.bytes, forest.bytes)} of everything`;
    sum.text(`${sizeText(current.bytes)} in ${countText(current.files, "file")}${whole}`);
  });
}
