import { CannotRun } from "../diagnostics/cannot-run.ts";
import { hasErrors } from "../diagnostics/diagnostic.ts";
import { printable } from "../diagnostics/print.ts";
import type { Edit } from "../manifest/edit.ts";
import { type Resolved, resolve } from "../pipeline.ts";
import type { HostPlan } from "../plan/plan.ts";
import { type KnownFacts, knownFacts } from "../profiles/entry-facts.ts";
import { loadPathIndexes } from "../profiles/load-path-indexes.ts";
import { Knowledge } from "../scan/knowledge.ts";
import type { ScanResult } from "../scan/result.ts";
import { realPlaces, scanHost } from "../scan/scan.ts";
import { lookInside } from "../scan/walk/inside.ts";
import { editsOf } from "../triage/decision.ts";
import type { TriageRow } from "../triage/row.ts";
import { type Known, rowOf, rowsInside } from "../triage/rows.ts";
import { allRows, decidedCount, type State, startState } from "../triage/state.ts";
import { type Happening, update, type Wish } from "../triage/update.ts";
import { view } from "../triage/view.ts";
import { countText } from "../triage/words.ts";
import { FullScreen, screenSize, whyNoFullScreen } from "./full-screen.ts";
import { chooseHost, type ExitCode, findManifest, knowHost, showDiagnostics } from "./manifest-option.ts";
import { progress } from "./progress.ts";
import { type Proposal, propose, writeProposal } from "./propose.ts";
import { terminal } from "./terminal.ts";
import { reviewOf } from "./triage-review.ts";

export interface TriageOptions {
  readonly manifest?: string;
  readonly host?: string;
  readonly root?: string;
  readonly home?: string;
}

/** `remanence triage`: a walk through what nobody decided about; the decisions become entries of the manifest. */
export async function triage(options: TriageOptions): Promise<ExitCode> {
  const why = whyNoFullScreen();
  if (why !== undefined)
    throw new CannotRun(
      `triage needs a terminal: ${why}; remanence scan lists the same, remanence adopt adds one by one`,
    );
  const file = findManifest(options.manifest);
  const resolved = await resolve(file);
  knowHost(resolved, options.host);
  if (hasErrors(resolved.diagnostics)) {
    showDiagnostics(resolved.diagnostics, resolved.sources, " Nothing was looked at: settle that first.");
    return 1;
  }
  const plan = chooseHost(resolved.plans, options.host);
  const indexes = await loadPathIndexes(resolved.loaded.folder);
  const looked = { plan, root: options.root ?? null, home: options.home ?? null };
  const shown = progress();
  const found = await scanHost({ ...looked, indexes, watch: shown.show }).finally(shown.end);
  const known = knownOf(plan, new Knowledge(indexes));
  const rows = found.undecided.map((row) => rowOf(row, known));
  if (rows.length === 0) {
    terminal.answer(`Everything on ${plan.host.name} is decided.`);
    return 0;
  }
  const around = { file, resolved, plan, known, realOf: realPlaces(looked) };
  const walk = new Walk(around, rows, unreadText(found));
  return report(await walk.run(), walk.written, resolved);
}

/** What the catalogue says of paths of the host. */
function knownOf({ host }: HostPlan, knowledge: Knowledge): Known {
  return {
    users: host.users,
    profileOf({ path }) {
      const exact = knowledge.exact(path);
      return exact === undefined ? null : { name: exact.profile, flavour: exact.flavour };
    },
    suggestionFor: ({ scope, path }) => knowledge.suggestion(scope, path),
  };
}

/** What the list leaves out, said before the first key. */
function unreadText({ unread }: ScanResult): string | null {
  if (unread.length === 0) return null;
  return `${countText(unread.length, "place")} could not be looked into: remanence scan names them and says why`;
}

function report(state: State, written: readonly Edit[], { loaded }: Resolved): ExitCode {
  if (state.ended === "written") {
    const profiles = written.filter(({ add }) => add === "profile").length;
    const entries = written.length - profiles;
    const parts = [
      ...(profiles === 0 ? [] : [countText(profiles, "profile")]),
      ...(entries === 0 ? [] : [entries === 1 ? "1 entry" : `${entries} entries`]),
    ];
    terminal.answer(`Added ${parts.join(" and ")} to ${printable(loaded.manifest.file)}. Next: remanence diff`);
  } else {
    const count = decidedCount(state);
    const dropped = count === 0 ? "." : `; ${countText(count, "decision")} dropped.`;
    terminal.answer(`Nothing was written${dropped}`);
  }
  return 0;
}

