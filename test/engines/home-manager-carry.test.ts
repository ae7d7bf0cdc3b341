import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { type ArchiveEntry, archive } from "../support/chezmoi.ts";
import { type Generated, generated } from "../support/chezmoi-tree.ts";
import { describeWith } from "../support/engines.ts";
import { evalNix, evaluateHome } from "../support/nix.ts";
import { evaluateHost, expectClean } from "../support/nixos.ts";
import { compileText, remanence, writeFiles } from "../support/workspace.ts";

/** A Fedora machine that carries by chezmoi beside a NixOS one that carries by home-manager. */
const manifest = (nixos: string, outputs = ""): string => `version: 1
users: { alice: {} }
hosts:
  desk: { os: fedora, stores: { persist: ~/.persist } }
  laptop: { os: nixos, nixos: { ${nixos}, carry: home-manager } }
profiles: [nixos-ids]
home:
  - Documents/
  - { path: .config/editor/, class: config, carry: true, note: how it looks }
  - { path: .config/editor/themes/, class: config, carry: true }
  - { path: .profile, class: config, carry: true }
  - { path: .local/bin/tool, class: config, carry: true }
${outputs}`;

/** The person's source, odd names among it; what is not carried is chezmoi's as ever. */
const own = (root: string): Record<string, string> => ({
  [`${root}dot_config/editor/init.lua`]: "init",
  [`${root}dot_config/editor/themes/dark theme.toml`]: "dark",
  [`${root}dot_config/editor/lua/it's $HOME \${x} "y".lua`]: "odd",
  [`${root}dot_config/editor/literal_dot_x`]: "literal",
  [`${root}dot_config/editor/dot_hidden/x.tmpl.literal`]: "{{ no template }}",
  [`${root}dot_config/editor/τέχνη #1`]: "unicode",
  [`${root}dot_config/other/x`]: "other",
  [`${root}private_dot_local/bin/executable_tool`]: "#!/bin/sh\n",
  [`${root}dot_profile`]: "profile",
});
const carried = [".config/editor/", ".local/bin/tool", ".profile"];

const laptop = { os: "nixos", home: "/home/alice", username: "alice", hostname: "laptop" };
const desk = { ...laptop, os: "fedora", hostname: "desk" };

