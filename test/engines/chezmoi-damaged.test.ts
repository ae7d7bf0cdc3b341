import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { apply } from "../support/chezmoi.ts";
import { aliceAt, complaints, generated, homeIn, manifestOf, picture } from "../support/chezmoi-tree.ts";
import { describeWith } from "../support/engines.ts";
import { readText, writeFiles } from "../support/workspace.ts";

const browser = manifestOf([".mozilla/", ".config/app/"]);
const precious = { ".mozilla/prof/places.sqlite": "precious", ".config/app/state": "also precious" };
const everyWay = [[], ["--force"], ["--keep-going", "--force"], ["--exclude=externals", "--force"]];

/** Applies to a home with state in the place of each link, in every way; gives back what was said. */
function applyOverState(folder: string, source: string, settings = ""): { code: number | null; stderr: string }[] {
  const home = homeIn(folder);
  writeFiles(home, precious);
  const before = picture(home);
  const runs = everyWay.map((flags) => apply(source, home, flags, aliceAt(home, { settings })));
  expect(picture(home)).toMatchObject(before);
  return runs.map(({ code, stderr }) => ({ code, stderr }));
}

describeWith(["chezmoi"], "chezmoi with what was generated in another form", () => {
  it.each([
    [".remanence/targets", (text: string) => text.replaceAll("\n", "\r\n")],
    [".remanence/targets", () => ""],
    [".remanence/targets", (text: string) => text.replace("./.mozilla\n", "")],
    [".remanence/links.json", (text: string) => text.replace('".mozilla"', '".mozilla-x"')],
  ])("stops where %s does not fit the rest: %s", async (part, change) => {
    const { folder, source } = await generated(browser);
    writeFileSync(join(source, part), change(readText(source, part)));
    for (const { code, stderr } of applyOverState(folder, source)) {
      expect(code).toBe(1);
      expect(stderr).toContain("remanence generate");
    }
  });

  it("stops where the find of this machine is another one", async () => {
    const { folder, source } = await generated(browser);
    const bin = join(folder, "bin");
    const path = process.env.PATH;
    writeFiles(bin, { find: '#!/bin/sh\necho "find: unrecognized: -printf" >&2\nexit 1\n' });
    chmodSync(join(bin, "find"), 0o755);
    process.env.PATH = `${bin}:${path}`;
    try {
      for (const { code } of applyOverState(folder, source)) expect(code).toBe(1);
    } finally {
      process.env.PATH = path;
    }
  });

  it.each([
    ["a comment", '{{/* {{ includeTemplate "remanence/ignore" . }} */}}\n'],
    ["a comment", '{{- /* includeTemplate "remanence/ignore" . */ -}}\n'],
    ["a condition that does not hold", '{{ if false }}{{ includeTemplate "remanence/ignore" . }}{{ end }}\n'],
    ["text", 'not "remanence/ignore" at all\n'],
  ])("stops where the guard's line is in %s", async (_, text) => {
    const { folder, source } = await generated(browser);
    writeFileSync(join(source, ".chezmoiignore.tmpl"), text);
    for (const { code, stderr } of applyOverState(folder, source)) {
      expect(code).toBe(1);
      expect(stderr).toContain("remanence generate");
    }
  });

  it("is not generated where the guard's line is in a comment", async () => {
    const text = '{{/* includeTemplate: {{ includeTemplate "remanence/ignore" . }} */}}\n';
    const files = { "chezmoi/.chezmoiignore": text, "chezmoi/.chezmoiignore.tmpl": "x\n" };
    expect(await complaints(browser, files)).toEqual(["chezmoi/guard-not-included"]);
  });

  it("knows a pattern that a template of the person's fills in", async () => {
    const { folder, source } = await generated(browser, {
      "chezmoi/.chezmoiignore": '{{ template "mine" . }}\n',
      "chezmoi/.chezmoitemplates/mine": '{{ range list "app" }}!.config/{{ . }}\n{{ end }}',
    });
    for (const { code } of applyOverState(folder, source)) expect(code).toBe(1);
  });
});

