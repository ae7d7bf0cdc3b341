import { printJson } from "../languages/json.ts";
import type { Report } from "./data.ts";
import { reportPage } from "./html-page.ts";
import { reportPicture } from "./svg-picture.ts";

/** What a report can be written as. */
export type ReportFormat = "html" | "svg" | "json";

/** A way to write a report: the same sums in each. */
interface ReportFile {
  /** The beginning of what it prints; by it a report is known that was written before: only such a file is overwritten. */
  readonly marker: string;
  print(report: Report): string;
}

export const reportFiles: Readonly<Record<ReportFormat, ReportFile>> = {
  html: { marker: "<!doctype html> <!-- remanence report -->", print: reportPage },
  svg: { marker: "<!-- remanence report -->", print: reportPicture },
  json: { marker: '{\n  "version": 1,\n  "generator": "remanence report"', print: printJson },
};
