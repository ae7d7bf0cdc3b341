import { describe, expect, it } from "vitest";
import { fedoraDiagnostics } from "../../../src/emitters/fedora/diagnostics.ts";
import { nixosDiagnostics } from "../../../src/emitters/nixos/diagnostics.ts";
import { compileText } from "../../support/workspace.ts";

interface Case {
  readonly code: keyof typeof nixosDiagnostics | keyof typeof fedoraDiagnostics;
  /** What the host says besides its OS, in flow style. */
  readonly host: string;
  readonly home?: string;
  readonly system?: string;
  readonly severity?: "error" | "warning";
}

const btrfs = (more: string): string => `nixos: { wipe: { path: /, method: btrfs${more} } }`;
const restic = "engine: restic, repository: /mnt/r";

const v1 = "nixos: { module: none, home: home-manager-v1 }";

/** What each target refuses, once; the place of the fault is where `at` says. */
const cases: readonly Case[] = [
  { code: "nixos/combination", host: "nixos: { initrd: scripted }" },
  { code: "nixos/combination", host: 'nixos: { initrd: scripted, release: "26.11" }' },
  { code: "nixos/combination", host: 'nixos: { initrd: scripted, release: "25.11", module: none }' },
  { code: "nixos/combination", host: "nixos: { module: preservation, home: home-manager }" },
  { code: "nixos/combination", host: "nixos: { module: none, home: home-manager }" },
  {
    code: "nixos/initrd-owner",
    host: "nixos: { module: preservation }",
    system: "{ path: /var/lib/nixos/, owner: u }",
  },
  { code: "nixos/initrd-owner", host: "nixos: { module: preservation }", system: "{ path: /var/log/, group: adm }" },
  {
    code: "nixos/chezmoi-lost",
    severity: "warning",
    host: "nixos: { wipe: { path: /, method: tmpfs } }",
    home: "{ path: x/, class: config, carry: true }",
  },
  { code: "nixos/how", host: "nixos: { home: standalone }", home: "{ path: x/, how: bind }" },
  { code: "nixos/combination", host: "nixos: { home: home-manager-v1 }" },
  { code: "nixos/how", host: v1, home: "{ path: x, how: bind, writes: in-place }" },
  { code: "nixos/characters", host: v1, home: '"a,b/"' },
  { code: "nixos/characters", host: v1, home: "c++/" },
  { code: "nixos/characters", host: v1, home: "100%/" },
  { code: "nixos/characters", host: v1, home: '{ path: "it\'s/", how: symlink }' },
  { code: "nixos/characters", host: v1, home: "a/\n  - a b/" },
  { code: "nixos/same-unit", host: v1, home: ".config/app/\n  - config/app/" },
  {
    code: "nixos/secret-in-nix-store",
    host: "nixos: { carry: home-manager }",
    home: "{ path: x/, class: secret, carry: encrypted }",
  },
  {
    code: "nixos/file-access",
    severity: "warning",
    host: "",
    home: '{ path: x, writes: in-place, mode: "0640", group: users }',
  },
  { code: "nixos/file-access", severity: "warning", host: "", system: "{ path: /srv/x, writes: in-place, owner: u }" },
  { code: "nixos/home-access", host: "nixos: { home: standalone }", home: "{ path: x/, owner: root }" },
  { code: "nixos/home-access", host: v1, home: "{ path: x/, group: video }" },
  { code: "nixos/store-in-home", host: `${v1}, stores: { persist: ~/.persist }` },
  { code: "nixos/how", host: "", home: "{ path: x/, how: symlink }" },
  { code: "nixos/characters", host: "", home: "100%/" },
  { code: "nixos/characters", host: "", home: "é/" },
  { code: "nixos/characters", host: "nixos: { module: preservation }", home: '"a\'b/"' },
  { code: "nixos/characters", host: "", home: '{ path: "a$b", writes: in-place }' },
  { code: "nixos/unit-name-too-long", host: "", home: `${"a-".repeat(60)}/` },
  { code: "nixos/store-in-home", host: "stores: { persist: ~/.persist }" },
  { code: "nixos/wipe-incomplete", host: btrfs(", device: /dev/sda1") },
  { code: "nixos/wipe-incomplete", host: btrfs(", subvolume: '@'") },
  { code: "nixos/wipe-incomplete", host: "nixos: { wipe: { path: /, method: zfs, dataset: r/x } }" },
  { code: "nixos/wipe-incomplete", host: "nixos: { wipe: { path: /, method: zfs, snapshot: r/x@a } }" },
  { code: "nixos/wipe-snapshot", host: "nixos: { wipe: { path: /, method: zfs, dataset: r/x, snapshot: blank } }" },
  { code: "nixos/wipe-snapshot", host: "nixos: { wipe: { path: /, method: zfs, dataset: r/x, snapshot: r/y@blank } }" },
  { code: "nixos/wipe-snapshot", host: "nixos: { wipe: { path: /, method: zfs, dataset: r/x, snapshot: r/x@a@b } }" },
  {
    code: "nixos/wipe-snapshot",
    host: 'nixos: { wipe: { path: /, method: zfs, dataset: "-r/x", snapshot: "-r/x@a" } }',
  },
  { code: "nixos/wipe-subvolume", host: btrfs(", device: /dev/sda1, subvolume: a/../b") },
  { code: "nixos/wipe-subvolume", host: btrfs(", device: /dev/sda1, subvolume: 'a,b'") },
  { code: "nixos/wipe-device", host: btrfs(", device: /dev/disk/by-label/my nixos, subvolume: '@'") },
  { code: "nixos/wipe-device", host: btrfs(", device: /images/root, subvolume: '@'") },
  {
    code: "nixos/wipe-twice",
    host: "nixos: { wipe: [{ path: /, method: tmpfs }, { path: /, method: tmpfs, size: 1G }] }",
  },
  { code: "nixos/wipe-of-mount", host: "nixos: { wipe: { path: /srv, method: tmpfs }, mounts: [/srv] }" },
  { code: "nixos/below-file", host: "", home: "{ path: y, writes: in-place }\n  - y/z/" },
  { code: "nixos/mount-inside", host: "nixos: { mounts: [/var/lib/db] }", system: "/var/lib/" },
  { code: "nixos/mount-inside", host: "nixos: { wipe: { path: /srv/a, method: tmpfs } }", system: "/srv/" },
  { code: "nixos/characters", host: "", home: '"blank /"' },
  { code: "nixos/store-in-home", host: "stores: { persist: ~/.persist }", home: "{ path: y, how: symlink }" },
  { code: "nixos/backup-engine", host: "backup: { engine: tar, path: /mnt/b }", severity: "warning" },
  { code: "nixos/backup-password", host: `backup: { ${restic} }` },
  {
    code: "nixos/password-on-wiped",
    host: `nixos: { wipe: { path: /, method: tmpfs } }, backup: { ${restic}, password-file: /etc/restic }`,
    severity: "warning",
  },
  { code: "fedora/combination", host: "fedora: { home: standalone, link: none }" },
  { code: "fedora/combination", host: "fedora: { home: standalone, link: bind }" },
  { code: "fedora/unsupported", host: "", home: "{ path: x, how: bind, writes: in-place }" },
  { code: "fedora/mount-unit", host: "fedora: { link: bind }", home: `${"a-".repeat(60)}/` },
  { code: "fedora/mount-unit", host: "fedora: { link: bind }", home: "'a\\\\/b/'" },
  { code: "fedora/atomic-store", host: "fedora: { variant: atomic }" },
  { code: "fedora/atomic-store", host: "fedora: { variant: atomic }, stores: { persist: /usr/persist }" },
  {
    code: "fedora/atomic-etc",
    host: "fedora: { variant: atomic }, stores: { persist: /var/persist }",
    system: "{ path: /etc/thing/, how: bind }",
  },
  { code: "fedora/schedule", host: `backup: { ${restic}, schedule: "daily\\\\nExecStart=x" }` },
  { code: "fedora/backup-path", host: "backup: { engine: tar, path: backups }" },
];

