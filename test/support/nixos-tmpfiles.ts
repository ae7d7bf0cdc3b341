/** What NixOS mounts and makes by tmpfiles for a plan, where preservation or no module keeps it, line by line. */
import { expect } from "vitest";
import type { AbsolutePath } from "../../src/plan/path.ts";
import { mountedEntries } from "../../src/plan/physical.ts";
import type { HostPlan, PlanUser, RelocatedEntry } from "../../src/plan/plan.ts";
import type { Mount, NixosReport, TmpfilesRule } from "./nix.ts";
import type { NixosHost } from "./nixos.ts";

type Rule = Pick<TmpfilesRule, "stage" | "path" | "type" | "mode" | "user" | "group" | "argument">;
type Access = readonly [mode: string, user: string, group: string];

const early = ["/var", "/var/log", "/var/lib", "/var/lib/nixos", "/etc", "/usr", "/etc/machine-id"];
const isEarly = ({ live }: RelocatedEntry): boolean => early.includes(live);
const isHostKey = ({ live }: RelocatedEntry): boolean => live.startsWith("/etc/ssh/ssh_host_");
const isLink = (entry: RelocatedEntry): boolean => entry.how === "symlink" || isHostKey(entry);
const inStage = (entry: RelocatedEntry, path: string): string => (isEarly(entry) ? `/sysroot${path}` : path);
const parent = (path: string): string => path.slice(0, path.lastIndexOf("/"));
const shared = ["", "/etc", "/var", "/var/lib", "/var/log", "/var/db", "/srv", "/opt", "/usr"];
const isShared = (folder: string): boolean => folder.startsWith("/etc/") || shared.includes(folder);

function kept(plan: HostPlan): RelocatedEntry[] {
  const { home } = (plan.host as NixosHost).nixos;
  const byUsers = home === "standalone" || home === "home-manager-v1";
  return mountedEntries(plan).filter((entry) => !byUsers || entry.scope === "system");
}

/** The mounts of the report are those of the plan, each in its stage. */
export function expectPlannedMounts(mounts: readonly Mount[], plan: HostPlan): void {
  const expected = kept(plan)
    .filter((entry) => !isLink(entry))
    .map((e) => `${isEarly(e) ? "initrd" : "system"} ${inStage(e, e.live)} <- ${inStage(e, e.stored)}`);
  expect(mounts.map(({ stage, where, what }) => `${stage} ${where} <- ${what}`).sort()).toEqual(expected.sort());
}

/** The rules are those that the plan needs, with owners and modes, and no others. */
export function expectPlannedRules(rules: readonly Rule[], plan: HostPlan): void {
  const lines = rules.map((r) =>
    r.type === "L"
      ? `${r.stage} L ${r.path} -> ${r.argument}`
      : [r.stage, r.type, r.path, r.mode, r.user, r.group].join(" "),
  );
  const entries = kept(plan);
  const expected = [
    ...entries.flatMap(entryLines),
    ...entries.flatMap((entry) => parentLines(entry, entries)),
    ...plan.host.users.flatMap((user) => homeLines(user, entries, plan)),
  ];
  expect(lines.sort()).toEqual([...new Set(expected)].sort());
}

function line(entry: RelocatedEntry, type: string, path: string, access: Access): string {
  return [isEarly(entry) ? "initrd" : "system", type, inStage(entry, path), ...access].join(" ");
}

function entryLines(entry: RelocatedEntry): string[] {
  const { live, stored, kind } = entry;
  const type = kind === "directory" ? "d" : "f";
  if (!isLink(entry)) return [live, stored].map((path) => line(entry, type, path, accessOf(entry)));
  const stage = isEarly(entry) ? "initrd" : "system";
  const link = `${stage} L ${inStage(entry, live)} -> ${stored}`;
  return kind === "file" ? [link] : [link, line(entry, type, stored, accessOf(entry))];
}

/** What the manifest leaves open is left alone, but for what preservation makes in the initrd. */
function accessOf(entry: RelocatedEntry): Access {
  const open = entry.kind === "directory" ? "0755" : "0644";
  if (isEarly(entry)) return [entry.mode ?? open, entry.owner ?? "root", entry.group ?? "root"];
  return [entry.mode ?? "-", entry.owner ?? "-", entry.group ?? "-"];
}

/** Around links of the system, and single secrets of it, which have the folder for themselves. */
function parentLines(entry: RelocatedEntry, entries: readonly RelocatedEntry[]): string[] {
  const folder = parent(entry.live);
  const isSecret = (one: RelocatedEntry): boolean => one.class === "secret" && one.kind === "file";
  if (entry.scope !== "system") return [];
  if (!isLink(entry) && (isShared(folder) || !isSecret(entry))) return [];
  const hasSecret = entries.some((other) => isSecret(other) && parent(other.live) === folder);
  const access: Access = isShared(folder) ? ["0755", "root", "root"] : [hasSecret ? ":0700" : "-", "-", "-"];
  return [folder, parent(entry.stored)].map((path) => line(entry, "d", path, access));
}

