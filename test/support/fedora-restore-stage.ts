/** A home that was backed up and changed since, as it is before restore.sh: to start it again and again, and kill it. */
import { lstatSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { contents, expectRun, lay, manifestOf, run, type Scripts, scriptsOf } from "./fedora.ts";
import { type Boundary, boundaries, killAfter, killBefore, pathWith, runToEnd } from "./fedora-crash.ts";
import { whole } from "./fedora-stage.ts";
import { scratch } from "./workspace.ts";

const tree = { a: "1", "sub dir": { b: "2", c: { d: "3" } }, link: { link: "a" }, empty: {} };
/** In the store; in its place; a single file; changed since; gone since; as it was. */
const entries = ["changed/", "gone/", "{ path: .config/deep/, class: config, how: none }", ".profile", "same/"];
const places = [".persist/changed", ".persist/gone", ".config/deep", ".profile", ".persist/same"];
const changed = [".persist/changed", ".config/deep", ".profile"];

export interface RestorePlay {
  readonly exchanger: "python3" | "perl" | "none";
  readonly replace: boolean;
  /** A folder for the home, on the file system to be tested. */
  readonly homes: string;
}

/** Tools that restore.sh needs besides. */
function restorePath(exchanger: RestorePlay["exchanger"]): string {
  const folder = pathWith(exchanger);
  for (const tool of ["zstd", "sha256sum", "chmod", "chown", "comm", "cmp", "tr", "wc", "dirname", "restic"]) {
    run(["bash", "-c", '[[ -e $2/$1 ]] || ln -s "$(command -v "$1")" "$2"', "-", tool, folder], { home: "/" });
  }
  return folder;
}

export class RestoreStage {
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  readonly #call: readonly string[];
  #scripts: Scripts | undefined;
  #live = new Map<string, string>();
  #saved = new Map<string, string>();
  kills = 0;

  constructor({ exchanger, replace, homes }: RestorePlay) {
    this.home = join(homes, "home");
    this.env = { PATH: restorePath(exchanger) };
    this.#call = ["restore", ...(replace ? ["--replace"] : [])];
  }

  get #run(): Scripts {
    if (this.#scripts === undefined) throw new Error("not prepared");
    return this.#scripts;
  }

  /** Backs up a home, and then lets time pass. */
  async prepare(): Promise<void> {
    const to = scratch();
    this.#scripts = await scriptsOf(manifestOf(entries, { backup: `{ engine: tar, path: "${to}" }` }));
    mkdirSync(this.home);
    lay(this.home, { changed: tree, gone: tree, same: tree, ".config": { deep: tree }, ".profile": "p" });
    expectRun(0, this.#run, "link", [], { home: this.home });
    expectRun(0, this.#run, "backup", [], { home: this.home });
    this.#saved = new Map(places.map((place) => [place, this.#at(place)]));
    if (this.#call.includes("--replace")) {
      for (const place of changed) writeFileSync(join(this.home, place === ".profile" ? place : `${place}/a`), "newer");
    }
    rmSync(join(this.home, ".persist/gone"), { recursive: true });
    rmSync(join(this.home, ".local"), { recursive: true });
    this.#live = new Map(places.filter((p) => p !== ".persist/gone").map((place) => [place, this.#at(place)]));
    expect(run(["cp", "-a", "-T", "--", this.home, `${this.home}.laid`], { home: "/" }).code).toBe(0);
  }

  #at(place: string): string {
    return lstatSync(join(this.home, place), { throwIfNoEntry: false }) === undefined
      ? "nothing"
      : JSON.stringify(contents(join(this.home, place)));
  }

  reset(): void {
    rmSync(this.home, { recursive: true, force: true });
    expect(run(["cp", "-a", "-T", "--", `${this.home}.laid`, this.home], { home: "/" }).code).toBe(0);
  }

  /** After a kill: what was there is complete at its place or beside it, and another run ends where an undisturbed one does. */
  #survive(when: string): void {
    const killed = `${this.#call.join(" ")} killed ${when}`;
    this.kills++;
    for (const [place, was] of this.#live) {
      const found = [this.#at(place), this.#at(`${place}.remanence-original`)];
      expect(found, `${place}, ${killed}`).toContain(was);
    }
    const again = runToEnd(this.#run, this.#call, this);
    expect(again.code, `again after ${killed}: ${again.out}${again.err}`).toBe(0);
    this.#ended(`again after ${killed}: ${again.out}${again.err}`);
  }

  #ended(when: string): void {
    for (const [place, was] of this.#saved) {
      expect(this.#at(place), `${place}, ${when}`).toBe(was);
      const replaced = this.#live.has(place) && this.#live.get(place) !== was;
      const original = `${place}.remanence-original`;
      expect(this.#at(original), `${original}, ${when}`).toBe(replaced ? this.#live.get(place) : "nothing");
    }
    const left = ["", ".persist", ".config"].flatMap((folder) => readdirSync(join(this.home, folder)));
    // Of a run that was stopped what is verified stays, and is named; nothing that is not.
    const odd = left.filter((name) => /remanence-(?!original$|restore-\w{6}$)/.test(name));
    expect(odd, when).toEqual([]);
  }

  killEverywhere(many: number): void {
    this.reset();
    const all = boundaries(this.#run, this.#call, this);
    this.#ended("undisturbed");
    for (const number of whole ? all.keys() : chosenFrom(all, many)) {
      this.reset();
      if (killBefore(number, this.#run, this.#call, this)) this.#survive(`before ${number}: ${all[number]?.command}`);
    }
  }

  async killAnywhere(many: number): Promise<void> {
    this.reset();
    const start = performance.now();
    expectRun(0, this.#run, "restore", this.#call.slice(1), this);
    const duration = performance.now() - start;
    for (let i = 0; i < many; i++) {
      this.reset();
      const moment = Math.random() * duration;
      if (await killAfter(moment, this.#run, this.#call, this)) this.#survive(`after ${moment} ms`);
    }
  }
}

/** Each command while something is put in place, at the first entry where it is run, and some of the others. */
function chosenFrom(all: readonly Boundary[], many: number): number[] {
  const seen = new Set<string>();
  const moving = all.filter(({ within, command }) => {
    const key = `${within} ${command}`;
    if (
      !/^(?:put|replace|give_way|rename_into)$/.test(within) ||
      !/^(?:rename_into|exchange|mv|rm|note|put_on_disk) /.test(command)
    )
      return false;
    return !seen.has(key) && seen.add(key) !== undefined;
  });
  const others = all.filter(
    (_, i) => Math.floor((i * many) / all.length) !== Math.floor(((i - 1) * many) / all.length),
  );
  return [...new Set([...moving, ...others].map(({ number }) => number))];
}
