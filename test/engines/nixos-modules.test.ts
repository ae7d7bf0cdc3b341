import { join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { Compiled } from "../../src/pipeline.ts";
import { describeWith } from "../support/engines.ts";
import { machineFolder } from "../support/machines.ts";
import { type NixosReport, secretsModule } from "../support/nix.ts";
import { type Evaluated, evaluateHost, expectClean, expectPlanned, nixosPlan } from "../support/nixos.ts";
import { everything } from "../support/nixos-everything.ts";
import { compileText, folderWith, readText } from "../support/workspace.ts";

const home = { "/home": { device: "/dev/disk/by-label/nixos", fsType: "btrfs" } };

/** The example of a machine, kept by another module. */
function keptBy(module: string, machine: string, ...changes: readonly [string, string][]): Promise<Compiled> {
  const text = readText(machineFolder(machine), "persistence.yaml").replace(/^ *module: impermanence\n/m, "");
  const own: [string, string] = ['release: "26.05"', `release: "26.05"\n      module: ${module}`];
  return compileText(
    [own, ...changes].reduce((before, [from, to]) => {
      expect(before).toContain(from);
      return before.replace(from, () => to);
    }, text),
  );
}

function withNames(module: string, names: readonly string[]): string {
  const paths = names.map((name) => JSON.stringify(`${name}/`)).join(", ");
  return `version: 1
users: { alice: {} }
hosts: { laptop: { os: nixos, nixos: { module: ${module}, wipe: { path: /, method: tmpfs } } } }
profiles: [nixos-ids]
home: [{ path: [${paths}] }]
`;
}

/** Both set owners and modes by tmpfiles, the one by its own rules and the other by ours. */
const modules = ["preservation", "none"];

describeWith(["nix", "nix-sources"], "persistence.nix", () => {
  const machines: [string, readonly [string, string][]][] = [
    ["gabriel", []],
    ["gabriel", [["relocate: wiped", "relocate: all"]]],
    ["mitsio", []],
    ["mitsio", [["home: standalone", "home: nixos-module"]]],
  ];
  const cases = modules.flatMap((module) =>
    machines.map(([machine, changes]) => [module, machine, changes.flat().join(" -> "), changes] as const),
  );
  it.each(cases)(
    "of %s is clean for %s %s, and mounts and makes what is planned",
    async (module, machine, _, changes) => {
      const compiled = await keptBy(module, machine, ...changes);
      const report = evaluateHost(compiled, machine === "gabriel" ? home : {});
      expectClean(report);
      expectPlanned(report, nixosPlan(compiled));
      expect(report.initrd.systemd).toBe(true);
    },
  );

  it.each(modules)("of %s is clean for all that has a form of its own", async (module) => {
    const compiled = await compileText(everything(module));
    const report = evaluateHost(compiled);
    expectClean(report);
    expectPlanned(report, nixosPlan(compiled));
    expect(
      report.mounts
        .filter(({ stage }) => stage === "initrd")
        .map(({ where }) => where)
        .sort(),
    ).toEqual(["/sysroot/etc/machine-id", "/sysroot/var/lib/nixos"]);
    expect(report.suppressedSystemUnits).toEqual(["systemd-machine-id-commit.service"]);
    expect(report.neededForBoot).toContain("/persist");
    for (const { options } of report.mounts) expect(options.split(",")).toContain("x-gvfs-hide");
  });

  it.each(modules)("of %s is clean on a release whose own initrd is another one", async (module) => {
    const compiled = await compileText(everything(module, 'release: "25.11",'));
    const report = evaluateHost(compiled);
    expectClean(report);
    expect(report.initrd.systemd).toBe(true);
  });

  it("warns of passwords and keys that are not there when they are read, and of no others", async () => {
    const compiled = await compileText(everything("impermanence"));
    const told = (at: string): NixosReport => {
      const own = folderWith({
        "own.nix": `{
          services.openssh.enable = true;
          services.openssh.hostKeys = [ { type = "ed25519"; path = "${at}/etc/ssh/ssh_host_ed25519_key"; } ];
          users.users.alice.hashedPasswordFile = "${at}/etc/passwords/alice";
          users.users."bob.b".hashedPasswordFile = "/run/secrets-for-users/bob";
          sops.age.keyFile = "${at}/var/lib/sops-nix/key.txt";
        }`,
      });
      return evaluateHost(compiled, {}, [secretsModule, join(own, "own.nix")]);
    };
    expectClean(told("/persist") as Evaluated);
    const wrong = told("");
    const early = wrong.hazards.filter(({ kind }) => ["password-file", "secrets-identity"].includes(kind));
    const pathOf = (text: string): string => text.split(" ")[0] ?? "";
    expect([...new Set(wrong.warnings.map(pathOf))].sort()).toEqual(
      [...new Set(early.map((h) => pathOf(h.text)))].sort(),
    );
    expect(wrong.warnings).toHaveLength(4);
    expect(wrong.warnings[0]).toBe("/etc/passwords/alice is not there yet when it is read: name the file in the store");
  });

  it("warns of a password that sops-nix puts in place only when users are made", async () => {
    const own = folderWith({
      "own.nix": `{ users.users.alice.hashedPasswordFile = "/run/secrets/alice";
        users.users."bob.b".hashedPasswordFile = "/run/secrets-for-users/bob"; }`,
    });
    const report = evaluateHost(await compileText(everything("impermanence")), {}, [join(own, "own.nix")]);
    expect(report.warnings).toEqual([
      "/run/secrets/alice is not there yet when it is read: name the file in the store",
    ]);
  });

  it("knows the file systems that a host has besides, and which of them is wiped", async () => {
    const read = async (wiped: string, files: readonly string[]): Promise<readonly string[]> => {
      const text = everything("none").replace("wipe: { path: /,", () => `mounts: [/var], wipe: { path: ${wiped},`);
      const own = folderWith({
        "own.nix": `{ age.identityPaths = [ ${files.map((file) => JSON.stringify(file)).join(" ")} ]; }`,
      });
      const disk = { device: "/dev/disk/by-label/x", fsType: "ext4" };
      const mounts = {
        "/secure": { ...disk, neededForBoot: true },
        "/late": disk,
        "/var": disk,
        ...(wiped === "/" ? { "/home": disk } : {}),
      };
      const report = evaluateHost(await compileText(text), mounts, [secretsModule, join(own, "own.nix")]);
      return report.warnings.map((text) => text.split(" ")[0] ?? "");
    };
    const files = ["/secure/key", "/secure2/key", "/late/key", "/persist/key", "/home/alice/.ssh/id", "/run/key"];
    expect(await read("/", files)).toEqual(["/secure2/key", "/late/key", "/home/alice/.ssh/id"]);
    expect(await read("/home", ["/etc/key", "/home/alice/.ssh/id", "/home2/key"])).toEqual(["/home/alice/.ssh/id"]);
  });

  it.each(modules)("of %s carries any name that check lets through, and no other", async (module) => {
    const unit = fc.constantFrom(..."ab9 '\"$`\\{}[]()#;&|<>~!^=,:@+-_.é%λ");
    const sample = fc.sample(fc.string({ unit, minLength: 1, maxLength: 12 }), { numRuns: 80, seed: 42 });
    const names = [...new Set(sample)].filter((name) => !/^\.{1,2}$|[\\ ]$/.test(name));
    const verdicts = await Promise.all(
      names.map(async (name) => (await compileText(withNames(module, [name]))).tree.length > 0),
    );
    const good = names.filter((_, i) => verdicts[i]);
    const bad = names.filter((_, i) => !verdicts[i]);
    expect(good.length).toBeGreaterThan(20);
    const refused = module === "none" ? /%|[^ -~]|\{[^{}]*,[^{}]*\}/ : /[%'\\]|[^ -~]|\{[^{}]*,[^{}]*\}/;
    expect(bad.filter((name) => !refused.test(name))).toEqual([]);
    const compiled = await compileText(withNames(module, good));
    const report = evaluateHost(compiled);
    expectClean(report);
    expectPlanned(report, nixosPlan(compiled));
  });
});
