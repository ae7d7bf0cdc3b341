import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { isTaken, newFile } from "../../../src/output/new-file.ts";
import { scratch } from "../../support/workspace.ts";

describe("a new file", () => {
  it("has its name only when it is published", () => {
    const folder = scratch();
    const file = newFile(join(folder, "x"));
    file.write("one");
    file.write("two");
    expect(readFileSync(file.temporary, "utf8")).toBe("two");
    expect(isTaken(join(folder, "x"))).toBe(false);
    file.publish();
    file.discard();
    expect(readdirSync(folder)).toEqual(["x"]);
    expect(readFileSync(join(folder, "x"), "utf8")).toBe("two");
  });

  it("is gone when it is discarded", () => {
    const folder = scratch();
    const file = newFile(join(folder, "x"));
    file.write("one");
    file.discard();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("is refused where something is, or there is no folder", () => {
    const folder = scratch();
    writeFileSync(join(folder, "file"), "");
    mkdirSync(join(folder, "directory"));
    symlinkSync("nowhere", join(folder, "link"));
    for (const name of ["file", "directory", "link"])
      expect(() => newFile(join(folder, name))).toThrow(/is there already/);
    for (const name of ["no/x", "file/x"]) expect(() => newFile(join(folder, name))).toThrow(/there is no folder/);
  });

  it("never takes the place of what came meanwhile", () => {
    const folder = scratch();
    const file = newFile(join(folder, "x"));
    file.write("ours");
    writeFileSync(join(folder, "x"), "theirs");
    expect(() => file.publish()).toThrow(/is there already/);
    file.discard();
    expect(readdirSync(folder)).toEqual(["x"]);
    expect(readFileSync(join(folder, "x"), "utf8")).toBe("theirs");
  });

  it("is not written through a link that somebody left under its first name", () => {
    const folder = scratch();
    writeFileSync(join(folder, "other"), "theirs");
    const file = newFile(join(folder, "x"));
    symlinkSync("other", file.temporary);
    file.write("ours");
    file.publish();
    expect(readFileSync(join(folder, "other"), "utf8")).toBe("theirs");
    expect(readFileSync(join(folder, "x"), "utf8")).toBe("ours");
  });
});
