import type { Fragment } from "../languages/fragment.ts";
import { shell } from "../languages/shell.ts";
import { backupSet } from "../plan/backup-set.ts";
import { carriedOver, type SavedPlace } from "../plan/carried-over.ts";
import { fate } from "../plan/fate.ts";
import { type AbsolutePath, isBelow, relativeTo, sortByPath } from "../plan/path.ts";
import { physicalPath } from "../plan/physical.ts";
import type { HostPlan } from "../plan/plan.ts";

type Line = Fragment<"shell">;

/** Lines for restore.sh: the backups of the manifest's other hosts, and what of each is kept on this one too. */
export function otherHostsLines(plan: HostPlan, plans: readonly HostPlan[]): Line[] {
  const others = plans.filter(({ host }) => host.name !== plan.host.name && host.backup !== null);
  const lines = others.flatMap((other) => otherHostLines(plan, other));
  const saved = others.flatMap((other) => carriedOver(plan, other).saved);
  return plan.host.backup === null && saved.length === 0 ? [] : [...lines, ...withoutBackup(plan, saved)];
}

function otherHostLines(plan: HostPlan, other: HostPlan): Line[] {
  const { name, backup } = other.host;
  const { saved, unwanted } = carriedOver(plan, other);
  if (backup === null || saved.length === 0) return [];
  return [
    shell.gap,
    shell.comment(`what ${name} backs up and is kept here too, and where it has it`),
    shell.call("other_host", name, backup.engine, backup.to, backup.passwordFile ?? "-"),
    ...saved.map(({ user, class: c, live, root }) =>
      shell.call("saved_on", name, user ?? "-", c, seen(plan, user, live), root),
    ),
    ...notSaved(plan, other),
    ...(unwanted.length === 0 ? [] : [shell.comment("what lies in it and is not kept here")]),
    ...unwanted.map(({ user, path, pattern }) =>
      shell.call("not_kept", name, user ?? "-", pattern ? "pattern" : "path", path),
    ),
  ];
}

/** What both keep, and the other one does not back up: whoever moves must know. */
function notSaved(plan: HostPlan, other: HostPlan): Line[] {
  const left = plan.entries.filter(({ disposition, user, live }) => {
    const there = fate(other, live);
    return disposition === "persist" && there.fate === "persist" && !there.backup && there.rule?.user === user;
  });
  if (left.length === 0) return [];
  return [
    shell.comment("what is kept on both and not backed up there"),
    ...left.map(({ user, path }) => shell.call("not_saved", other.host.name, user ?? "-", path)),
  ];
}

/** A path as the manifest has it, or a place as the scripts have it: relative below a home. */
function seen({ host }: HostPlan, user: string | null, path: AbsolutePath): string {
  const home = host.users.find(({ name }) => name === user)?.home;
  return (home === undefined ? undefined : relativeTo(path, home)) ?? path;
}

/**
 * What this host keeps without a backup of its own, where that is something another host has saved, or lies around
 * something that comes back: where it is, and how its directory must be.
 */
function withoutBackup(plan: HostPlan, saved: readonly SavedPlace[]): Line[] {
  const place = (live: AbsolutePath): AbsolutePath => fate(plan, live).stored ?? physicalPath(plan, live);
  const places = saved
    .filter(({ live }) => !fate(plan, live).backup)
    .map(({ user, live }) =>
      shell.call("kept_here", user ?? "-", seen(plan, user, live), seen(plan, user, place(live))),
    );
  const owners = [null, ...plan.host.users.map(({ name }) => name)];
  const own = owners.flatMap((user) => backupSet(plan, user).roots.map(({ entry }) => entry.live));
  const back = [...own, ...saved.map(({ live }) => live)];
  const around = plan.entries.filter(
    ({ disposition, backup, live }) =>
      disposition === "persist" && !backup && back.some((path) => path === live || isBelow(path, live)),
  );
  const owned = around
    .filter(({ mode, owner, group }) => mode !== null || owner !== null || group !== null)
    .map(({ user, live, mode, owner, group }) =>
      shell.call("owned", user ?? "-", seen(plan, user, place(live)), mode ?? "-", owner ?? "-", group ?? "-"),
    );
  const lines = [...new Map([...places, ...owned].map((line) => [line.text, line])).values()];
  if (lines.length === 0) return [];
  return [shell.gap, shell.comment("what is kept here without a backup"), ...sortByPath(lines, ({ text }) => text)];
}