describeWith(["chezmoi"], "what a person's .chezmoiremove names", () => {
  it.each([
    ["it", ".mozilla\n"],
    ["what is around it", ".config\n"],
    ["it, among others", "x\n.moz*/ # old\n"],
    ["it, on some hosts", '{{ if eq .chezmoi.os "linux" }}\n.mozilla\n{{ end }}\n'],
  ])("is refused where the manifest keeps %s", async (_, text) => {
    expect(await complaints(browser, { "chezmoi/.chezmoiremove": text })).toEqual(["chezmoi/removed"]);
    const nixos = manifestOf(["{ path: .mozilla/, on: [laptop] }", "{ path: .config/app/, on: [laptop] }"]);
    expect(await complaints(nixos, { "chezmoi/.chezmoiremove.tmpl": text })).toEqual(["chezmoi/removed"]);
  });

  it("is known where it is further down, and from a source root of its own", async () => {
    const files = { "chezmoi/.chezmoiroot": "home", "chezmoi/home/private_dot_config/.chezmoiremove": "a?p/\n" };
    expect(await complaints(browser, files)).toEqual(["chezmoi/removed"]);
  });

  it("is no matter elsewhere", async () => {
    const text = ".mozilla-old\n.config/old\n!.mozilla\n# .mozilla\n.mozilla/cache\n";
    expect(await complaints(browser, { "chezmoi/.chezmoiremove": text })).toEqual([]);
  });
});

describe("what the person manages in the place of a mount", () => {
  const nixos = manifestOf(["{ path: .mozilla/, on: [laptop] }"]);

  it.each([
    ["a link", { "chezmoi/symlink_dot_mozilla": "/mine" }],
    ["a directory to be removed", { "chezmoi/remove_dot_mozilla/.keep": "" }],
    ["a removal", { "chezmoi/remove_dot_mozilla": "" }],
    ["a file", { "chezmoi/dot_mozilla": "" }],
  ])("is refused on NixOS too: %s", async (_, files) => {
    expect(await complaints(nixos, files)).toEqual(["chezmoi/in-place-of-mount"]);
  });
});

describeWith(["chezmoi"], "homes of odd names and forms", () => {
  it.each(["with space", 'it\'s "quoted"', "back\\slash", "glob[a]*?", "-dash", "{{ .x }}"])(
    "keep their state: %j",
    async (name) => {
      const { folder, source } = await generated(browser);
      const home = homeIn(folder, name);
      writeFiles(home, { ".mozilla/prof/places.sqlite": "precious" });
      const before = picture(home);
      for (const flags of everyWay) expect(apply(source, home, flags, aliceAt(home)).code).toBe(0);
      expect(picture(home)).toEqual({
        ...before,
        ".remanence": "-> .persist",
        ".config/": "0755",
        ".config/app": "-> ../.remanence/.config/app",
      });
    },
  );

  it("keep their state where the home is reached through a link", async () => {
    const { folder, source } = await generated(browser);
    const home = homeIn(folder);
    symlinkSync("home", join(folder, "linked"));
    writeFiles(home, precious);
    const before = picture(home);
    for (const flags of everyWay) {
      const { code, stderr } = apply(source, join(folder, "linked"), flags, aliceAt(join(folder, "linked")));
      expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining("real directory") });
    }
    expect(picture(home)).toEqual({ ...before, ".remanence": "-> .persist" });
  });

  it.each([
    ["mode", 'mode = "symlink"\n'],
    ["missingkey", '[template]\noptions = ["missingkey=zero"]\n'],
  ])("keep their state whatever chezmoi is set to: %s", async (_, settings) => {
    const { folder, source } = await generated(browser);
    for (const { code } of applyOverState(folder, source, settings)) expect(code).toBe(0);
    rmSync(join(source, ".chezmoidata"), { recursive: true });
    mkdirSync(join(folder, "again"));
    for (const { code } of applyOverState(join(folder, "again"), source, settings)) expect(code).toBe(1);
  });
});
