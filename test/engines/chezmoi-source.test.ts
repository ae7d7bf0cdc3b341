import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { surveyChezmoi } from "../../src/survey/chezmoi-source.ts";
import { readSourcePath } from "../../src/survey/source-path.ts";
import { type ArchiveHost, apply, archive, managedSources, verify } from "../support/chezmoi.ts";
import { aliceAt, complaints, generate, generated, homeIn, manifestOf, picture } from "../support/chezmoi-tree.ts";
import { describeWith } from "../support/engines.ts";
import { filesBelow, readText, scratch, writeFiles } from "../support/workspace.ts";

/** A source as people have them after some years. */
const livedIn = {
  "chezmoi/.chezmoiroot": "home\n",
  "chezmoi/README.md": "about\n",
  "chezmoi/home/.chezmoiignore": 'LICENSE\n{{ if ne .chezmoi.osRelease.id "fedora" }}.fedora-only{{ end }}\n',
  "chezmoi/home/.chezmoidata/colors.yaml": "colors: { red: '#f00' }\n",
  "chezmoi/home/.chezmoidata.toml": 'editor = "vi"\n',
  "chezmoi/home/.chezmoitemplates/mine": "{{ .editor }}",
  "chezmoi/home/.chezmoiremove": ".old-thing\n",
  "chezmoi/home/.chezmoiscripts/run_after_note.sh": "#!/bin/sh\n: note\n",
  "chezmoi/home/LICENSE": "ignored\n",
  "chezmoi/home/dot_fedora-only": "here\n",
  "chezmoi/home/dot_bashrc.tmpl": 'export EDITOR={{ template "mine" . }} # {{ .colors.red }}\n',
  "chezmoi/home/run_once_before_install.sh": "#!/bin/sh\n: install\n",
  "chezmoi/home/symlink_dot_vim": "dotfiles/vim\n",
  "chezmoi/home/private_dot_config/hand.conf": "hand\n",
  "chezmoi/home/private_dot_config/private_executable_tool": "#!/bin/sh\n",
  "chezmoi/home/exact_dot_foo/known.conf": "known\n",
  "chezmoi/home/dot_local/private_share/readonly_app.conf": "app\n",
  "chezmoi/home/dot_empty/.keep": "",
  "chezmoi/home/private_dot_only_kept/.keep": "",
} as const;

const manifest = manifestOf([
  ".mozilla/",
  ".config/app/",
  ".local/share/keyrings/",
  ".foo/state/",
  ".only_kept/inner/",
  "{ path: .foo/laptop/, on: [laptop] }",
  "{ path: .foo/deep/er/, on: [laptop] }",
  "{ path: .foo/in-place, how: none }",
]);

const fedora: ArchiveHost = { os: "fedora", home: "/home/alice", username: "alice", hostname: "desk" };
const nixos: ArchiveHost = { ...fedora, os: "nixos", hostname: "laptop" };

