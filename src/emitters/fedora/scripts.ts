import type { Fragment } from "../../languages/fragment.ts";
import { resticExclude } from "../../languages/restic.ts";
import { type RemarkedLine, shell } from "../../languages/shell.ts";
import type { Backup } from "../../manifest/manifest.ts";
import { packageText } from "../../package-files.ts";
import { type AgedPlace, ageingOf, neverAged } from "../../plan/ageing.ts";
import { type BackupRoot, type BackupSet, backupSet } from "../../plan/backup-set.ts";
import { rememberFor } from "../../plan/memo.ts";
import { type AbsolutePath, depthOf, relativeTo, sortByPath } from "../../plan/path.ts";
import { mountedEntries, physicalPath } from "../../plan/physical.ts";
import { type HostPlan, isRelocated, type PlanEntry, type PlanUser } from "../../plan/plan.ts";
import { rootLink, storeFolder } from "../../plan/stores.ts";
import { generatedFrom } from "../emitter.ts";
import { groupEntries } from "../groups.ts";
import { resticExcludes } from "../restic-excludes.ts";
import { labelLines } from "./labels.ts";
import { boundEntries, boundLine } from "./mounts.ts";
import { otherHostsLines } from "./other-hosts.ts";

type Line = Fragment<"shell">;
type Row = Line | RemarkedLine;

const beside = (line: Line, remark: string | null): RemarkedLine => ({ line, remark });

/**
 * The scripts of a host, by file name: what is particular to it stands first, then text that is the same for all. Of the
 * manifest's other hosts, `plans` has them, it needs to know what their backups hold.
 */
export function scriptsOf(plan: HostPlan, plans: readonly HostPlan[]): Readonly<Record<string, string>> {
  const links = [...userLines(plan), ...storeLines(plan)];
  const labels = labelLines(plan);
  const { backup } = plan.host;
  return {
    "link.sh": script(
      plan,
      "Moves what is kept into its store and links it.",
      [
        ...["common", "links", "checks", "relocate", "settle", "labels", "label-rules", "label-stores"],
        ...["mounts", "hands", "mounting", "binding", "covered"],
      ],
      [...links, ...labels, linkedSettings(plan)],
      "link",
    ),
    "unlink.sh": script(
      plan,
      "Undoes link.sh.",
      [
        ...["common", "links", "checks", "relocate", "labels", "label-rules", "unlabel-stores"],
        ...["mounts", "hands", "mounting", "unbinding"],
      ],
      [...links, ...labels, linkedSettings(plan)],
      "unlink",
    ),
    "verify.sh": script(
      plan,
      "Shows whether everything is where it should be.",
      ["common", "links", "relocate", "labels", "mounts", "looks", "states", "report"],
      [...links, verifySettings(plan)],
      "verify",
    ),
    ...(backup === null
      ? {}
      : {
          "backup.sh": script(
            plan,
            "Backs up what is kept.",
            ["common", "backups", "walk", "databases", "archives", "repository", "snapshots"],
            [...userLines(plan), backupSettings(plan, backup)],
            "backup",
          ),
        }),
    ...restoreScript(plan, otherHostsLines(plan, plans)),
    "clean.sh": script(
      plan,
      "Lets old caches and logs go.",
      ["common"],
      [...userLines(plan), cleanSettings(plan)],
      "clean",
    ),
  };
}

/** On a host without a backup of its own it reads those of others, where they hold something that is kept here. */
function restoreScript(plan: HostPlan, others: readonly Line[]): Record<string, string> {
  const { backup } = plan.host;
  if (backup === null && others.length === 0) return {};
  const settings =
    backup === null ? shell.define("settings", others) : backupSettings(plan, backup, ownedLines, others);
  return {
    "restore.sh": script(
      plan,
      "Brings back what backup.sh saved, here or on another host.",
      [
        "common",
        "links",
        "checks",
        "relocate",
        "labels",
        "backups",
        "sources",
        "unpack",
        "swap",
        "apart",
        "choose",
        "compare",
      ],
      [...userLines(plan), settings],
      "restore",
    ),
  };
}

/**
 * Functions are called by name (`"say_$format"`), each script uses its part of what the common text offers, and a `~/`,
 * a `$x`, a `\'` or a `’` of the manifest is data, in quotes on purpose.
 */
const directive = "shellcheck disable=SC1003,SC1112,SC2016,SC2034,SC2088,SC2317";

function script(
  plan: HostPlan,
  purpose: string,
  before: readonly string[],
  settings: readonly Line[],
  name: string,
): string {
  const text = (part: string): string => packageText(`src/emitters/fedora/scripts/${part}.sh`);
  return shell.script({
    header: [
      `${plan.host.name}: ${purpose}`,
      generatedFrom(plan),
      "Works on its own: it needs bash and what every Fedora has.",
      "What is kept stands in `settings`, what is done in `main` at the end; --help and --dry-run change nothing.",
      directive,
    ],
    settings: [shell.comment(`--- what ${plan.host.name} keeps ---`), shell.gap, ...settings],
    before: before.map(text),
    after: [text(name)],
  });
}

function userLines({ host }: HostPlan): Line[] {
  return host.users.map((user) => shell.call("user", user.name, user.home));
}

/** Paths as seen from a home: relative below it, absolute elsewhere. */
function seenFrom(user: PlanUser | null, path: AbsolutePath): string {
  return user === null ? path : (relativeTo(path, user.home) ?? path);
}

