import type { Stats } from "node:fs";
import type { PlanEntry } from "../../plan/plan.ts";
import type { RulePlace } from "../../plan/rule-index.ts";
import type { Branch, BranchKind, ScannedRoot, Total } from "../branch.ts";
import type { Knowledge } from "../knowledge.ts";
import { isOpen, isSystemsOwn } from "../places.ts";
import { KeptLinks } from "./kept-links.ts";
import { look, namesIn, shortened } from "./look.ts";
import { directoryType, linkType, typeMask, type Walker, type WalkRules } from "./walker.ts";

/** Where a scan begins. */
export interface Start {
  readonly scope: "home" | "system";
  readonly live: string;
  readonly real: string;
}

/** What the survey decides by. */
export interface SurveyRules {
  readonly walk: WalkRules;
  /** The place of `/` among the rules of the plan, and of the other host's where one is asked. */
  readonly here: RulePlace;
  readonly there: RulePlace | undefined;
  readonly knowledge: Knowledge;
  /** Live paths that are left out: stores and the like, and what other starts look at. */
  readonly leftOut: ReadonlySet<string>;
  /** Live paths that are never inside of what is shown as one: file systems with a fate of their own. */
  readonly apart: ReadonlySet<string>;
  /** The real path of what lies at a live path of the machine. */
  realOf(live: string): string;
  /** True for a file that a package brought and nobody changed. */
  isPackaged(live: string, real: string, stats: Stats): boolean;
  /** True where a package has something below it. */
  hasPackaged(live: string): boolean;
}

/** Something that was not entered or could not be read, by its live path. */
export interface Remark {
  readonly path: string;
  readonly why: string;
}

export interface LinkedBranch {
  readonly branch: Branch;
  readonly device: number;
  readonly inode: number;
  readonly changed: number;
  readonly bytes: number;
}

/** What the survey found; sizes of jobs come from the walkers. */
export interface Surveyed {
  readonly roots: readonly ScannedRoot[];
  /** The branches of jobs, by number. */
  readonly jobs: readonly Branch[];
  readonly kept: Total;
  readonly closed: readonly Remark[];
  readonly unread: readonly Remark[];
  readonly linked: readonly LinkedBranch[];
}

/** A place that is looked at. */
interface Spot {
  readonly scope: "home" | "system";
  /** The home that it lies in; empty in the system. */
  readonly home: string;
  readonly live: string;
  readonly real: string;
  readonly here: RulePlace;
  readonly there: RulePlace | undefined;
}

/**
 * Looks at all places where one path may be decided in another way than the next, and gives everything else to a walker to
 * be summed up. Links are never followed: where the plan says that a kept directory lies in a store, and a link stands in its place,
 * the store's folder is looked at.
 */
export function survey(starts: readonly Start[], rules: SurveyRules, walker: Walker): Surveyed {
  return new Survey(rules, walker).all(starts);
}

class Survey {
  readonly #pending: { readonly spot: Spot; readonly branch: Branch; readonly device: number }[] = [];
  readonly #jobs: Branch[] = [];
  readonly #closed: Remark[] = [];
  readonly #unread: Remark[] = [];
  readonly #linked: LinkedBranch[] = [];
  readonly #kept: Total = { bytes: 0, files: 0, newest: 0 };
  readonly #links: KeptLinks;

  readonly rules: SurveyRules;
  readonly walker: Walker;

  constructor(rules: SurveyRules, walker: Walker) {
    this.rules = rules;
    this.walker = walker;
    this.#links = new KeptLinks(rules.walk.links);
  }

  all(starts: readonly Start[]): Surveyed {
    const roots = starts.flatMap((start) => this.#root(start) ?? []);
    for (;;) {
      const next = this.#pending.pop();
      if (next === undefined) break;
      this.#open(next.spot, next.branch, next.device);
      this.walker.offer();
      this.walker.tick(next.spot.real);
    }
    return {
      roots,
      jobs: this.#jobs,
      kept: this.#kept,
      closed: this.#closed,
      unread: this.#unread,
      linked: this.#linked,
    };
  }

  #root({ scope, live, real }: Start): ScannedRoot | undefined {
    const stats = look(real);
    if (typeof stats !== "object") {
      this.#unread.push({ path: live, why: stats ?? "it is not there" });
      return undefined;
    }
    const names = live === "/" ? [] : live.slice(1).split("/");
    const step = (place: RulePlace, name: string): RulePlace => place.step(name);
    const here = names.reduce(step, this.rules.here);
    const there = this.rules.there === undefined ? undefined : names.reduce(step, this.rules.there);
    const spot = { scope, home: scope === "home" ? live : "", live, real, here, there };
    const branch = this.#branch(spot, live, null, stats, [], undefined);
    this.#pending.push({ spot, branch, device: stats.dev });
    return { branch, live, scope };
  }

