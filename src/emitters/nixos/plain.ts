import { type Binding, type Item, type NixValue, nix } from "../../languages/nix.ts";
import { type TmpfilesLine, tmpfilesLine } from "../../languages/systemd.ts";
import { foldersBetween, parentOf, sortByPath } from "../../plan/path.ts";
import type { HostPlan, PlanHost, PlanUser, RelocatedEntry } from "../../plan/plan.ts";
import { storeFolder } from "../../plan/stores.ts";
import { groupEntries } from "../groups.ts";
import { needsPrivateParent } from "../persistence-lists.ts";
import { appearsAs, isEarly, type Keeping, machineIdIsKept } from "./keeping.ts";

type NixosHost = Extract<PlanHost, { os: "nixos" }>;

/**
 * `module: none`: mount units and tmpfiles rules of NixOS itself. A mount unit makes both of its ends where they are
 * missing, as root, before tmpfiles runs; a single file is made by tmpfiles and mounted after it.
 */
export function keptByMounts(plan: HostPlan, host: NixosHost, entries: readonly RelocatedEntry[]): Keeping {
  const here = entries.filter((entry) => entry.scope === "system" || host.nixos.home === "nixos-module");
  const mounted = here.filter((entry) => !isLink(entry));
  const hasMachineId = here.some((entry) => entry.live === "/etc/machine-id");
  const early = mounted.filter(isEarly);
  const late = mounted.filter((entry) => !isEarly(entry));
  return {
    needs: null,
    usesConfig: false,
    let: functions.filter(({ name }) => mounted.some((entry) => functionFor(entry) === name)),
    body: [
      {
        name: ["boot", "initrd", "systemd", "enable"],
        value: true,
        comment: "the order below is that of systemd's initrd",
        gap: true,
      },
      ...(early.length === 0
        ? []
        : [{ name: ["boot", "initrd", "systemd", "mounts"], value: mountList(early), gap: true }]),
      ...initrdRules(here),
      ...(late.length === 0 ? [] : [{ name: ["systemd", "mounts"], value: mountList(late), gap: true }]),
      ...(hasMachineId ? [machineIdIsKept] : []),
    ],
    rules: rulesOf(plan, host, here),
  };
}

function isLink(entry: RelocatedEntry): boolean {
  return appearsAs(entry, "none") === "symlink";
}

// --- mounts --------------------------------------------------------------------

const what = nix.reference("what");
const where = nix.reference("where");
const ends: Binding[] = [
  { name: "what", value: what },
  { name: "where", value: where },
];
const endsInInitrd: Binding[] = [
  { name: "what", value: nix.text("/sysroot", what) },
  { name: "where", value: nix.text("/sysroot", where) },
];
const common: Binding[] = [
  { name: "type", value: "none" },
  { name: "options", value: "bind,x-gvfs-hide" },
];
const noDefaults: Binding = { name: "DefaultDependencies", value: false };

/** Ways to mount, by name: what they are given are the stored and the live path. */
const functions: readonly (Binding & { readonly name: string })[] = [
  mountFunction("bind", ends, [
    { name: "wantedBy", value: ["local-fs.target"] },
    { name: "before", value: ["local-fs.target"] },
  ]),
  mountFunction("bindFile", ends, [
    { name: "wantedBy", value: ["sysinit.target"] },
    { name: "after", value: ["systemd-tmpfiles-setup.service"], comment: "which makes both ends" },
    { name: "before", value: ["sysinit.target", "umount.target"] },
    { name: "conflicts", value: ["umount.target"] },
    { name: "unitConfig", value: nix.set([noDefaults, { name: "ConditionPathExists", value: what }]) },
  ]),
  mountFunction("bindInInitrd", endsInInitrd, [
    { name: "wantedBy", value: ["initrd.target"] },
    { name: "before", value: ["systemd-tmpfiles-setup-sysroot.service", "initrd-nixos-activation.service"] },
    { name: ["unitConfig", "DefaultDependencies"], value: false },
  ]),
  mountFunction("bindFileInInitrd", endsInInitrd, [
    { name: "wantedBy", value: ["initrd.target"] },
    { name: "after", value: ["systemd-tmpfiles-setup-sysroot.service"], comment: "which makes both ends" },
    { name: "before", value: ["initrd.target", "initrd-nixos-activation.service"] },
    {
      name: "unitConfig",
      value: nix.set([noDefaults, { name: "ConditionPathExists", value: nix.text("/sysroot", what) }]),
    },
  ]),
];

function mountFunction(name: string, paths: readonly Binding[], order: readonly Binding[]) {
  return { name, value: nix.lambda(["what", "where"], nix.set([...paths, ...common, ...order])) };
}

