import { describe, expect, it } from "vitest";
import { remanence } from "../support/workspace.ts";
import { few, homeWith, manifest, paths, scanned } from "./scan-support.ts";
import { expectCannotRun } from "./support.ts";

describe("scan --lost-on", () => {
  it("wipe: what nobody decided about and what is given up, not what is kept or carried", () => {
    const { folder, home } = homeWith(few);
    const { answer, code } = scanned(folder, "--host", "n", "--home", home, "--lost-on", "wipe");
    expect(code).toBe(1);
    expect((answer.lost ?? []).map(({ path, fate, need }) => [path, fate, need])).toEqual([
      ["/home/u/games", "undecided", null],
      ["/home/u/.config/other", "undecided", null],
      ["/home/u/.cache", "discard", "none"],
    ]);
  });

  it("wipe: nothing on a host that wipes nothing, and it says so", () => {
    const { folder, home } = homeWith(few);
    const { answer, code } = scanned(folder, "--host", "f", "--home", home, "--lost-on", "wipe");
    expect([code, answer.lost]).toEqual([0, []]);
    expect(answer.notes.join()).toMatch(/nothing is wiped on f/);
  });

  it("wipe: only what lies on what is wiped", () => {
    const { folder, home } = homeWith(few, manifest.replace("wipe: {", "mounts: [/home/u/games], wipe: {"));
    const { answer } = scanned(folder, "--host", "n", "--home", home, "--lost-on", "wipe");
    expect(paths(answer.lost)).toEqual(["/home/u/.cache", "/home/u/.config/other"]);
    // It is undecided all the same.
    expect(paths(answer.undecided)).toEqual(["/home/u/.config/other", "/home/u/games/more", "/home/u/games/save"]);
  });

  it("disk: what is in no backup, kept or not", () => {
    const { folder, home } = homeWith(few);
    const { answer, code } = scanned(folder, "--host", "f", "--home", home, "--lost-on", "disk");
    expect(code).toBe(1);
    expect(paths(answer.lost)).toEqual(["/home/u/.cache", "/home/u/.config/other", "/home/u/games"]);
    const { answer: bare } = scanned(folder, "--host", "n", "--home", home, "--lost-on", "disk");
    expect(bare.lost?.[0]).toMatchObject({ path: "/home/u/.ssh", fate: "persist", class: "secret", need: "critical" });
    expect(paths(bare.lost)).toContain("/home/u/Documents");
    expect(bare.notes.join()).toMatch(/there is no backup of n/);
  });

  it("move: what the other host does not have", () => {
    const { folder, home } = homeWith({ ...few, "only-here/x": "x" });
    const { answer, code } = scanned(folder, "--host", "f", "--home", home, "--lost-on", "move:n");
    expect(code).toBe(1);
    expect((answer.lost ?? []).map(({ path, fate, why }) => [path, fate, why])).toEqual([
      ["/home/u/games", "undecided", "nobody has decided about it"],
      ["/home/u/.config/other", "undecided", "nobody has decided about it"],
      ["/home/u/only-here", "persist", "only here: nothing keeps it on n"],
      ["/home/u/.cache", "discard", "given up: it can be made again"],
    ]);
  });

  it("exits 0 where only what was given up would be gone", () => {
    const { folder, home } = homeWith({ ".cache/x": "x", "Documents/x": "x" });
    expect(scanned(folder, "--host", "n", "--home", home, "--lost-on", "wipe").code).toBe(0);
  });

  it("reads as an answer, worst first, with the next command at the end", () => {
    const { folder, home } = homeWith(few);
    const { stdout, code } = remanence(folder, ["scan", "--host", "n", "--home", home, "--lost-on", "wipe"]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^If \/ were wiped now, 84 KiB in 2 places that nobody has decided about would be gone\.\n/);
    expect(stdout).toMatch(/ {2}\d+ KiB {2}~\/games\/ {2,}undecided {2,}data\? {2,}important {2}games-folder/);
    expect(stdout).toMatch(/Decide them one by one: remanence triage\n$/);
  });

  it.each([
    ["nothing", /--lost-on takes wipe, disk, move:n/],
    ["wipes", /did you mean wipe\?/],
    ["move:f", /f is the host that is looked at/],
    ["move:x", /--lost-on takes/],
  ])("refuses %s", (which, message) => {
    const { folder, home } = homeWith({});
    expectCannotRun(remanence(folder, ["scan", "--host", "f", "--home", home, "--lost-on", which]), message);
  });
});