  #open(spot: Spot, branch: Branch, device: number): void {
    const names = namesIn(spot.real);
    if (typeof names === "string") this.#unread.push({ path: spot.live, why: names });
    if (typeof names !== "object") return;
    const folder = shortened(spot.real);
    const closed = this.rules.walk.closed.get(spot.real);
    for (const name of names) {
      const live = spot.live === "/" ? `/${name}` : `${spot.live}/${name}`;
      if (this.rules.leftOut.has(live) || (spot.scope === "system" && isSystemsOwn(live))) continue;
      const inside: Spot = {
        scope: spot.scope,
        home: spot.home,
        live,
        real: folder === "/" ? `/${name}` : `${folder}/${name}`,
        here: spot.here.step(name),
        there: spot.there?.step(name),
      };
      this.#meet(inside, name, branch, closed?.has(name) === true, device);
    }
  }

  /** What to do with one name in a folder. */
  #meet(spot: Spot, name: string, parent: Branch, isMount: boolean, device: number): void {
    const rule = spot.here.deciding;
    const isKeptHere = rule !== undefined && rule.stored !== null && rule.live === spot.live;
    if (isMount && !isKeptHere) {
      this.#closed.push({ path: spot.live, why: "a mount point" });
      return;
    }
    const stats = look(spot.real);
    if (typeof stats === "string") this.#unread.push({ path: spot.live, why: stats });
    if (typeof stats !== "object") return;
    const type = stats.mode & typeMask;
    if (type === linkType) this.#meetLink(spot, name, parent, stats, isKeptHere ? rule : undefined);
    else if (type !== directoryType) this.#addFile(spot, name, parent, stats);
    else if (stats.dev !== device && !isMount && !this.rules.walk.crosses)
      this.#closed.push({ path: spot.live, why: "a mount point" });
    else this.#addFolder(spot, name, parent, stats);
  }

  #meetLink(spot: Spot, name: string, parent: Branch, stats: Stats, rule: PlanEntry | undefined): void {
    const leadsToKept = this.#links.leadsToKept(spot.real);
    if (!leadsToKept) {
      this.#addFile(spot, name, parent, stats);
      return;
    }
    this.#keep(stats);
    if (isSystemsFolder(spot)) parent.open = true;
    if (rule?.stored == null) return;
    const stored = { ...spot, real: this.rules.realOf(rule.stored) };
    const found = look(stored.real);
    if (typeof found === "string") this.#unread.push({ path: spot.live, why: found });
    if (typeof found !== "object") return;
    if ((found.mode & typeMask) === directoryType) this.#addFolder(stored, name, parent, found);
    else this.#addFile(stored, name, parent, found);
  }

  #addFolder(spot: Spot, name: string, parent: Branch, stats: Stats): void {
    if (this.#isTold(spot)) {
      const branch = this.#branch(spot, name, parent, stats, [], undefined);
      this.#pending.push({ spot, branch, device: stats.dev });
      return;
    }
    const job = this.#jobs.length;
    this.#jobs.push(this.#branch(spot, name, parent, stats, undefined, job));
    this.walker.addJob(job, spot.real, stats);
  }

  /** True for a folder in which one path may have another fate, or another owner, than the next. */
  #isTold(spot: Spot): boolean {
    const { here, there, live, scope } = spot;
    if (here.hasDeeper || here.deciding !== here.below) return true;
    if (there !== undefined && (there.hasDeeper || there.deciding !== there.below)) return true;
    if (here.below !== undefined) return false;
    const below = this.#below(spot);
    return (
      isOpen(scope, below) ||
      this.rules.apart.has(live) ||
      isSystemsFolder(spot) ||
      this.rules.knowledge.hasBelow(below) ||
      (scope === "system" && this.rules.hasPackaged(live))
    );
  }

  #addFile(spot: Spot, name: string, parent: Branch, stats: Stats): void {
    const type = stats.mode & typeMask;
    if (spot.scope === "system" && this.rules.isPackaged(spot.live, spot.real, stats)) {
      this.#keep(stats);
      parent.open = true;
      return;
    }
    const branch = this.#branch(spot, name, parent, stats, undefined, undefined);
    if (stats.nlink < 2 || type === directoryType) return;
    branch.bytes = 0;
    const { dev, ino, mtimeMs, blocks } = stats;
    this.#linked.push({ branch, device: dev, inode: ino, changed: mtimeMs, bytes: blocks * 512 });
  }

  #branch(
    spot: Spot,
    name: string,
    parent: Branch | null,
    stats: Stats,
    children: Branch[] | undefined,
    job: number | undefined,
  ): Branch {
    const { here, there, scope } = spot;
    const below = here.deciding === undefined ? this.#below(spot) : "";
    const branch: Branch = {
      name,
      parent,
      kind: kindOf(stats),
      rule: here.deciding ?? null,
      there: there?.deciding ?? null,
      known: here.deciding === undefined ? (this.rules.knowledge.exact(below) ?? null) : null,
      open: stats.isDirectory() && (parent === null || isOpen(scope, below) || this.rules.apart.has(spot.live)),
      bytes: job === undefined ? stats.blocks * 512 : 0,
      changed: stats.mtimeMs,
      children,
      job,
    };
    parent?.children?.push(branch);
    return branch;
  }

  /** The path as the catalogue has it. */
  #below({ scope, home, live }: Spot): string {
    return scope === "home" ? live.slice(home.length + 1) : live;
  }

  #keep(stats: Stats): void {
    this.#kept.bytes += stats.blocks * 512;
    this.#kept.files++;
  }
}

/** In `/etc` the system lays links and files between those of the machine: no folder with both is to be kept as one. */
function isSystemsFolder({ scope, live }: Spot): boolean {
  return scope === "system" && live.startsWith("/etc/");
}

function kindOf(stats: Stats): BranchKind {
  if (stats.isDirectory()) return "directory";
  if (stats.isFile()) return "file";
  return stats.isSymbolicLink() ? "symlink" : "other";
}
