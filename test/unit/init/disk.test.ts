import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { diskAt, seenFrom } from "../../../src/init/disk.ts";
import { madeRoot } from "../../support/made-root.ts";
import { scratch } from "../../support/workspace.ts";

describe("a system seen from its root", () => {
  it("knows kinds, names and texts", () => {
    const root = madeRoot({ paths: ["a/", "a/f"], files: { "etc/x": "text" }, links: { l: "nowhere" } });
    const disk = diskAt(root);
    const kinds = ["/a", "/a/", "/a/f", "/l", "/no", "/a/f/below", "/"].map((path) => disk.kind(path));
    expect(kinds).toEqual(["directory", "directory", "file", "symlink", undefined, undefined, "directory"]);
    expect(disk.names("/")).toEqual(["a", "etc", "l"]);
    expect(disk.read("/etc/x")).toBe("text");
    expect([disk.read("/a"), disk.read("/no"), disk.names("/a/f")]).toEqual([undefined, undefined, []]);
  });

  it("resolves links as that system would, and never out of it", () => {
    const outside = scratch();
    writeFileSync(join(outside, "secret"), "s");
    mkdirSync(join(outside, "folder"));
    const root = madeRoot({
      paths: ["var/home/u/.ssh/"],
      files: { "usr/lib/os-release": "ID=x" },
      links: {
        home: "var/home",
        "etc/os-release": "../usr/lib/os-release",
        "etc/absolute": "/usr/lib/os-release",
        "etc/out": join(outside, "secret"),
        "etc/up": `../../../../../../../../..${join(outside, "secret")}`,
        folder: outside,
        loop: "loop",
        "two/a": "b",
        "two/b": "a",
      },
    });
    const disk = diskAt(root);
    expect(disk.kind("/home/u/.ssh")).toBe("directory");
    expect([disk.read("/etc/os-release"), disk.read("/etc/absolute")]).toEqual(["ID=x", "ID=x"]);
    expect([disk.read("/etc/out"), disk.read("/etc/up")]).toEqual([undefined, undefined]);
    expect([disk.kind("/folder/folder"), disk.names("/folder")]).toEqual([undefined, []]);
    expect([disk.read("/loop"), disk.kind("/loop/x"), disk.kind("/two/a/x")]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("waits for no pipe, and reads nothing large", () => {
    const root = madeRoot({ files: { large: "x".repeat(2 ** 20 + 1) } });
    execFileSync("mkfifo", [join(root, "pipe")]);
    expect([diskAt(root).read("/pipe"), diskAt(root).read("/large"), diskAt(root).kind("/pipe")]).toEqual([
      undefined,
      undefined,
      "other",
    ]);
  });
});

describe("a directory seen from another", () => {
  it("is itself, below, or elsewhere; links count for what they lead to", () => {
    const root = madeRoot({ paths: ["a/b/", "..c/"], links: { l: "a" } });
    const seen = (folder: string, directory: string) => seenFrom(join(root, folder), join(root, directory));
    expect([seen("a", "l"), seen("l", "a/b"), seen("a/b", "a"), seen("a", "no")]).toEqual([
      ".",
      "b",
      undefined,
      undefined,
    ]);
    expect(seen(".", "..c")).toBe("..c");
  });
});
