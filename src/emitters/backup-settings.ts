import type { Fragment } from "../languages/fragment.ts";
import { resticExclude } from "../languages/restic.ts";
import { type RemarkedLine, shell } from "../languages/shell.ts";
import type { Backup } from "../manifest/manifest.ts";
import { type BackupRoot, type BackupSet, backupSet } from "../plan/backup-set.ts";
import { rememberFor } from "../plan/memo.ts";
import { type AbsolutePath, depthOf, relativeTo, sortByPath } from "../plan/path.ts";
import { physicalPath } from "../plan/physical.ts";
import type { HostPlan, PlanEntry, PlanUser } from "../plan/plan.ts";
import { groupEntries } from "./groups.ts";
import { resticExcludes } from "./restic-excludes.ts";

type Line = Fragment<"shell">;
type Row = Line | RemarkedLine;

export const beside = (line: Line, remark: string | null): RemarkedLine => ({ line, remark });

/** Paths as seen from a home: relative below it, absolute elsewhere. */
export function seenFrom(user: PlanUser | null, path: AbsolutePath): string {
  return user === null ? path : (relativeTo(path, user.home) ?? path);
}

/** What an entry must be like when it is back, for restore.sh. */
export function ownedLines(owner: string, roots: readonly BackupRoot[], seen: (path: AbsolutePath) => string): Line[] {
  return roots.flatMap(({ entry: { mode, owner: by, group }, path }) =>
    mode === null && by === null && group === null
      ? []
      : [shell.call("owned", owner, seen(path), mode ?? "-", by ?? "-", group ?? "-")],
  );
}

/** What is backed up, for backup.sh and restore.sh; `more` and `others` are lines that only the latter needs. */
export function backupSettings(
  plan: HostPlan,
  backup: Backup,
  more: typeof ownedLines = () => [],
  others: readonly Row[] = [],
): Line {
  const { host } = plan;
  const keep = Object.entries(backup.retain).flatMap(([kind, count]) => [`--keep-${kind}`, String(count)]);
  const head = [
    shell.assign("host", host.name),
    shell.assign("engine", backup.engine),
    shell.assign("target", backup.to),
    ...(backup.passwordFile === null ? [] : [shell.assign("password_file", backup.passwordFile)]),
    ...(backup.encrypt === null
      ? []
      : [shell.assign("encrypt_tool", backup.encrypt.tool), shell.assign("encrypt_to", backup.encrypt.recipient)]),
    ...(keep.length > 0 ? [shell.array("retain", keep)] : []),
    ...(host.os === "nixos" ? [shell.assign("together", "yes")] : []),
  ];
  const owners = [null, ...host.users];
  const own = owners.flatMap((user) => backupLines(plan, user, backup, more));
  return shell.define("settings", [...head, ...own, ...others]);
}

function backupLines(plan: HostPlan, user: PlanUser | null, backup: Backup, more: typeof ownedLines): Row[] {
  const linked = backupSet(plan, user?.name ?? null);
  if (linked.roots.length === 0) return [];
  const { set, unlinked } = withUnlinked(linked, backupSet(beforeLinks(plan), user?.name ?? null));
  const owner = user?.name ?? "-";
  const pathOf = new Map(linked.roots.map((root) => [root.entry, root.path]));
  const seen = (path: AbsolutePath): string => seenFrom(user, path);
  return [
    shell.gap,
    ...groupEntries(linked.roots.map((root) => root.entry)).flatMap(({ heading, entries }) => [
      shell.comment(heading),
      ...entries.flatMap((entry) => {
        const path = seen(pathOf.get(entry) ?? entry.live);
        const included = beside(shell.call("included", owner, entry.class, path), entry.note);
        return path === entry.path ? [included] : [included, shell.call("named", owner, path, entry.path)];
      }),
    ]),
    ...(unlinked.length === 0 ? [] : [shell.comment("where it is as long as it is not linked")]),
    ...unlinked.map(({ entry, path }) => shell.call("unlinked", owner, entry.class, seen(path))),
    ...(set.excludes.length === 0 ? [] : [shell.comment("left out")]),
    ...set.excludes.map(({ entry, path, pattern }) =>
      beside(shell.call("excluded", owner, pattern ? "pattern" : "path", seen(path)), entry.note),
    ),
    ...more(owner, [...linked.roots, ...unlinked], seen),
    ...(backup.engine === "restic" ? resticLines(set, owner, user) : []),
    ...insideLines(plan, user, backup, linked),
  ];
}

