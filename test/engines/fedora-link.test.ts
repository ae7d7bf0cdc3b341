import { chmodSync, chownSync, lstatSync, mkdirSync, readFileSync, renameSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeWith } from "../support/engines.ts";
import {
  actions,
  type Content,
  contents,
  expectRun,
  lay,
  manifestOf,
  mounted,
  newHome,
  run,
  runScript,
  scriptsOf,
  snapshot,
} from "../support/fedora.ts";

const full = { a: "1", below: { b: "2" } };
/** What can be at a live path; `ours` is the link that link.sh makes, `foreign` leads to somebody's folder. */
const liveStates: Record<string, Content | undefined> = {
  none: undefined,
  full,
  empty: {},
  file: "a file",
  ours: undefined,
  foreign: { link: "/etc" },
  dangling: { link: "nowhere" },
};
/** What can be in the store; `mark` is what a stopped run leaves there. */
const storedStates: Record<string, Content | undefined> = {
  none: undefined,
  full,
  empty: {},
  file: "a file",
  foreign: { link: "/etc" },
  dangling: { link: "nowhere" },
  mark: undefined,
};
/** What link.sh does about a directory: rows are live states, columns stored states, both in the order above. */
const decisions: Record<string, string> = {
  none: "create place place refuse refuse refuse create",
  full: "move refuse move refuse refuse refuse move",
  empty: "move adopt adopt refuse refuse refuse move",
  file: "refuse refuse refuse refuse refuse refuse refuse",
  ours: "create linked linked refuse refuse refuse create",
  foreign: "refuse refuse refuse refuse refuse refuse refuse",
  dangling: "refuse refuse refuse refuse refuse refuse refuse",
};

const cases = Object.keys(liveStates).flatMap((live) =>
  Object.keys(storedStates).map((stored, i) => ({
    name: `${live}-${stored}`,
    live,
    stored,
    decision: decisions[live]?.split(" ")[i] ?? "",
  })),
);

/** A home with every combination side by side, and the link that all others go through. */
function layCombinations(home: string): void {
  mkdirSync(join(home, ".persist"));
  symlinkSync(".persist", join(home, ".remanence"));
  for (const { name, live, stored } of cases) {
    const ours = { link: `.remanence/${name}` };
    const atLive = live === "ours" ? ours : liveStates[live];
    const inStore = stored === "mark" ? ours : storedStates[stored];
    lay(home, atLive === undefined ? {} : { [name]: atLive });
    lay(join(home, ".persist"), inStore === undefined ? {} : { [name]: inStore });
  }
}

/** Every file and foreign link below a folder, wherever it is: what must never become less. */
function treasures(home: string): string[] {
  return Object.entries(contents(home))
    .filter(
      ([path, what]) =>
        !what.startsWith("directory") && !/^link \.(?:remanence\/|persist$)/.test(what) && !path.startsWith(".local"),
    )
    .map(([path, what]) => `${path.replace(".persist/", "")} ${what}`)
    .sort();
}

