import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type ChezmoiSource, surveyChezmoi } from "../../../src/survey/chezmoi-source.ts";
import { folderWith } from "../../support/workspace.ts";

/** The survey of `chezmoi/` in a folder of files; `generated` are paths in that folder. */
function survey(
  files: Readonly<Record<string, string>>,
  generated: readonly string[] = [],
  output = "chezmoi",
): ChezmoiSource {
  return surveyChezmoi(folderWith(files), output, new Set(generated));
}

describe("a survey of a chezmoi source", () => {
  it("finds nothing where there is none", () => {
    expect(survey({})).toEqual({
      root: "chezmoi",
      own: [],
      made: [],
      ignore: { plain: false, template: false, includesOurs: false },
      remove: { plain: false, template: false, includesOurs: false },
      isNew: true,
      hasScripts: false,
      allowed: [],
      removed: [],
      found: [],
      former: [],
    });
  });

  it("lists what is the person's, and directories that are only ours apart", () => {
    const files = {
      "chezmoi/dot_bashrc": "",
      "chezmoi/dot_config/symlink_app": "ours",
      "chezmoi/dot_local/share/symlink_x": "ours",
      "chezmoi/dot_local/hand": "",
      "chezmoi/dot_kept/.keep": "",
      "chezmoi/dot_kept/symlink_y": "ours",
      "chezmoi/.git/config": "",
      "chezmoi/.chezmoiscripts/run_x": "",
    };
    const ours = ["dot_config/symlink_app", "dot_local/share/symlink_x", "dot_kept/symlink_y"];
    const { own, made } = survey(
      files,
      ours.map((path) => `chezmoi/${path}`),
    );
    expect(own).toEqual(["dot_bashrc", "dot_kept/", "dot_local/", "dot_local/hand"]);
    expect(made).toEqual(["dot_config", "dot_local/share"]);
  });

  it("follows .chezmoiroot, but not out of the source", () => {
    const below = { "chezmoi/home/x": "", "chezmoi/y": "" };
    expect(survey({ ...below, "chezmoi/.chezmoiroot": "home\n" })).toMatchObject({ root: "chezmoi/home", own: ["x"] });
    expect(survey({ "home/x": "", ".chezmoiroot": " home/ \n" }, [], ".")).toMatchObject({ root: "home", own: ["x"] });
    for (const bad of ["", ".", "..", "../other", "/etc", "a//b", "home/.."])
      expect(survey({ ...below, "chezmoi/.chezmoiroot": `${bad}\n` }).root, bad).toBe("chezmoi");
  });

  it("does not follow links, and takes one for a file of the person's", () => {
    const folder = folderWith({ "elsewhere/secret": "", "chezmoi/x": "" });
    symlinkSync("../elsewhere", join(folder, "chezmoi/dot_link"));
    mkdirSync(join(folder, "chezmoi/empty"));
    expect(surveyChezmoi(folder, "chezmoi", new Set()).own).toEqual(["dot_link", "empty/", "x"]);
  });

  it.each([
    ['{{ includeTemplate "remanence/ignore" . }}', true],
    ['a\n  {{- template "remanence/ignore" $ -}}\nb', true],
    ["{{ includeTemplate `remanence/ignore` . }}", false],
    ['{{ includeTemplate "remanence/ignore-not" . }}', false],
    ["remanence/ignore", false],
  ])("knows whether an ignore file includes the guard: %s", (text, included) => {
    for (const name of [".chezmoiignore", ".chezmoiignore.tmpl"]) {
      const { ignore } = survey({ [`chezmoi/${name}`]: text });
      expect(ignore).toEqual({
        plain: name === ".chezmoiignore",
        template: name !== ".chezmoiignore",
        includesOurs: included,
      });
      expect(survey({ [`chezmoi/${name}`]: text }, [`chezmoi/${name}`]).ignore.includesOurs).toBe(false);
    }
  });

  it.each([
    ["no JSON", "{"],
    ["no list", "{}"],
    ["a list of other things", '[1, null, "x", { "source": 3 }, { "source": "x" }]'],
    [
      "paths that lead out",
      '[{ "source": "../persistence.yaml", "sha256": "x" }, { "source": "/etc/passwd", "sha256": "x" }]',
    ],
  ])("is not led astray by a ledger that is %s", (_, ledger) => {
    const { own } = survey({ "persistence.yaml": "", "chezmoi/x": "", "chezmoi/.remanence/ledger.json": ledger });
    expect(own).toEqual(["x"]);
  });
});
