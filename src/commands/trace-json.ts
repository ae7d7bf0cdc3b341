import type { HostPlan } from "../plan/plan.ts";
import { shownPath } from "../scan/names.ts";
import type { WrittenFile } from "../trace/sort-out.ts";
import type { Observation } from "./trace-observe.ts";
import type { TraceAnswer } from "./trace-text.ts";

/** So many of the files of one proposal are named. */
const shownFiles = 100;

/** The answer of `trace` for a program; fields may be added, never changed. */
export function traceJson(
  plan: HostPlan | null,
  by: Observation["by"],
  { name, ended, sorted, notes, saved, added }: TraceAnswer,
): object {
  return {
    version: 1,
    host: plan?.host.name ?? null,
    program: shownPath(name),
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
      path: shownPath(place.path),
      profile,
      class: entryClass,
    })),
    outside: sorted.outside.map(writtenJson),
    special: sorted.special.map(({ file, why, instead }) => ({ ...writtenJson(file), why, instead })),
    unnameable: sorted.unnameable.map(writtenJson),
    passing: sorted.passing,
    saved,
    added,
    notes,
  };
}

function writtenJson({ place, writes, database, kind, bytes }: WrittenFile): object {
  return { path: shownPath(place.live), kind, bytes, writes, database };
}