function functionFor(entry: RelocatedEntry): string {
  return `bind${entry.kind === "file" ? "File" : ""}${isEarly(entry) ? "InInitrd" : ""}`;
}

function mountList(entries: readonly RelocatedEntry[]): NixValue {
  const items = groupEntries(entries).flatMap(({ heading, entries: members }) =>
    members.map((entry, i): Item => {
      const value = nix.call(functionFor(entry), entry.stored, entry.live);
      return { value, comment: entry.note, above: i === 0 ? heading : null };
    }),
  );
  return nix.list(items);
}

// --- tmpfiles ------------------------------------------------------------------

type Line = Omit<TmpfilesLine, "pattern">;

function ruleOf(line: Line): Item {
  return { value: tmpfilesLine({ ...line, pattern: false }).text };
}

/** True for what tmpfiles has to make in the initrd; a mount unit makes its directories itself. */
function isMadeInInitrd(entry: RelocatedEntry): boolean {
  return isEarly(entry) && (entry.kind === "file" || isLink(entry));
}

/**
 * Lines for one entry. A mounted directory needs one at its stored place alone, and none where the manifest says nothing:
 * then a rule of NixOS for the live path decides, or the service itself.
 */
function linesOf(entry: RelocatedEntry): Line[] {
  const { live, stored, kind, mode, owner, group } = entry;
  const owners = { ...(owner === null ? {} : { user: owner }), ...(group === null ? {} : { group }) };
  const access = { ...(mode === null ? {} : { mode }), ...owners };
  const type = kind === "directory" ? "d" : "f";
  const link: Line = { type: "L", path: live, ...owners, target: stored };
  // Through a link to nothing a program makes the file itself, as it needs it; a directory has to be there.
  if (isLink(entry)) return kind === "file" ? [link] : [{ type, path: stored, ...access }, link];
  if (kind === "file") return [stored, live].map((path) => ({ type, path, ...access }));
  return Object.keys(access).length === 0 ? [] : [{ type, path: stored, ...access }];
}

/** The folder around a file of the system: private for a single secret, and there for the target of a link. */
function parentLines(entry: RelocatedEntry, all: readonly RelocatedEntry[]): Line[] {
  const { scope, kind, live, stored } = entry;
  if (scope !== "system" || kind !== "file") return [];
  const isPrivate = all.some((other) => needsPrivateParent(other) && parentOf(other.live) === parentOf(live));
  // A colon: only where it is made anew.
  const around = (path: string, mode = ":0700"): Line => ({ type: "d", path: parentOf(path) ?? path, mode });
  if (isPrivate) return [around(live), around(stored)];
  return isLink(entry) ? [around(stored, ":0755")] : [];
}

/** Folders around what is kept in a home, live and stored: a mount makes them as root, and they are the user's. */
function homeLines(plan: HostPlan, user: PlanUser, here: readonly RelocatedEntry[]): Line[] {
  const folders = here
    .filter((entry) => entry.user === user.name)
    .flatMap((entry) => {
      const store = plan.host.stores.find(({ name }) => name === entry.store);
      const top = store === undefined ? undefined : storeFolder(store, user);
      const between = top === undefined ? [] : foldersBetween(top, entry.stored);
      return [...foldersBetween(user.home, entry.live), ...between];
    });
  return folders.map((path) => ({ type: "d", path, user: user.name, group: user.group }));
}

function rulesOf(plan: HostPlan, host: NixosHost, here: readonly RelocatedEntry[]): Item[] {
  const late = here.filter((entry) => !isMadeInInitrd(entry));
  const lines = [
    ...host.users.flatMap((user) => homeLines(plan, user, here)),
    ...late.flatMap((entry) => parentLines(entry, here)),
    ...late.flatMap(linesOf),
  ];
  const once = new Map(lines.map((line) => [`${line.type} ${line.path}`, line]));
  return sortByPath([...once.values()], ({ path }) => path).map(ruleOf);
}

/** Both ends of what is mounted as a file, links, and directories that links lead to. */
function initrdRules(here: readonly RelocatedEntry[]): Binding[] {
  const rules = here.filter(isMadeInInitrd).flatMap(linesOf).map(initrdRule);
  if (rules.length === 0) return [];
  const name = ["boot", "initrd", "systemd", "tmpfiles", "settings", "remanence"];
  return [{ name, value: nix.set(rules), gap: true }];
}

function initrdRule({ type, path, mode, user, group, target }: Line): Binding {
  const settings = Object.entries({ mode, user, group, argument: target });
  const value = nix.set(settings.flatMap(([name, text]) => (text === undefined ? [] : [{ name, value: text }])));
  return { name: [`/sysroot${path}`, type], value };
}
