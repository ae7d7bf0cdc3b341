import { CannotRun } from "../diagnostics/cannot-run.ts";
import { hasErrors } from "../diagnostics/diagnostic.ts";
import { printable } from "../diagnostics/printable.ts";
import { readOneFile, writeOneFile } from "../output/one-file.ts";
import { type Resolved, resolve } from "../pipeline.ts";
import type { HostPlan } from "../plan/plan.ts";
import { loadPathIndexes } from "../profiles/load-path-indexes.ts";
import type { LostCase, Report, ReportedScan } from "../report/data.ts";
import { type ReportFormat, reportFiles } from "../report/files.ts";
import { readReport } from "../report/read.ts";
import { fates, sizeText } from "../report/words.ts";
import type { LostOn } from "../scan/lost.ts";
import { type ScanRequest, scanHost } from "../scan/scan.ts";
import {
  type CommonOptions,
  chooseHost,
  diagnosticsJson,
  type ExitCode,
  findManifest,
  knowHost,
  showDiagnostics,
} from "./manifest-option.ts";
import { progress } from "./progress.ts";
import { terminal } from "./terminal.ts";

export interface ReportOptions extends Omit<CommonOptions, "format"> {
  readonly format: ReportFormat;
  readonly root?: string;
  readonly home?: string;
  readonly crossFileSystems?: boolean;
  readonly add?: readonly string[];
  readonly output?: string;
  readonly force?: boolean;
}

/** `remanence report`: what a scan finds, as a page to look at and to show, as a picture, or as data. */
export async function report(options: ReportOptions): Promise<ExitCode> {
  // A file that cannot be read is found before minutes are spent on looking.
  const others = (options.add ?? []).map(addedReport);
  const resolved = await resolve(findManifest(options.manifest));
  knowHost(resolved, options.host);
  const { diagnostics, sources, plans } = resolved;
  if (hasErrors(diagnostics)) {
    if (options.format === "json") terminal.json(diagnosticsJson(diagnostics, sources));
    showDiagnostics(diagnostics, sources, " Nothing was looked at.");
    return 1;
  }
  const plan = chooseHost(plans, options.host);
  refuseTwice([plan.host.name, ...others.flatMap(({ scans }) => scans.map(({ host }) => host))]);
  const own = await scanForReport(plan, resolved, options);
  const all: Report = { version: 1, generator: "remanence report", scans: [own, ...others.flatMap((o) => o.scans)] };
  write(all, options);
  return 0;
}

/** Scans once for each case that there is on the host; what is lost in each belongs to the same rules and the same trees. */
async function scanForReport(
  plan: HostPlan,
  { plans, loaded }: Resolved,
  options: ReportOptions,
): Promise<ReportedScan> {
  const shown = progress();
  const request: ScanRequest = {
    plan,
    indexes: await loadPathIndexes(loaded.folder),
    root: options.root ?? null,
    home: options.home ?? null,
    crossFileSystems: options.crossFileSystems === true,
    watch: shown.show,
  };
  const scanned = `${new Date().toISOString().slice(0, 19)}Z`;
  try {
    // There is always one: every disk may die.
    const { lost: first, ...found } = await scanHost({ ...request, lostOn: { kind: "disk" } });
    const lost: LostCase[] = [];
    for (const { name, lostOn } of casesOf(plan, plans)) {
      const rows = lostOn.kind === "disk" ? first : (await scanHost({ ...request, lostOn })).lost;
      lost.push({ name, rows: rows ?? [] });
    }
    return { os: plan.host.os, scanned, ...found, lost };
  } finally {
    shown.end();
  }
}

/** The cases of `--lost-on` that can happen to a host: a wipe only where one is configured. */
function casesOf(plan: HostPlan, plans: readonly HostPlan[]): { readonly name: string; readonly lostOn: LostOn }[] {
  const { host } = plan;
  const wipes = host.os === "nixos" && host.nixos.wipes.length > 0;
  return [
    ...(wipes ? [{ name: "wipe", lostOn: { kind: "wipe" } as const }] : []),
    { name: "disk", lostOn: { kind: "disk" } },
    ...plans
      .filter((other) => other !== plan)
      .map((to) => ({ name: `move:${to.host.name}`, lostOn: { kind: "move", to } as const })),
  ];
}

function addedReport(file: string): Report {
  const read = readReport(readOneFile(file));
  if ("ok" in read) return read.ok;
  throw new CannotRun(
    `${file} is no report to add: ${read.problem}; write one on the other machine with remanence report --format json`,
  );
}

function refuseTwice(hosts: readonly string[]): void {
  const twice = hosts.find((host, i) => hosts.indexOf(host) !== i);
  if (twice !== undefined)
    throw new CannotRun(`${twice} is in the report twice; --add takes reports of other hosts, each once`);
}

function write(all: Report, { format, output, force }: ReportOptions): void {
  const { print, marker } = reportFiles[format];
  const content = print(all);
  if (output === "-") {
    terminal.answer(content);
    return;
  }
  const path = output ?? `remanence-report.${format}`;
  writeOneFile({ path, content, marker, force: force === true });
  terminal.answer(
    `${sumText(all)}\n\nWritten to ${printable(path)}${format === "html" ? ": open it in a browser" : ""}.`,
  );
}

/** One line a host: what of it is undecided, kept and so on. */
function sumText({ scans }: Report): string {
  return scans
    .map(({ host, totals }) => {
      const parts = fates
        .filter((fate) => totals[fate].files > 0)
        .map((fate) => `${sizeText(totals[fate].bytes).replace("\u00a0", " ")} ${fate}`);
      return `${terminal.paint("bold", printable(host))}: ${parts.join(", ") || "nothing was found"}`;
    })
    .join("\n");
}