/** What the wishes of the model need. */
interface Surroundings {
  readonly file: string;
  readonly resolved: Resolved;
  readonly plan: HostPlan;
  readonly known: Known;
  readonly realOf: (live: string) => string;
}

/** A walk from the first screen to the last: keys become states, states become screens, and wishes are fulfilled. */
class Walk {
  readonly #around: Surroundings;
  readonly #screen: FullScreen;
  #state: State;
  #proposal: Proposal | undefined;
  #ended: ((state: State) => void) | undefined;
  #failed: ((error: unknown) => void) | undefined;

  /** What was written, once it is. */
  written: readonly Edit[] = [];

  constructor(around: Surroundings, rows: readonly TriageRow[], message: string | null) {
    this.#around = around;
    const users = around.resolved.loaded.manifest.users.map(({ name }) => name);
    this.#state = startState(around.plan.host.name, users, rows, screenSize(), message);
    this.#screen = new FullScreen(
      {
        key: (key, isPasted) => {
          // A text that is pasted by mistake must not decide anything.
          if (!isPasted || this.#state.screen === "filter") this.#happens({ is: "key", key });
        },
        resize: (size) => this.#happens({ is: "resize", size }),
        hangup: () => this.#ended?.({ ...this.#state, ended: "quit" }),
      },
      terminal.hasColor(),
    );
  }

  async run(): Promise<State> {
    const end = new Promise<State>((ended, failed) => {
      this.#ended = ended;
      this.#failed = failed;
    });
    try {
      this.#screen.begin();
      this.#happens({ is: "resize", size: screenSize() });
      return await end;
    } finally {
      this.#screen.end();
    }
  }

  #happens(event: Happening): void {
    try {
      const { state, wish } = update(this.#state, event);
      this.#state = state;
      if (state.ended === null) this.#screen.draw(view(state));
      else this.#ended?.(state);
      if (wish !== undefined) this.#fulfil(wish).then((next) => this.#happens(next), this.#failed);
    } catch (error) {
      this.#failed?.(error);
    }
  }

  async #fulfil(wish: Wish): Promise<Happening> {
    switch (wish.is) {
      case "look":
        return this.#look(wish.row);
      case "propose":
        return this.#propose();
      case "write":
        return this.#write();
    }
  }

  async #look(row: TriageRow): Promise<Happening> {
    const { known, realOf } = this.#around;
    const watch = (entries: number): void => this.#happens({ is: "looking", folder: row.live, entries });
    const found = await lookInside(realOf(row.live), watch);
    const rows = typeof found === "string" ? `it cannot be looked into: ${found}` : rowsInside(row, found, known);
    return { is: "inside", folder: row.live, rows };
  }

  async #propose(): Promise<Happening> {
    const { file, resolved } = this.#around;
    const { decisions, profiles, users } = this.#state;
    const edits = editsOf({ decisions, profiles }, allRows(this.#state), users, (row) => this.#factsOf(row));
    const proposal = await propose(file, resolved, edits);
    // Meanwhile something else may have been decided; that is proposed by itself.
    if (this.#state.decisions === decisions && this.#state.profiles === profiles) {
      this.#proposal = proposal.after === undefined ? undefined : proposal;
      this.written = edits;
    }
    return { is: "review", review: reviewOf(proposal), of: { decisions, profiles } };
  }

  #factsOf({ listed }: TriageRow): KnownFacts {
    const known = this.#around.resolved.catalogue.known(listed.scope, listed.path);
    return known === undefined ? {} : knownFacts(known.entry);
  }

  async #write(): Promise<Happening> {
    try {
      if (this.#proposal !== undefined) writeProposal(this.#proposal);
      return { is: "written" };
    } catch (error) {
      if (error instanceof CannotRun) return { is: "failed", why: error.message };
      throw error;
    }
  }
}
