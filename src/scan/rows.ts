import type { Branch, ScannedRoot } from "./branch.ts";
import type { BranchTotals } from "./branch-totals.ts";
import type { Knowledge } from "./knowledge.ts";
import { shownPath } from "./names.ts";
import type { ScannedFate, ScannedRow, Size } from "./result.ts";

/** Milliseconds since 1970 as RFC 3339 in UTC; what is no such time is the nearest that is. */
export function timeText(time: number): string {
  const [first, last] = [Date.UTC(0, 0, 1), Date.UTC(9999, 11, 31)];
  return new Date(Math.min(Math.max(time, first), last)).toISOString().replace(/\.\d{3}Z$/, "Z");
}

export function fateOf({ rule }: Branch): ScannedFate {
  return rule?.disposition ?? "undecided";
}

/** How much there is of each fate: together with what is kept already, all that was scanned. */
export function totalsByFate(roots: readonly ScannedRoot[], sums: BranchTotals): Record<ScannedFate, Size> {
  const totals = {
    persist: { bytes: 0, files: 0 },
    carry: { bytes: 0, files: 0 },
    fetch: { bytes: 0, files: 0 },
    discard: { bytes: 0, files: 0 },
    undecided: { bytes: 0, files: 0 },
  };
  const visit = (branch: Branch): void => {
    const size = totals[fateOf(branch)];
    const { bytes, files } = sums.own(branch);
    size.bytes += bytes;
    size.files += files;
    for (const child of branch.children ?? []) visit(child);
  };
  for (const { branch } of roots) visit(branch);
  return totals;
}

/** A row and the branch that it is about. */
export interface BranchRow extends ScannedRow {
  readonly branch: Branch;
}

/** Finds the rows of what nobody decided about. */
export class UndecidedRows {
  readonly #whole = new Map<Branch, boolean>();

  readonly totals: BranchTotals;
  readonly knowledge: Knowledge;

  constructor(totals: BranchTotals, knowledge: Knowledge) {
    this.totals = totals;
    this.knowledge = knowledge;
  }

  /** The shallowest folders and files of which all is undecided, largest first; what is empty is none. */
  of(roots: readonly ScannedRoot[]): BranchRow[] {
    const rows = roots.flatMap((root) => this.#rows(root.branch, root, root.live));
    return rows.sort((a, b) => b.bytes - a.bytes || (a.path < b.path ? -1 : 1));
  }

  #rows(branch: Branch, root: ScannedRoot, live: string): BranchRow[] {
    if (branch.rule === null && this.#isWhole(branch, root, live)) return this.#row(branch, root, live);
    return (branch.children ?? []).flatMap((child) => this.#rows(child, root, inside(live, child.name)));
  }

  /** True where all of a branch is undecided, and nothing in it is of another kind than the branch. */
  #isWhole(branch: Branch, root: ScannedRoot, live: string): boolean {
    const known = this.#whole.get(branch);
    if (known !== undefined) return known;
    const whole =
      branch.rule === null &&
      !branch.open &&
      (branch.children ?? []).every((child) => this.#isWhole(child, root, inside(live, child.name))) &&
      !this.#isMixed(branch, root, live);
    this.#whole.set(branch, whole);
    return whole;
  }

  /** A folder that no profile owns, with something in it that the catalogue knows to be worth more, or less. */
  #isMixed(branch: Branch, root: ScannedRoot, live: string): boolean {
    if (branch.children === undefined || this.knowledge.isOwned(root.scope, belowOf(root, live))) return false;
    const own = this.knowledge.suggestion(root.scope, belowOf(root, live));
    const differs = (inner: Branch): boolean =>
      (inner.known !== null && inner.known.class !== own?.class) || (inner.children ?? []).some(differs);
    return branch.children.some(differs);
  }

  #row(branch: Branch, root: ScannedRoot, live: string): BranchRow[] {
    const { bytes, files, newest } = this.totals.of(branch);
    if (files === 0) return [];
    return [
      {
        path: shownPath(live),
        kind: branch.kind,
        bytes,
        files,
        newest: timeText(newest),
        suggestion: this.knowledge.suggestion(root.scope, belowOf(root, live)),
        branch,
      },
    ];
  }
}

function inside(live: string, name: string): string {
  return live === "/" ? `/${name}` : `${live}/${name}`;
}

/** The path as the catalogue has it. */
export function belowOf(root: ScannedRoot, live: string): string {
  return root.scope === "home" ? live.slice(root.live.length + 1) : live;
}
