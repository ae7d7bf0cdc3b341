import { hash } from "node:crypto";
import { printable } from "../diagnostics/printable.ts";
import { html } from "../languages/html.ts";
import { renderTemplate } from "../languages/template.ts";
import { packageText } from "../package-files.ts";
import type { Report } from "./data.ts";
import { facetTotals } from "./facets.ts";
import { growForest } from "./forest.ts";
import { countText, fates, sizeText } from "./words.ts";

/**
 * The report as one HTML page that needs nothing else: its style, its program and its data are in it, and its policy
 * forbids the browser to load anything, or to run anything but that program.
 */
export function reportPage(report: Report): string {
  const style = packageText("dist/report-page.css").trim();
  const script = packageText("dist/report.js").trim();
  const totals = facetTotals(growForest(report), "fate");
  return renderTemplate("page.html.ejs", {
    marker: html.comment("remanence report"),
    policy: html.attributes({ content: policy(style, script) }),
    title: printable(reportTitle(report)),
    subtitle: printable(reportSubtitle(report)),
    style: html.style(style),
    script: html.script(script),
    report: html.data(report),
    totals: fates.map((fate) => {
      const total = totals.find(({ value }) => value === fate) ?? { bytes: 0, files: 0 };
      return { fate, size: sizeText(total.bytes), files: countText(total.files, "file") };
    }),
  });
}

/** What remains on laptop. */
export function reportTitle({ scans }: Report): string {
  return `What remains on ${scans.map(({ host }) => host).join(" and ")}`;
}

/** Since when the numbers hold, for each host. */
export function reportSubtitle({ scans }: Report): string {
  return scans
    .map(({ host, os, scanned, tree }) => {
      const of = scans.length === 1 ? "" : `${host}: `;
      return `${of}${os}, ${sizeText(tree.bytes)} in ${countText(tree.files, "file")}, scanned ${dayText(scanned)}`;
    })
    .join(" · ");
}

/** `2026-11-28 14:30 UTC` */
function dayText(time: string): string {
  return `${time.slice(0, 10)} ${time.slice(11, 16)} UTC`;
}

/**
 * Nothing may be loaded, from anywhere; the style and the program are known by their hashes, and no text can become markup
 * by a mistake of the program (Trusted Types). What a meta element cannot say (frame-ancestors) is left out.
 */
function policy(style: string, script: string): string {
  const own = (text: string): string => `'sha256-${hash("sha256", text, "base64")}'`;
  return [
    "default-src 'none'",
    `style-src ${own(style)}`,
    `script-src ${own(script)}`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
}
