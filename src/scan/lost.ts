import { fate } from "../plan/fate.ts";
import type { AbsolutePath } from "../plan/path.ts";
import { physicalPath } from "../plan/physical.ts";
import type { HostPlan, PlanEntry } from "../plan/plan.ts";
import { isWiped } from "../plan/stores.ts";
import type { Branch, ScannedRoot } from "./branch.ts";
import type { BranchTotals } from "./branch-totals.ts";
import { shownPath } from "./names.ts";
import type { LostRow } from "./result.ts";
import { insideOf, largestFirst, timeText, type UndecidedRows } from "./rows.ts";

/** The case that is asked about. */
export type LostOn =
  | { readonly kind: "wipe" }
  | { readonly kind: "disk" }
  | { readonly kind: "move"; readonly to: HostPlan };

/** Why a path would be gone; undefined where it would not. */
export type WhyLost = (branch: Branch, live: string) => string | undefined;

/** The rule of a case on a host, from the plans alone. */
export function whyLost(plan: HostPlan, on: LostOn): WhyLost {
  if (on.kind === "wipe") return (branch, live) => goneAtWipe(plan, branch.rule, live as AbsolutePath);
  if (on.kind === "disk") return (branch) => goneWithDisk(branch.rule, plan.host.backup !== null);
  return (branch) => goneByMove(branch, on.to.host.name);
}

/** Gone at the next boot: what really lies on a wiped file system and is not laid or fetched again. */
function goneAtWipe(plan: HostPlan, rule: PlanEntry | null, live: AbsolutePath): string | undefined {
  if (rule?.disposition === "carry" || rule?.disposition === "fetch") return undefined;
  const kept = rule?.disposition === "persist";
  const place = (kept ? fate(plan, live).stored : null) ?? physicalPath(plan, live);
  if (!isWiped(place, plan.host)) return undefined;
  if (kept) return "kept in its place, which is wiped";
  return rule === null ? "nobody has decided about it" : givenUp(rule);
}

/** Gone with the disk: what is in no backup and comes from nowhere else. */
function goneWithDisk(rule: PlanEntry | null, hasBackup: boolean): string | undefined {
  if (rule === null) return "nobody has decided about it, so it is in no backup";
  if (rule.disposition === "carry" || rule.disposition === "fetch" || rule.backup) return undefined;
  if (rule.disposition === "discard") return givenUp(rule);
  return hasBackup ? "kept, but in no backup" : "kept, and there is no backup";
}

/** Gone by the move: what the other host neither keeps nor lays nor fetches. */
function goneByMove({ rule, there }: Branch, host: string): string | undefined {
  if (there !== null && there.disposition !== "discard") return undefined;
  if (rule === null && there === null) return "nobody has decided about it";
  if (there === null) return rule?.disposition === "discard" ? givenUp(rule) : `only here: nothing keeps it on ${host}`;
  return rule?.disposition === "discard" ? givenUp(there) : `given up on ${host} (${there.class}, ${there.need})`;
}

function givenUp({ class: c, need }: PlanEntry): string {
  return c === "cache" ? "given up: it can be made again" : `given up (${c}, ${need})`;
}

/**
 * What would be gone, worst first: what is critical, what nobody decided about (it may be), then by need; the largest of each
 * first. What was decided is one row for each place that a rule is about, what was not as in the list of undecided.
 */
export function lostRows(
  roots: readonly ScannedRoot[],
  totals: BranchTotals,
  undecided: UndecidedRows,
  why: WhyLost,
): LostRow[] {
  const open = undecided.of(roots, why).map(
    ({ branch, live, ...row }): LostRow => ({
      ...row,
      fate: "undecided",
      class: null,
      need: null,
      why: why(branch, live) ?? "",
    }),
  );
  const decided = roots.flatMap(({ branch, live }) => new DecidedRows(totals, why).of(branch, live));
  return [...open, ...decided].sort((a, b) => rankOf(a) - rankOf(b) || largestFirst(a, b));
}

function rankOf({ fate: of, need, suggestion }: LostRow): number {
  if (need === "critical") return 0;
  if (of === "undecided") return suggestion?.need === "critical" ? 1 : 2;
  return { important: 3, optional: 4, none: 5 }[need ?? "none"];
}

/** A row while its sizes are added up. */
interface Gathered {
  readonly row: LostRow;
  bytes: number;
  files: number;
  newest: number;
}

/** Rows of what rules decided: one for the shallowest path that a rule is about, with all of it below. */
class DecidedRows {
  readonly #totals: BranchTotals;
  readonly #why: WhyLost;
  readonly #rows: Gathered[] = [];

  constructor(totals: BranchTotals, why: WhyLost) {
    this.#totals = totals;
    this.#why = why;
  }

  of(top: Branch, live: string): LostRow[] {
    this.#visit(top, live, new Map());
    return this.#rows
      .filter(({ files }) => files > 0)
      .map(({ row, bytes, files, newest }) => ({ ...row, bytes, files, newest: timeText(newest) }));
  }

  /** `around`: the rows of rules that are under way, by rule and reason. */
  #visit(branch: Branch, live: string, around: ReadonlyMap<string, Gathered>): void {
    const { rule } = branch;
    const why = rule === null ? undefined : this.#why(branch, live);
    let inside = around;
    if (rule !== null && why !== undefined) {
      const key = `${rule.live}\n${why}`;
      let row = around.get(key);
      if (row === undefined) {
        row = { row: rowOf(branch, rule, live, why), bytes: 0, files: 0, newest: 0 };
        this.#rows.push(row);
        inside = new Map([...around, [key, row]]);
      }
      const own = this.#totals.own(branch);
      row.bytes += own.bytes;
      row.files += own.files;
      row.newest = Math.max(row.newest, own.newest);
    }
    for (const child of branch.children ?? []) this.#visit(child, insideOf(live, child.name), inside);
  }
}

function rowOf(branch: Branch, rule: PlanEntry, live: string, why: string): LostRow {
  return {
    path: shownPath(live),
    kind: branch.kind,
    bytes: 0,
    files: 0,
    newest: "",
    suggestion: null,
    fate: rule.disposition,
    class: rule.class,
    need: rule.need,
    why,
  };
}
