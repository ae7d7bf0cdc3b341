import type { LostRow, ScanResult } from "../scan/result.ts";

/** What would be gone in one case; `name` is the case as `scan --lost-on` takes it. */
export interface LostCase {
  readonly name: string;
  readonly rows: readonly LostRow[];
}

/** One host's part of a report. */
export interface ReportedScan extends Omit<ScanResult, "lost"> {
  readonly os: string;
  /** When it was scanned, RFC 3339 in UTC. */
  readonly scanned: string;
  readonly lost: readonly LostCase[];
}

/** All that a report shows; also what `--format json` writes and `--add` reads. */
export interface Report {
  readonly version: 1;
  /** Says what the file is, to whoever finds it. */
  readonly generator: "remanence report";
  readonly scans: readonly ReportedScan[];
}
