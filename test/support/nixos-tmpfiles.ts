/** What NixOS mounts and makes by tmpfiles for a plan, where preservation or no module keeps it, line by line. */
import { expect } from "vitest";
import type { AbsolutePath } from "../../src/plan/path.ts";
import { mountedEntries } from "../../src/plan/physical.ts";
import type { HostPlan, PlanUser, RelocatedEntry } from "../../src/plan/plan.ts";
import type { Mount, TmpfilesRule } from "./nix.ts";
import type { NixosHost } from "./nixos.ts";

type Rule = Pick<TmpfilesRule, "stage" | "path" | "type" | "mode" | "user" | "group" | "argument">;
type Access = readonly [mode: string, user: string, group: string];

const early = ["/var", "/var/log", "/var/lib", "/var/lib/nixos", "/etc", "/usr", "/etc/machine-id"];
const isEarly = ({ live }: RelocatedEntry): boolean => early.includes(live);
const isHostKey = ({ live }: RelocatedEntry): boolean => live.startsWith("/etc/ssh/ssh_host_");
const isLink = (entry: RelocatedEntry): boolean => entry.how === "symlink" || isHostKey(entry);
const inStage = (entry: RelocatedEntry, path: string): string => (isEarly(entry) ? `/sysroot${path}` : path);
const parent = (path: string): string => path.slice(0, path.lastIndexOf("/"));

function kept(plan: HostPlan): RelocatedEntry[] {
  const standalone = (plan.host as NixosHost).nixos.home === "standalone";
  return mountedEntries(plan).filter((entry) => !standalone || entry.scope === "system");
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

/** What the manifest leaves open is set only on what is made anew, but for what the initrd makes. */
function accessOf(entry: RelocatedEntry): Access {
  const mode = entry.kind === "directory" ? "0755" : "0644";
  const open = isEarly(entry) ? "" : ":";
  return [entry.mode ?? `${open}${mode}`, entry.owner ?? `${open}root`, entry.group ?? `${open}root`];
}

/** Around links of the system, and single secrets of it, which have the folder for themselves. */
function parentLines(entry: RelocatedEntry, entries: readonly RelocatedEntry[]): string[] {
  const folder = parent(entry.live);
  const shared = folder === "/etc" || folder.startsWith("/etc/") || ["/var", "/var/lib", "/var/log"].includes(folder);
  const isSecret = (one: RelocatedEntry): boolean => one.class === "secret" && one.kind === "file";
  if (entry.scope !== "system") return [];
  if (!isLink(entry) && (shared || !isSecret(entry))) return [];
  const hasSecret = entries.some((other) => isSecret(other) && parent(other.live) === folder);
  const access: Access = shared ? ["0755", "root", "root"] : [hasSecret ? ":0700" : ":0755", ":root", ":root"];
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
