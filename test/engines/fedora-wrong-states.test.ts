import { join } from "node:path";
import { expect, it } from "vitest";
import { describeWith } from "../support/engines.ts";
import {
  expectRun,
  manifestOf,
  mounted,
  newHome,
  runScript,
  type Scripts,
  scriptsOf,
  snapshot,
} from "../support/fedora.ts";
import {
  dataIn,
  entriesOf,
  layStates,
  type States,
  statesOfCopies,
  wrongStates,
} from "../support/fedora-wrong-states.ts";
import { scratch } from "../support/workspace.ts";

interface World {
  readonly scripts: Scripts;
  readonly home: string;
  readonly folders: readonly string[];
}

/** A home in those states, with the store on its mount or on another. */
async function world(states: States, isApart: boolean): Promise<World> {
  const top = isApart ? mounted("tmpfs") : undefined;
  const home = newHome();
  const elsewhere = scratch();
  const store = top === undefined ? join(home, ".persist") : join(top, "home", "ann");
  const options = { backup: `{ engine: tar, path: "${scratch()}" }`, top: 'stores: { bulk: { path: "~/.bulk" } }' };
  const scripts = await scriptsOf(
    manifestOf(entriesOf(states), top === undefined ? options : { ...options, store: top }),
  );
  layStates(states, home, store, elsewhere);
  return { scripts, home, folders: [home, ...(top === undefined ? [] : [top]), elsewhere] };
}

const moving = [
  ["link", "--yes"],
  ["link", "--commit"],
  ["unlink", "--yes"],
  ["unlink", "--commit"],
] as const;
const all = [
  ["link", "--dry-run"],
  ["unlink", "--dry-run"],
  ["restore", "--dry-run"],
  ["clean", "--dry-run"],
  ["backup"],
  ["restore", "--yes"],
  ["clean"],
  ...moving,
] as const;

describeWith(["loop", "btrfs"], "a home in wrong states", () => {
  it.each([
    ["on the mount of the home", false],
    ["on another mount", true],
  ] as const)("has each of them named by verify.sh, which changes nothing, with a store %s", async (_, isApart) => {
    const { scripts, home, folders } = await world(wrongStates, isApart);
    const before = snapshot(...folders);
    const done = expectRun(1, scripts, "verify", ["--format", "json"], { home });
    const { entries } = JSON.parse(done.out) as { entries: { path: string; result: string; says: string }[] };
    const named = (name: string) => entries.find(({ path }) => path === (wrongStates[name]?.path ?? name));
    expect(Object.fromEntries(Object.keys(wrongStates).map((name) => [name, named(name)?.result]))).toEqual(
      Object.fromEntries(Object.entries(wrongStates).map(([name, { result }]) => [name, result])),
    );
    for (const [name, { says }] of Object.entries(wrongStates)) expect(named(name)?.says).toContain(says);
    const text = expectRun(1, scripts, "verify", [], { home }).out;
    for (const { says } of Object.values(wrongStates)) expect(text).toContain(says);
    expect(snapshot(...folders)).toBe(before);
  });

  it.each([
    ["on the mount of the home", wrongStates, false, all],
    ["on another mount", statesOfCopies, true, moving],
  ] as const)("loses nothing to any script, with a store %s", async (_, states, isApart, calls) => {
    const { scripts, home, folders } = await world(states, isApart);
    const laid = dataIn(folders);
    expect(laid.size).toBeGreaterThan(40);
    for (const [name, ...args] of calls) {
      const before = args[0] === "--dry-run" ? snapshot(...folders) : undefined;
      const done = runScript(scripts, name, args, { home });
      const call = `${name} ${args.join(" ")}`;
      expect([0, 2, 3, 4, 5], `${call}: ${done.err}`).toContain(done.code);
      if (before !== undefined) expect(snapshot(...folders), call).toBe(before);
      const left = dataIn(folders);
      expect(
        [...laid].filter((data) => !left.has(data)),
        `${call}\n${done.out}${done.err}`,
      ).toEqual([]);
    }
  });
});
