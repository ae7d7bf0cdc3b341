import { existsSync, lstatSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readText, remanence, scratch, writeFiles } from "../support/workspace.ts";
import { expectNoTrace, generated, small, stateOf, workspace } from "./support.ts";

const nix = "nixos/n/persistence.nix";

/** Puts a link in the place of a file or folder of a workspace; the folder it leads to is not part of it. */
const links: readonly (readonly [title: string, place: (folder: string, outside: string) => void])[] = [
  ["an output file that is a link", (folder, outside) => link(folder, nix, join(outside, "precious"))],
  ["an output file that is a link to nowhere", (folder, outside) => link(folder, nix, join(outside, "nothing"))],
  ["an output folder that leads out", (folder, outside) => link(folder, "nixos/n", outside)],
  ["a parent that leads out", (folder, outside) => link(folder, "nixos", outside)],
  ["a folder that leads to nowhere", (folder, outside) => link(folder, "nixos/n", join(outside, "nothing"))],
  ["a folder that leads up", (folder) => link(folder, "nixos/n", "../..")],
];

function link(folder: string, path: string, target: string): void {
  rmSync(join(folder, path), { recursive: true, force: true });
  mkdirSync(join(folder, path, ".."), { recursive: true });
  symlinkSync(target, join(folder, path));
}

/** A folder beside, with files that would be hit through a link. */
function outsideFolder(): string {
  const folder = scratch();
  writeFiles(folder, { precious: "mine\n", "persistence.nix": "mine\n", "n/persistence.nix": "mine\n" });
  return folder;
}

describe("a link is never written through", () => {
  it.each(links)("%s", (_, place) => {
    for (const folder of [workspace(), generated()]) {
      const outside = outsideFolder();
      place(folder, outside);
      const before = [stateOf(folder), stateOf(outside)];
      for (const args of [["generate"], ["generate", "--force"]]) {
        const { code, stdout, stderr } = remanence(folder, args);
        expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
        expect(stderr).toContain(`refused ${nix}: `);
        expectNoTrace(stderr);
      }
      expect([stateOf(folder), stateOf(outside)]).toEqual(before);
    }
  });

  it("nor is anything removed through one", () => {
    const folder = generated();
    const outside = scratch();
    writeFiles(outside, { "persistence.nix": readText(folder, nix), "wipe.nix": readText(folder, "nixos/n/wipe.nix") });
    link(folder, "nixos/n", outside);
    writeFileSync(join(folder, "persistence.yaml"), small.replace(/^ {2}n: .*\n/m, ""));
    const before = stateOf(outside);
    for (const args of [["generate"], ["generate", "--force"]]) {
      expect(remanence(folder, args)).toMatchObject({ code: 1, stdout: "" });
      expect(stateOf(outside)).toEqual(before);
    }
  });

  it("a folder that is a link to another one of the manifest's is fine", () => {
    const folder = workspace();
    mkdirSync(join(folder, "dotfiles"));
    symlinkSync("dotfiles", join(folder, "chezmoi"));
    expect(remanence(folder, ["generate"])).toMatchObject({ code: 0 });
    expect(existsSync(join(folder, "dotfiles/symlink_Documents"))).toBe(true);
    expect(lstatSync(join(folder, "chezmoi")).isSymbolicLink()).toBe(true);
    expect(remanence(folder, ["generate", "--check"])).toMatchObject({ code: 0 });
  });

  it.each([".remanence", ".remanence/kept", ".remanence/kept/nixos"])("copies of --force do not follow %s", (path) => {
    const folder = generated();
    const outside = outsideFolder();
    writeFiles(folder, { [nix]: "mine\n" });
    mkdirSync(join(folder, path, ".."), { recursive: true });
    if (path === ".remanence") renameSync(join(folder, path), join(outside, "record"));
    symlinkSync(path === ".remanence" ? join(outside, "record") : outside, join(folder, path));
    const before = [stateOf(folder), stateOf(outside)];
    const { code, stdout, stderr } = remanence(folder, ["generate", "--force"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/\.remanence\S*(?:: a link on the way| is a link| leads out)/);
    expectNoTrace(stderr);
    expect([stateOf(folder), stateOf(outside)]).toEqual(before);
  });

  it("nor to another folder of the manifest's", () => {
    const folder = generated();
    writeFiles(folder, { [nix]: "mine\n" });
    symlinkSync("../chezmoi", join(folder, ".remanence/kept"));
    const before = stateOf(folder);
    expect(remanence(folder, ["generate", "--force"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("cannot keep copies: .remanence/kept is a link"),
    });
    expect(stateOf(folder)).toEqual(before);
  });

  it("a manifest that is reached through a link has its outputs beside the link", () => {
    const real = workspace();
    const folder = scratch();
    symlinkSync(join(real, "persistence.yaml"), join(folder, "persistence.yaml"));
    expect(remanence(folder, ["generate"])).toMatchObject({ code: 0 });
    expect(existsSync(join(folder, nix))).toBe(true);
    expect(existsSync(join(real, "nixos"))).toBe(false);
  });
});
