import { lstatSync, mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { apply, type ChezmoiHost, managed, verify } from "../support/chezmoi.ts";
import { aliceAt, complaints, generate, generated, homeIn, manifestOf, picture } from "../support/chezmoi-tree.ts";
import { describeWith } from "../support/engines.ts";
import { readText, writeFiles } from "../support/workspace.ts";

const browser = manifestOf([".mozilla/", ".config/app/"]);
const precious = { ".mozilla/prof/places.sqlite": "precious", ".config/app/state": "also precious" };

/** Applies in all the ways in which a person would; each must end well. */
function applyInEveryWay(source: string, home: string, host: ChezmoiHost = aliceAt(home)): string {
  const runs = [[], ["--force"], ["--keep-going"], ["--force", "--refresh-externals=always"]].map((flags) =>
    apply(source, home, flags, host),
  );
  for (const { code, stderr } of runs) expect({ code, stderr }).toEqual({ code: 0, stderr: runs[0]?.stderr });
  return runs[0]?.stderr ?? "";
}

describeWith(["chezmoi"], "chezmoi apply never deletes state", () => {
  it("leaves a real directory in the place of a link, and says so", async () => {
    const { folder, source } = await generated(browser);
    const home = homeIn(folder);
    writeFiles(home, precious);
    const before = picture(home);
    const said = applyInEveryWay(source, home);
    expect(said).toContain("~/.mozilla is not linked: a real directory is there");
    expect(said).toContain("~/.config/app is not linked: a real directory is there");
    expect(picture(home)).toEqual({ ...before, ".remanence": "-> .persist" });
    expect(verify(source, home, [], aliceAt(home)).code).toBe(0);
  });

  it("leaves a real file in the place of a link", async () => {
    const { folder, source } = await generated(
      manifestOf(["{ path: .netrc, class: secret, how: symlink, writes: in-place, on: [fedora] }", ".mozilla/"]),
    );
    const home = homeIn(folder);
    writeFiles(home, { ".netrc": "password", ".mozilla": "a file where a directory is meant" });
    const before = picture(home);
    expect(applyInEveryWay(source, home)).toContain("~/.netrc is not linked: a real file is there");
    expect(picture(home)).toEqual({ ...before, ".remanence": "-> .persist" });
  });

  it("forgets its state, and still leaves what is there", async () => {
    const { folder, source } = await generated(browser);
    const home = homeIn(folder);
    expect(apply(source, home, [], aliceAt(home)).code).toBe(0);
    rmSync(join(home, ".mozilla"));
    writeFiles(home, { ".mozilla/prof/places.sqlite": "precious" });
    rmSync(`${home}.chezmoi/state.boltdb`);
    const before = picture(home);
    applyInEveryWay(source, home);
    expect(picture(home)).toEqual(before);
  });

  it("leaves a directory that took the place of a link it had made", async () => {
    const { folder, source } = await generated(browser);
    const home = homeIn(folder);
    expect(apply(source, home, [], aliceAt(home)).code).toBe(0);
    expect(readlinkSync(join(home, ".config/app"))).toBe("../.remanence/.config/app");
    rmSync(join(home, ".config/app"));
    writeFiles(home, { ".config/app/state": "written by a program that makes its folder anew" });
    const before = picture(home);
    applyInEveryWay(source, home);
    expect(picture(home)).toEqual(before);
  });

  it("leaves everything when the system is another one", async () => {
    const { folder, source } = await generated(browser);
    const home = homeIn(folder);
    writeFiles(home, { ".persist/.mozilla/prof": "precious" });
    expect(apply(source, home, [], aliceAt(home)).code).toBe(0);
    rmSync(join(home, ".config/app"));
    writeFiles(home, { ".config/app/state": "precious" });
    const before = picture(home);
    for (const os of ["nixos", "fedora", "nixos"] as const) {
      applyInEveryWay(source, home, aliceAt(home, { os, hostname: os === "nixos" ? "laptop" : "desk" }));
      expect(picture(home)).toEqual(before);
    }
  });

  it("leaves what is below a parent that is a link, and the link", async () => {
    const { folder, source } = await generated(browser);
    const home = homeIn(folder);
    writeFiles(folder, { "elsewhere/app/state": "precious", "elsewhere/other": "mine" });
    symlinkSync("../elsewhere", join(home, ".config"));
    const before = [picture(home), picture(join(folder, "elsewhere"))];
    const said = applyInEveryWay(source, home);
    expect(said).toContain("~/.config is not a directory: a symlink is there");
    expect(picture(join(folder, "elsewhere"))).toEqual(before[1]);
    expect(picture(home)).toEqual({
      ...before[0],
      ".mozilla": "-> .remanence/.mozilla",
      ".remanence": "-> .persist",
    });
  });

  it("leaves a file that stands where a parent should be", async () => {
    const { folder, source } = await generated(browser);
    const home = homeIn(folder);
    writeFiles(home, { ".config": "a file" });
    expect(applyInEveryWay(source, home)).toContain("~/.config is not a directory: a file is there");
    expect(picture(home)[".config"]).toBe("0644 a file");
  });

  it("leaves a person's own link to elsewhere, and takes over one that leads to the store", async () => {
    const { folder, source } = await generated(manifestOf([".mozilla/", ".config/app/", ".gone/", ".moved/"]));
    const home = homeIn(folder);
    writeFiles(home, {
      "disk/profile": "precious",
      ".persist/.mozilla/prof": "kept",
      ".persist/.config/app/x": "kept",
    });
    mkdirSync(join(home, ".config"), { recursive: true });
    symlinkSync("../disk", join(home, ".config/app"));
    symlinkSync("/nowhere/gone", join(home, ".gone"));
    symlinkSync(join(home, ".persist/.mozilla"), join(home, ".mozilla"));
    symlinkSync(".remanence-bulk/.moved", join(home, ".moved"));
    const before = picture(home);
    const said = applyInEveryWay(source, home);
    expect(said).toContain("~/.config/app is not linked: a link to elsewhere is there\n");
    expect(said).toContain("~/.gone is not linked: a link to elsewhere is there\n");
    expect(picture(home)).toEqual({
      ...before,
      ".remanence": "-> .persist",
      ".mozilla": "-> .remanence/.mozilla",
      ".moved": "-> .remanence/.moved",
    });
  });

  it("links nothing through a root link in whose place a directory stands", async () => {
    const { folder, source } = await generated(browser);
    const home = homeIn(folder);
    writeFiles(home, { ".remanence/.mozilla/prof": "precious", ".persist/.mozilla/prof": "precious too" });
    const before = picture(home);
    const said = applyInEveryWay(source, home);
    expect(said).toContain("~/.remanence is not linked: a real directory is there");
    expect(picture(home)).toEqual({ ...before, ".config/": "0755" });
  });

  it("leaves the data of an entry that is discarded, and what a program makes in its place, and takes it back", async () => {
    const { folder, source } = await generated(browser);
    const home = homeIn(folder);
    writeFiles(home, { ".persist/.mozilla/prof": "precious" });
    expect(apply(source, home, [], aliceAt(home)).code).toBe(0);
    const { ".mozilla": link, ...rest } = picture(home);
    writeFiles(folder, { "persistence.yaml": manifestOf(["{ path: .mozilla/, need: none }", ".config/app/"]) });
    await generate(folder);
    expect(apply(source, home, ["--force"], aliceAt(home)).code).toBe(0);
    expect(picture(home)).toEqual(rest);
    expect(link).toBe("-> .remanence/.mozilla");
    writeFiles(home, { ".mozilla/prof": "newer" });
    const newer = picture(home);
    applyInEveryWay(source, home);
    expect(picture(home)).toEqual(newer);
    writeFiles(folder, { "persistence.yaml": browser });
    await generate(folder);
    applyInEveryWay(source, home);
    expect(picture(home)).toEqual(newer);
  });

  it("lays a carried directory only where none of another kind stands", async () => {
    const { folder, source } = await generated(manifestOf(["{ path: .config/nvim/, class: config, carry: true }"]));
    const home = homeIn(folder);
    writeFiles(folder, { "elsewhere/init.lua": "mine" });
    mkdirSync(join(home, ".config"));
    symlinkSync("../../elsewhere", join(home, ".config/nvim"));
    const before = picture(home);
    expect(applyInEveryWay(source, home)).toContain("~/.config/nvim is not a directory: a symlink is there");
    expect(picture(home)).toEqual(before);
  });

  it("keeps what a person put into a carried directory, on both systems", async () => {
    const { folder, source } = await generated(manifestOf(["{ path: .config/nvim/, class: config, carry: true }"]));
    for (const os of ["fedora", "nixos"] as const) {
      const home = homeIn(folder, `home-${os}`);
      writeFiles(home, { ".config/nvim/init.lua": "mine" });
      const before = picture(home);
      applyInEveryWay(source, home, aliceAt(home, { os, hostname: os === "nixos" ? "laptop" : "desk" }));
      expect(picture(home)).toEqual(before);
    }
  });
});

describeWith(["chezmoi"], "chezmoi without a part of what was generated", () => {
  const parts = [
    ".remanence/guard.json",
    ".remanence/links.json",
    ".remanence/targets",
    ".remanence/look.sh",
    ".chezmoidata/remanence.json",
    ".chezmoitemplates/remanence/here",
    ".chezmoitemplates/remanence/ignore",
    ".chezmoiignore.tmpl",
  ];

  describe.each(parts)("without %s", (part) => {
    it("stops before it touches anything", async () => {
      const { folder, source } = await generated(browser);
      const home = homeIn(folder);
      writeFiles(home, precious);
      rmSync(join(source, part));
      const before = picture(home);
      for (const flags of [[], ["--force"], ["--keep-going", "--force"], [join(home, ".mozilla")]])
        expect(apply(source, home, flags, aliceAt(home))).toMatchObject({ code: 1, stdout: "" });
      expect(picture(home)).toEqual(before);
    });
  });

  it("stops where the person has taken the guard's line out of the ignore file, and says what to do", async () => {
    const { folder, source } = await generated(browser);
    const home = homeIn(folder);
    writeFiles(home, precious);
    writeFileSync(join(source, ".chezmoiignore.tmpl"), "README.md\n");
    const { code, stderr } = apply(source, home, ["--force"], aliceAt(home));
    expect(code).toBe(1);
    expect(stderr).toContain("run `remanence generate`");
    expect(() => managed(source, home, undefined, aliceAt(home))).toThrow("remanence generate");
  });

  it("finds its parts below .chezmoiroot", async () => {
    const { folder, source } = await generated(browser, { "chezmoi/.chezmoiroot": "home\n" });
    expect(source).toBe(join(folder, "chezmoi/home"));
    const home = homeIn(folder);
    const whole = join(folder, "chezmoi");
    expect(apply(whole, home, [], aliceAt(home))).toMatchObject({ code: 0, stderr: "" });
    expect(lstatSync(join(home, ".mozilla")).isSymbolicLink()).toBe(true);
    renameSync(join(source, ".chezmoiignore.tmpl"), join(folder, "kept"));
    expect(apply(whole, home, [], aliceAt(home)).code).toBe(1);
    expect(readText(folder, "kept")).toContain("remanence/ignore");
  });

  it.each([
    ["!.mozilla", "# only this\n!.mozilla/ # and so on\n"],
    ["!.moz*", "x\n  !.moz*\n"],
    ["!**", "!**\n"],
    ["!.{mozilla,foo}", "!.{mozilla,foo}\n"],
    ["!.[a-n]ozilla", "!.[a-n]ozilla\n"],
    ["!.config/*", "{{ if true }}\n!.config/*\n{{ end }}\n"],
    ["!.config/**/app", '{{ template "mine" . }}'],
  ])("stops where a line of the person's lets through what is held back: %s", async (line, text) => {
    const { folder, source } = await generated(browser, {
      "chezmoi/.chezmoiignore": text,
      "chezmoi/.chezmoitemplates/mine": "!.config/**/app\n",
    });
    const home = homeIn(folder);
    writeFiles(home, precious);
    const before = picture(home);
    for (const flags of [[], ["--force"], ["--keep-going", "--force"]]) {
      const { code, stderr } = apply(source, home, flags, aliceAt(home));
      expect(code).toBe(1);
      expect(stderr).toContain(`remanence: \`${line}\` in your ignore file lets ~/`);
    }
    expect(picture(home)).toEqual(before);
  });

  it("is not stopped by such lines where nothing is held back, nor by those about the person's own", async () => {
    const line = '{{ includeTemplate "remanence/ignore" . }}\n';
    const { folder, source } = await generated(browser, {
      "chezmoi/.chezmoiignore": `a/*\n!a/b\n!.mozilla\n${line}`,
      "chezmoi/a/b": "mine",
    });
    const home = homeIn(folder);
    expect(apply(source, home, [], aliceAt(home))).toMatchObject({ code: 0, stderr: "" });
    expect(picture(home)).toMatchObject({ "a/b": "0644 mine", ".mozilla": "-> .remanence/.mozilla" });
  });

  it("is refused where such a line stands in an ignore file further down", async () => {
    const files = { "chezmoi/dot_config/.chezmoiignore": "*\n!a?p\n", "chezmoi/dot_config/x": "" };
    expect(await complaints(browser, files)).toEqual(["chezmoi/guard-overruled"]);
    expect(await complaints(browser, { ...files, "chezmoi/dot_config/.chezmoiignore": "*\n!other\n" })).toEqual([]);
  });
});