describeWith(["chezmoi"], "chezmoi output inside a lived-in source", () => {
  it("is read as chezmoi itself reads it", async () => {
    const { source } = await generated(manifest, livedIn);
    const pairs = managedSources(source, scratch());
    expect(pairs.length).toBeGreaterThan(10);
    const { own, made } = surveyChezmoi(source, ".", new Set());
    const paths = [...own, ...made.map((path) => `${path}/`)];
    const read = new Map(paths.map((path) => [path.replace(/\/$/, ""), readSourcePath(path)?.target]));
    for (const [path, target] of pairs) expect([path, read.get(path)]).toEqual([path, target]);
  });

  it("goes into the directories that are there, as they are spelled", async () => {
    const { compiled } = await generated(manifest, livedIn);
    const paths = compiled.tree.filter((file) => file.target === "chezmoi").map((file) => file.path);
    expect(paths.filter((path) => path.includes("symlink_"))).toEqual([
      "chezmoi/home/dot_local/private_share/symlink_keyrings",
      "chezmoi/home/exact_dot_foo/symlink_state",
      "chezmoi/home/private_dot_config/symlink_app",
      "chezmoi/home/private_dot_only_kept/symlink_inner",
      "chezmoi/home/symlink_dot_mozilla",
      "chezmoi/home/symlink_dot_remanence.tmpl",
    ]);
    // the person has .chezmoiignore, so the other name is ours
    expect(paths).toContain("chezmoi/home/.chezmoiignore.tmpl");
    expect(paths).not.toContain("chezmoi/home/.chezmoiignore");
  });

  it("changes nothing of what the person's own source gives, on either system", async () => {
    const { folder } = await generated(manifest, livedIn);
    const { folder: alone } = await generated(manifestOf(["{ path: x, how: none }"]), livedIn);
    for (const host of [fedora, nixos]) {
      const own = archive(join(alone, "chezmoi"), host);
      const links = host.os === "nixos" ? [] : [".config/app", ".foo/state", ".local/share/keyrings", ".mozilla"];
      const ours = [...links, ...(host.os === "nixos" ? [] : [".only_kept/inner", ".remanence"])];
      const all = archive(join(folder, "chezmoi"), host);
      expect(all.filter((entry) => !ours.includes(entry.path))).toEqual(own);
      expect(all.filter((entry) => ours.includes(entry.path)).map((entry) => entry.path)).toEqual(ours);
    }
  });

  it("is applied on both systems and then at rest", async () => {
    const { folder } = await generated(manifest, livedIn);
    const source = join(folder, "chezmoi");
    for (const { os, hostname } of [fedora, nixos]) {
      const home = homeIn(folder, `home-${os}`);
      const host = aliceAt(home, { os, hostname });
      expect(apply(source, home, [], host).code).toBe(0);
      expect(verify(source, home, ["--exclude=scripts"], host).code).toBe(0);
      expect(apply(source, home, ["--exclude=scripts", "--verbose"], host)).toMatchObject({ code: 0, stdout: "" });
      expect(picture(home)[".bashrc"]).toBe("0644 export EDITOR=vi # #f00\n");
      expect(picture(home)[".vim"]).toBe("-> dotfiles/vim");
    }
  });

  it("saves what is kept below an exact directory, and lets that clear the rest", async () => {
    const { folder } = await generated(manifest, livedIn);
    const kept = { ".foo/laptop/a": "kept", ".foo/deep/er/b": "kept", ".foo/in-place": "kept", ".foo/state/c": "kept" };
    for (const host of [nixos, fedora]) {
      const home = homeIn(folder, `home-${host.os}`);
      writeFiles(home, { ...kept, ".foo/stray": "the person wants this gone" });
      const { os, hostname } = host;
      expect(apply(join(folder, "chezmoi"), home, ["--force"], aliceAt(home, { os, hostname })).code).toBe(0);
      const left = Object.keys(picture(home)).filter((path) => path.startsWith(".foo/") && !path.endsWith("/"));
      expect(left.sort()).toEqual([...Object.keys(kept), ".foo/known.conf"].sort());
    }
  });

  it("is the same when it is generated again, whatever attributes the person gave our directories", async () => {
    const first = await generated(manifestOf([".config/app/", ".local/share/x/"]), { "chezmoi/dot_bashrc": "" });
    const source = join(first.folder, "chezmoi");
    renameSync(join(source, "dot_config"), join(source, "private_dot_config"));
    const second = await generate(first.folder);
    const paths = (files: readonly { path: string }[]) =>
      files.map((file) => file.path).filter((p) => p.includes("symlink"));
    expect(paths(second.compiled.tree)).toContain("chezmoi/private_dot_config/symlink_app");
    expect((await generate(first.folder)).compiled.tree).toEqual(second.compiled.tree);
    expect(archive(source, fedora).find((entry) => entry.path === ".config")?.mode).toBe("0700");
  });

  it("knows its own files where the record of outputs is lost", async () => {
    const { folder, compiled } = await generated(manifest, livedIn);
    rmSync(join(folder, ".remanence"), { recursive: true });
    expect((await generate(folder)).compiled.tree).toEqual(compiled.tree);
    rmSync(join(folder, ".remanence"), { recursive: true });
    writeFileSync(join(folder, "chezmoi/home/symlink_dot_mozilla"), "/mine\n");
    await expect(generate(folder)).rejects.toThrow("chezmoi/hand-managed");
  });
});

