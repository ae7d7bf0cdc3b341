import type { Fragment } from "../../languages/fragment.ts";
import { type RemarkedLine, shell } from "../../languages/shell.ts";
import { packageText } from "../../package-files.ts";
import { type AgedPlace, ageingOf, neverAged } from "../../plan/ageing.ts";
import { backupSet } from "../../plan/backup-set.ts";
import { mountedEntries } from "../../plan/physical.ts";
import { type HostPlan, isRelocated, type PlanEntry } from "../../plan/plan.ts";
import { rootLink, storeFolder } from "../../plan/stores.ts";
import { generatedFrom } from "../emitter.ts";
import { groupEntries } from "../groups.ts";
import { backupSettings, beside, ownedLines, seenFrom } from "./backup-settings.ts";
import { labelLines } from "./labels.ts";
import { boundEntries, boundLine } from "./mounts.ts";
import { otherHostsLines } from "./other-hosts.ts";

type Line = Fragment<"shell">;
type Row = Line | RemarkedLine;

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
        "former",
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