/** A home in a store is private; what lies between it and an entry belongs to the user, in the home itself too. */
function homeLines(user: PlanUser, entries: readonly RelocatedEntry[], plan: HostPlan): string[] {
  return entries
    .filter((entry) => entry.user === user.name)
    .flatMap((entry) => {
      const store = plan.host.stores.find(({ name }) => name === entry.store)?.path as AbsolutePath;
      const rest = entry.live.slice(user.home.length + 1).split("/");
      const between = rest.slice(1).map((_, i) => rest.slice(0, i + 1).join("/"));
      const made = between.flatMap((path) => [`${user.home}/${path}`, `${store}${user.home}/${path}`]);
      return [
        ["system d", `${store}${user.home}`, "700", user.name, user.group].join(" "),
        ...made.map((path) => ["system d", path, "0755", user.name, user.group].join(" ")),
      ];
    });
}

/** Fields of a line of tmpfiles.d: words, in double quotes where they need them, then the target of a link. */
function fieldsOf(rule: string): string[] {
  const words = [...rule.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(
    ([, quoted, plain]) => quoted?.replace(/\\(.)/g, "$1") ?? plain ?? "",
  );
  const [type, path, mode = "-", user = "-", group = "-"] = words;
  const target = type === "L" ? [rule.slice(rule.indexOf(" - /") + 3)] : [];
  return [type, path, mode, user, group, ...target].map((field) => (field ?? "").replaceAll("%%", "%"));
}

/**
 * The rules of a host without a module are those that the plan needs, and no others: at the stored place alone where a
 * directory is mounted, and none where the manifest says nothing of it.
 */
export function expectPlainRules(report: Pick<NixosReport, "tmpfiles" | "tmpfilesRules">, plan: HostPlan): void {
  const entries = kept(plan);
  const rules = report.tmpfilesRules.filter((rule) => !/^[ex] /.test(rule)).map((rule) => fieldsOf(rule).join(" "));
  const late = entries.filter((entry) => !(isEarly(entry) && entry.kind === "file"));
  const expected = [
    ...late.flatMap(plainLines),
    ...late.flatMap((entry) => plainParents(entry, entries)),
    ...plan.host.users.flatMap((user) => plainHomes(user, entries, plan)),
  ];
  expect(rules.sort()).toEqual([...new Set(expected)].sort());
  const files = entries.filter((entry) => isEarly(entry) && entry.kind === "file");
  expect(report.tmpfiles.map(({ stage, type, path }) => `${stage} ${type} ${path}`).sort()).toEqual(
    files.flatMap(({ live, stored }) => [`initrd f /sysroot${live}`, `initrd f /sysroot${stored}`]).sort(),
  );
}

function plainLines(entry: RelocatedEntry): string[] {
  const { kind, live, stored, mode, owner, group } = entry;
  const owners = `${owner ?? "-"} ${group ?? "-"}`;
  const said = mode !== null || owner !== null || group !== null;
  const link = `L ${live} - ${owners} ${stored}`;
  const made = (path: string): string => `${kind === "directory" ? "d" : "f"} ${path} ${mode ?? "-"} ${owners}`;
  if (isLink(entry)) return kind === "file" ? [link] : [link, made(stored)];
  if (kind === "file") return [made(live), made(stored)];
  return said ? [made(stored)] : [];
}

function plainParents(entry: RelocatedEntry, entries: readonly RelocatedEntry[]): string[] {
  if (entry.scope !== "system" || entry.kind !== "file") return [];
  const folder = parent(entry.live);
  const hasSecret = entries.some(
    (other) => other.class === "secret" && other.kind === "file" && parent(other.live) === folder,
  );
  if (hasSecret && !isShared(folder)) return [folder, parent(entry.stored)].map((path) => `d ${path} :0700 - -`);
  return isLink(entry) ? [`d ${parent(entry.stored)} :0755 - -`] : [];
}

/** The home in a store is made for a standalone home-manager too, which makes all the rest itself. */
function plainHomes(user: PlanUser, entries: readonly RelocatedEntry[], plan: HostPlan): string[] {
  return mountedEntries(plan)
    .filter((entry) => entry.user === user.name)
    .flatMap((entry) => {
      const store = plan.host.stores.find(({ name }) => name === entry.store);
      const above = `${store?.path}${parent(user.home)}`;
      const tops = store?.mount === store?.path ? [] : [`d ${store?.path} 0755 root root`];
      const lines = homeLines(user, [entry], plan).map((text) =>
        text.replace("system ", "").replace(" 700 ", " 0700 ").replace(" 0755 ", " - "),
      );
      return [...tops, `d ${above} 0755 root root`, ...(entries.includes(entry) ? lines : lines.slice(0, 1))];
    });
}