function manifest({ code, host, home = "x/", system }: Case): string {
  const os = code.startsWith("nixos") ? "nixos" : "fedora";
  return `version: 1
users: { u: {} }
hosts:
  h: { os: ${os}${host === "" ? "" : `, ${host}`} }
home:
  - ${home}
${system === undefined ? "" : `system:\n  - ${system}\n`}`;
}

describe("what a target cannot do", () => {
  it.each(cases)("is refused: $code ($host $system $home)", async (one) => {
    const { diagnostics, tree } = await compileText(manifest(one));
    const severity = one.severity ?? "error";
    const found = diagnostics.filter((d) => d.severity === severity).map((d) => d.code);
    expect(found).toContain(one.code);
    // Nothing is generated where there is an error, everything where there is none.
    expect(tree.length > 0).toBe(severity === "warning");
    for (const d of diagnostics) expect(d.help, d.code).not.toBe("");
  });

  it("is not what stays on Fedora Atomic: below /var, in the homes, and where links lead there", async () => {
    for (const store of ["/var/persist", "~/.persist", "/mnt/persist", "/home/.persist"]) {
      const host = `fedora: { variant: atomic }, stores: { persist: ${store} }`;
      const { diagnostics } = await compileText(manifest({ code: "fedora/atomic-store", host, system: "/etc/thing/" }));
      expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
    }
  });

  it("has a case for each code", () => {
    const codes = [...Object.keys(nixosDiagnostics), ...Object.keys(fedoraDiagnostics)];
    expect([...new Set(cases.map(({ code }) => code))].sort()).toEqual(codes.sort());
  });
});

describe("preservation", () => {
  it("is refused for what only impermanence does at the setting that asks, and links directories", async () => {
    const host = "nixos: { module: preservation, home: home-manager }";
    const text = manifest({ code: "nixos/combination", host });
    const { diagnostics } = await compileText(text);
    const found = diagnostics.filter((d) => d.severity === "error");
    expect(found.map((d) => d.code)).toEqual(["nixos/combination"]);
    expect(text.slice(found[0]?.span?.start, found[0]?.span?.end)).toBe("home-manager");
    const link = { code: "nixos/how", host: "nixos: { module: preservation }", home: "{ path: x/, how: symlink }" };
    const linked = await compileText(manifest(link as Case));
    expect(linked.diagnostics.filter((d) => d.severity === "error")).toEqual([]);
  });
});