describeWith(["chezmoi"], "the guard among a person's ignore files", () => {
  const browser = manifestOf([".mozilla/"]);
  const line = '{{ includeTemplate "remanence/ignore" . }}\n';
  const managedOn = (source: string, host: ArchiveHost) => archive(source, host).map((entry) => entry.path);

  it.each([
    ["none of them", {}, ".chezmoiignore.tmpl"],
    ["the plain one", { ".chezmoiignore": "own\n" }, ".chezmoiignore.tmpl"],
    ["the template", { ".chezmoiignore.tmpl": "own\n" }, ".chezmoiignore"],
    ["the plain one, with our line", { ".chezmoiignore": `own\n${line}` }, undefined],
    ["both, one with our line", { ".chezmoiignore": "own\n", ".chezmoiignore.tmpl": `x\n${line}` }, undefined],
  ])("works where the person has %s", async (_, ignores: Record<string, string>, ours) => {
    const files = Object.fromEntries(Object.entries(ignores).map(([name, text]) => [`chezmoi/${name}`, text]));
    const { source } = await generated(browser, { ...files, "chezmoi/own": "mine" });
    const made = filesBelow(source).filter((path) => path.startsWith(".chezmoiignore"));
    expect(made.sort()).toEqual([...Object.keys(ignores), ...(ours === undefined ? [] : [ours])].sort());
    for (const [name, text] of Object.entries(ignores)) expect(readText(source, name)).toBe(text);
    const own = Object.keys(ignores).length === 0 ? ["own"] : [];
    expect(managedOn(source, fedora)).toEqual([".mozilla", ".remanence", ...own]);
    expect(managedOn(source, nixos)).toEqual(own);
  });

  it("is asked for where the person has both and neither includes it", async () => {
    const both = { "chezmoi/.chezmoiignore": "a\n", "chezmoi/.chezmoiignore.tmpl": "b\n" };
    expect(await complaints(browser, both)).toEqual(["chezmoi/guard-not-included"]);
    expect(await complaints(manifestOf(["{ path: x, how: none }"]), both)).toEqual([]);
  });
});

describe("what the person manages by hand", () => {
  it.each([
    ["a link", { "chezmoi/symlink_dot_mozilla": "/mine" }],
    ["a file", { "chezmoi/private_dot_mozilla.tmpl": "" }],
    ["a directory with content", { "chezmoi/dot_mozilla/a": "" }],
    ["a directory that is only kept", { "chezmoi/private_dot_mozilla/.keep": "" }],
    ["a removal", { "chezmoi/remove_dot_mozilla": "" }],
    ["a directory to be removed", { "chezmoi/remove_dot_mozilla/.keep": "" }],
    ["an external directory", { "chezmoi/external_dot_mozilla/x": "" }],
  ])("is not linked over: %s", async (_, files) => {
    expect(await complaints(manifestOf([".mozilla/"]), files)).toEqual(["chezmoi/hand-managed"]);
  });

  it.each([
    ["a file", { "chezmoi/dot_mozilla": "" }],
    ["a link", { "chezmoi/symlink_dot_mozilla": "" }],
    ["an external directory", { "chezmoi/external_dot_mozilla/y": "" }],
  ])("is not linked below: %s", async (_, files) => {
    expect(await complaints(manifestOf([".mozilla/deep/er/"]), files)).toEqual(["chezmoi/hand-managed"]);
  });

  it("is told from what was generated, and from an empty directory of another name", async () => {
    const { folder } = await generated(manifestOf([".mozilla/"]), { "chezmoi/dot_mozilla-x/a": "" });
    mkdirSync(join(folder, "chezmoi/dot_other"));
    await expect(generate(folder)).resolves.toBeDefined();
  });
});

describeWith(["chezmoi"], "a repo that is the chezmoi source itself", () => {
  it("lays none of the other outputs, nor the manifest and what belongs to it", async () => {
    const text = `${manifest}outputs: { chezmoi: "." }\ninclude: [more.yaml]\n`;
    const { source } = await generated(text, {
      "more.yaml": "home: [.extra/]\n",
      "profiles/mine.yaml": "name: mine\ntitle: Mine\npaths: [{ path: .mine/, class: state }]\nsources: []\n",
      "persistence.schema.json": "{}",
      dot_bashrc: "mine",
      "nixos/mine.nix": "the person wants this in the home",
    });
    for (const host of [fedora, nixos]) {
      const tops = new Set(archive(source, host).map((entry) => entry.path.split("/")[0]));
      expect([...tops].filter((top) => !top?.startsWith("."))).toEqual(["nixos"]);
      expect(archive(source, host).map((entry) => entry.path)).toContain("nixos/mine.nix");
      expect(archive(source, host).filter((entry) => entry.path.startsWith("nixos/laptop"))).toEqual([]);
    }
  });

  it("lays an output that the person placed under a source name", async () => {
    const text = `${manifest}outputs: { chezmoi: ".", nixos: "dot_config/nixos/{host}" }\n`;
    const { source } = await generated(text, { "dot_config/nixos/flake.nix": "{ }" });
    expect(archive(source, nixos).map((entry) => entry.path)).toContain(".config/nixos/laptop/persistence.nix");
  });
});
