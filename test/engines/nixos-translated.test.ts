import { expect, it } from "vitest";
import { mountedEntries } from "../../src/plan/physical.ts";
import { describeWith, nixSources } from "../support/engines.ts";
import { evaluateHome } from "../support/nix.ts";
import { evaluateHost, expectClean, expectPlanned, modulesOf, nixosPlan } from "../support/nixos.ts";
import { compileText } from "../support/workspace.ts";

/**
 * What people wrote for impermanence of 2024: the store's path with the home in it, allowOther, directories linked, the
 * machine id as a link, and all of /var/lib, /etc/ssh and a tmpfs root beside it.
 */
const translated = (nixos: string, linked: string): string => `version: 1
users: { gabriel: {} }
hosts: { laptop: { os: nixos, nixos: { ${nixos}, wipe: { path: /, method: tmpfs, size: 4G } } } }
profiles: [nixos-ids, machine-id, ssh-host-keys, system-logs, networkmanager, bluetooth, systemd]
system:
  - /var/lib/
home:
  - { path: .ssh/, class: secret${linked} }
  - { path: .aws/, class: secret }
  - { path: .config/river/${linked} }
  - { path: .mozilla/ }
  - { path: .local/share/fish/${linked} }
  - { path: .bash_history, writes: in-place }
`;

describeWith(["nix", "nix-sources"], "an outdated module, translated by hand", () => {
  it.each([
    ["to the current interface", "home: home-manager", ""],
    ["to the module for NixOS", "module: impermanence", ""],
    ["to preservation", "module: preservation", ", how: symlink"],
    ["to the legacy branch, with its links", "module: none, home: home-manager-v1", ", how: symlink"],
  ])("%s works as it was meant", async (_, nixos, linked) => {
    const compiled = await compileText(translated(nixos, linked));
    expect(compiled.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
    const plan = nixosPlan(compiled);
    const report = evaluateHost(compiled);
    expectClean(report);
    expectPlanned(report, plan);
    if (plan.host.nixos.home !== "home-manager-v1") return;
    const home = evaluateHome({
      modulePath: `${nixSources()?.impermanenceV1}/home-manager.nix`,
      generated: modulesOf(compiled, "laptop", "home-manager"),
      username: "gabriel",
      homeDirectory: "/home/gabriel",
    });
    expect(home).toMatchObject({ ok: true, hazards: [] });
    if (home.error !== null) return;
    const targets = home.files.map(({ target }) => `/home/gabriel/${target}`);
    const links = mountedEntries(plan).filter(({ scope, how }) => scope === "home" && how === "symlink");
    expect(links.length).toBe(4);
    for (const { live } of links) expect(targets).toContain(live);
  });
});
