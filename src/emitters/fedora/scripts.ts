import type { Fragment } from "../../languages/fragment.ts";
import { type RemarkedLine, shell } from "../../languages/shell.ts";
import { type AgedPlace, ageingOf, neverAged } from "../../plan/ageing.ts";
import { backupSet } from "../../plan/backup-set.ts";
import { mountedEntries } from "../../plan/physical.ts";
import { type HostPlan, isRelocated, type PlanEntry } from "../../plan/plan.ts";
import { rootLink, storeFolder } from "../../plan/stores.ts";
import { backupSettings, beside, seenFrom } from "../backup-settings.ts";
import { groupEntries } from "../groups.ts";
import { hostScript, restoreScript, userLines } from "../host-scripts.ts";
import { labelLines } from "./labels.ts";
import { boundEntries, boundLine } from "./mounts.ts";

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
    "link.sh": hostScript(
      plan,
      "Moves what is kept into its store and links it.",
      [
        ...[
          "common",
          "links",
          "checks",
          "relocate",
          "fedora/settle",
          "labels",
          "fedora/label-rules",
          "fedora/label-stores",
        ],
        ...["mounts", "hands", "fedora/mounting", "fedora/binding", "fedora/covered"],
      ],
      [...links, ...labels, linkedSettings(plan)],
      "fedora/link",
    ),
    "unlink.sh": hostScript(
      plan,
      "Undoes link.sh.",
      [
        ...["common", "links", "checks", "relocate", "labels", "fedora/label-rules", "fedora/unlabel-stores"],
        ...["mounts", "hands", "fedora/mounting", "fedora/unbinding"],
      ],
      [...links, ...labels, linkedSettings(plan)],
      "fedora/unlink",
    ),
    "verify.sh": hostScript(
      plan,
      "Shows whether everything is where it should be.",
      ["common", "links", "relocate", "labels", "mounts", "fedora/looks", "fedora/states", "fedora/report"],
      [...links, verifySettings(plan)],
      "fedora/verify",
    ),
    ...(backup === null
      ? {}
      : {
          "backup.sh": hostScript(
            plan,
            "Backs up what is kept.",
            [
              "common",
              "backups",
              "fedora/walk",
              "fedora/databases",
              "fedora/archives",
              "fedora/repository",
              "fedora/snapshots",
            ],
            [...userLines(plan), backupSettings(plan, backup)],
            "fedora/backup",
          ),
        }),
    ...restoreScript(plan, plans),
    "clean.sh": hostScript(
      plan,
      "Lets old caches and logs go.",
      ["common"],
      [...userLines(plan), cleanSettings(plan)],
      "fedora/clean",
    ),
  };
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
