import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { Compiled } from "../../src/pipeline.ts";
import { mountedEntries } from "../../src/plan/physical.ts";
import type { HostPlan } from "../../src/plan/plan.ts";
import { describeWith, nixSources } from "../support/engines.ts";
import { compileMachine, machines } from "../support/machines.ts";
import { type Evaluation, evaluateHome, evaluateNixos, type NixosReport } from "../support/nix.ts";
import { compileText, writeTree } from "../support/workspace.ts";

type Evaluated = Extract<Evaluation<NixosReport>, { error: null }>;

/** Evaluates what a host imports against the real impermanence. */
function evaluateHost(compiled: Compiled, plan: HostPlan, fileSystems: Record<string, object> = {}): Evaluated {
  const folder = writeTree(compiled);
  const { host } = plan;
  if (host.os !== "nixos") throw new Error(`${host.name} is no NixOS host`);
  const generated = compiled.tree
    .filter((file) => file.target === "nixos" && file.host === host.name)
    .map((file) => join(folder, file.path));
  const homes = compiled.tree.filter((file) => file.target === "home-manager" && file.host === host.name);
  const inNixos = host.nixos.home === "home-manager" && homes.length > 0;
  if (inNixos) {
    const users = homes.map((file) => {
      const user = file.path.replace(/^.*\/(.*)\.nix$/, "$1");
      return `home-manager.users.${JSON.stringify(user)}.imports = [ ${join(folder, file.path)} ];`;
    });
    const module = join(folder, "homes.nix");
    writeFileSync(module, `{ ${users.join(" ")} }\n`);
    generated.push(module);
  }
  const sources = nixSources();
  const report = evaluateNixos({
    modulePath: join(sources?.impermanence ?? "", "nixos.nix"),
    generated,
    users: Object.fromEntries(host.users.map((user) => [user.name, { group: user.group, home: user.home }])),
    fileSystems: {
      "/": { device: "none", fsType: "tmpfs" },
      "/persist": { device: "/dev/disk/by-label/persist", fsType: "ext4" },
      ...fileSystems,
    },
    withHomeManager: inNixos,
  });
  if (report.error !== null) throw new Error(report.error);
  return report;
}

/** Mounts and file services, as the plan has them. */
function expectPlanned(report: Evaluated, plan: HostPlan): void {
  const mounted = mountedEntries(plan).filter((entry) => entry.how === "bind" || entry.scope === "system");
  const directories = mounted.filter((entry) => entry.kind === "directory");
  const found = report.mounts.filter((mount) => mount.stage === "system").map(({ where, what }) => ({ where, what }));
  expect(found.sort(byWhere)).toEqual(directories.map((e) => ({ where: e.live, what: e.stored })).sort(byWhere));
  const files = mounted.filter((entry) => entry.kind === "file");
  const services = report.fileServices.map(({ file, target }) => ({ where: file, what: target }));
  expect(services.sort(byWhere)).toEqual(files.map((e) => ({ where: e.live, what: e.stored })).sort(byWhere));
  for (const entry of directories) {
    const made = report.directories.filter((d) => d.path === entry.live && d.base !== "");
    expect(
      made.map((d) => [d.mode, d.user, d.group]),
      entry.live,
    ).toEqual([[entry.mode ?? "0755", entry.owner ?? "root", entry.group ?? "root"]]);
  }
}

function byWhere(a: { where: string }, b: { where: string }): number {
  return a.where < b.where ? -1 : 1;
}

function expectClean(report: Evaluated): void {
  expect(report.assertions).toEqual([]);
  expect(report.warnings).toEqual([]);
  expect(report.hazards).toEqual([]);
  expect(report.ok).toBe(true);
}

function nixosPlan(compiled: Compiled): HostPlan {
  const plan = compiled.plans.find((p) => p.host.os === "nixos");
  if (plan === undefined) throw new Error(JSON.stringify(compiled.diagnostics));
  return plan;
}

describeWith(["nix", "nix-sources"], "NixOS output with the real impermanence", () => {
  it.each(machines)(
    "accepts the modules of %s without assertion, warning or hazard, and mounts what is planned",
    async (machine) => {
      const compiled = await compileMachine(machine);
      const plan = nixosPlan(compiled);
      const report = evaluateHost(compiled, plan, { "/home": { device: "/dev/disk/by-label/nixos", fsType: "btrfs" } });
      expectClean(report);
      expectPlanned(report, plan);
    },
  );
});

void evaluateHome;
void compileText;