function storeLines(plan: HostPlan): Line[] {
  const { host } = plan;
  return host.users.flatMap((user) =>
    host.stores.flatMap((store) => {
      const folder = storeFolder(store, user);
      const used = linkedEntries(plan).some((entry) => entry.user === user.name && entry.store === store.name);
      if (folder === undefined || !used) return [];
      return [shell.call("store", user.name, store.name, rootLink(store.name, host.stores), seenFrom(user, folder))];
    }),
  );
}

function linkedEntries(plan: HostPlan): PlanEntry[] {
  return mountedEntries(plan).filter((entry) => entry.how === "symlink" && entry.scope === "home");
}

/** Calls under headings, the reason beside each, in a function: they may run only when it is known for whom. */
function settingsOf(
  entries: readonly PlanEntry[],
  lineOf: (entry: PlanEntry) => Line,
  more: readonly Row[] = [],
): Line {
  const lines = groupEntries(entries).flatMap(({ heading, entries: members }) => [
    shell.comment(heading),
    ...members.map((entry) => beside(lineOf(entry), entry.note)),
  ]);
  return shell.define("settings", [...lines, ...more]);
}

/** A call for an entry that lies in a store, by how it appears at its place. */
function relocatedLine(plan: HostPlan, entry: PlanEntry): Line {
  if (isRelocated(entry) && entry.how === "bind") return boundLine(plan, entry);
  return shell.call("linked", entry.user ?? "", entry.kind, entry.path, entry.store ?? "", entry.mode ?? "-");
}

function linkedSettings(plan: HostPlan): Line {
  return settingsOf([...linkedEntries(plan), ...boundEntries(plan)], (entry) => relocatedLine(plan, entry));
}

function verifySettings(plan: HostPlan): Line {
  const linked = [...linkedEntries(plan), ...boundEntries(plan)];
  const inPlace = plan.entries.filter((entry) => entry.disposition === "persist" && !isRelocated(entry));
  return settingsOf(
    [...linked, ...inPlace],
    (entry) =>
      isRelocated(entry)
        ? relocatedLine(plan, entry)
        : shell.call("kept", entry.user ?? "-", entry.kind, entry.path, entry.mode ?? "-", ...ownersOf(plan, entry)),
    scheduleLines(plan),
  );
}

/** Whose something must be, where the manifest says other than that a home is its user's. */
function ownersOf({ host }: HostPlan, { owner, group, user: name }: PlanEntry): string[] {
  const user = host.users.find((one) => one.name === name);
  return [owner === null || owner === user?.name ? "-" : owner, group === null || group === user?.group ? "-" : group];
}

/** For whom there are backups, and when. */
function scheduleLines(plan: HostPlan): Line[] {
  const { backup, users } = plan.host;
  if (backup === null) return [];
  const owners = [null, ...users.map(({ name }) => name)].filter((owner) => backupSet(plan, owner).roots.length > 0);
  return owners.map((owner) => shell.call("scheduled", owner ?? "-", backup.schedule));
}

/** What an entry must be like when it is back, for restore.sh. */
function ownedLines(owner: string, roots: readonly BackupRoot[], seen: (path: AbsolutePath) => string): Line[] {
  return roots.flatMap(({ entry: { mode, owner: by, group }, path }) =>
    mode === null && by === null && group === null
      ? []
      : [shell.call("owned", owner, seen(path), mode ?? "-", by ?? "-", group ?? "-")],
  );
}

function backupSettings(
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
  ];
  const owners = [null, ...host.users];
  const own = owners.flatMap((user) => backupLines(plan, user, backup, more));
  return shell.define("settings", [...head, ...own, ...others]);
}

function backupLines(plan: HostPlan, user: PlanUser | null, backup: Backup, more: typeof ownedLines): Row[] {
  const linked = backupSet(plan, user?.name ?? null);
  if (linked.roots.length === 0) return [];
  const { set, unlinked } = withUnlinked(linked, backupSet(inPlacePlan(plan), user?.name ?? null));
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

/** Where several patterns find one directory, the one that decides stands first, and a path before any of them. */
function bySpecificity(aged: readonly AgedPlace[]): AgedPlace[] {
  const literals = ({ pattern, entry }: AgedPlace): number =>
    pattern ? entry.live.replace(/[*?]/g, "").length : Number.POSITIVE_INFINITY;
  return [...aged].sort((a, b) => Math.sign(literals(b) - literals(a)) || 0);
}

function cleanSettings(plan: HostPlan): Line {
  const lines = plan.host.users.flatMap((user) => {
    const { aged, spared, stores } = ageingOf(plan, user.name);
    if (aged.length === 0) return [];
    const found = aged.some(({ pattern }) => pattern) ? stores : [];
    return [
      ...found.map((folder) => shell.call("apart", user.name, seenFrom(user, folder))),
      ...bySpecificity([...aged, ...neverAged(plan, user)]).map(({ entry, path, pattern, age, filesOnly }) => {
        const how = pattern ? "pattern" : "path";
        const what = filesOnly ? "files" : "all";
        return beside(shell.call("aged", user.name, how, seenFrom(user, path), age, what), entry.note);
      }),
      ...spared.map(({ path }) => shell.call("spared", user.name, seenFrom(user, path))),
    ];
  });
  return shell.define("settings", lines);
}
