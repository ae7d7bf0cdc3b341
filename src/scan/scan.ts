import { CannotRun } from "../diagnostics/cannot-run.ts";
import { rulesOf } from "../plan/fate.ts";
import type { HostPlan } from "../plan/plan.ts";
import type { PathIndex } from "../profiles/path-index.ts";
import { BranchTotals } from "./branch-totals.ts";
import { Knowledge } from "./knowledge.ts";
import { type LostOn, lostRows, whyLost } from "./lost.ts";
import { shownPath } from "./names.ts";
import { notesOf } from "./notes.ts";
import { apartPlaces, keepingPlaces, keptPlaces } from "./places.ts";
import type { LostRow, ScannedNode, ScannedRow, ScanResult } from "./result.ts";
import { type BranchRow, totalsByFate, UndecidedRows } from "./rows.ts";
import { addUp } from "./sums.ts";
import { treeOf } from "./tree.ts";
import { type Crew, hire, type Watch } from "./walk/crew.ts";
import { closedMounts, readMounts } from "./walk/mounts.ts";
import { foldersOf, isAsPackaged, type Packaged, packagedFiles } from "./walk/packages.ts";
import { hasSystem, realBelow } from "./walk/roots.ts";
import { type Start, type SurveyRules, survey } from "./walk/survey.ts";

/** What to scan, and how. */
export interface ScanRequest {
  readonly plan: HostPlan;
  /** The catalogue's paths, and before them those of profiles beside the manifest (`loadPathIndexes`). */
  readonly indexes: readonly PathIndex[];
  /** The root to look at; null for that of this machine. */
  readonly root?: string | null;
  /** The folder to look at in place of the user's home. Without `root` nothing else is looked at then. */
  readonly home?: string | null;
  readonly lostOn?: LostOn | null;
  /** Rows of less are left out; bytes. */
  readonly minSize?: number;
  /** Rows without a change since then are left out; milliseconds since 1970. */
  readonly newerThan?: number | null;
  /** True: other file systems below what is looked at are entered too. */
  readonly crossFileSystems?: boolean;
  /** Threads that were started before it was known what to do; they can be used once. */
  readonly crew?: Crew;
  /** Called now and then, to show how far it is. */
  readonly watch?: Watch;
}

/**
 * Looks at the homes of a plan's users and at the system's own places, decides each path by the plan, and says what nobody
 * decided about, and what would be lost. No link is followed, and of no file the content is read.
 */
export async function scanHost(request: ScanRequest): Promise<ScanResult> {
  const { plan, lostOn = null } = request;
  const root = realBelow("/", request.root ?? "/");
  const starts = startsOf(request, root);
  const withSystem = starts.some(({ scope }) => scope === "system");
  const packaged = withSystem && plan.host.os === "fedora" ? await packagedFiles(root) : undefined;
  const knowledge = new Knowledge(request.indexes);
  const rules = surveyRules(request, { root, starts, packaged, knowledge });
  const { found, records } = await (request.crew ?? hire()).walk(
    (starts.find(({ scope }) => scope === "home") ?? starts[0])?.real ?? root,
    rules.walk,
    (walker) => survey(starts, rules, walker),
    request.watch,
  );
  const sums = addUp(found, records);
  const totals = new BranchTotals(sums);
  const undecided = new UndecidedRows(totals, knowledge);
  let tree: ScannedNode | undefined;
  const isAsked = filterOf(request);
  const lost = lostOn === null ? null : lostRows(found.roots, totals, undecided, whyLost(plan, lostOn));
  return {
    host: plan.host.name,
    totals: totalsByFate(found.roots, totals),
    undecided: undecided.of(found.roots).map(plainRow).filter(isAsked),
    lost: lost?.filter(isAsked) ?? null,
    // Only the report asks for it.
    get tree() {
      tree ??= treeOf(found.roots, sums, totals);
      return tree;
    },
    kept: { bytes: sums.kept.bytes, files: sums.kept.files },
    unread: sums.unread.map(({ path, why }) => ({ path: shownPath(path), why })),
    notes: notesOf(plan, {
      lostOn,
      closed: sums.closed,
      packages: packaged !== undefined,
      system: withSystem ? hasSystem(root) : null,
    }),
  };
}

function plainRow({ branch, live, ...row }: BranchRow): ScannedRow {
  void branch;
  void live;
  return row;
}

function filterOf({ minSize = 0, newerThan }: ScanRequest): (row: ScannedRow | LostRow) => boolean {
  return ({ bytes, newest }) => bytes >= minSize && (newerThan == null || Date.parse(newest) >= newerThan);
}

interface Surroundings {
  readonly root: string;
  readonly starts: readonly Start[];
  readonly packaged: Packaged | undefined;
  readonly knowledge: Knowledge;
}

function surveyRules(request: ScanRequest, { root, starts, packaged, knowledge }: Surroundings): SurveyRules {
  const { plan, lostOn, crossFileSystems: crosses = false } = request;
  const inner = [...starts].sort((a, b) => b.real.length - a.real.length);
  const folders = packaged === undefined ? undefined : foldersOf(packaged);
  return {
    walk: {
      closed: closedMounts(readMounts(), crosses),
      crosses,
      links: { kept: keptPlaces(plan), places: inner.map(({ real, live }) => [real, live] as const) },
    },
    here: rulesOf(plan).top,
    there: lostOn?.kind === "move" ? rulesOf(lostOn.to).top : undefined,
    knowledge,
    leftOut: new Set([...keepingPlaces(plan), ...plan.host.users.map(({ home }) => home)]),
    apart: new Set(apartPlaces(plan)),
    realOf: (live) => placeOf(live, starts) ?? realBelow(root, live),
    isPackaged: (live, real, stats) => isAsPackaged(packaged?.get(live), real, stats),
    hasPackaged: (live) => folders?.has(live) === true,
  };
}

/** Where what a scan showed really lies: by its live path, the folder that was looked at for it. */
export function realPlaces(request: Pick<ScanRequest, "plan" | "root" | "home">): (live: string) => string {
  const root = realBelow("/", request.root ?? "/");
  const starts = startsOf(request, root);
  return (live) => placeOf(live, starts) ?? realBelow(root, live);
}

/** The real path of what lies in a home that is looked at elsewhere. */
function placeOf(live: string, starts: readonly Start[]): string | undefined {
  const start = starts.find((s) => s.scope === "home" && live.startsWith(`${s.live}/`));
  return start === undefined ? undefined : `${start.real}${live.slice(start.live.length)}`;
}

function startsOf({ plan, root: named, home }: Pick<ScanRequest, "plan" | "root" | "home">, root: string): Start[] {
  const { users } = plan.host;
  const system: Start = { scope: "system", live: "/", real: root };
  if (home == null) {
    const homes = users.map((user): Start => ({ scope: "home", live: user.home, real: realBelow(root, user.home) }));
    return [system, ...homes];
  }
  const real = realBelow("/", home);
  const likeIt = users.find((user) => user.home === real || real.endsWith(`/${user.name}`));
  const user = likeIt ?? (users.length === 1 ? users[0] : undefined);
  if (user === undefined) {
    const names = users.map(({ name }) => name).join(", ");
    throw new CannotRun(`whose home is ${shownPath(home)}? Give a folder that is named like its user: ${names}`);
  }
  const start: Start = { scope: "home", live: user.home, real };
  return named == null ? [start] : [system, start];
}
