import { hasErrors } from "../diagnostics/diagnostic.ts";
import { resolve } from "../pipeline.ts";
import { loadPathIndexes } from "../profiles/load-path-indexes.ts";
import type { ScanResult } from "../scan/result.ts";
import { scanHost } from "../scan/scan.ts";
import { type Crew, hire } from "../scan/walk/crew.ts";
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
import { readBytes, readLostOn, readTime } from "./scan-options.ts";
import { scanText } from "./scan-text.ts";
import { terminal } from "./terminal.ts";

export interface ScanOptions extends CommonOptions {
  readonly root?: string;
  readonly home?: string;
  readonly lostOn?: string;
  readonly sinceBoot?: boolean;
  readonly newerThan?: string;
  readonly minSize?: string;
  readonly crossFileSystems?: boolean;
}

/** `remanence scan`: what nobody has decided about, and what would be lost. */
export async function scan(options: ScanOptions): Promise<ExitCode> {
  const manifest = findManifest(options.manifest);
  const crew = hire();
  try {
    return await scanWith(crew, manifest, options);
  } finally {
    crew.leave();
  }
}

async function scanWith(crew: Crew, manifest: string, options: ScanOptions): Promise<ExitCode> {
  const resolved = await resolve(manifest);
  knowHost(resolved, options.host);
  const { diagnostics, sources, plans, loaded } = resolved;
  if (hasErrors(diagnostics)) {
    if (options.format === "json") terminal.json(diagnosticsJson(diagnostics, sources));
    showDiagnostics(diagnostics, sources, " Nothing was looked at.");
    return 1;
  }
  const plan = chooseHost(plans, options.host);
  const shown = progress();
  const result = await scanHost({
    plan,
    crew,
    indexes: await loadPathIndexes(loaded.folder),
    root: options.root ?? null,
    home: options.home ?? null,
    lostOn: options.lostOn === undefined ? null : readLostOn(options.lostOn, plans, plan),
    minSize: readBytes(options.minSize),
    newerThan: readTime(options),
    crossFileSystems: options.crossFileSystems === true,
    watch: shown.show,
  }).finally(shown.end);
  if (options.format === "json") terminal.json(scanJson(result));
  else terminal.answer(scanText(result, options.lostOn ?? null, plan));
  return isFinding(result) ? 1 : 0;
}

/** The answer as design, section 6 fixes it; the tree is the report's. */
function scanJson(result: ScanResult): object {
  const { host, totals, kept, undecided, lost, unread, notes } = result;
  return { version: 1, host, totals, kept, undecided, ...(lost === null ? {} : { lost }), unread, notes };
}

function isFinding({ undecided, lost }: ScanResult): boolean {
  return lost === null
    ? undecided.length > 0
    : lost.some(({ fate, need }) => fate === "undecided" || need === "critical");
}
