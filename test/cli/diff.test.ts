import { appendFileSync, chmodSync, existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeWith } from "../support/engines.ts";
import { filesBelow, remanence } from "../support/workspace.ts";
import { generated, run, small, stateOf, workspace } from "./support.ts";

/** A state of outputs without the record of them, which a diff does not show. */
function outputsOf(folder: string): Record<string, string> {
  return Object.fromEntries(Object.entries(stateOf(folder)).filter(([path]) => !path.startsWith(".remanence")));
}

/** Without what a source remembers of links that were in it once, which one that is new does not. */
function withoutFormer(outputs: Readonly<Record<string, string>>): Record<string, string> {
  const former =
    /^chezmoi\/(?:\.chezmoiremove\.tmpl|\.chezmoitemplates\/remanence\/remove|\.remanence\/(?:former|ledger)\.json)$/;
  return Object.fromEntries(Object.entries(outputs).filter(([path]) => !former.test(path)));
}

const odd = small.replace("Documents/", '"Ärger ‮ & \\"quotes\\"/"');

describeWith(["git"], "diff", () => {
  it.each([
    ["from nothing", undefined, small],
    ["from an older manifest", small, `${small.replace("[nixos-ids]", "[nixos-ids, ssh]")}  - Papers/\n`],
    ["of what is removed", small, small.replace(/^ {2}f: .*\n/m, "")],
    ["of odd names", small, odd],
    ["back from odd names", odd, small],
  ])("%s: git applies it, and that is what generate writes", (_, first, second) => {
    const folder = first === undefined ? workspace(second) : generated(first);
    writeFileSync(join(folder, "persistence.yaml"), second);
    const before = stateOf(folder);
    const { code, stdout, stderr } = remanence(folder, ["diff"]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    expect(stateOf(folder)).toEqual(before);

    writeFileSync(join(folder, "patch"), stdout);
    expect(run("git", ["apply", "--whitespace=nowarn", "patch"], folder)).toMatchObject({ code: 0, stderr: "" });
    rmSync(join(folder, "patch"));
    const applied = outputsOf(folder);
    // What git wrote is what would be written: nothing is left to do but the record.
    expect(JSON.parse(remanence(folder, ["generate", "--format", "json"]).stdout)).toMatchObject({
      created: [],
      updated: [],
      removed: [],
      refused: [],
    });
    expect(outputsOf(folder)).toEqual(applied);
    expect(withoutFormer(applied)).toEqual(withoutFormer(outputsOf(generated(second))));
    expect(remanence(folder, ["diff"])).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  it("shows a mode that is wrong, and git applies that too", () => {
    const folder = generated();
    chmodSync(join(folder, "fedora/f/link.sh"), 0o644);
    const { code, stdout } = remanence(folder, ["diff"]);
    expect({ code, stdout }).toEqual({
      code: 1,
      stdout: "diff --git a/fedora/f/link.sh b/fedora/f/link.sh\nold mode 100644\nnew mode 100755\n",
    });
  });

  it("says what generate would refuse, and is limited as generate is", () => {
    const folder = generated();
    appendFileSync(join(folder, "nixos/n/wipe.nix"), "# mine\n");
    const all = remanence(folder, ["diff"]);
    expect(all).toMatchObject({ code: 1, stderr: expect.stringMatching(/would refuse nixos\/n\/wipe\.nix: .*edited/) });
    expect(all.stdout).toContain("\n-# mine\n");
    expect(remanence(folder, ["diff", "--target", "fedora"])).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(remanence(folder, ["diff", "--host", "f"])).toEqual({ code: 0, stdout: "", stderr: "" });
    const json = remanence(folder, ["diff", "--format", "json"]);
    expect(JSON.parse(json.stdout)).toEqual({
      version: 1,
      differences: [{ path: "nixos/n/wipe.nix", kind: "refuse", diff: all.stdout }],
    });
  });

  it("shows no text of something that is no text", () => {
    const folder = generated();
    writeFileSync(join(folder, "nixos/n/wipe.nix"), Buffer.from([0, 255, 254]));
    expect(remanence(folder, ["diff"])).toMatchObject({ code: 1, stdout: "" });
    const { stdout } = remanence(folder, ["diff", "--format", "json"]);
    expect(JSON.parse(stdout)).toMatchObject({ differences: [{ kind: "refuse", diff: null }] });
  });
});

describeWith([], "--check and --dry-run", () => {
  it.each(["--check", "--dry-run"])("%s writes nothing, whatever there is to do", (option) => {
    const ends = (folder: string): number | null => {
      const before = stateOf(folder);
      const { code, stdout } = remanence(folder, ["generate", option]);
      if (code === 0 || option === "--check")
        expect(stdout === "" || stdout.includes("Nothing was written.")).toBe(true);
      expect(stateOf(folder)).toEqual(before);
      return code;
    };
    const folder = workspace();
    expect(ends(folder)).toBe(option === "--check" ? 1 : 0);
    expect(filesBelow(folder)).toEqual(["persistence.yaml"]);
    expect(existsSync(join(folder, ".remanence"))).toBe(false);
    expect(remanence(folder, ["generate"]).code).toBe(0);
    expect(ends(folder)).toBe(0);
    writeFileSync(join(folder, "persistence.yaml"), small.replace(/^ {2}f: .*\n/m, ""));
    expect(ends(folder)).toBe(option === "--check" ? 1 : 0);
    appendFileSync(join(folder, "nixos/n/wipe.nix"), "# mine\n");
    expect(ends(folder)).toBe(1);
  });
});
