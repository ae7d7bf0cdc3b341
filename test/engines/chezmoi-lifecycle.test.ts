import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { surveyChezmoi } from "../../src/survey/chezmoi-source.ts";
import { apply, chattr, managed } from "../support/chezmoi.ts";
import { aliceAt, generate, generated, homeIn, manifestOf, picture } from "../support/chezmoi-tree.ts";
import { describeWith } from "../support/engines.ts";
import { knownOddNames } from "../support/odd-texts.ts";
import { filesBelow, readText, writeFiles } from "../support/workspace.ts";

const two = manifestOf([".mozilla/", ".config/app/"]);
const one = manifestOf([".config/app/"]);

/** A home with both linked, and something precious behind the first. */
async function linked() {
  const { folder, source } = await generated(two);
  const home = homeIn(folder);
  writeFiles(home, { ".persist/.mozilla/prof": "precious", ".persist/.config/app/x": "precious too" });
  expect(apply(source, home, [], aliceAt(home)).code).toBe(0);
  const change = async (manifest: string) => {
    writeFiles(folder, { "persistence.yaml": manifest });
    return generate(folder);
  };
  return { folder, source, home, change, host: aliceAt(home) };
}

describeWith(["chezmoi"], "an entry that is dropped", () => {
  it("takes its source file and its link along, and never what is behind it", async () => {
    const { source, home, change, host } = await linked();
    const before = picture(home);
    await change(one);
    expect(filesBelow(source)).not.toContain("symlink_dot_mozilla");
    const first = apply(source, home, [], host);
    expect(first).toMatchObject({ code: 0 });
    expect(first.stderr).toContain("~/.mozilla is kept no longer: its link goes, what is in the store stays there");
    const { ".mozilla": gone, ...rest } = before;
    expect(gone).toBe("-> .remanence/.mozilla");
    expect(picture(home)).toEqual(rest);
    expect(apply(source, home, ["--force", "--verbose"], host)).toMatchObject({ code: 0, stdout: "", stderr: "" });
  });

  it.each([
    ["a real directory", (home: string) => writeFiles(home, { ".mozilla/prof": "newer" })],
    ["a real file", (home: string) => writeFiles(home, { ".mozilla": "newer" })],
    ["a link of the person's", (home: string) => symlinkSync("elsewhere", join(home, ".mozilla"))],
    ["a link to another place in the store", (home: string) => symlinkSync(".remanence/other", join(home, ".mozilla"))],
  ])("leaves %s in its place alone", async (_, put) => {
    const { source, home, change, host } = await linked();
    await change(one);
    rmSync(join(home, ".mozilla"));
    put(home);
    const before = picture(home);
    for (const flags of [[], ["--force"], ["--keep-going", "--force"]])
      expect(apply(source, home, flags, host)).toMatchObject({ code: 0, stdout: "", stderr: "" });
    expect(picture(home)).toEqual(before);
    expect(managed(source, home, ["--include=remove"], host)).toEqual([]);
  });

  it("comes back with all that was behind it", async () => {
    const { source, home, change, host } = await linked();
    const before = picture(home);
    await change(manifestOf(["{ path: .mozilla/, need: none }", ".config/app/"]));
    apply(source, home, ["--force"], host);
    expect(Object.keys(picture(home))).not.toContain(".mozilla");
    await change(two);
    expect(apply(source, home, [], host)).toMatchObject({ code: 0, stderr: "" });
    expect(picture(home)).toEqual(before);
  });

  it("keeps its link where it is kept in another way, or only in part", async () => {
    for (const manifest of [
      manifestOf(["{ path: .mozilla/, how: none }", ".config/app/"]),
      manifestOf([".mozilla/inner/", ".config/app/"]),
    ]) {
      const { source, home, change, host } = await linked();
      const before = picture(home);
      await change(manifest);
      expect(apply(source, home, ["--force"], host).code).toBe(0);
      expect(picture(home)).toEqual(before);
    }
  });

  it("is followed by one of another name: the old link goes, the new one comes", async () => {
    const { source, home, change, host } = await linked();
    renameSync(join(home, ".persist/.mozilla"), join(home, ".persist/.firefox"));
    await change(manifestOf([".firefox/", ".config/app/"]));
    expect(apply(source, home, [], host).code).toBe(0);
    expect(readText(home, ".firefox/prof")).toBe("precious");
    expect(readdirSync(home)).not.toContain(".mozilla");
  });

  it("is no matter any more once the person manages the place", async () => {
    const { source, home, change, host } = await linked();
    await change(one);
    writeFiles(source, { "dot_mozilla/mine": "mine" });
    await change(one);
    expect(filesBelow(source).filter((path) => path.includes("remove"))).toEqual([]);
    rmSync(join(home, ".mozilla"));
    expect(apply(source, home, ["--force"], host)).toMatchObject({ code: 0, stderr: "" });
    expect(readText(home, ".mozilla/mine")).toBe("mine");
  });

  it("is remembered for ten changes of the links, and a second generate changes nothing", async () => {
    const { source, change } = await linked();
    const tombstones = (): string[] =>
      (JSON.parse(readText(source, ".remanence/ledger.json")) as { target: string; kind: string }[])
        .filter(({ kind }) => kind === "tombstone")
        .map(({ target }) => target);
    await change(one);
    const once = picture(source);
    await change(one);
    expect(picture(source)).toEqual(once);
    expect(tombstones()).toEqual([".mozilla"]);
    for (let i = 1; i < 10; i++) await change(manifestOf([".config/app/", `.config/n${i}/`]));
    expect(tombstones()).toContain(".mozilla");
    await change(manifestOf([".config/app/", ".config/n10/"]));
    expect(tombstones()).not.toContain(".mozilla");
    expect(tombstones()).toContain(".config/n9");
  });

  it("is known by its exact name, however odd", async () => {
    const names = knownOddNames.filter((name) => Buffer.byteLength(name) < 200 && !/^(?:~|\$\{?[A-Z])|\s$/u.test(name));
    const paths = names.map((name) => `odd/${name}`);
    const lines = (kept: readonly string[]) =>
      manifestOf(kept.map((path) => `{ path: ${JSON.stringify(`${path}/`)}, on: [fedora] }`));
    const { folder, source } = await generated(lines(paths));
    const home = homeIn(folder);
    expect(apply(source, home, [], aliceAt(home)).code).toBe(0);
    expect(readdirSync(join(home, "odd")).sort()).toEqual([...names].sort());
    const kept = paths.filter((_, i) => i % 2 === 0);
    writeFiles(folder, { "persistence.yaml": lines(kept) });
    await generate(folder);
    mkdirSync(join(home, "odd/untouched"));
    expect(apply(source, home, [], aliceAt(home)).code).toBe(0);
    expect(readdirSync(join(home, "odd")).sort()).toEqual([...kept.map((path) => path.slice(4)), "untouched"].sort());
  });
});

describeWith(["chezmoi"], "what takes former links away, among a person's removals", () => {
  const line = '{{ includeTemplate "remanence/remove" . }}\n';

  it.each([
    ["none of them", {}, ".chezmoiremove.tmpl"],
    ["the plain one", { ".chezmoiremove": ".gone\n" }, ".chezmoiremove.tmpl"],
    ["the template", { ".chezmoiremove.tmpl": ".gone\n" }, ".chezmoiremove"],
    ["both, one with our line", { ".chezmoiremove": ".gone\n", ".chezmoiremove.tmpl": line }, undefined],
  ])("works where the person has %s", async (_, files: Record<string, string>, ours) => {
    const { folder, source, home, change, host } = await linked();
    writeFiles(source, files);
    await change(one);
    const made = readdirSync(source).filter((name) => name.startsWith(".chezmoiremove"));
    expect(made.sort()).toEqual([...Object.keys(files), ...(ours === undefined ? [] : [ours])].sort());
    writeFiles(home, { ".gone": "the person wants this gone" });
    expect(apply(source, home, [], host).code).toBe(0);
    const left = readdirSync(home);
    expect(left).not.toContain(".mozilla");
    expect(left.includes(".gone")).toBe(Object.keys(files).length === 0);
    for (const [name, text] of Object.entries(files)) expect(readText(source, name)).toBe(text);
    expect(readText(folder, "home/.persist/.mozilla/prof")).toBe("precious");
  });

  it("is said where the person has both and neither includes it, and then the link stays", async () => {
    const { source, home, change, host } = await linked();
    writeFiles(source, { ".chezmoiremove": ".gone\n", ".chezmoiremove.tmpl": ".gone too\n" });
    const { compiled } = await change(one);
    expect(compiled.diagnostics.map((d) => d.code)).toContain("chezmoi/remove-not-included");
    expect(apply(source, home, [], host)).toMatchObject({ code: 0, stderr: "" });
    expect(lstatSync(join(home, ".mozilla")).isSymbolicLink()).toBe(true);
  });
});

describeWith(["chezmoi"], "the record of our files", () => {
  it("survives chezmoi chattr on a file and on a directory of ours", async () => {
    const { source, home, change, host } = await linked();
    const before = picture(home);
    for (const [attributes, path] of [
      ["+template", ".mozilla"],
      ["+private", ".config"],
    ] as const)
      expect(chattr(source, home, [attributes, join(home, path)], host)).toMatchObject({ code: 0, stderr: "" });
    expect(filesBelow(source)).toContain("symlink_dot_mozilla.tmpl");
    await change(two);
    const files = filesBelow(source);
    expect(files).toContain("symlink_dot_mozilla");
    expect(files).not.toContain("symlink_dot_mozilla.tmpl");
    expect(files).toContain("private_dot_config/symlink_app");
    expect(apply(source, home, ["--force"], host)).toMatchObject({ code: 0, stderr: "" });
    expect(picture(home)).toEqual({ ...before, ".config/": "0700" });
  });

  it("leaves a file of ours that was renamed and edited: it is the person's now", async () => {
    const { source, change } = await linked();
    rmSync(join(source, "symlink_dot_mozilla"));
    writeFileSync(join(source, "symlink_dot_mozilla.tmpl"), "/mine\n");
    await expect(change(two)).rejects.toThrow("chezmoi/hand-managed");
    expect(readFileSync(join(source, "symlink_dot_mozilla.tmpl"), "utf8")).toBe("/mine\n");
  });

  it("does not follow a ledger that names what is not ours", async () => {
    const { folder, source, change } = await linked();
    writeFiles(folder, { victim: "precious" });
    const rows = ["../../victim", "/etc/passwd", "a/../../victim"].map((target) => ({
      target,
      kind: "tombstone",
      generations: 1,
    }));
    writeFileSync(join(source, ".remanence/ledger.json"), JSON.stringify(rows));
    // the ledger is an output, and was edited
    await expect(change(two)).rejects.toThrow("ledger.json");
    expect(surveyChezmoi(folder, "chezmoi", new Set())).toMatchObject({ found: [], former: [] });
    expect(readText(folder, "victim")).toBe("precious");
  });
});
