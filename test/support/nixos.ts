/** Evaluates what a NixOS host of a compiled manifest imports, and compares it with the plan. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { Compiled } from "../../src/pipeline.ts";
import { mountedEntries } from "../../src/plan/physical.ts";
import type { HostPlan, PlanHost, RelocatedEntry } from "../../src/plan/plan.ts";
import { nixSources } from "./engines.ts";
import { type Evaluation, evaluateNixos, type NixosReport } from "./nix.ts";
import { expectPlainRules, expectPlannedMounts, expectPlannedRules } from "./nixos-tmpfiles.ts";
import { folderWith, writeTree } from "./workspace.ts";

export type NixosHost = Extract<PlanHost, { os: "nixos" }>;
export type Evaluated = Extract<Evaluation<NixosReport>, { error: null }>;

/** The first NixOS host of a manifest. */
export function nixosPlan(compiled: Compiled): HostPlan & { readonly host: NixosHost } {
  const plan = compiled.plans.find((p) => p.host.os === "nixos");
  if (plan === undefined || compiled.tree.length === 0) throw new Error(JSON.stringify(compiled.diagnostics, null, 1));
  return plan as HostPlan & { readonly host: NixosHost };
}

/** Writes the tree and gives the paths of a host's modules of one target; scripts lie beside them. */
export function modulesOf(compiled: Compiled, host: string, target: "nixos" | "home-manager"): string[] {
  const folder = writeTree(compiled);
  return compiled.tree
    .filter((file) => file.target === target && file.host === host && file.path.endsWith(".nix"))
    .map((file) => join(folder, file.path));
}

/** The module that a host imports beside ours. */
function moduleOf(host: NixosHost): string | undefined {
  const sources = nixSources();
  if (host.nixos.module === "impermanence") return join(sources?.impermanence ?? "", "nixos.nix");
  return host.nixos.module === "preservation" ? join(sources?.preservation ?? "", "module.nix") : undefined;
}

/** Evaluates a host's modules with the real module that keeps its state; file systems beside those of `/persist` are given. */
export function evaluateHost(
  compiled: Compiled,
  fileSystems: Readonly<Record<string, object>> = {},
  extraModules: readonly string[] = [],
): Evaluated {
  const { host } = nixosPlan(compiled);
  const generated = modulesOf(compiled, host.name, "nixos");
  const homes = host.nixos.home === "home-manager" ? modulesOf(compiled, host.name, "home-manager") : [];
  if (homes.length > 0) {
    const module = join(homes[0] ?? "", "..", "imports.nix");
    const imports = homes.map((path) => {
      const user = path.replace(/^.*\/(.*)\.nix$/, "$1");
      return `home-manager.users.${JSON.stringify(user)}.imports = [ ${path} ];`;
    });
    writeFileSync(module, `{ ${imports.join(" ")} }\n`);
    generated.push(module);
  }
  const modulePath = moduleOf(host);
  const groups = folderWith({
    "groups.nix": `{ ${host.users.map((user) => `users.groups.${JSON.stringify(user.group)} = { };`).join(" ")} }\n`,
  });
  const report = evaluateNixos({
    ...(modulePath === undefined ? {} : { modulePath }),
    release: host.nixos.release,
    generated,
    users: Object.fromEntries(host.users.map((user) => [user.name, { group: user.group, home: user.home }])),
    fileSystems: {
      "/": { device: "none", fsType: "tmpfs" },
      "/persist": { device: "/dev/disk/by-label/persist", fsType: "ext4" },
      ...fileSystems,
    } as Record<string, Record<string, unknown>>,
    withHomeManager: homes.length > 0,
    extraModules: [join(groups, "groups.nix"), ...extraModules],
  });
  if (report.error !== null) throw new Error(report.error);
  return report;
}

/** No failed assertion, no warning, no trace, no hazard. */
export function expectClean(report: Evaluated): void {
  expect({ assertions: report.assertions, warnings: report.warnings, hazards: report.hazards, ok: report.ok }).toEqual({
    assertions: [],
    warnings: [],
    hazards: [],
    ok: true,
  });
}

/** Mounts, file services and made directories are those of the plan, entry by entry. */
export function expectPlanned(report: Evaluated, plan: HostPlan): void {
  const { module } = (plan.host as NixosHost).nixos;
  if (module !== "impermanence") {
    expectPlannedMounts(report.mounts, plan);
    if (module === "preservation") expectPlannedRules(report.tmpfiles, plan);
    else expectPlainRules(report, plan);
    return;
  }
  const mounted = mountedEntries(plan).filter((entry) => !isOfUser(entry, plan));
  const directories = mounted.filter((entry) => entry.kind === "directory");
  const files = mounted.filter((entry) => entry.kind === "file");
  const mounts = report.mounts.filter((mount) => mount.stage === "system");
  expect(pairs(mounts.map(({ where, what }) => [where, what]))).toEqual(
    pairs(directories.map((e) => [e.live, e.stored])),
  );
  expect(pairs(report.fileServices.map(({ file, target }) => [file, target]))).toEqual(
    pairs(files.map((e) => [e.live, e.stored])),
  );
  for (const entry of directories) {
    const made = report.directories.filter((d) => d.path === entry.live && d.base !== "");
    const expected = [entry.mode ?? "0755", entry.owner ?? "root", entry.group ?? "root"];
    expect(
      made.map((d) => [d.mode, d.user, d.group]),
      entry.live,
    ).toEqual([expected]);
  }
  expectPlannedParents(report, plan, directories);
}

/** What impermanence makes on the way to an entry: whose it is and with which mode, the same in every line. */
function expectPlannedParents(report: Evaluated, plan: HostPlan, directories: readonly RelocatedEntry[]): void {
  const listed = new Set(directories.map(({ live }) => live as string));
  const secrets = mountedEntries(plan).filter(
    (entry) => entry.scope === "system" && entry.kind === "file" && entry.class === "secret",
  );
  const secluded = new Set(secrets.map(({ live }) => live.slice(0, live.lastIndexOf("/"))));
  for (const { base, path, mode, user, group } of report.directories) {
    // A file at the top of a home brings a second line for the home, which is there by then.
    if (base === "" || listed.has(path) || path.endsWith("/.")) continue;
    const owner = plan.host.users.find(({ home }) => path === home || path.startsWith(`${home}/`));
    const isOpen = owner === undefined ? !secluded.has(path) || isSharedFolder(path) : path !== owner.home;
    const expected = [isOpen ? "0755" : "0700", owner?.name ?? "root", owner?.group ?? "root"];
    expect([mode, user, group], `${base}${path}`).toEqual(expected);
  }
}

const isSharedFolder = (path: string): boolean =>
  path.startsWith("/etc/") ||
  ["", "/etc", "/var", "/var/lib", "/var/log", "/var/db", "/srv", "/opt", "/usr"].includes(path);

/** What home-manager mounts or links by itself, as the user. */
function isOfUser({ scope }: RelocatedEntry, { host }: HostPlan): boolean {
  return scope === "home" && host.os === "nixos" && ["standalone", "home-manager-v1"].includes(host.nixos.home);
}

function pairs(list: readonly (readonly [string, string])[]): string[] {
  return list.map(([a, b]) => `${a} <- ${b}`).sort();
}
