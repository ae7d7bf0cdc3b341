import { spawn } from "node:child_process";
import { existsSync, lstatSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { describeWith } from "../support/engines.ts";
import {
  actions,
  apart,
  type Content,
  contents,
  expectRun,
  lay,
  manifestOf,
  newHome,
  oddNames,
  runScript,
  type Scripts,
  scriptsOf,
  snapshot,
} from "../support/fedora.ts";
import { pathWith } from "../support/fedora-crash.ts";

const ofHere = { both: "here", "only here": "1", deep: { a: "1" } };
const ofStore = { both: "in the store", "only there": "2", deep: { b: "2" } };

/** A home in which an application put a directory of its own in place of the link. */
async function conflict(entry = "app/"): Promise<{ scripts: Scripts; home: string; store: string }> {
  const scripts = await scriptsOf(manifestOf([entry]));
  const home = newHome();
  const store = join(home, ".persist");
  lay(home, { app: ofHere });
  lay(store, { app: ofStore });
  return { scripts, home, store };
}

/** Files below a folder and what is in them, as they were laid. */
const dataOf = (folder: string): Record<string, string> =>
  Object.fromEntries(Object.entries(contents(folder)).filter(([, what]) => !what.startsWith("link")));
function laid(content: Content): Record<string, string> {
  const folder = newHome();
  lay(folder, { x: content });
  return dataOf(join(folder, "x"));
}

describeWith([], "link.sh --compare", () => {
  it("counts what is newer, older and only on one side, names it, and changes nothing", async () => {
    const { scripts, home, store } = await conflict();
    lay(home, {
      "app/same": "x",
      "app/touched": "x",
      "app/older": "longer",
      "app/lonely/x": "1",
      "app/link": { link: "a" },
    });
    lay(store, { "app/same": "x", "app/touched": "x", "app/older": "y", "app/link": { link: "b" } });
    for (const [path, time] of [
      [join(home, "app/same"), 1000],
      [join(store, "app/same"), 1000],
      [join(home, "app/touched"), 1000],
      [join(store, "app/touched"), 2000],
      [join(home, "app/both"), 2000],
      [join(store, "app/both"), 1000],
      [join(home, "app/older"), 1000.25],
      [join(store, "app/older"), 1000.5],
    ] as const) {
      utimesSync(path, time, time);
    }
    const before = snapshot(home);
    const done = expectRun(0, scripts, "link", ["--compare", "app", "--format", "json"], { home });
    const [entry] = JSON.parse(done.out).entries;
    expect(entry).toMatchObject({ path: "app", same: 2, newerHere: 1, newerThere: 2, onlyHere: 4, onlyThere: 2 });
    expect(entry.here).toMatchObject({ place: join(home, "app"), files: 8 });
    expect(entry.names).toEqual(
      expect.arrayContaining([
        { name: "both", how: "newer-here" },
        { name: "older", how: "newer-there" },
        { name: "lonely", how: "only-here" },
        { name: "deep/b", how: "only-there" },
      ]),
    );
    expect(JSON.stringify(entry.names)).not.toContain("lonely/x");
    const text = expectRun(0, scripts, "link", ["--compare", "~/app/"], { home }).out;
    expect(text).toMatch(/newer here +both\n/);
    expect(text).toContain("link.sh --only app --take live");
    expect(text).toContain("link.sh --only app --take store");
    expect(snapshot(home)).toBe(before);
  });

  it("lists odd names as they are, and no more than twenty", async () => {
    const { scripts, home } = await conflict();
    lay(home, { app: Object.fromEntries([...oddNames, "line\nbreak", "\u001b]0;x\u0007"].map((name) => [name, "x"])) });
    const done = expectRun(0, scripts, "link", ["--compare", "app", "--format", "json"], { home });
    const [entry] = JSON.parse(done.out).entries;
    expect(entry.names.length).toBe(20);
    expect(entry.onlyHere).toBe(oddNames.length + 4);
    expect(expectRun(0, scripts, "link", ["--compare", "app"], { home }).out.replaceAll("\n", "")).not.toMatch(
      /\p{Cc}/u,
    );
  });

  it("says so where there is nothing to compare, and needs a path that is kept", async () => {
    const { scripts, home } = await conflict();
    rmSync(join(home, "app"), { recursive: true });
    expect(expectRun(0, scripts, "link", ["--compare", "app"], { home }).out).toContain("nothing to compare");
    expectRun(2, scripts, "link", ["--compare", "nothing"], { home });
    expectRun(2, scripts, "link", ["--compare"], { home });
  });
});

describeWith([], "link.sh --take", () => {
  it("leaves what was put aside once where it is when a later run, in which ln fails, comes to nothing", async () => {
    const { scripts, home, store } = await conflict();
    expectRun(0, scripts, "link", ["--only", "app", "--take", "live"], { home });
    expectRun(0, scripts, "unlink", [], { home });
    const folder = pathWith("python3");
    rmSync(join(folder, "ln"));
    symlinkSync("/bin/false", join(folder, "ln"));
    expectRun(3, scripts, "link", [], { home, env: { PATH: folder } });
    expect(dataOf(join(store, "app.remanence-other"))).toEqual(laid(ofStore));
    expect(existsSync(join(store, "app"))).toBe(false);
    expectRun(0, scripts, "link", [], { home });
  });

  it.each(["python3", "none"] as const)(
    "keeps both sides whole, whichever is taken, with %s to exchange names",
    async (exchanger) => {
      const env = { PATH: pathWith(exchanger) };
      for (const side of ["live", "store"] as const) {
        const { scripts, home, store } = await conflict();
        const take = ["--only", "app", "--take", side, "--yes"];
        const before = snapshot(home);
        expect(actions(expectRun(3, scripts, "link", ["--format", "json"], { home, env }))).toEqual({ app: "refuse" });
        expectRun(0, scripts, "link", [...take, "--dry-run"], { home, env });
        expect(snapshot(home)).toBe(before);
        expectRun(0, scripts, "link", take, { home, env });
        const aside = side === "live" ? join(store, "app.remanence-other") : join(home, "app.remanence-original");
        expect(lstatSync(join(home, "app")).isSymbolicLink()).toBe(true);
        expect(dataOf(join(store, "app"))).toEqual(laid(side === "live" ? ofHere : ofStore));
        expect(dataOf(aside)).toEqual(laid(side === "live" ? ofStore : ofHere));
        // Once more changes nothing, and nothing else ever deletes what was put aside.
        expectRun(0, scripts, "link", take, { home, env });
        for (const [name, ...args] of [
          ["link"],
          ["link", "--commit"],
          ["unlink", "--yes"],
          ["unlink", "--commit"],
          ["link", "--yes"],
          ["clean"],
        ]) {
          expect([0, 3, 5]).toContain(runScript(scripts, name as string, args, { home, env }).code);
          expect(dataOf(aside)).toEqual(laid(side === "live" ? ofStore : ofHere));
        }
      }
    },
  );

  it("takes nothing for what is only in a directory that was named, nor without a name, nor together with --commit", async () => {
    const { scripts, home } = await conflict("{ path: dir/app/ }");
    const before = snapshot(home);
    expectRun(2, scripts, "link", ["--only", "dir", "--take", "live"], { home });
    expectRun(2, scripts, "link", ["--take", "live"], { home });
    expectRun(2, scripts, "link", ["--only", "dir/app", "--take", "mine"], { home });
    expectRun(2, scripts, "link", ["--only", "dir/app", "--take", "live", "--commit"], { home });
    expect(snapshot(home)).toBe(before);
  });

  it("takes a directory of the store for a file that stands in its place, and never the file for the directory", async () => {
    const { scripts, home, store } = await conflict();
    rmSync(join(home, "app"), { recursive: true });
    writeFileSync(join(home, "app"), "a file");
    expectRun(3, scripts, "link", ["--only", "app", "--take", "live"], { home });
    expectRun(0, scripts, "link", ["--only", "app", "--take", "store"], { home });
    expect(readFileSync(join(home, "app.remanence-original"), "utf8")).toBe("a file");
    expect(dataOf(join(store, "app"))).toEqual(laid(ofStore));
  });

  it("touches nothing where a name that it needs is taken, or a program is at work", async () => {
    for (const name of ["app.remanence-original", ".persist/app.remanence-other"]) {
      const { scripts, home } = await conflict();
      lay(home, { [name]: { precious: "x" } });
      const before = snapshot(home);
      const side = name.startsWith("app") ? "store" : "live";
      const done = expectRun(3, scripts, "link", ["--only", "app", "--take", side], { home });
      expect(done.out).toContain(`~/${name} is there already`);
      expect(snapshot(home)).toBe(before);
    }
    const { scripts, home } = await conflict();
    const program = spawn("bash", ["-c", 'cd -- "$1" && echo ready && exec sleep 600', "-", join(home, "app")]);
    onTestFinished(() => void program.kill());
    await new Promise((resolve) => program.stdout.once("data", resolve));
    const before = snapshot(home);
    const done = expectRun(4, scripts, "link", ["--only", "app", "--take", "store"], { home });
    expect(done.out).toContain("in use by sleep");
    expect(snapshot(home)).toBe(before);
  });
});

describeWith(["loop", "btrfs"], "link.sh --take with a store on another mount", () => {
  it("copies what is here, and keeps what the store had and the original", async () => {
    const { home, store, scripts } = await apart();
    lay(home, { app: ofHere });
    lay(store, { app: ofStore });
    const take = ["--only", "app", "--take", "live"];
    expectRun(3, scripts, "link", take, { home });
    expect(existsSync(join(store, "app.remanence-other"))).toBe(false);
    for (let i = 0; i < 2; i++) {
      expectRun(0, scripts, "link", [...take, "--yes"], { home });
      expect(dataOf(join(store, "app"))).toEqual(laid(ofHere));
      expect(dataOf(join(home, "app.remanence-original"))).toEqual(laid(ofHere));
      expect(dataOf(join(store, "app.remanence-other"))).toEqual(laid(ofStore));
    }
    // The original is a copy of what is in the store, as compared; what was put aside is a copy of nothing.
    expectRun(0, scripts, "link", ["--commit"], { home });
    expect(existsSync(join(home, "app.remanence-original"))).toBe(false);
    expect(dataOf(join(store, "app.remanence-other"))).toEqual(laid(ofStore));
  });

  it("leaves everything at its place where no copy can be made", async () => {
    const { home, store, scripts } = await apart("tmpfs", ["app/"]);
    lay(home, { app: ofHere });
    lay(store, { app: ofStore });
    const before = [dataOf(join(home, "app")), contents(join(store, "app"))];
    // Written to all along: never the same as its copy.
    const writer = spawn("bash", ["-c", 'while :; do echo x >>"$1"; sleep 0.01; done', "-", join(home, "app", "log")]);
    onTestFinished(() => void writer.kill());
    expectRun(4, scripts, "link", ["--only", "app", "--take", "live", "--yes"], { home });
    writer.kill();
    await new Promise((resolve) => writer.once("exit", resolve));
    rmSync(join(home, "app", "log"));
    expect([dataOf(join(home, "app")), contents(join(store, "app"))]).toEqual(before);
    expect(existsSync(join(store, "app.remanence-other"))).toBe(false);
  });

  it.each(["live", "store"] as const)(
    "settles an original that a program wrote to after it was copied: %s",
    async (side) => {
      const { home, store, scripts } = await apart();
      lay(home, { app: ofHere });
      expectRun(0, scripts, "link", ["--yes"], { home });
      writeFileSync(join(home, "app.remanence-original", "late"), "newest");
      writeFileSync(join(store, "app", "since"), "newer");
      expectRun(5, scripts, "link", ["--commit"], { home });
      const compared = expectRun(0, scripts, "link", ["--compare", "app"], { home }).out;
      expect(compared).toMatch(/only the original +late\n/);
      for (let i = 0; i < 2; i++) {
        expectRun(0, scripts, "link", ["--only", "app", "--take", side, "--yes"], { home });
        if (side === "live") {
          expect(dataOf(join(store, "app"))).toEqual(laid({ ...ofHere, late: "newest" }));
          expect(dataOf(join(store, "app.remanence-other"))).toEqual(laid({ ...ofHere, since: "newer" }));
        } else {
          expect(dataOf(join(store, "app"))).toEqual(laid({ ...ofHere, since: "newer" }));
          expect(dataOf(join(home, "app.remanence-original"))).toEqual(laid({ ...ofHere, late: "newest" }));
        }
      }
      // What nothing says to be a copy is not deleted.
      expectRun(side === "live" ? 0 : 3, scripts, "link", ["--commit"], { home });
      expect(
        existsSync(
          side === "live" ? join(store, "app.remanence-other/since") : join(home, "app.remanence-original/late"),
        ),
      ).toBe(true);
    },
  );
});
