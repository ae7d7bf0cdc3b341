import { printable } from "../diagnostics/printable.ts";
import type { Fragment } from "../languages/fragment.ts";
import { html } from "../languages/html.ts";
import { renderTemplate } from "../languages/template.ts";
import { packageText } from "../package-files.ts";
import type { ScannedFate } from "../scan/result.ts";
import type { Report } from "./data.ts";
import { facetTotals } from "./facets.ts";
import { growForest, type ReportNode } from "./forest.ts";
import { reportSubtitle, reportTitle } from "./html-page.ts";
import { layOut, type Tile } from "./layout.ts";
import { countText, fates, fateWords, sizeText } from "./words.ts";

const width = 1200;
const height = 800;
const margin = 16;
/** Room for the heading and the legend. */
const head = 96;

/** The pattern that lies over a fate's colour; the page has the same ones. */
const patterns: Readonly<Record<ScannedFate, string | null>> = {
  undecided: "dots",
  persist: null,
  carry: "lines",
  fetch: "bars",
  discard: "hatch",
};

/** The treemap as a picture: an SVG document that needs nothing else. Each tile says its path and its sum in a title. */
export function reportPicture(report: Report): string {
  const root = growForest(report);
  const tiles = layOut(root, { width: width - 2 * margin, height: height - head - margin });
  const totals = facetTotals(root, "fate").filter(({ bytes }) => bytes > 0);
  const legend = fates.flatMap((fate) => totals.filter(({ value }) => value === fate).map((t) => ({ ...t, fate })));
  return renderTemplate("treemap.svg.ejs", {
    marker: html.comment("remanence report"),
    frame: html.attributes({ width, height, viewBox: `0 0 ${width} ${height}` }),
    title: printable(reportTitle(report)),
    subtitle: printable(reportSubtitle(report)),
    description: legend.map(({ fate, bytes }) => `${fate} ${sizeText(bytes)}`).join(", "),
    style: html.style(packageText("dist/report-picture.css").trim()),
    legend: legend.map(({ fate, bytes }, i) => ({
      ...painted(fate, { x: 0, y: 0, width: 18, height: 18, rx: 3 }),
      place: html.attributes({ transform: `translate(${margin + i * 190} 64)` }),
      letter: fateWords[fate].letter,
      text: `${fate} ${sizeText(bytes)}`,
    })),
    tiles: tiles.map(tileElements),
  });
}

type Attributes = Readonly<Record<string, string | number>>;

/** A box in the colour of its fate, and the same box with its pattern where it has one. */
interface Painted {
  readonly box: Fragment<"html">;
  readonly pattern: Fragment<"html"> | null;
}

function painted(fate: ScannedFate | null, box: Attributes): Painted {
  const pattern = fate === null ? null : patterns[fate];
  return {
    box: html.attributes({ class: fate ?? "directory", ...box }),
    pattern: pattern === null ? null : html.attributes({ fill: `url(#${pattern})`, ...box }),
  };
}

function tileElements(tile: Tile): object {
  const box = { x: margin + tile.x, y: head + tile.y, width: tile.width, height: tile.height, rx: 2 };
  const bytes = tile.shape === "directory" ? { "data-sum": tile.bytes } : { "data-bytes": tile.bytes };
  return {
    ...painted(tile.fate, box),
    group: html.attributes({ class: `tile ${tile.shape}`, ...bytes }),
    title: `${describe(tile.node)}\n${sizeText(tile.bytes)} (${tile.bytes} bytes)${tile.fate === null ? "" : `, ${tile.fate}`}`,
    lines: linesOf(tile, box),
  };
}

function describe(node: ReportNode): string {
  const path = printable(node.path ?? node.name);
  return node.isRest ? `${path}: ${printable(node.name)}` : path;
}

/** About what a letter takes; a browser's fonts differ, and what is cut off stands in the title. */
const letter = 7.2;

function linesOf(tile: Tile, { x, y }: { readonly x: number; readonly y: number }): object[] {
  const name = fitted(printable(tile.node.name), tile.width - 12);
  const at = (kind: string, line: number): Fragment<"html"> => html.attributes({ class: kind, x: x + 6, y: y + line });
  if (tile.shape === "directory") return [{ place: at("name", 15), text: name }, ...sizeAtEnd(tile, name, { x, y })];
  if (tile.width < 28 || tile.height < 18 || tile.fate === null) return [];
  const sign = fitted(`${fateWords[tile.fate].letter} ${printable(tile.node.name)}`, tile.width - 12);
  const whole = `${sizeText(tile.bytes)}, ${countText(tile.node.files, "file")}`;
  const size = fitted(whole, tile.width - 12) === whole ? whole : fitted(sizeText(tile.bytes), tile.width - 12);
  return [
    { place: at("name", 15), text: sign },
    ...(tile.height < 36 || tile.shape === "part" ? [] : [{ place: at("size", 30), text: size }]),
  ];
}

/** The size of a directory at the end of its line, where there is room for it beside the name. */
function sizeAtEnd(tile: Tile, name: string, { x, y }: { readonly x: number; readonly y: number }): object[] {
  const text = sizeText(tile.bytes);
  if ((name.length + text.length + 2) * letter > tile.width - 12) return [];
  const place = html.attributes({ class: "size", x: x + tile.width - 6, y: y + 15, "text-anchor": "end" });
  return [{ place, text }];
}

function fitted(text: string, room: number): string {
  const letters = [...text];
  const most = Math.floor(room / letter);
  if (letters.length <= most) return text;
  return most < 2 ? (letters[0] ?? "") : `${letters.slice(0, most - 1).join("")}…`;
}
