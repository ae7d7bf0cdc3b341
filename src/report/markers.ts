/**
 * By what a report is known that was written before: only such a file is overwritten. Each is the beginning of what is
 * written in that format.
 */
export const markers = {
  html: "<!doctype html> <!-- remanence report -->",
  svg: "<!-- remanence report -->",
  json: '{\n  "version": 1,\n  "generator": "remanence report"',
} as const;

export type ReportFormat = keyof typeof markers;
