import fc from "fast-check";
import { expect, it } from "vitest";
import type { Compiled } from "../../src/pipeline.ts";
import { describeWith } from "../support/engines.ts";
import { compileMachine, machineFolder, machines } from "../support/machines.ts";
import { evaluateHost, expectClean, expectPlanned, nixosPlan } from "../support/nixos.ts";
import { compileText, readText } from "../support/workspace.ts";

const home = { "/home": { device: "/dev/disk/by-label/nixos", fsType: "btrfs" } };

/** A machine's manifest with another choice in it. */
function variant(machine: string, from: string | RegExp, to: string): Promise<Compiled> {
  const text = readText(machineFolder(machine), "persistence.yaml");
  const changed = text.replace(from, () => to);
  expect(changed).not.toBe(text);
  return compileText(changed);
}

/** A host with home directories of these names, and a wiped root. */
function manifestOf(names: readonly string[], nixos = ""): string {
  const paths = names.map((name) => JSON.stringify(`${name}/`)).join(", ");
  return `version: 1
users: { alice: {} }
hosts: { laptop: { os: nixos, nixos: { ${nixos} wipe: { path: /, method: tmpfs } } } }
profiles: [nixos-ids]
home: [{ path: [${paths}] }]
`;
}

describeWith(["nix", "nix-sources"], "NixOS modules with the real impermanence", () => {
  it.each(machines)("are clean for %s and mount what is planned", async (machine) => {
    const compiled = await compileMachine(machine);
    const report = evaluateHost(compiled, home);
    expectClean(report);
    expectPlanned(report, nixosPlan(compiled));
  });

  it("are clean for mitsio with the home in the NixOS module", async () => {
    const compiled = await variant("mitsio", "home: standalone", "home: nixos-module");
    const report = evaluateHost(compiled);
    expectClean(report);
    expectPlanned(report, nixosPlan(compiled));
  });

  it.each(machines)("are clean for %s with home-manager inside NixOS", async (machine) => {
    const [from, to] =
      machine === "mitsio" ? ["home: standalone", "home: home-manager"] : ["relocate: wiped", "home: home-manager"];
    const compiled = await variant(machine, from ?? "", to ?? "");
    expect(nixosPlan(compiled).entries.some((entry) => entry.scope === "home" && entry.how === "bind")).toBe(true);
    const report = evaluateHost(compiled, machine === "gabriel" ? home : {});
    expectClean(report);
    expectPlanned(report, nixosPlan(compiled));
  });

  it("mark a home that is a file system of its own as needed for boot when there are mounts on it", async () => {
    const compiled = await variant("gabriel", "relocate: wiped", "relocate: all");
    const report = evaluateHost(compiled, home);
    expectClean(report);
    expect(report.neededForBoot).toContain("/home");
    expectPlanned(report, nixosPlan(compiled));
  });

  it("mark a file system as needed for boot that has nothing of ours but a linked file", async () => {
    const entry = "{ path: .config/x.conf, how: symlink, writes: in-place }";
    const text = `${manifestOf(["Documents"], "mounts: [/home], relocate: wiped,").replace("home: [", `home: [${entry}, `)}`;
    const compiled = await compileText(text);
    expect(nixosPlan(compiled).entries.filter((e) => e.scope === "home" && e.stored !== null)).toHaveLength(1);
    const report = evaluateHost(compiled, home);
    expectClean(report);
    expect(report.neededForBoot).toContain("/home");
  });

  it("carry an address with a percent sign past systemd", async () => {
    const address = "rest:https://me:p%40ss@nas/";
    const backup = `backup: { engine: restic, repository: "${address}", password-file: /persist/key }, nixos: {`;
    const compiled = await compileText(manifestOf(["Documents"]).replace("nixos: {", backup));
    expectClean(evaluateHost(compiled));
    const text = compiled.tree.find(({ path }) => path.endsWith("backup.nix"))?.content ?? "";
    expect(text).toContain(`repositoryFile = pkgs.writeText "restic-repository" "${address}";`);
    expect(text).not.toContain("repository = ");
  });

  it.each([
    ["impermanence", "alice: { home: /srv/alice }", ["home of alice is not /srv/alice"]],
    ["impermanence", "alice: {}", ["home of alice is not /home/alice"]],
    ["none", "alice: {}", ["home of alice is not /home/alice", "group of alice is not users"]],
  ])("refuse, kept by %s, with %s, what NixOS knows otherwise", async (module, user, differences) => {
    const text = manifestOf(["Documents"], `module: ${module},`).replace("alice: {}", user);
    const compiled = await compileText(text);
    expectClean(evaluateHost(compiled));
    const known = [{ name: "alice", home: "/home/other", group: "staff" }];
    const moved = { ...compiled, plans: compiled.plans.map((p) => ({ ...p, host: { ...p.host, users: known } })) };
    expect(evaluateHost(moved as unknown as Compiled).assertions).toEqual(
      differences.map((text) => `The ${text}, as the manifest of Remanence says: correct one of the two.`),
    );
  });

  it("mount any name that check lets through, and check refuses only what systemd would", async () => {
    const part = fc.string({
      unit: fc.constantFrom(..."ab9 '\"$`\\{}[]()#;&|<>~!^=,:@+-_.é%λ"),
      minLength: 1,
      maxLength: 12,
    });
    const names = fc.sample(part, { numRuns: 120, seed: 42 }).filter((name) => !/^\.{1,2}$|[\\ ]$/.test(name));
    const wanted = [...new Set([...names, "${pkgs.hello}", "''x''", "'${y}", "a\\b", "$${z}", "-rf", "My Documents"])];
    const verdicts = await Promise.all(
      wanted.map(async (name) => (await compileText(manifestOf([name]))).tree.length > 0),
    );
    const good = wanted.filter((_, i) => verdicts[i]);
    const bad = wanted.filter((_, i) => !verdicts[i]);
    expect(good.length).toBeGreaterThan(20);
    expect(bad.filter((name) => !/%|[^ -~]|\{[^{}]*,[^{}]*\}/.test(name))).toEqual([]);
    const compiled = await compileText(manifestOf(good));
    const report = evaluateHost(compiled);
    expectClean(report);
    expectPlanned(report, nixosPlan(compiled));
  });
});
