import { basename, dirname, join } from "node:path";
import { expect, it } from "vitest";
import { describeWith } from "../support/engines.ts";
import {
  contents,
  expectRun,
  lay,
  manifestOf,
  mounted,
  newHome,
  run,
  type Scripts,
  scriptsOf,
} from "../support/fedora.ts";
import { type Boundary, boundaries, killBefore, pathWith, runToEnd } from "../support/fedora-crash.ts";
import { long, whole } from "../support/fedora-stage.ts";

const ofHere = { a: "here", deep: { b: "1" }, link: { link: "a" } };
const ofStore = { a: "in the store", other: { c: "2" } };
const late = "written to the original";

/** Names that mean whole data. */
const trusted = (place: string, aside: string): string[] => [place, `${place}.${aside}`];

interface Scene {
  readonly scripts: Scripts;
  readonly home: string;
  readonly store: string;
  readonly env: NodeJS.ProcessEnv;
  /** Lays it all anew. */
  readonly reset: () => void;
}

/** A conflict of both sides, or an original that a program wrote to after link.sh. */
async function scene(isApart: boolean, isLate: boolean, exchanger: "python3" | "none"): Promise<Scene> {
  const top = isApart ? mounted("tmpfs") : undefined;
  const scripts = await scriptsOf(manifestOf(["app/"], top === undefined ? {} : { store: top }));
  const env = { PATH: pathWith(exchanger) };
  const home = newHome();
  const store = top === undefined ? join(home, ".persist") : join(top, "home", "ann");
  const reset = (): void => {
    for (const folder of [home, store]) run(["find", folder, "-mindepth", "1", "-delete"], { home: "/" });
    lay(home, { app: ofHere });
    lay(dirname(store), isLate ? { [basename(store)]: {} } : { [basename(store)]: { app: ofStore } });
    if (!isLate) return;
    expectRun(0, scripts, "link", ["--yes"], { home, env });
    run(["find", join(store, "app"), "-mindepth", "1", "-delete"], { home: "/" });
    lay(home, { "app.remanence-original": { late } });
    lay(store, { app: ofStore });
  };
  return { scripts, home, store, env, reset };
}

const tree = (folder: string): string => {
  const { ".": _, ...inside } = contents(folder);
  return JSON.stringify(inside);
};

/** What is at each place, and is no link. */
function found({ home, store }: Scene): string[] {
  return [
    ...trusted(join(home, "app"), "remanence-original"),
    ...trusted(join(store, "app"), "remanence-other"),
  ].flatMap((place) =>
    run(["bash", "-c", "[[ -d $1 && ! -L $1 ]]", "-", place], { home: "/" }).code === 0 ? [tree(place)] : [],
  );
}

const cases = [
  { isApart: false, isLate: false, exchanger: "python3" },
  { isApart: false, isLate: false, exchanger: "none" },
  { isApart: true, isLate: false, exchanger: "python3" },
  { isApart: true, isLate: true, exchanger: "none" },
] as const;

describeWith(["python3"], "link.sh --take, killed", () => {
  for (const { isApart, isLate, exchanger } of cases) {
    for (const side of ["live", "store"] as const) {
      const where = `${isApart ? "on another mount" : "on one mount"}, ${isLate ? "after a late write" : "in conflict"}`;
      it(
        `keeps both sides whole at every command, taking ${side} ${where}, with ${exchanger}`,
        async () => {
          const stage = await scene(isApart, isLate, exchanger);
          const call = ["link", "--only", "app", "--take", side, "--yes"];
          stage.reset();
          const sides = found(stage);
          expect(new Set(sides).size).toBe(2);
          const all = boundaries(stage.scripts, call, stage);
          const end = shape(stage);
          let kills = 0;
          for (const { number, command } of whole ? all : fewOf(all)) {
            stage.reset();
            if (!killBefore(number, stage.scripts, call, stage)) continue;
            kills++;
            const when = `killed before ${number}: ${command}`;
            const left = found(stage);
            for (const one of sides) expect(left.includes(one), `${one} is whole, ${when}`).toBe(true);
            const again = runToEnd(stage.scripts, call, stage);
            expect(again.code, `${when}: ${again.out}${again.err}`).toBe(0);
            expect(shape(stage), when).toEqual(end);
          }
          expect(kills).toBeGreaterThan(2);
          if (whole) process.stdout.write(`--take ${side} ${where}, ${exchanger}: ${kills} kills\n`);
        },
        long,
      );
    }
  }
});

/** Some of the commands that change something. */
function fewOf(all: readonly Boundary[]): Boundary[] {
  const changing = all.filter(({ command }) => /^(ln|mv|rm|rmdir|exchange|python3|cp|sync|note) /.test(command));
  return changing.filter((_, i) => i % Math.ceil(changing.length / 6) === 0);
}

/** All that is there; of a note only its name, for it knows a directory by its inode. */
function shape({ home, store }: Scene): unknown {
  return [home, store].map((folder) =>
    Object.entries(contents(folder))
      .filter(([path]) => !path.startsWith(".local"))
      .map(([path, what]) => (/\.remanence-(?:copied|returned)$/.test(path) ? [path] : [path, what])),
  );
}
