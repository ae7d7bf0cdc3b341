import type { HostPlan } from "../plan/plan.ts";
import type { LostOn } from "./lost.ts";
import { shownPath } from "./names.ts";
import type { Remark } from "./walk/survey.ts";

/** What the numbers of a scan rest on. */
export interface NoteFacts {
  readonly lostOn: LostOn | null;
  /** Mount points that were not entered. */
  readonly closed: readonly Remark[];
  /** True where packages' own files were told apart. */
  readonly packages: boolean;
  /** The system that was looked at, as far as it can be seen; null where only a home was. */
  readonly system: "nixos" | "fedora" | "other" | null;
}

const osNames = { nixos: "NixOS", fedora: "Fedora" } as const;

/** What the numbers of a scan leave out or take for granted, in words for the person. */
export function notesOf({ host }: HostPlan, facts: NoteFacts): string[] {
  return [...systemNotes(host.name, host.os, facts), ...mountNotes(facts), ...lostNotes(host, facts.lostOn)];
}

function systemNotes(name: string, os: "nixos" | "fedora", { system, packages }: NoteFacts): string[] {
  if (system === null) return ["only a home was looked at, not the system"];
  const notes: string[] = [];
  if (system !== os)
    notes.push(
      `what was looked at does not look like ${osNames[os]}: it is judged by the plan of ${name} all the same`,
    );
  if (os === "fedora" && !packages)
    notes.push("files that packages brought were not told apart: rpm is not here, or does not answer");
  return notes;
}

function mountNotes({ closed }: NoteFacts): string[] {
  if (closed.length === 0) return [];
  const shown = closed.slice(0, 5).map(({ path }) => shownPath(path));
  const more = closed.length > shown.length ? ` and ${closed.length - shown.length} more` : "";
  return [`other file systems were not entered: ${shown.join(", ")}${more}; --cross-file-systems enters them`];
}

function lostNotes(host: HostPlan["host"], lostOn: LostOn | null): string[] {
  if (lostOn?.kind === "wipe" && (host.os !== "nixos" || host.nixos.wipes.length === 0))
    return [`nothing is wiped on ${host.name}: what lies on its disk stays there`];
  if (lostOn === null || host.backup !== null) return [];
  if (lostOn.kind === "disk") return [`there is no backup of ${host.name}: give it one under \`hosts\``];
  if (lostOn.kind === "move")
    return [
      `there is no backup of ${host.name}, so what both hosts keep has to be copied to ${lostOn.to.host.name} by hand`,
    ];
  return [];
}
