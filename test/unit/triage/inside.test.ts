import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { pathShownAs, shownPath } from "../../../src/scan/names.ts";
import { lookInside } from "../../../src/scan/walk/inside.ts";
import { folderWith, scratch } from "../../support/workspace.ts";

describe("what lies in a folder", () => {
  it("has the sizes of du, the largest first, links as they are, other names once", async () => {
    const folder = folderWith({
      "a/x": "x".repeat(100_000),
      "a/deep/er/y": "y".repeat(30_000),
      "b/z": "z".repeat(300_000),
      "c.txt": "c".repeat(9_000),
    });
    symlinkSync("/usr", join(folder, "link"));
    linkSync(join(folder, "a/x"), join(folder, "a/twin"));
    mkdirSync(join(folder, "empty"));
    utimesSync(join(folder, "b/z"), 1e9, 1e9);
    const found = await lookInside(folder);
    if (typeof found === "string") throw new Error(found);
    expect(found.map(({ name, kind, files }) => [name, kind, files])).toEqual([
      ["b", "directory", 1],
      ["a", "directory", 3],
      ["c.txt", "file", 1],
      ["empty", "directory", 0],
      ["link", "symlink", 1],
    ]);
    expect(found[0]?.newest).toBe("2001-09-09T01:46:40Z");
    for (const { name, bytes } of found) {
      const [size] = execFileSync("du", ["-sB1", join(folder, name)], { encoding: "utf8" }).split("\t");
      expect([name, bytes]).toEqual([name, Number(size)]);
    }
  });

  it("lets other things happen meanwhile, and tells how far it is", async () => {
    const folder = scratch();
    for (let i = 0; i < 40; i++) {
      mkdirSync(join(folder, `d/${i}`), { recursive: true });
      for (let j = 0; j < 100; j++) writeFileSync(join(folder, `d/${i}/${j}`), "");
    }
    const told: number[] = [];
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    // A clock that runs fast: each folder takes longer than a turn.
    const real = performance.now.bind(performance);
    let ahead = 0;
    performance.now = () => {
      ahead += 5;
      return real() + ahead;
    };
    const found = await lookInside(folder, (entries) => told.push(entries)).finally(() => {
      performance.now = real;
      clearInterval(timer);
    });
    expect(found).toEqual([expect.objectContaining({ name: "d", files: 4000 })]);
    expect(told.length).toBeGreaterThan(10);
    expect(told).toEqual([...told].sort((a, b) => a - b));
    expect(turns).toBeGreaterThan(0);
  });

  it("says why it cannot be read", async () => {
    expect(await lookInside(join(scratch(), "gone"))).toBe("it is gone");
  });
});

describe("a path as it is shown", () => {
  it.each(["/a/b", "/n\udcffo", "/back\\x41slash", "/back\\x5cx41", "/\\xff", "/x\\", "/\\xzz\udc80"])(
    "%j leads back to itself",
    (path) => {
      expect(pathShownAs(shownPath(path))).toBe(path);
    },
  );
});
