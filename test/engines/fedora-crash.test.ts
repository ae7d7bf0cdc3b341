import { cpSync, existsSync, lstatSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeWith } from "../support/engines.ts";
import { contents, expectRun, lay, manifestOf, mounted, newHome, type Scripts, scriptsOf } from "../support/fedora.ts";
import { type Boundary, boundaries, killAfter, killBefore, pathWith, runToEnd } from "../support/fedora-crash.ts";

const whole = process.env.REMANENCE_CRASH === "full";

/** What there is to link, and in which state a home may be before. */
const manifest = manifestOf([
  "moves/",
  ".config/deep/moves/",
  "{ path: file, how: symlink, writes: in-place }",
  "placed/",
  "adopted/",
  "onto-empty/",
  "new/",
]);
const tree = { a: "1", "sub dir": { b: "2", c: { d: "3" } }, link: { link: "a" }, empty: {} };

function layHome(home: string): void {
  lay(home, {
    moves: tree,
    ".config/deep/moves": tree,
    ".config/other": "untouched",
    file: "content",
    adopted: {},
    "onto-empty": tree,
    ".persist": { placed: tree, adopted: tree, "onto-empty": {} },
  });
}

/** The entries whose data must be complete, at the one place or the other, at every instant. */
const kept = ["moves", ".config/deep/moves", "file", "placed", "adopted", "onto-empty"];

/** Where an entry's data is, and what it is; all of it must be there. */
function whereabouts(home: string, entry: string): { place: string; data: string } {
  for (const place of [entry, join(".persist", entry)]) {
    const stat = lstatSync(join(home, place), { throwIfNoEntry: false });
    if (stat === undefined || stat.isSymbolicLink()) continue;
    const data = contents(join(home, place));
    if (Object.keys(data).length > 1 || stat.isFile()) return { place, data: JSON.stringify(data) };
  }
  return { place: "nowhere", data: "" };
}

function expectComplete(home: string, template: string, when: string): void {
  for (const entry of kept) {
    const { data, place } = whereabouts(home, entry);
    expect(data, `${entry} ${when}, found ${place}`).toBe(whereabouts(template, entry).data);
  }
  expect(contents(join(home, ".config", "other")), when).toEqual(contents(join(template, ".config", "other")));
}

/** The commands of a run where something changes, and some of the others; all of them in the whole form. */
function chosenFrom(all: readonly Boundary[], many: number): number[] {
  if (whole) return all.map(({ number }) => number);
  const changing = all.filter(({ command }) =>
    /^(exchange|python3|perl|exch|mv|ln|rm|rmdir|mkdir|sync|journal) /.test(command),
  );
  const spread = (from: readonly Boundary[], count: number): Boundary[] =>
    Array.from(
      { length: Math.min(count, from.length) },
      (_, i) => from[Math.floor((i * from.length) / Math.min(count, from.length))] as Boundary,
    );
  return [...new Set([...spread(changing, many), ...spread(all, Math.ceil(many / 3))].map(({ number }) => number))];
}

/** A home as it is before a script, to start from again and again. */
class Stage {
  readonly scripts: Scripts;
  readonly script: "link" | "unlink";
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  readonly #before: string;
  readonly #after: unknown;
  kills = 0;

  constructor(scripts: Scripts, script: "link" | "unlink", base: string, exchanger: "python3" | "perl") {
    this.scripts = scripts;
    this.script = script;
    this.env = { PATH: pathWith(exchanger) };
    const folder = newHome(base);
    this.home = join(folder, "home");
    this.#before = join(folder, "before");
    mkdirSync(this.#before);
    layHome(this.#before);
    if (script === "unlink") expectRun(0, scripts, "link", [], { home: this.#before, env: this.env });
    this.reset();
    expectRun(0, scripts, script, [], this);
    this.#after = this.#state();
    this.reset();
  }

  reset(): void {
    rmSync(this.home, { recursive: true, force: true });
    cpSync(this.#before, this.home, { recursive: true, verbatimSymlinks: true });
  }

  #state(): unknown {
    return Object.entries(contents(this.home)).filter(([path]) => !path.startsWith(".local"));
  }

  /** After a kill: nothing is lost, and another run ends where an undisturbed one does. */
  survive(when: string): void {
    this.kills++;
    expectComplete(this.home, this.#before, `after a kill of ${this.script} ${when}`);
    const again = runToEnd(this.scripts, this.script, this);
    expect(again.code, `${this.script} again after a kill ${when}: ${again.out}${again.err}`).toBe(0);
    expect(this.#state(), `${this.script} again after a kill ${when}`).toEqual(this.#after);
  }

  killEverywhere(many: number): void {
    const all = boundaries(this.scripts, this.script, this);
    for (const number of chosenFrom(all, many)) {
      this.reset();
      if (killBefore(number, this.scripts, this.script, this))
        this.survive(`before ${number}: ${all[number]?.command}`);
    }
  }

  async killAnywhere(many: number): Promise<void> {
    const start = performance.now();
    this.reset();
    expectRun(0, this.scripts, this.script, [], this);
    const duration = performance.now() - start;
    for (let i = 0; i < many; i++) {
      this.reset();
      const moment = Math.random() * duration;
      if (await killAfter(moment, this.scripts, this.script, this)) this.survive(`after ${moment} ms`);
    }
  }
}

const fileSystems = ["the file system of temporary files", "btrfs", "tmpfs"] as const;
const place = (name: (typeof fileSystems)[number]): string | undefined =>
  name === "btrfs" || name === "tmpfs" ? mounted(name) : undefined;

const exchangers = ["perl", "python3"] as const;

describeWith(["loop", "btrfs", "python3", "perl"], "link.sh and unlink.sh, killed", () => {
  for (const fileSystem of fileSystems) {
    for (const exchanger of whole ? exchangers : [exchangers[fileSystem === "tmpfs" ? 1 : 0]]) {
      for (const script of ["link", "unlink"] as const) {
        it(
          `lose nothing on ${fileSystem} when ${script}.sh with ${exchanger} is killed anywhere, and finish the next time`,
          async () => {
            const stage = new Stage(await scriptsOf(manifest), script, place(fileSystem) ?? newHome(), exchanger);
            stage.killEverywhere(9);
            await stage.killAnywhere(whole ? 200 : 2);
            expect(stage.kills).toBeGreaterThan(9);
            if (whole) process.stdout.write(`${fileSystem}, ${exchanger}, ${script}.sh: ${stage.kills} kills\n`);
          },
          6 * 3_600_000,
        );
      }
    }
  }

  it.each(["exch", "mv"] as const)("work with %s as well", async (exchanger) => {
    const scripts = await scriptsOf(manifest);
    const home = newHome();
    layHome(home);
    const options = { home, env: { PATH: pathWith(exchanger) } };
    expectRun(0, scripts, "link", [], options);
    expect(existsSync(join(home, ".persist", "moves", "a"))).toBe(true);
    expectRun(0, scripts, "unlink", [], options);
    expect(lstatSync(join(home, "moves")).isDirectory()).toBe(true);
  });
});