/** What is to be known of places inside the roots: which are named by themselves, hold databases, or must not be there. */
function insideLines(plan: HostPlan, user: PlanUser | null, backup: Backup, { roots }: BackupSet): Row[] {
  const owner = user?.name ?? "-";
  const own = plan.rules.filter((rule) => rule.user === (user?.name ?? null) && rule.kind !== "pattern");
  const saved = own.filter((rule) => rule.backup);
  const isRoot = new Set(roots.map(({ entry }) => entry.live));
  const places = (name: string, rules: readonly PlanEntry[]): Line[] => {
    const paths = rules.flatMap((rule) => [rule.stored ?? physicalPath(plan, rule.live), rule.live]);
    return [...new Set(paths)].map((path) => shell.call(name, owner, seenFrom(user, path)));
  };
  const inner = places(
    "inner",
    saved.filter(({ live }) => !isRoot.has(live)),
  );
  const databases = places(
    "database",
    saved.filter(({ database }) => database),
  );
  const inClear = backup.engine === "tar" && backup.encrypt === null;
  const withheld = own.filter((rule) => inClear && rule.class === "secret" && rule.disposition === "persist");
  return [
    ...(inner.length === 0 ? [] : [shell.comment("named inside another")]),
    ...inner,
    ...(databases.length === 0 ? [] : [shell.comment("databases")]),
    ...databases,
    ...(withheld.length === 0 ? [] : [shell.comment("secrets, which go only where they are encrypted")]),
    ...withheld.map(({ path }) => shell.call("withheld", owner, path)),
  ];
}

/** The plan as backups may find it: on NixOS as it is, which mounts all or nothing. */
function beforeLinks(plan: HostPlan): HostPlan {
  return plan.host.os === "nixos" ? plan : inPlacePlan(plan);
}

/** The plan as it is before link.sh has run, or where it refuses: everything in its place. */
const inPlacePlan: (plan: HostPlan) => HostPlan = rememberFor((plan: HostPlan) => {
  const inPlace = (entry: PlanEntry): PlanEntry => ({ ...entry, stored: null, how: null });
  return { ...plan, entries: plan.entries.map(inPlace), rules: plan.rules.map(inPlace) };
});

/** A backup set that holds for what is linked and for what is not yet; `unlinked` are the roots that only the latter has. */
function withUnlinked(linked: BackupSet, inPlace: BackupSet): { set: BackupSet; unlinked: readonly BackupRoot[] } {
  const added = <P extends { readonly path: AbsolutePath }>(to: readonly P[], from: readonly P[]): P[] => {
    const there = new Set(to.map(({ path }) => path));
    return from.filter(({ path }) => !there.has(path));
  };
  const unlinked = added(linked.roots, inPlace.roots);
  const roots = sortByPath([...linked.roots, ...unlinked], ({ path }) => path);
  const excludes = sortByPath([...linked.excludes, ...added(linked.excludes, inPlace.excludes)], ({ path }) => path);
  // The deepest rule decides, and to restic the last line does.
  return { set: { roots, excludes: excludes.sort((a, b) => depthOf(a.path) - depthOf(b.path)) }, unlinked };
}

/** Lines of restic's exclude file, below a home as it is written in them: the script puts the real home there. */
function resticLines(set: BackupSet, owner: string, user: PlanUser | null): Line[] {
  const home = user === null ? "/" : resticExclude(`${user.home}/x`, false).slice(0, -1);
  return resticExcludes(set).map(({ line }) => {
    const pattern = line.startsWith("!") ? line.slice(1) : line;
    const seen = user !== null && pattern.startsWith(home) ? pattern.slice(home.length) : pattern;
    return shell.call("restic_exclude", owner, line === pattern ? "no" : "yes", seen);
  });
}