/** Path, content and whether it can be executed, of the carried files alone. */
function chosen(entries: readonly ArchiveEntry[]): [string, string | null, boolean][] {
  return entries
    .filter(({ type, path }) => type === "file" && carried.some((prefix) => path.startsWith(prefix)))
    .map(({ path, content, mode }): [string, string | null, boolean] => [path, content, mode === "0755"])
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

interface Laid {
  readonly source: string;
  readonly executable?: boolean;
}

/** `home.file` of a generated module, read by the real evaluator with stubs of what home-manager hands over. */
function laidBy(module: string): Record<string, Laid> {
  const stubs = `{ config.lib.file.mkOutOfStoreSymlink = path: path; lib.hm.dag.entryBetween = a: b: data: data;
      lib.hm.dag.entryBefore = a: data: data; }`;
  const value = evalNix(`
    let m = import ${module}; c = if builtins.isFunction m then m ${stubs} else m;
    in builtins.mapAttrs (_: f: f // { source = toString f.source; }) c.home.file`);
  return value as Record<string, Laid>;
}

function moduleOf({ folder }: Generated, path = "home-manager/laptop/alice.nix"): string {
  return join(folder, path);
}

describeWith(["nix", "chezmoi"], "what home-manager carries", () => {
  it.each([
    ["by itself", "home: standalone", "chezmoi/", "home-manager/laptop", ""],
    ["inside NixOS", "home: home-manager", "chezmoi/", "home-manager/laptop", ""],
    ["legacy", "module: none, home: home-manager-v1", "chezmoi/", "home-manager/laptop", ""],
    ["beside NixOS modules", "home: nixos-module", "chezmoi/", "home-manager/laptop", ""],
    [
      "out of the repository itself",
      "home: standalone",
      "",
      "nix/laptop",
      "outputs: { chezmoi: ., home-manager: 'nix/{host}' }",
    ],
    [
      "from an odd folder",
      "home: standalone",
      "my (dots)'/",
      "nix",
      'outputs: { chezmoi: "my (dots)\'", home-manager: nix }',
    ],
  ])(
    "%s, is what chezmoi lays elsewhere: the same files with the same content",
    async (_, nixos, root, at, outputs) => {
      const made = await generated(manifest(nixos, outputs), own(root));
      const files = Object.entries(laidBy(moduleOf(made, `${at}/alice.nix`)))
        .filter(([path]) => carried.some((prefix) => path.startsWith(prefix)))
        .map(([path, { source, executable }]): [string, string, boolean] => [
          path,
          readFileSync(source, "utf8"),
          executable === true,
        ])
        .sort(([a], [b]) => (a < b ? -1 : 1));
      const expected = chosen(archive(made.source, desk));
      expect(expected.length).toBe(8);
      expect(files).toEqual(expected);
      // never both
      expect(chosen(archive(made.source, laptop))).toEqual([]);
      expect(archive(made.source, laptop).map(({ path }) => path)).toContain(".config/other/x");
    },
  );
});

it("asks to generate again where the source has a new file", async () => {
  const { folder } = await generated(manifest("home: standalone"), own("chezmoi/"));
  expect(remanence(folder, ["generate", "--check"]).code).toBe(0);
  writeFiles(folder, { "chezmoi/dot_config/editor/new": "new" });
  expect(remanence(folder, ["generate", "--check"]).code).toBe(1);
});

describeWith(["nix", "nix-sources"], "what home-manager carries, with the real Home Manager", () => {
  it.each(["home: standalone", "home: nixos-module"])("is taken as it is: %s", async (nixos) => {
    const made = await generated(manifest(nixos), own("chezmoi/"));
    const report = evaluateHome({ generated: [moduleOf(made)], username: "alice" });
    if (report.error !== null) throw new Error(report.error);
    expect({ ok: report.ok, hazards: report.hazards }).toEqual({ ok: true, hazards: [] });
    const targets = report.files.map(({ target }) => target).filter((path) => carried.some((c) => path.startsWith(c)));
    expect(targets.length).toBe(8);
  });

  it("is taken inside NixOS, beside impermanence", async () => {
    expectClean(evaluateHost((await generated(manifest("home: home-manager"), own("chezmoi/"))).compiled));
  });
});

it.each([
  ["home-manager/carry-form", "{ path: x/, class: config, carry: template }", {}],
  ["home-manager/carry-form", "{ path: x/, class: config, carry: seed }", {}],
  ["home-manager/carry-form", '{ path: x/, class: config, mode: "0700", carry: true }', {}],
  ["home-manager/carry-form", "{ path: x/, class: config, carry: true }", { "chezmoi/x/a.tmpl": "" }],
  ["home-manager/carry-form", "{ path: x/, class: config, carry: true }", { "chezmoi/x/private_a": "" }],
  ["home-manager/carry-form", "{ path: x/, class: config, carry: true }", { "chezmoi/x/private_y/a": "" }],
  ["home-manager/carry-form", "{ path: x/, class: config, carry: true }", { "chezmoi/x/create_a": "" }],
  ["home-manager/carry-form", "{ path: x/, class: config, carry: true }", { "chezmoi/x/modify_a": "" }],
  ["home-manager/carry-form", "{ path: x/, class: config, carry: true }", { "chezmoi/x/symlink_a": "b" }],
  ["home-manager/carry-form", "{ path: x/, class: config, carry: true }", { "chezmoi/x/encrypted_a.age": "" }],
  ["home-manager/carry-below-link", "{ path: x/y, class: config, carry: true }\n  - x/", {}],
  [
    "home-manager/fetch-below-carried",
    '{ path: x/, class: config, carry: true }\n  - { path: x/y/, fetch: { git: "https://example.org/y.git" } }',
    { "chezmoi/x/a": "" },
  ],
])("refuses what home-manager cannot lay: %s, %s %j", async (code, home, files) => {
  const text = `version: 1
users: { alice: {} }
hosts: { laptop: { os: nixos, nixos: { home: standalone, carry: home-manager } } }
profiles: [nixos-ids]
home:
  - ${home}
`;
  const { diagnostics, tree } = await compileText(text, files);
  expect(diagnostics.filter((d) => d.severity === "error").map((d) => d.code)).toEqual([code]);
  expect(tree).toEqual([]);
});
