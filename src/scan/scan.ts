import { CannotRun } from "../diagnostics/cannot-run.ts";
import { rulesOf } from "../plan/fate.ts";
import type { HostPlan } from "../plan/plan.ts";
import type { PathIndex } from "../profiles/path-index.ts";
import { BranchTotals } from "./branch-totals.ts";
import { Knowledge } from "./knowledge.ts";
import { shownPath } from "./names.ts";
import { keepingPlaces, keptPlaces } from "./places.ts";
import type { ScanResult } from "./result.ts";
import { totalsByFate, UndecidedRows } from "./rows.ts";
import { addUp } from "./sums.ts";
import { treeOf } from "./tree.ts";
import { type Watch, walkTogether } from "./walk/crew.ts";
import { closedMounts, readMounts } from "./walk/mounts.ts";
import { realBelow } from "./walk/roots.ts";
import { type Start, survey } from "./walk/survey.ts";

/** What to scan, and how. */
export interface ScanRequest {
  readonly plan: HostPlan;
  /** The catalogue's paths, and before them those of profiles beside the manifest (`loadPathIndexes`). */
  readonly indexes: readonly PathIndex[];
  /** The root to look at; null for that of this machine. */
  readonly root?: string | null;
  /** The folder to look at in place of the user's home. Without `root` nothing else is looked at then. */
  readonly home?: string | null;
  readonly crossFileSystems?: boolean;
  /** Called now and then. */
  readonly watch?: Watch;
}

/** Looks at the homes of a plan's users and at the system, and says what becomes of what is there. */
export async function scanHost(request: ScanRequest): Promise<ScanResult> {
  const { plan } = request;
  const root = realBelow("/", request.root ?? "/");
  const starts = startsOf(request, root);
  const realOf = (live: string): string => starts.find((start) => start.live === live)?.real ?? realBelow(root, live);
  const homes = plan.host.users.map(({ home }) => home);
  const places = [...starts]
    .sort((a, b) => b.real.length - a.real.length)
    .map(({ real, live }) => [real, live] as const);
  const walk = {
    closed: closedMounts(readMounts(), request.crossFileSystems === true),
    crosses: request.crossFileSystems === true,
    links: { kept: keptPlaces(plan), places },
  };
  const knowledge = new Knowledge(request.indexes);
  const rules = {
    walk,
    here: rulesOf(plan).top,
    there: undefined,
    knowledge,
    leftOut: new Set<string>([...keepingPlaces(plan), ...homes]),
    apart: new Set<string>(),
    realOf,
    isPackaged: () => false,
    hasPackaged: () => false,
  };
  const { found, records } = await walkTogether(walk, (walker) => survey(starts, rules, walker), request.watch);
  const sums = addUp(found, records);
  const totals = new BranchTotals(sums);
  return {
    host: plan.host.name,
    totals: totalsByFate(found.roots, totals),
    undecided: new UndecidedRows(totals, knowledge).of(found.roots).map(({ branch, ...row }) => row),
    lost: null,
    tree: treeOf(found.roots, sums, totals),
    unread: sums.unread.map(({ path, why }) => ({ path: shownPath(path), why })),
    notes: [],
  };
}

function startsOf({ plan, root: named, home }: ScanRequest, root: string): Start[] {
  const { users } = plan.host;
  const system: Start = { scope: "system", live: "/", real: root };
  if (home == null) {
    const homes = users.map((user): Start => ({ scope: "home", live: user.home, real: realBelow(root, user.home) }));
    return [system, ...homes];
  }
  const real = realBelow("/", home);
  const user =
    users.length === 1 ? users[0] : users.find(({ name, home: own }) => own === real || real.endsWith(`/${name}`));
  if (user === undefined)
    throw new CannotRun(
      `whose home is ${home}? Name a folder that ends in one of ${users.map(({ name }) => name).join(", ")}`,
    );
  const start: Start = { scope: "home", live: user.home, real };
  return named == null ? [start] : [system, start];
}
