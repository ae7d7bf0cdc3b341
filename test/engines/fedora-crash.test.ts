import { existsSync, lstatSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeWith } from "../support/engines.ts";
import { expectRun, lay, manifestOf, mounted, newHome, run, scriptsOf } from "../support/fedora.ts";
import { pathWith } from "../support/fedora-crash.ts";
import { type Call, Stage } from "../support/fedora-stage.ts";

const whole = process.env.REMANENCE_CRASH === "full";

/** What there is to link, and in which state a home may be before. */
const entries = [
  "moves/",
  ".config/deep/moves/",
  "{ path: file, how: symlink, writes: in-place }",
  "placed/",
  "adopted/",
  "onto-empty/",
  "new/",
];
const manifest = manifestOf(entries);
const tree = { a: "1", "sub dir": { b: "2", c: { d: "3" } }, link: { link: "a" }, empty: {} };

function layOut(home: string, store: string): void {
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

const exchangers = ["perl", "python3"] as const;
const long = 6 * 3_600_000;

describeWith(["loop", "btrfs", "python3", "perl"], "link.sh and unlink.sh, killed", () => {
  for (const fileSystem of ["the file system of temporary files", "btrfs", "tmpfs"] as const) {
    const homes = (): string =>
      newHome(fileSystem === "btrfs" || fileSystem === "tmpfs" ? mounted(fileSystem) : undefined);
    for (const exchanger of whole ? exchangers : [exchangers[fileSystem === "tmpfs" ? 1 : 0]]) {
      for (const script of ["link", "unlink"] as const) {
        it(
          `lose nothing on ${fileSystem} when ${script}.sh with ${exchanger} is killed anywhere, and finish the next time`,
          async () => {
            const after: (readonly [string])[] = script === "link" ? [] : [["link"]];
            const scripts = await scriptsOf(manifest);
            const stage = new Stage({ scripts, call: [script], after, exchanger, homes: homes(), layOut, kept });
            stage.killEverywhere(9, whole);
            await stage.killAnywhere(whole ? 200 : 2);
            expect(stage.kills).toBeGreaterThan(9);
            if (whole) process.stdout.write(`${fileSystem}, ${exchanger}, ${script}.sh: ${stage.kills} kills\n`);
          },
          long,
        );
      }
    }
  }

  it.each(["exch", "mv"] as const)("work with %s as well", async (exchanger) => {
    const scripts = await scriptsOf(manifest);
    const home = newHome();
    layOut(home, join(home, ".persist"));
    const options = { home, env: { PATH: pathWith(exchanger) } };
    expectRun(0, scripts, "link", [], options);
    expect(existsSync(join(home, ".persist", "moves", "a"))).toBe(true);
    expectRun(0, scripts, "unlink", [], options);
    expect(lstatSync(join(home, "moves")).isDirectory()).toBe(true);
  });
});

/** Where the home is and where the store is, what can exchange names there, and which calls are killed in the small form. */
const mounts = [
  ["ext4", "btrfs", "python3", [0, 2]],
  ["btrfs", "xfs", "perl", [1]],
  ["tmpfs", "ext4", "none", [0, 2]],
  ["two subvolumes", "of btrfs", "perl", [3]],
] as const;
const link = ["link", "--yes"] as const;
const unlink = ["unlink", "--yes"] as const;
const calls: readonly { readonly call: Call; readonly after: readonly Call[] }[] = [
  { call: link, after: [] },
  { call: ["link", "--commit"], after: [link] },
  { call: unlink, after: [link] },
  { call: ["unlink", "--commit"], after: [link, unlink] },
];

describeWith(["loop", "btrfs", "xfs", "python3", "perl"], "link.sh and unlink.sh across mounts, killed", () => {
  for (const [from, to, exchanger, small] of mounts) {
    for (const { call, after } of whole ? calls : small.flatMap((i) => calls.slice(i, i + 1))) {
      it(
        `lose nothing from ${from} to ${to}, with ${exchanger}, when ${call.join(" ")} is killed anywhere`,
        async () => {
          const [homes, store] = from === "two subvolumes" ? subvolumes() : [mounted(from), mounted(to as "ext4")];
          const scripts = await scriptsOf(manifestOf(entries, { store }));
          const stage = new Stage({ scripts, call, after, exchanger, homes, store, layOut, kept });
          stage.killEverywhere(6, whole);
          await stage.killAnywhere(whole ? 60 : 1);
          expect(stage.kills).toBeGreaterThan(5);
          if (whole) process.stdout.write(`${from} ${to}, ${exchanger}, ${call.join(" ")}: ${stage.kills} kills\n`);
        },
        long,
      );
    }
  }
});

function subvolumes(): [string, string] {
  const top = mounted("btrfs");
  for (const name of ["home", "persist"])
    expect(run(["btrfs", "-q", "subvolume", "create", join(top, name)], { home: "/" }).code).toBe(0);
  return [join(top, "home"), join(top, "persist")];
}