describeWith([], "link.sh", () => {
  it("decides about every combination of what is here and what is in the store, and loses nothing of any", async () => {
    const scripts = await scriptsOf(manifestOf(cases.map(({ name }) => `${name}/`)));
    const home = newHome();
    layCombinations(home);
    const [before, owned] = [snapshot(home), treasures(home)];
    const expected = Object.fromEntries(cases.map(({ name, decision }) => [name, decision]));

    expect(actions(expectRun(3, scripts, "link", ["--dry-run", "--format", "json"], { home }))).toEqual(expected);
    expect(snapshot(home)).toBe(before);

    expect(actions(expectRun(3, scripts, "link", ["--format", "json"], { home }))).toEqual(expected);
    expect(treasures(home)).toEqual(owned);
    for (const { name, decision } of cases) {
      const stored = lstatSync(join(home, ".persist", name), { throwIfNoEntry: false });
      if (decision === "refuse") continue;
      expect(lstatSync(join(home, name)).isSymbolicLink(), name).toBe(true);
      expect(stored?.isDirectory(), name).toBe(true);
    }

    const again = actions(expectRun(3, scripts, "link", ["--format", "json"], { home }));
    for (const { name, decision } of cases) expect(again[name], name).toBe(decision === "refuse" ? "refuse" : "linked");
    const back = actions(runScript(scripts, "unlink", ["--format", "json"], { home }));
    for (const { name, decision } of cases) {
      if (decision === "refuse") continue;
      expect(back[name], name).toBe("back");
      expect(lstatSync(join(home, name)).isDirectory(), name).toBe(true);
    }
    expect(treasures(home)).toEqual(owned);
  });

  it("decides about single files, and leaves directories alone that stand where a file should be", async () => {
    const names = ["moves", "placed", "both", "directory", "stored-directory", "missing", "foreign"];
    const scripts = await scriptsOf(manifestOf(names.map((n) => `{ path: ${n}, how: symlink, writes: in-place }`)));
    const home = newHome();
    lay(home, { moves: "1", both: "2", directory: {}, "stored-directory": "3", foreign: { link: "/etc/hostname" } });
    lay(home, { ".persist": { placed: "4", both: "5", directory: {}, "stored-directory": {} } });
    const owned = treasures(home);
    const done = expectRun(3, scripts, "link", ["--format", "json"], { home });
    expect(actions(done)).toEqual({
      moves: "move",
      placed: "place",
      both: "refuse",
      directory: "refuse",
      "stored-directory": "refuse",
      missing: "absent",
      foreign: "refuse",
    });
    expect(treasures(home)).toEqual(owned);
    expect(readFileSync(join(home, "moves"), "utf8")).toBe("1");
    expect(readFileSync(join(home, "placed"), "utf8")).toBe("4");
  });

  it("mends a root link that is gone, and takes a link with another text for its own", async () => {
    const scripts = await scriptsOf(manifestOf(["kept/", "absolute/"]));
    const home = newHome();
    lay(home, { ".persist": { kept: full, absolute: full }, kept: { link: ".remanence/kept" } });
    symlinkSync(join(home, ".persist/absolute"), join(home, "absolute"));
    expect(actions(expectRun(0, scripts, "link", ["--format", "json"], { home }))).toEqual({
      kept: "linked",
      absolute: "linked",
    });
    expect(readFileSync(join(home, "kept", "a"), "utf8")).toBe("1");
    expectRun(0, scripts, "unlink", [], { home });
    expect(contents(home)["kept/a"]).toMatch(/^file/);
    expect(contents(home)["absolute/a"]).toMatch(/^file/);
    expect(contents(join(home, ".persist"))).toEqual({ ".": "directory 755" });
  });

  it("keeps the root link as long as something else in the store may be linked through it", async () => {
    const home = newHome();
    lay(home, { one: full, other: full });
    expectRun(0, await scriptsOf(manifestOf(["one/", "other/"])), "link", [], { home });
    expectRun(0, await scriptsOf(manifestOf(["one/"])), "unlink", [], { home });
    expect(readFileSync(join(home, "other", "a"), "utf8")).toBe("1");
  });

  it("links a directory that would hold its own notes, on a new home too", async () => {
    const scripts = await scriptsOf(manifestOf([".local/state/", "b/"]));
    const home = newHome();
    lay(home, { ".persist": { ".local/state": full }, b: full });
    expect(actions(expectRun(0, scripts, "link", ["--format", "json"], { home }))).toEqual({
      ".local/state": "place",
      b: "move",
    });
    expect(readFileSync(join(home, ".persist/.local/state/remanence/journal"), "utf8")).toContain("link move ~/b");
    expectRun(0, scripts, "link", [], { home });
  });

  it("creates what is new with the mode that the manifest asks for", async () => {
    const scripts = await scriptsOf(
      manifestOf(["{ path: .ssh/, class: secret }", "Documents/", "{ path: shared/, mode: '0770' }"]),
    );
    const home = newHome();
    expectRun(0, scripts, "link", [], { home });
    const mode = (path: string): string => (lstatSync(join(home, ".persist", path)).mode & 0o777).toString(8);
    expect([".ssh", "Documents", "shared"].map(mode)).toEqual(["700", "755", "770"]);
  });
});

