import { countDiagnostics, printDiagnostic } from "../diagnostics/print.ts";
import { unifiedDiff } from "../output/diff.ts";
import type { Look } from "../screen/frame.ts";
import type { Review } from "../triage/state.ts";
import { diffColor } from "./diff-text.ts";
import type { Proposal, Refused } from "./propose.ts";

type ReviewLine = Review["lines"][number];

/** The change of the manifest for the last screen, or why there can be none. */
export function reviewOf(proposal: Proposal | Refused): Review {
  const said = proposal.diagnostics.flatMap((diagnostic): ReviewLine[] =>
    plain(printDiagnostic(diagnostic, proposal.sources, { color: false }), "yellow"),
  );
  if (proposal.after === undefined) {
    const head = "This cannot be written. Go back (Esc), and decide otherwise what these lines are about:";
    return { canWrite: false, lines: [...plain(head, "red"), ...plain("", "plain"), ...said] };
  }
  const { name, before, after } = proposal;
  const diff = unifiedDiff({ path: name, before, after, executable: false, wasExecutable: false });
  const lines = diff.trimEnd().split("\n").slice(1);
  const shown = lines.map((text): ReviewLine => ({ text, look: diffColor(text) ?? "plain" }));
  const count = said.length === 0 ? [] : plain(`\n${countDiagnostics(proposal.diagnostics)}:\n`, "bold");
  return { canWrite: true, lines: [...shown, ...count, ...said] };
}

function plain(text: string, look: Look): ReviewLine[] {
  return text
    .replace(/\n$/, "")
    .split("\n")
    .map((line) => ({ text: line, look }));
}
