/** A home, and a store elsewhere, as they are before a script: to start it from again and again, and kill it. */
import { lstatSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { contents, expectRun, lay, run, type Scripts } from "./fedora.ts";
import { type Boundary, boundaries, killAfter, killBefore, pathWith, runToEnd } from "./fedora-crash.ts";

/** True where every command is killed at, not some of them: `npm run test:crash`. */
export const whole = process.env.REMANENCE_CRASH === "full";
/** Hours, for that. */
export const long = 6 * 3_600_000;

/** What there is to link, and in which state a home may be before. */
export const entries = [
  "moves/",
  ".config/deep/moves/",
  "{ path: file, how: symlink, writes: in-place }",
  "placed/",
  "adopted/",
  "onto-empty/",
  "new/",
];
const tree = { a: "1", "sub dir": { b: "2", c: { d: "3" } }, link: { link: "a" }, empty: {} };

export function layOut(home: string, store: string): void {
  lay(home, {
    moves: tree,
    ".config/deep/moves": tree,
    ".config/other": "untouched",
    file: "content",
    adopted: {},
    "onto-empty": tree,
  });
  lay(store, { placed: tree, adopted: tree, "onto-empty": {} });
}

/** The entries whose data must be complete, at the one place or the other, at every instant. */
const kept = ["moves", ".config/deep/moves", "file", "placed", "adopted", "onto-empty"];

/** A script's name and its options. */
export type Call = readonly [string, ...string[]];

/** What is killed, and where. */
export interface Play {
  readonly scripts: Scripts;
  readonly call: Call;
  /** What is run before, undisturbed. */
  readonly after?: readonly Call[];
  readonly exchanger: "python3" | "perl" | "none";
  /** A folder for the home, and one for the store where that is elsewhere; each on the file system to be tested. */
  readonly homes: string;
  readonly store?: string;
  /** What is laid before, and which of it must be complete at every instant; without it the entries above. */
  readonly laid?: (home: string, store: string) => void;
  readonly kept?: readonly string[];
  /** The names under which an entry's data counts as complete. */
  readonly trusted?: (entry: string, home: string, store: string) => readonly string[];
  /** More of an environment. */
  readonly env?: NodeJS.ProcessEnv;
}

/** The live path, what a run keeps beside it, and the one in the store. */
const trustedNames: NonNullable<Play["trusted"]> = (entry, home, store) => [
  join(home, entry),
  `${join(home, entry)}.remanence-original`,
  join(store, entry),
];

export class Stage {
  readonly #play: Play;
  readonly home: string;
  readonly store: string;
  readonly env: NodeJS.ProcessEnv;
  readonly #folders: readonly string[];
  readonly #kept: readonly string[];
  readonly #whole: ReadonlyMap<string, string>;
  readonly #end: unknown;
  kills = 0;

  constructor(play: Play) {
    this.#play = play;
    this.home = join(play.homes, "home");
    this.store = play.store === undefined ? join(this.home, ".persist") : join(play.store, "home", "ann");
    this.env = { PATH: pathWith(play.exchanger), ...play.env };
    this.#folders = [this.home, ...(play.store === undefined ? [] : [join(play.store, "home")])];
    for (const folder of this.#folders) run(["mkdir", "-p", `${folder}.laid`], { home: "/" });
    const laidStore = play.store === undefined ? `${this.home}.laid/.persist` : join(play.store, "home.laid", "ann");
    run(["mkdir", "-p", laidStore], { home: "/" });
    (play.laid ?? layOut)(`${this.home}.laid`, laidStore);
    this.reset();
    this.#kept = play.kept ?? kept;
    this.#whole = new Map(this.#kept.map((entry) => [entry, this.#found(entry)[0]?.data ?? "nothing"]));
    expectRun(0, play.scripts, play.call[0], play.call.slice(1), this);
    this.#end = this.#state();
  }

  /** Everything as before; notes are made anew, since they know a directory by its inode. */
  reset(): void {
    for (const folder of this.#folders) {
      rmSync(folder, { recursive: true, force: true });
      const done = run(["cp", "-a", "-T", "--", `${folder}.laid`, folder], { home: "/" });
      if (done.code !== 0) throw new Error(done.err);
    }
    for (const [name, ...args] of this.#play.after ?? []) expectRun(0, this.#play.scripts, name, args, this);
  }

  /** Where an entry has data, and what it is. */
  #found(entry: string): { place: string; data: string }[] {
    const places = (this.#play.trusted ?? trustedNames)(entry, this.home, this.store);
    return places.flatMap((place) => {
      const stat = lstatSync(place, { throwIfNoEntry: false });
      if (stat === undefined || stat.isSymbolicLink()) return [];
      const data = contents(place);
      return Object.keys(data).length > 1 || stat.isFile() ? [{ place, data: JSON.stringify(data) }] : [];
    });
  }

  #state(): unknown {
    return this.#folders.map((folder) =>
      Object.entries(contents(folder))
        .filter(([path]) => !path.startsWith(".local"))
        .map(([path, what]) => (/\.remanence-(?:copied|returned)$/.test(path) ? [path] : [path, what])),
    );
  }

  /** After a kill: nothing is lost, and another run ends where an undisturbed one does. */
  #survive(when: string): void {
    const { scripts, call } = this.#play;
    const killed = `${call.join(" ")} killed ${when}`;
    this.kills++;
    for (const entry of this.#kept) {
      const found = this.#found(entry);
      const complete = found.some(({ data }) => data === this.#whole.get(entry));
      expect(complete, `${entry} is complete at one of ${found.map(({ place }) => place)}, ${killed}`).toBe(true);
    }
    const again = runToEnd(scripts, call, this);
    expect(again.code, `again after ${killed}: ${again.out}${again.err}`).toBe(0);
    expect(this.#state(), `again after ${killed}`).toEqual(this.#end);
  }

  /** Kills it before commands where something changes, and before some of the others; before all of them in the whole form. */
  killEverywhere(many: number): void {
    const { scripts, call } = this.#play;
    this.reset();
    const all = boundaries(scripts, call, this);
    for (const number of whole ? all.keys() : chosenFrom(all, many)) {
      this.reset();
      if (killBefore(number, scripts, call, this)) this.#survive(`before ${number}: ${all[number]?.command}`);
    }
  }

  /** Kills it with all that it started, after random times. */
  async killAnywhere(many: number): Promise<void> {
    const { scripts, call } = this.#play;
    this.reset();
    const start = performance.now();
    expectRun(0, scripts, call[0], call.slice(1), this);
    const duration = performance.now() - start;
    for (let i = 0; i < many; i++) {
      this.reset();
      const moment = Math.random() * duration;
      if (await killAfter(moment, scripts, call, this)) this.#survive(`after ${moment} ms`);
    }
  }
}

function chosenFrom(all: readonly Boundary[], many: number): number[] {
  const changing = all.filter(({ command }) =>
    /^(exchange|python3|perl|exch|mv|ln|rm|rmdir|mkdir|sync|cp|note|journal) /.test(command),
  );
  const spread = (from: readonly Boundary[], count: number): Boundary[] =>
    Array.from(
      { length: Math.min(count, from.length) },
      (_, i) => from[Math.floor((i * from.length) / Math.min(count, from.length))] as Boundary,
    );
  return [...new Set([...spread(changing, many), ...spread(all, Math.ceil(many / 3))].map(({ number }) => number))];
}