describeWith(["root"], "link.sh as an ordinary user", () => {
  it("refuses what it may not write before it touches anything", async () => {
    const scripts = await scriptsOf(manifestOf(["locked/in/", "moves/", "read-only/"]));
    const home = newHome();
    lay(home, { locked: { in: full }, moves: full, "read-only": full, ".persist": {} });
    run(["chown", "-R", "4321:4321", home], { home });
    chmodSync(join(home, "locked"), 0o555);
    chmodSync(join(home, "read-only"), 0o555);
    const done = runScript(scripts, "link", ["--format", "json"], { home, uid: 4321 });
    expect(done.code, done.err).toBe(3);
    expect(actions(done)).toEqual({ "locked/in": "refuse", moves: "move", "read-only": "refuse" });
    expect(contents(home)["locked/in/a"]).toBeDefined();
    chmodSync(join(home, ".persist"), 0o555);
    chownSync(join(home, ".persist"), 4321, 4321);
    const before = snapshot(home);
    expect(runScript(scripts, "link", [], { home, uid: 4321 }).code).toBe(3);
    expect(snapshot(home)).toBe(before);
  });
});

describeWith(["loop", "btrfs", "mount-namespace"], "link.sh with mounts, subvolumes and links on the way", () => {
  it("leaves alone what a rename must not touch, and says why", async () => {
    const names = ["mounted", "mount inside", "mounted in store", "volume inside", "links/parent", "moves"];
    const scripts = await scriptsOf(manifestOf([...names, "stored-links/parent"].map((name) => `"${name}/"`)));
    const home = newHome(mounted("btrfs"));
    const tree = {
      mounted: full,
      "mount inside": { below: full },
      "mounted in store": {},
      "volume inside": full,
      moves: full,
    };
    lay(home, { ...tree, elsewhere: { parent: full }, links: { link: "elsewhere" }, "stored-links": { parent: full } });
    lay(home, { ".persist": { "mounted in store": full, "stored-links": { link: "/etc" } } });
    const bind = (path: string): number | null => run(["mount", "--bind", path, path], { home }).code;
    const inside = [
      join(home, "mounted"),
      join(home, "mount inside", "below"),
      join(home, ".persist", "mounted in store"),
    ];
    expect(inside.map(bind)).toEqual([0, 0, 0]);
    expect(run(["btrfs", "subvolume", "create", join(home, "volume inside", "volume")], { home }).code).toBe(0);
    const done = runScript(scripts, "link", ["--format", "json"], { home });
    for (const path of inside) run(["umount", path], { home });
    expect(done.code, done.err).toBe(3);
    const refused = Object.fromEntries([...names, "stored-links/parent"].map((name) => [name, "refuse"]));
    expect(actions(done)).toEqual({ ...refused, moves: "move" });
    const reasons = JSON.parse(done.out) as { entries: { path: string; reason: string }[] };
    const reason = Object.fromEntries(reasons.entries.map((entry) => [entry.path, entry.reason]));
    for (const name of ["mounted", "mount inside", "mounted in store"]) expect(reason[name]).toContain("mounted");
    expect(reason["volume inside"]).toContain("subvolume");
    expect(reason["links/parent"]).toContain("reached through a link");
    expect(reason["stored-links/parent"]).toContain("reached through a link");
  });

  it("takes a directory that is a subvolume itself", async () => {
    const scripts = await scriptsOf(manifestOf(["photos/"]));
    const home = newHome(mounted("btrfs"));
    expect(run(["btrfs", "subvolume", "create", join(home, "photos")], { home }).code).toBe(0);
    lay(home, { photos: full });
    expectRun(0, scripts, "link", [], { home });
    expect(readFileSync(join(home, "photos", "a"), "utf8")).toBe("1");
    expectRun(0, scripts, "unlink", [], { home });
    expect(lstatSync(join(home, "photos")).isDirectory()).toBe(true);
  });

  it("does not undo through a link that came into its way", async () => {
    const scripts = await scriptsOf(manifestOf([".config/app/"]));
    const home = newHome();
    lay(home, { ".config/app": full });
    expectRun(0, scripts, "link", [], { home });
    renameSync(join(home, ".config"), join(home, "config"));
    symlinkSync("config", join(home, ".config"));
    const before = contents(home);
    expectRun(3, scripts, "unlink", [], { home });
    expect(contents(home)).toEqual(before);
  });
});
