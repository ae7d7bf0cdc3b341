import { CannotRun } from "../diagnostics/cannot-run.ts";
import { type Diagnostic, hasErrors } from "../diagnostics/diagnostic.ts";
import type { Sources } from "../diagnostics/print.ts";
import { requireNewProfile, writeNewProfile } from "../output/own-profile.ts";
import { resolve } from "../pipeline.ts";
import { fate } from "../plan/fate.ts";
import type { HostPlan } from "../plan/plan.ts";
import type { Catalogue } from "../profiles/catalogue.ts";
import { loadPathIndexes } from "../profiles/load-path-indexes.ts";
import type { PathIndex } from "../profiles/path-index.ts";
import { findAt, withPrivateFolder } from "../trace/disk.ts";
import { isSettingsPlace, type PlaceFinder, placeFinder, type TracedHome } from "../trace/places.ts";
import { nameOfProcess } from "../trace/processes.ts";
import { profilePaths, profileText } from "../trace/profile-text.ts";
import { type Proposal, type SortedOut, type SortOptions, sortOut } from "../trace/sort-out.ts";
import {
  type CommonOptions,
  chooseHost,
  diagnosticsJson,
  type ExitCode,
  knowHost,
  showDiagnostics,
} from "./manifest-option.ts";
import { nearestManifest } from "./nearest-manifest.ts";
import { propose, writeProposal } from "./propose.ts";
import { terminal } from "./terminal.ts";
import { editsFor } from "./trace-edits.ts";
import { homesOf } from "./trace-homes.ts";
import { traceJson } from "./trace-json.ts";
import { type Observation, observe, type Subject } from "./trace-observe.ts";
import { traceText } from "./trace-text.ts";
import { unsaid } from "./trace-unsaid.ts";

export interface TraceOptions extends CommonOptions {
  readonly pid?: number;
  /** Milliseconds. */
  readonly for?: number;
  readonly saveProfile?: string;
  /** Whether what is proposed goes into the manifest at once. */
  readonly write?: boolean;
}

/** `remanence trace -- CMD…`: runs a program, and proposes entries for what it wrote. */
export async function trace(command: readonly string[], options: TraceOptions): Promise<ExitCode> {
  const subject = subjectOf(command, options.pid);
  const decisions = await decisionsOf(options);
  if (decisions === undefined) return 1;
  if (options.write === true && decisions.file === undefined)
    throw new CannotRun("there is no persistence.yaml here or above to write to; name one with --manifest FILE");
  const saving = savingOf(options.saveProfile, decisions);
  const { plan, indexes } = decisions;
  const homes = homesOf(plan);
  const placeOf = placeFinder(homes, plan);
  const name = "pid" in subject ? (nameOfProcess(subject.pid) ?? "") : (subject.command[0] ?? "");
  const observation = await watch(subject, homes, placeOf, options);
  const sort = (deciding: SortOptions["deciding"]): SortedOut =>
    sortOut(observation.folded, { placeOf, deciding, indexes, os: plan?.host.os ?? null, find: findAt });
  const found = sort((live) => (plan === null ? null : fate(plan, live).rule));
  // What a program keeps does not depend on what is decided here.
  const saved = saving === undefined ? null : save(saving, observation, sort(nothingDecides));
  const sorted = saved === null ? found : { ...found, proposals: renamed(found.proposals, saved) };
  const added = options.write === true ? await addToManifest(decisions, sorted.proposals) : undefined;
  const { ended } = observation;
  const notes = [...unsaid(sorted.decided), ...observation.notes];
  const answer = { name, ended, sorted, notes, saved: saved?.path ?? null, added: added?.name ?? null };
  if (options.format === "json") terminal.json(traceJson(plan, observation.by, answer));
  else {
    if (terminal.isPerson()) terminal.answer("");
    terminal.answer(traceText(answer));
  }
  if (added !== undefined)
    showDiagnostics(added.diagnostics, added.sources, added.name === null ? " Nothing was added." : "");
  return sorted.proposals.length === 0 || answer.added !== null ? 0 : 1;
}

function nothingDecides(): null {
  return null;
}

/** Trees beside the homes in which state is usual. */
const systemRoots: readonly string[] = ["/etc", "/var", "/root", "/srv", "/opt", "/usr/local"];

