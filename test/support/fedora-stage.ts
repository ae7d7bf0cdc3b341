/** A home, and a store elsewhere, as they are before a script: to start it from again and again, and kill it. */
import { appendFileSync, lstatSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { contents, expectRun, lay, run, type Scripts } from "./fedora.ts";
import { type Boundary, boundaries, killAfter, killBefore, pathWith, runToEnd } from "./fedora-crash.ts";
import { inspect, layRich } from "./fedora-tree.ts";

/** True in `npm run test:crash`: many kills, and all that is broken is counted. */
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
/** Where each of them costs a copy. The others are nothing to the scripts, and must stay as they are. */
export const fewEntries = entries.filter((entry) => !/deep|adopted|onto/.test(entry));
const tree = { a: "1", "sub dir": { b: "2", c: { d: "3" } }, link: { link: "a" }, empty: {} };

export function layOut(home: string, store: string): void {
  layRich(home, "moves");
  lay(home, {
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
  readonly play: Play;
  readonly home: string;
  readonly store: string;
  readonly env: NodeJS.ProcessEnv;
  readonly #folders: readonly string[];
  readonly #kept: readonly string[];
  readonly #whole: ReadonlyMap<string, string>;
  readonly #end: readonly string[];
  /** How often the script was begun, killed, and what did not hold after that. */
  rounds = 0;
  kills = 0;
  readonly broken: string[] = [];

  constructor(play: Play) {
    this.play = play;
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
    this.#whole = new Map(this.#kept.map((entry) => [entry, this.#found([entry]).get(entry)?.[0] ?? "nothing"]));
    expectRun(0, play.scripts, play.call[0], play.call.slice(1), this);
    this.#end = this.#state();
  }

  /** Everything as before; notes are made anew, since they know a directory by its inode. */
  reset(): void {
    this.lay();
    this.prepare();
  }

  lay(): void {
    for (const folder of this.#folders) {
      rmSync(folder, { recursive: true, force: true });
      const done = run(["cp", "-a", "-T", "--", `${folder}.laid`, folder], { home: "/" });
      if (done.code !== 0) throw new Error(done.err);
    }
  }

  prepare(): void {
    for (const [name, ...args] of this.play.after ?? []) expectRun(0, this.play.scripts, name, args, this);
  }

  /** What the trusted names of entries hold. */
  #found(wanted: readonly string[]): Map<string, string[]> {
    const { trusted = trustedNames } = this.play;
    const places = wanted.flatMap((entry) =>
      trusted(entry, this.home, this.store)
        .filter((place) => lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink() === false)
        .map((place) => ({ entry, place })),
    );
    const texts = inspect(places.map(({ place }) => place));
    const found = new Map<string, string[]>();
    for (const [i, { entry }] of places.entries()) {
      const text = texts[i] ?? "";
      // An empty directory is nobody's data.
      if (text.includes("\n") || !text.startsWith(".\t4")) found.set(entry, [...(found.get(entry) ?? []), text]);
    }
    return found;
  }

  /** What there is at the end; a note is only said to be there, since it speaks of inodes. */
  #state(): string[] {
    return this.#folders.flatMap((folder) =>
      Object.entries(contents(folder))
        .filter(([path]) => !path.startsWith(".local"))
        .map(([path, what]) => `${path}: ${/\.remanence-(?:copied|returned)$/.test(path) ? "a note" : what}`),
    );
  }

  /** What is lost: no trusted name has all of it. */
  losses(): string[] {
    const found = this.#found(this.#kept);
    return this.#kept.filter((entry) => !found.get(entry)?.includes(this.#whole.get(entry) ?? ""));
  }

  /** After a kill: nothing is lost, and another run ends where an undisturbed one does. */
  survive(when: string): void {
    const { scripts, call } = this.play;
    const killed = `${call.join(" ")} ${when}`;
    this.kills++;
    try {
      expect(this.losses(), `what is nowhere complete, ${killed}`).toEqual([]);
      const again = runToEnd(scripts, call, this);
      expect(again.code, `again after ${killed}: ${again.out}${again.err}`).toBe(0);
      const state = this.#state();
      const differs = [...state.filter((line) => !this.#end.includes(line)), "|"];
      differs.push(...this.#end.filter((line) => !state.includes(line)));
      expect(differs.join(" "), `too much | too little, again after ${killed}`).toBe("|");
    } catch (error) {
      if (!whole) throw error;
      this.broken.push(String(error));
    }
  }

  /** The commands before which to kill: where something changes, and some of the others. */
  moments(many: number): Boundary[] {
    this.reset();
    return chosenFrom(boundaries(this.play.scripts, this.play.call, this), many);
  }

  killEverywhere(many: number): void {
    for (const { number, command } of this.moments(many)) {
      this.reset();
      this.rounds++;
      if (killBefore(number, this.play.scripts, this.play.call, this))
        this.survive(`killed before ${number}: ${command}`);
    }
  }

  /** Kills it with all that it started, after random times. */
  async killAnywhere(many: number): Promise<void> {
    const { scripts, call } = this.play;
    this.reset();
    const start = performance.now();
    expectRun(0, scripts, call[0], call.slice(1), this);
    const duration = performance.now() - start;
    for (let i = 0; i < many; i++) {
      this.reset();
      this.rounds++;
      const moment = Math.random() * duration;
      if (await killAfter(moment, scripts, call, this)) this.survive(`killed after ${moment} ms`);
    }
  }

  /** Ends a test: a line for the table of `npm run test:crash`, and no word where nothing broke. */
  report(name: string): void {
    const { rounds, kills, broken } = this;
    const table = process.env.REMANENCE_CRASH_TABLE;
    if (table !== undefined)
      appendFileSync(table, `${JSON.stringify({ name, rounds, kills, broken: broken.length })}\n`);
    expect(broken).toEqual([]);
  }
}

function chosenFrom(all: readonly Boundary[], many: number): Boundary[] {
  const changing = all.filter(({ command }) =>
    /^(exchange|python3|perl|exch|mv|ln|rm|rmdir|mkdir|sync|cp|note|journal) /.test(command),
  );
  const spread = (from: readonly Boundary[], count: number): Boundary[] =>
    Array.from(
      { length: Math.min(count, from.length) },
      (_, i) => from[Math.floor((i * from.length) / Math.min(count, from.length))] as Boundary,
    );
  return [...new Set([...spread(changing, many), ...spread(all, Math.ceil(many / 3))])].sort(
    (a, b) => a.number - b.number,
  );
}
