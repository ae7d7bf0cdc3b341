import { homedir, userInfo } from "node:os";
import { CannotRun } from "../diagnostics/cannot-run.ts";
import { hasErrors } from "../diagnostics/diagnostic.ts";
import { resolve } from "../pipeline.ts";
import { fate } from "../plan/fate.ts";
import { type AbsolutePath, isWithin } from "../plan/path.ts";
import type { HostPlan } from "../plan/plan.ts";
import { loadPathIndexes } from "../profiles/load-path-indexes.ts";
import type { PathIndex } from "../profiles/path-index.ts";
import { findAt, namesOf, withPrivateFolder } from "../trace/disk.ts";
import { shownName } from "../trace/path-bytes.ts";
import { isSettingsPlace, placeFinder, type TracedHome } from "../trace/places.ts";
import { nameOfProcess } from "../trace/processes.ts";
import { type SortedOut, sortOut, type WrittenFile } from "../trace/sort-out.ts";
import {
  type CommonOptions,
  chooseHost,
  diagnosticsJson,
  type ExitCode,
  knowHost,
  showDiagnostics,
} from "./manifest-option.ts";
import { nearestManifest } from "./nearest-manifest.ts";
import { terminal } from "./terminal.ts";
import { type Observation, observe, type Subject } from "./trace-observe.ts";
import { traceText } from "./trace-text.ts";

export interface TraceOptions extends CommonOptions {
  readonly pid?: number;
  /** Milliseconds. */
  readonly for?: number;
  readonly saveProfile?: string;
}

/** `remanence trace -- CMD…`: runs a program, and proposes entries for what it wrote. */
export async function trace(command: readonly string[], options: TraceOptions): Promise<ExitCode> {
  const subject = subjectOf(command, options.pid);
  const decisions = await decisionsOf(options);
  if (decisions === undefined) return 1;
  const { plan, indexes } = decisions;
  const homes = homesOf(plan);
  const placeOf = placeFinder(homes, plan);
  const name = "pid" in subject ? (nameOfProcess(subject.pid) ?? "") : (subject.command[0] ?? "");
  const observation = await withPrivateFolder((folder) =>
    observe(subject, {
      limit: options.for ?? null,
      // Where the answer is for a program, that of the traced one must not be in it.
      stdout: options.format === "json" ? 2 : "inherit",
      folder,
      roots: [...homes.flatMap((home) => home.names), "/etc", "/var", "/root", "/srv", "/opt", "/usr/local"],
      isSought: (path) => isSettingsPlace(placeOf(path)),
    }),
  );
  const sorted = sortOut(observation.folded, {
    placeOf,
    deciding: (live) => (plan === null ? null : fate(plan, live).rule),
    indexes,
    find: findAt,
  });
  const answer = { name, ended: observation.ended, sorted, notes: observation.notes };
  if (options.format === "json") terminal.json(traceJson(plan, name, observation, sorted));
  else terminal.answer(`${observation.ended === null ? "" : "\n"}${traceText(answer)}`);
  return sorted.proposals.length === 0 ? 0 : 1;
}

function subjectOf(command: readonly string[], pid: number | undefined): Subject {
  if (pid !== undefined && command.length > 0) throw new CannotRun("either --pid or a program to run, not both");
  if (pid !== undefined) return { pid };
  if (command.length === 0)
    throw new CannotRun("which program? remanence trace -- PROGRAM…, or --pid of one that runs");
  return { command };
}

/** What is decided already; undefined, and said, where the manifest is at fault. Without a manifest nothing is. */
async function decisionsOf(
  options: TraceOptions,
): Promise<{ plan: HostPlan | null; folder: string | undefined; indexes: readonly PathIndex[] } | undefined> {
  const file = nearestManifest(options.manifest);
  if (file === undefined) {
    terminal.problem("There is no manifest here, so nothing is decided yet.");
    return { plan: null, folder: undefined, indexes: await loadPathIndexes(undefined) };
  }
  const resolved = await resolve(file);
  knowHost(resolved, options.host);
  const { diagnostics, sources, plans, loaded } = resolved;
  if (hasErrors(diagnostics)) {
    if (options.format === "json") terminal.json(diagnosticsJson(diagnostics, sources));
    showDiagnostics(diagnostics, sources, " Nothing was run.");
    return undefined;
  }
  const { folder } = loaded;
  return { plan: chooseHost(plans, options.host), folder, indexes: await loadPathIndexes(folder) };
}

/** The homes of the plan's users, and our own; root's is a place of the system unless root is one of them. */
function homesOf(plan: HostPlan | null): TracedHome[] {
  const homes = (plan?.host.users ?? []).map(
    ({ name, home }): TracedHome => ({ user: name, home, names: namesOf(home) }),
  );
  const own = homedir() as AbsolutePath;
  if (own === "/" || homes.some(({ names }) => names.some((name) => isWithin(own, name)))) return homes;
  const { username } = userInfo();
  const same = homes.find(({ user }) => user === username);
  if (same === undefined) {
    return plan !== null && own === "/root" ? homes : [...homes, { user: username, home: own, names: namesOf(own) }];
  }
  return homes.map((home) => (home === same ? { ...home, names: [...home.names, ...namesOf(own)] } : home));
}

const shownFiles = 100;

function traceJson(plan: HostPlan | null, name: string, { by, ended, notes }: Observation, sorted: SortedOut): object {
  return {
    version: 1,
    host: plan?.host.name ?? null,
    program: shownName(name),
    by,
    ended,
    proposals: sorted.proposals.map(({ written, ...proposal }) => ({
      ...proposal,
      files: written.length,
      bytes: written.reduce((sum, file) => sum + file.bytes, 0),
      written: written.slice(0, shownFiles).map(writtenJson),
    })),
    decided: sorted.decided.map(({ rule, written }) => ({
      scope: rule.scope,
      path: rule.path,
      fate: rule.disposition,
      origin: rule.origin,
      files: written.length,
      written: written.slice(0, shownFiles).map(writtenJson),
    })),
    missing: sorted.missing.map(({ place, profile, class: entryClass }) => ({
      scope: place.scope,
      path: shownName(place.path),
      profile,
      class: entryClass,
    })),
    outside: sorted.outside.map(writtenJson),
    unnameable: sorted.unnameable.map(writtenJson),
    passing: sorted.passing,
    notes,
  };
}

function writtenJson({ place, writes, database, kind, bytes }: WrittenFile): object {
  return { path: shownName(place.live), kind, bytes, writes, database };
}