function watch(
  subject: Subject,
  homes: readonly TracedHome[],
  placeOf: PlaceFinder,
  options: TraceOptions,
): Promise<Observation> {
  return withPrivateFolder((folder) =>
    observe(subject, {
      limit: options.for ?? null,
      // Where the answer is for a program, that of the traced one must not be in it.
      stdout: options.format === "json" ? 2 : "inherit",
      folder,
      roots: [...homes.flatMap((home) => home.names), ...systemRoots],
      isSought: (path) => isSettingsPlace(placeOf(path)),
    }),
  );
}

/** What came of adding to the manifest; `name` is null where it was refused. */
interface Added {
  readonly name: string | null;
  readonly diagnostics: readonly Diagnostic[];
  readonly sources: Sources;
}

/** Adds what is proposed to the manifest as it is by now: a program may have run for long. */
async function addToManifest({ file }: Decisions, proposals: readonly Proposal[]): Promise<Added | undefined> {
  if (file === undefined || proposals.length === 0) return undefined;
  const proposal = await propose(file, await resolve(file), editsFor(proposals));
  const { diagnostics, sources } = proposal;
  if (proposal.after === undefined) return { name: null, diagnostics, sources };
  writeProposal(proposal);
  return { name: proposal.name, diagnostics, sources };
}

/** A profile that is to be written. */
interface Saving {
  readonly folder: string;
  readonly name: string;
}

/** Refuses a profile that could not be written before the program runs. */
function savingOf(name: string | undefined, { folder, catalogue }: Decisions): Saving | undefined {
  if (name === undefined) return undefined;
  if (!/^[a-z0-9][a-z0-9-]*$/.test(name))
    throw new CannotRun(`a profile's name has lower-case letters, digits and \`-\`: ${name}`);
  if (folder === undefined) throw new CannotRun("a profile is saved beside the manifest, and there is none here");
  requireNewProfile(folder, name);
  if (catalogue?.get(name) !== undefined)
    throw new CannotRun(`the catalogue has a profile ${name} already, which yours would replace; choose another name`);
  return { folder, name };
}

interface Saved {
  readonly path: string;
  readonly name: string;
  readonly proposals: readonly Proposal[];
}

/** Writes what no profile knows; null, and said, where that is nothing. */
function save({ folder, name }: Saving, { folded }: Observation, { proposals }: SortedOut): Saved | null {
  const text = profileText(name, folded.programs[0] ?? "/", proposals);
  if (text === undefined) {
    terminal.problem("No profile was written: the catalogue knows already what the program keeps.");
    return null;
  }
  return { path: writeNewProfile(folder, name, text), name, proposals: profilePaths(proposals) };
}

/** The proposals, those that the new profile has as its own. */
function renamed(proposals: readonly Proposal[], saved: Saved): Proposal[] {
  const isSaved = ({ scope, path }: Proposal): boolean =>
    saved.proposals.some((one) => one.scope === scope && one.path === path);
  return proposals.map((one) => (one.profile === null && isSaved(one) ? { ...one, profile: saved.name } : one));
}

function subjectOf(command: readonly string[], pid: number | undefined): Subject {
  if (pid !== undefined && command.length > 0) throw new CannotRun("either --pid or a program to run, not both");
  if (pid !== undefined) return { pid };
  if (command.length === 0)
    throw new CannotRun("which program? remanence trace -- PROGRAM…, or --pid of one that runs");
  return { command };
}

interface Decisions {
  readonly plan: HostPlan | null;
  /** The manifest, and its folder. */
  readonly file: string | undefined;
  readonly folder: string | undefined;
  readonly catalogue: Catalogue | undefined;
  readonly indexes: readonly PathIndex[];
}

/** What is decided already; undefined, and said, where the manifest is at fault. Without a manifest nothing is. */
async function decisionsOf(options: TraceOptions): Promise<Decisions | undefined> {
  const file = nearestManifest(options.manifest);
  if (file === undefined) {
    terminal.problem("There is no manifest here, so nothing is decided yet.");
    return { plan: null, file, folder: undefined, catalogue: undefined, indexes: await loadPathIndexes(undefined) };
  }
  const resolved = await resolve(file);
  knowHost(resolved, options.host);
  const { diagnostics, sources, plans, loaded, catalogue } = resolved;
  if (hasErrors(diagnostics)) {
    if (options.format === "json") terminal.json(diagnosticsJson(diagnostics, sources));
    showDiagnostics(diagnostics, sources, " Nothing was run.");
    return undefined;
  }
  const { folder } = loaded;
  return { plan: chooseHost(plans, options.host), file, folder, catalogue, indexes: await loadPathIndexes(folder) };
}
