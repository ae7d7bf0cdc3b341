import { chmodSync, mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { describeWith } from "../support/engines.ts";
import { remanence, scratch } from "../support/workspace.ts";
import {
  asNobody,
  expectCannotRun,
  expectNoTrace,
  generated,
  openToAll,
  small,
  stateOf,
  workspace,
} from "./support.ts";

describe("a command that cannot run ends with 2 and one message", () => {
  it.each([
    ["a command nobody knows", ["chek"], /unknown command 'chek'[\s\S]*Did you mean check\?/],
    ["an option nobody knows", ["plan", "--hots", "n"], /unknown option '--hots'[\s\S]*Did you mean --host\?/],
    ["a format nobody knows", ["plan", "--format", "jsn"], /Did you mean json\?/],
    ["a format like nothing", ["plan", "--format", "x-y-z"], /It is one of text, json\./],
    ["a target nobody knows", ["generate", "--target", "nixoss"], /Did you mean nixos\?/],
    ["an argument too many", ["check", "n"], /too many arguments/],
    ["an argument too few", ["explain"], /missing required argument 'path'/],
    ["a profile nobody knows", ["profiles", "show", "fierfox"], /no profile fierfox; did you mean firefox\?/],
    ["two options that exclude each other", ["generate", "--check", "--commit"], /cannot be used with/],
  ])("%s", (_, args, message) => {
    expectCannotRun(remanence(workspace(), args), message);
  });

  it.each([["check"], ["plan"], ["explain", "x"], ["generate"], ["diff"]])("a host nobody knows: %s %s", (...args) => {
    const folder = workspace(small.replace("  n:", "  laptop:"));
    const asked = args.filter((arg) => arg !== undefined);
    expectCannotRun(remanence(folder, [...asked, "--host", "latpop"]), /no host latpop .*; did you mean laptop\?\n$/);
  });

  it("a host like none", () => {
    expectCannotRun(remanence(workspace(), ["check", "--host", "zzz"]), /no host zzz .*; they are n, f\n$/);
  });

  it("a host that is not named where there are several", () => {
    expectCannotRun(remanence(workspace(), ["plan"]), /which host\? --host f or --host n/);
  });

  it("no manifest here or above", () => {
    expectCannotRun(remanence(scratch(), ["check"]), /no persistence\.yaml here or above; name one with --manifest/);
  });

  it.each([
    ["that is not there", "nowhere.yaml", /cannot read nowhere\.yaml: there is no such file/],
    ["that is a directory", "folder", /cannot read folder: it is a directory/],
    ["below a file", "persistence.yaml/x.yaml", /a part of its path is not a directory/],
  ])("a manifest %s", (_, name, message) => {
    const folder = workspace();
    mkdirSync(join(folder, "folder"));
    expectCannotRun(remanence(folder, ["check", "--manifest", name]), message);
  });

  it("a manifest of fifty megabytes is refused before it is read", () => {
    const folder = workspace();
    truncateSync(join(folder, "persistence.yaml"), 50_000_000);
    const { code, stderr } = remanence(folder, ["check"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/this file has 50000000 bytes[\s\S]*manifest\/too-large/);
    expectNoTrace(stderr);
  });
});

describe("outputs that cannot be written", () => {
  it.each([
    ["nixos", /cannot write nixos\/n\/carry\.nix: nixos is not a directory/],
    ["fedora/f", /cannot write fedora\/f\/README\.md: fedora\/f is not a directory/],
    [".remanence", /cannot (?:read|write) \.remanence\/outputs\.json: a part of its path is not a directory/],
  ])("a file in the place of %s", (path, message) => {
    const folder = workspace(small, { [path]: "a file\n" });
    const before = stateOf(folder);
    for (const command of ["generate", "diff"]) expectCannotRun(remanence(folder, [command]), message);
    expect(stateOf(folder)).toEqual(before);
  });
});

describeWith(["root"], "without permission", () => {
  it("to read the manifest", () => {
    const folder = workspace();
    openToAll(folder);
    chmodSync(join(folder, "persistence.yaml"), 0o600);
    expectCannotRun(asNobody(folder, ["check"]), /cannot read persistence\.yaml: permission denied/);
  });

  it.each([
    [
      "to write into the folder of the manifest",
      ".",
      0o555,
      /cannot write \S+: permission denied; nothing was changed/,
    ],
    ["to write into the folder of a target", "nixos/n", 0o555, /cannot write nixos\/n\/migrate\.sh: permission denied/],
    ["to look into the folder of a target", "nixos/n", 0o000, /cannot \S+ nixos\/n\/carry\.nix: permission denied/],
    ["to write the ledger", ".remanence", 0o555, /cannot write \.remanence\/outputs\.json: permission denied/],
    [
      "to read the ledger",
      ".remanence/outputs.json",
      0o000,
      /cannot read \.remanence\/outputs\.json: permission denied/,
    ],
  ])("%s", (_, path, mode, message) => {
    const folder = path === "." ? workspace() : generated();
    // Something for every target to change.
    writeFileSync(join(folder, "persistence.yaml"), `${small}  - Music/\nsystem: [/srv/x/]\n`);
    openToAll(folder);
    chmodSync(join(folder, path), mode);
    const before = stateOf(folder);
    expectCannotRun(asNobody(folder, ["generate"]), message);
    expect(stateOf(folder)).toEqual(before);
  });

  it("to remove from a folder in which nothing is written", () => {
    const folder = generated();
    writeFileSync(join(folder, "persistence.yaml"), small.replace(/^ {2}f: .*\n/m, ""));
    openToAll(folder);
    chmodSync(join(folder, "fedora/f"), 0o555);
    const before = stateOf(folder);
    expectCannotRun(
      asNobody(folder, ["generate"]),
      /cannot write fedora\/f\/\S+: permission denied; nothing was changed/,
    );
    expect(stateOf(folder)).toEqual(before);
  });
});
