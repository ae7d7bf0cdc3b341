import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { describeWith, nixSources } from "../support/engines.ts";
import { evaluateHome, evaluateNixos } from "../support/nix.ts";
import { evaluateHost, expectClean, modulesOf, nixosPlan } from "../support/nixos.ts";
import { compileText, folderWith } from "../support/workspace.ts";

const harness = fileURLToPath(new URL("../support/nix-harness/", import.meta.url));

interface Provocation {
  /** What the host says of NixOS, in flow style, besides the wipe. */
  readonly nixos?: string;
  readonly wipe?: string;
  readonly profiles?: string;
  readonly stores?: string;
  readonly system?: string;
  readonly home?: string;
  /** The code that `check` answers with; without one the output has to be free of the hazard. */
  readonly code?: string;
  /** Where only NixOS can know: another test shows the warning that it gives when it is built. */
  readonly builds?: true;
}

const v1 = "module: none, home: home-manager-v1";
const btrfs = "method: btrfs, device: /dev/disk/by-label/nixos, subvolume: root";

/** How somebody would come to each hazard, and what becomes of it. */
const provocations: Readonly<Record<string, readonly Provocation[]>> = {
  "duplicate-mount": [
    { home: "[Documents/, { path: Documents/, note: again }]" },
    { nixos: "module: preservation", home: "[Documents/, { path: Documents/, note: again }]" },
    { home: '[{ path: Documents/ }, { path: Documents/, mode: "0700" }]', code: "plan/contradiction" },
    { system: "[/home/alice/Documents/]", home: "[Documents/]", code: "special/home" },
  ],
  nested: [
    { home: "[Documents/, Documents/deep/er/]", system: "[/var/lib/, /var/lib/nixos/]" },
    { nixos: v1, home: "[Documents/, Documents/deep/er/]" },
  ],
  "api-filesystem": [{ system: "[/run/thing/]", code: "special/error" }],
  "override-discarded": [{ nixos: "module: preservation", profiles: "machine-id" }],
  "preservation-disabled": [{ nixos: "module: preservation", home: "[Documents/]" }],
  "initrd-ordering": [{ wipe: btrfs }, { wipe: "method: zfs, dataset: r/x, snapshot: r/x@blank" }],
  "initrd-path": [{ wipe: btrfs }],
  "initrd-unit-ignored": [{ wipe: btrfs, nixos: 'release: "25.11"' }],
  "secrets-identity": [{ builds: true }],
  "password-file": [{ builds: true }, { stores: "", home: "[x/]", nixos: "", code: "nixos/password-on-wiped" }],
  "unit-characters": [
    { home: '["100%/"]', code: "nixos/characters" },
    { home: "[é/]", code: "nixos/characters" },
    { home: '[{ path: "a$b", writes: in-place }]', code: "nixos/characters" },
  ],
  "tmpfiles-characters": [{ nixos: "module: preservation", home: `["it's/"]`, code: "nixos/characters" }],
  "tmpfiles-conflict": [
    {
      nixos: "module: preservation",
      system: "[{ path: /srv/k/key, class: secret, writes: in-place }, { path: /srv/k/other, writes: in-place }]",
    },
  ],
  "persist-not-a-filesystem": [{ stores: "{ persist: { path: /persist, mount: /persist } }", home: "[x/]" }],
  "persist-on-root": [
    { stores: "{ persist: { path: /var/persist, mount: / } }", home: "[x/]", code: "store/on-wiped" },
  ],
  "initrd-owner-unknown": [
    { nixos: "module: preservation", system: "[{ path: /var/lib/nixos/, owner: u }]", code: "nixos/initrd-owner" },
  ],
  duplicate: [{ nixos: v1, home: "[Documents/, { path: Documents/, note: again }]" }],
  "unit-name-collision": [{ nixos: v1, home: "[.config/app/, config/app/]", code: "nixos/same-unit" }],
  "shell-quoting": [{ nixos: v1, home: `[{ path: "it's/", how: symlink }]`, code: "nixos/characters" }],
  "activation-order": [
    { nixos: "home: standalone", home: "[Documents/]" },
    { nixos: v1, home: "[Documents/, x/]" },
  ],
  "duplicate-target": [{ nixos: "home: standalone", home: "[Documents/, { path: Documents/, note: again }]" }],
};

function manifest({
  nixos = "",
  wipe = "method: tmpfs",
  profiles,
  stores = "",
  system,
  home,
  code,
}: Provocation): string {
  const backup =
    code === "nixos/password-on-wiped" ? "backup: { engine: restic, repository: /mnt/r, password-file: /root/p }," : "";
  return `version: 1
${stores === "" ? "" : `stores: ${stores}\n`}users: { alice: {} }
hosts: { laptop: { os: nixos, ${backup} nixos: { ${nixos}${nixos === "" ? "" : ","} wipe: { path: /, ${wipe} } } } }
profiles: [nixos-ids${profiles === undefined ? "" : `, ${profiles}`}]
${system === undefined ? "" : `system: ${system}\n`}${home === undefined ? "" : `home: ${home}\n`}`;
}

describeWith(["nix", "nix-sources"], "every hazard of the real modules", () => {
  it("is in the table", () => {
    const text = ["eval.nix", "eval-home.nix"].map((file) => readFileSync(harness + file, "utf8")).join("\n");
    const kinds = [...text.matchAll(/kind = "([a-z-]+)";/g)].map(([, kind]) => kind);
    expect(Object.keys(provocations).sort()).toEqual([...new Set(kinds)].sort());
  });

  const rows = Object.entries(provocations).flatMap(([kind, list]) =>
    list.filter(({ builds }) => builds !== true).map((one) => [kind, manifest(one), one.code] as const),
  );
  it.each(rows)("%s is refused, or not in the output: %s", async (_, text, code) => {
    const compiled = await compileText(text);
    const said = compiled.diagnostics.map((d) => d.code);
    if (code !== undefined) {
      expect(said).toContain(code);
      return;
    }
    expect(compiled.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
    const own = folderWith({ "own.nix": '{ networking.hostId = "8425e349"; }' });
    const root = text.includes("zfs") ? { "/": { device: "r/x", fsType: "zfs" } } : {};
    expectClean(evaluateHost(compiled, root, [join(own, "own.nix")]));
    const { host } = nixosPlan(compiled);
    if (host.nixos.home === "nixos-module") return;
    const sources = nixSources();
    const report = evaluateHome({
      generated: modulesOf(compiled, host.name, "home-manager"),
      ...(host.nixos.home === "standalone" ? {} : { modulePath: `${sources?.impermanenceV1}/home-manager.nix` }),
      username: "alice",
      homeDirectory: "/home/alice",
    });
    expect(report).toMatchObject({ ok: true, hazards: [] });
  });

  it("of a store that is no file system is NixOS' own error, for we say that it is one", async () => {
    const compiled = await compileText(manifest({ home: "[x/]" }));
    const report = evaluateNixos({
      modulePath: `${nixSources()?.impermanence}/nixos.nix`,
      generated: modulesOf(compiled, "laptop", "nixos"),
      users: { alice: { group: "users", home: "/home/alice" } },
      fileSystems: { "/": { device: "none", fsType: "tmpfs" } },
    });
    const words = report.error ?? report.assertions.join("\n");
    expect(report.ok).toBe(false);
    expect(words).toMatch(/persist/);
  });
});
