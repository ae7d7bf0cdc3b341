import { comparePaths } from "../plan/path.ts";
import type { Branch, ScannedRoot } from "./branch.ts";
import type { BranchTotals } from "./branch-totals.ts";
import type { Knowledge } from "./knowledge.ts";
import { shownPath } from "./names.ts";
import type { ScannedFate, ScannedRow, Size, Suggestion } from "./result.ts";
import { looksSecret } from "./secret-names.ts";

/** Milliseconds since 1970 as RFC 3339 in UTC; what that cannot say is the nearest that it can. */
export function timeText(time: number): string {
  const last = Date.UTC(9999, 11, 31);
  return new Date(Math.min(Math.max(time, 0), last)).toISOString().replace(/\.\d{3}Z$/, "Z");
}

/** The order of rows: the largest first, then by path. */
export function largestFirst(a: ScannedRow, b: ScannedRow): number {
  return b.bytes - a.bytes || comparePaths(a.path, b.path);
}

/** The live path of a name in a folder. */
export function insideOf(live: string, name: string): string {
  return live === "/" ? `/${name}` : `${live}/${name}`;
}

/** How much there is of each fate. */
export function totalsByFate(roots: readonly ScannedRoot[], sums: BranchTotals): Record<ScannedFate, Size> {
  const totals = {
    persist: { bytes: 0, files: 0 },
    carry: { bytes: 0, files: 0 },
    fetch: { bytes: 0, files: 0 },
    discard: { bytes: 0, files: 0 },
    undecided: { bytes: 0, files: 0 },
  };
  const visit = (branch: Branch): void => {
    const size = totals[branch.rule?.disposition ?? "undecided"];
    const { bytes, files } = sums.own(branch);
    size.bytes += bytes;
    size.files += files;
    for (const child of branch.children ?? []) visit(child);
  };
  for (const { branch } of roots) visit(branch);
  return totals;
}

/** A row, and the branch that it is about. */
export interface BranchRow extends ScannedRow {
  readonly branch: Branch;
  readonly live: string;
}

/** Which undecided branches are asked about; anything but undefined: this one is. */
type Asked = (branch: Branch, live: string) => unknown;

/** Finds the rows of what nobody decided about. */
export class UndecidedRows {
  readonly #totals: BranchTotals;
  readonly #knowledge: Knowledge;

  constructor(totals: BranchTotals, knowledge: Knowledge) {
    this.#totals = totals;
    this.#knowledge = knowledge;
  }

  /** The shallowest folders and files of which all is undecided, and asked about, largest first; what is empty is none. */
  of(roots: readonly ScannedRoot[], asked: Asked = () => true): BranchRow[] {
    return roots.flatMap((root) => this.#inRoot(root, asked)).sort(largestFirst);
  }

  #inRoot(root: ScannedRoot, asked: Asked): BranchRow[] {
    const whole = new Set<Branch>();
    this.#findWhole(root.branch, root, root.live, asked, whole);
    const rows: BranchRow[] = [];
    const visit = (branch: Branch, live: string): void => {
      if (whole.has(branch)) rows.push(...this.#row(branch, root, live));
      else for (const child of branch.children ?? []) visit(child, insideOf(live, child.name));
    };
    visit(root.branch, root.live);
    return rows;
  }

  /** Collects the branches of which all is one: undecided, asked about, and nothing in it of another kind than the rest. */
  #findWhole(branch: Branch, root: ScannedRoot, live: string, asked: Asked, whole: Set<Branch>): boolean {
    // Of what was only summed up there are no parts to show.
    const isOpen = branch.open && branch.children !== undefined;
    let isWhole = branch.rule === null && !isOpen && asked(branch, live) !== undefined;
    for (const child of branch.children ?? []) {
      const inner = this.#findWhole(child, root, insideOf(live, child.name), asked, whole);
      isWhole &&= inner;
    }
    if (isWhole) isWhole = !this.#isMixed(branch, root, live);
    if (isWhole) whole.add(branch);
    return isWhole;
  }

  /**
   * A folder with something in it that the catalogue knows to be of another worth. What a profile says of a folder holds for
   * all in it, unless it is worth nothing by that and something in it is worth keeping.
   */
  #isMixed(branch: Branch, root: ScannedRoot, live: string): boolean {
    if (branch.children === undefined) return false;
    const below = belowOf(root, live);
    const own = this.#knowledge.suggestion(root.scope, below);
    const isOwned = this.#knowledge.isOwned(below);
    const differs = ({ known, children }: Branch): boolean => {
      const isOther = isOwned ? own?.need === "none" && known?.need !== "none" : known?.class !== own?.class;
      return (known !== null && isOther) || (children ?? []).some(differs);
    };
    return branch.children.some(differs);
  }

  #row(branch: Branch, root: ScannedRoot, live: string): BranchRow[] {
    const { bytes, files, newest } = this.#totals.of(branch);
    if (files === 0) return [];
    const suggestion = this.#knowledge.suggestion(root.scope, belowOf(root, live));
    const row = { path: shownPath(live), kind: branch.kind, bytes, files, newest: timeText(newest), suggestion };
    return [{ ...row, ...this.#inside(branch, live, suggestion), branch, live }];
  }

  /** What of a row is worth less than it, and what more. */
  #inside(branch: Branch, live: string, suggestion: Suggestion | null): Pick<ScannedRow, "cache" | "secrets"> {
    if (suggestion?.class === "cache") return {};
    const cache = { bytes: 0, files: 0 };
    const secrets: string[] = [];
    const visit = (inner: Branch, path: string): void => {
      if (inner.known?.class === "cache") {
        const { bytes, files } = this.#totals.of(inner);
        cache.bytes += bytes;
        cache.files += files;
        return;
      }
      if (inner.job !== undefined) secrets.push(...(this.#totals.sums.secrets.get(inner.job) ?? []));
      else if (inner.kind === "file" && inner !== branch && looksSecret(inner.name)) secrets.push(path);
      for (const child of inner.children ?? []) visit(child, insideOf(path, child.name));
    };
    visit(branch, live);
    return {
      ...(cache.files === 0 ? {} : { cache }),
      ...(secrets.length === 0 ? {} : { secrets: secrets.sort(comparePaths).slice(0, mostSecrets).map(shownPath) }),
    };
  }
}

/** As many files that look like secrets are named for a row. */
const mostSecrets = 5;

/** The path as the catalogue has it. */
function belowOf({ scope, live: home }: ScannedRoot, live: string): string {
  return scope === "home" ? live.slice(home.length + 1) : live;
}
