import type { Report } from "../data.ts";
import { showCrumbs } from "./crumbs-view.ts";
import { DetailView } from "./detail-view.ts";
import { showFacets } from "./facets-view.ts";
import { showLost } from "./lost-view.ts";
import { Model } from "./model.ts";
import { showNotes } from "./notes-view.ts";
import { TableView } from "./table-view.ts";
import { offerThemes } from "./theme.ts";
import { TreemapView } from "./treemap-view.ts";

/** The program of the page: it reads the report that stands beside it, and shows it. */
function main(): void {
  const report = JSON.parse(document.getElementById("report")?.textContent ?? "") as Report;
  const model = new Model(report);
  offerThemes();
  showFacets(model);
  showCrumbs(model);
  new TreemapView(model, new DetailView(model));
  showLost(model, new TableView(model));
  showNotes(report);
}

main();
