import { printable } from "../diagnostics/print.ts";
import { shownPath } from "../scan/names.ts";
import type { Ended } from "../trace/run.ts";
import type { Decided, Missed, Proposal, SortedOut, WrittenFile } from "../trace/sort-out.ts";
import { columns, readable, terminal } from "./terminal.ts";
import { editLines, editsFor } from "./trace-edits.ts";

export interface TraceAnswer {
  /** The program, as a person would name it. */
  readonly name: string;
  readonly ended: Ended | null;
  readonly sorted: SortedOut;
  readonly notes: readonly string[];
  /** The profile that was written, relative to the manifest. */
  readonly saved: string | null;
  /** The manifest, where the proposals were added to it. */
  readonly added: string | null;
}

/** The answer for a person: what there is to decide, what is decided, and lines to paste. */
export function traceText({ name, ended, sorted, notes, saved, added }: TraceAnswer): string {
  const blocks = [
    `${terminal.paint("bold", shown(name))} ${endText(ended)}. ${countText(sorted)}`,
    ...(sorted.proposals.length === 0 ? [] : [columns(sorted.proposals.map(proposalRow))]),
    ...decidedText(sorted.decided),
    ...missingText(sorted.missing),
    ...specialText(sorted.special),
    ...listText("No manifest can hold these names; keep what is around them", sorted.unnameable),
    ...listText("Not in a home, nor where state is usual", sorted.outside),
    ...(notes.length === 0 ? [] : [notes.map((note) => `note: ${printable(note)}`).join("\n")]),
    ...(saved === null ? [] : [`Written: ${printable(saved)}. Class and need are guesses; look at them.`]),
    ...(sorted.proposals.length === 0
      ? []
      : [
          `${added === null ? "For the manifest" : `Added to ${printable(added)}`}:\n\n${readable(editLines(editsFor(sorted.proposals)).trimEnd())}`,
        ]),
    ...(added === null ? [] : ["What follows from it: remanence diff"]),
  ];
  return `${blocks.join("\n\n")}\n`;
}

function endText(ended: Ended | null): string {
  if (ended === null) return "goes on";
  if (ended.signal !== null) return `was ended by ${ended.signal}`;
  return ended.code === null ? "has ended" : `ended with ${ended.code}`;
}

function countText({ proposals, decided }: SortedOut): string {
  const files = (groups: readonly { written: readonly unknown[] }[]): number =>
    groups.reduce((sum, { written }) => sum + written.length, 0);
  const all = files(proposals) + files(decided);
  if (all === 0) return "It wrote nothing that an entry would keep.";
  const wrote = `It wrote ${all} file${all === 1 ? "" : "s"}`;
  const open = files(proposals);
  if (open === 0) return `${wrote}; that is decided already.`;
  return `${wrote}; nobody has decided about ${open < all ? `${open} of them` : all === 1 ? "it" : "them"}.`;
}

function proposalRow(proposal: Proposal): string[] {
  const { class: entryClass, need, written, why, database } = proposal;
  const files = written.length === 1 ? "1 file" : `${written.length} files`;
  return [
    pathText(proposal),
    proposal.profile ?? "-",
    entryClass,
    need,
    database ? "database" : waysOf(written),
    files,
    printable(why),
  ];
}

/** How the files were seen to be saved. */
function waysOf(written: readonly WrittenFile[]): string {
  const ways = new Set(written.flatMap(({ writes }) => writes ?? []));
  return [...ways].sort().join(", ");
}

function decidedText(decided: readonly Decided[]): string[] {
  if (decided.length === 0) return [];
  const rows = decided.map(({ rule, written }) => {
    const { file, line, profile } = rule.origin;
    const slash = rule.kind === "directory" ? "/" : "";
    const home = rule.scope === "home" ? "~/" : "";
    return [
      `${home}${printable(rule.path)}${slash}`,
      rule.disposition,
      written.length === 1 ? "1 file" : `${written.length} files`,
      `${file}:${line}${profile === null ? "" : ` (profile ${profile})`}`,
    ];
  });
  return [`Already decided:\n${columns(rows)}`];
}

const shownMissing = 12;

function missingText(missing: readonly Missed[]): string[] {
  if (missing.length === 0) return [];
  const rows = missing
    .slice(0, shownMissing)
    .map(({ place, profile, class: entryClass }) => [placeText(place), profile ?? "", entryClass ?? ""]);
  const more =
    missing.length > shownMissing ? `\n  and ${missing.length - shownMissing} more (--format json has all)` : "";
  return [`It looked for these, and they are not there:\n${columns(rows)}${more}`];
}

function specialText(special: SortedOut["special"]): string[] {
  if (special.length === 0) return [];
  const rows = special.map(({ file, why, instead }) => `  ${placeText(file.place)}: ${why}; ${instead}`);
  return [`Not to be kept like other files:\n${rows.join("\n")}`];
}

function listText(title: string, files: readonly WrittenFile[]): string[] {
  if (files.length === 0) return [];
  const rows = files.slice(0, shownMissing).map(({ place }) => [placeText(place)]);
  const more = files.length > shownMissing ? `\n  and ${files.length - shownMissing} more` : "";
  return [`${title}:\n${columns(rows)}${more}`];
}

function pathText({ scope, path, kind }: Proposal): string {
  return `${scope === "home" ? "~/" : ""}${shown(path)}${kind === "directory" ? "/" : ""}`;
}

function placeText({ scope, path }: Missed["place"]): string {
  return `${scope === "home" ? "~/" : ""}${shown(path)}`;
}

function shown(name: string): string {
  return printable(shownPath(name));
}
