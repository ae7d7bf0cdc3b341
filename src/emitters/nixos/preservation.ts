import { type Binding, type Item, type NixValue, nix } from "../../languages/nix.ts";
import { foldersBetween, parentOf, sortByPath } from "../../plan/path.ts";
import type { HostPlan, PlanHost, PlanUser, RelocatedEntry } from "../../plan/plan.ts";
import { storeFolder } from "../../plan/stores.ts";
import { groupEntries } from "../groups.ts";
import { hasSharedParent, needsPrivateParent } from "../persistence-lists.ts";
import { appearsAs, isEarly, type Keeping, machineIdIsKept } from "./keeping.ts";

type NixosHost = Extract<PlanHost, { os: "nixos" }>;
/** An entry with the user it belongs to; null for the system's. */
type Owned = RelocatedEntry & { readonly of: PlanUser | null };

/**
 * `preservation.preserveAt` (facts on Nix, section 3.4). preservation sets owners and modes by tmpfiles at each boot,
 * root's and open where none are written; a manifest that says nothing of them means to leave them alone.
 */
export function keptByPreservation(plan: HostPlan, host: NixosHost, entries: readonly RelocatedEntry[]): Keeping {
  const here = entries
    .filter((entry) => entry.scope === "system" || host.nixos.home === "nixos-module")
    .map((entry): Owned => ({ ...entry, of: host.users.find((user) => user.name === entry.user) ?? null }));
  const parents = sortByPath(
    host.users.flatMap((user) => parentsOf(user, plan, here)),
    ({ path }) => path,
  );
  return {
    needs: "preservation",
    usesConfig: parents.length > 0,
    let: [...shortForms(here), ...parentKinds(parents)],
    rules: [],
    body: [
      {
        name: ["boot", "initrd", "systemd", "enable"],
        value: true,
        comment: "preservation works in no other initrd",
        gap: true,
      },
      { name: ["preservation", "enable"], value: true },
      ...host.stores.flatMap(({ name, path }) =>
        storeBindings(
          path,
          host,
          here.filter((entry) => entry.store === name),
        ),
      ),
      ...parentBindings(parents),
      ...(here.some((entry) => entry.live === "/etc/machine-id") ? [machineIdIsKept] : []),
    ],
  };
}

/** To tmpfiles a dash means: leave what is there alone, and make root's what is not, 0755 or 0644. */
const asFound = "-";

/** Two ways to write a directory of which the manifest says nothing else. */
function shortForms(here: readonly Owned[]): Binding[] {
  const forms: [string, Binding[]][] = [
    ["asFound", bindings({ user: asFound, group: asFound, mode: asFound })],
    ["inHome", bindings({ mode: asFound })],
  ];
  return forms
    .filter(([name]) => here.some((entry) => shortForm(entry) === name))
    .map(([name, settings], i) => ({
      name,
      value: nix.lambda(
        ["directory"],
        nix.set([{ name: "directory", value: nix.reference("directory") }, ...settings]),
      ),
      above: i === 0 ? "A dash leaves alone what is there, and makes it root's, 0755, where nothing is." : null,
    }));
}

function bindings(values: Readonly<Record<string, string | null>>): Binding[] {
  return Object.entries(values).flatMap(([name, value]) => (value === null ? [] : [{ name, value }]));
}

function storeBindings(path: unknown, host: NixosHost, here: readonly Owned[]): Binding[] {
  if (typeof path !== "string" || here.length === 0) return [];
  const lists = listsOf(here.filter((entry) => entry.of === null)).map((list) => ({ ...list, gap: true }));
  const users = host.users.flatMap((user) => {
    const own = listsOf(here.filter((entry) => entry.of === user));
    return own.length === 0 ? [] : [{ name: ["users", user.name], value: nix.set(own), gap: true }];
  });
  const hidden = { name: "commonMountOptions", value: ["x-gvfs-hide"] };
  return [{ name: ["preservation", "preserveAt", path], value: nix.set([hidden, ...lists, ...users]), gap: true }];
}

function listsOf(here: readonly Owned[]): Binding[] {
  const directories = here.filter((entry) => entry.kind === "directory");
  const files = here.filter((entry) => entry.kind === "file");
  return [
    ...(directories.length === 0 ? [] : [{ name: "directories", value: listOf(directories, here) }]),
    ...(files.length === 0 ? [] : [{ name: "files", value: listOf(files, here), gap: directories.length > 0 }]),
  ];
}

function listOf(entries: readonly Owned[], all: readonly Owned[]): NixValue {
  const items = groupEntries(entries).flatMap(({ heading, entries: members }) =>
    members.map((entry, i): Item => {
      const short = shortForm(entry);
      const item =
        short === undefined
          ? { value: longForm(entry, all) }
          : { value: nix.call(short, entry.path), comment: entry.note };
      return i === 0 ? { ...item, above: heading } : item;
    }),
  );
  return nix.list(items);
}

/** The function that writes all there is to say of an entry. */
function shortForm(entry: Owned): "asFound" | "inHome" | undefined {
  const { kind, mode, owner, group, of } = entry;
  if (kind !== "directory" || mode !== null || appearsAs(entry, "preservation") === "symlink" || isEarly(entry))
    return undefined;
  if (of === null) return owner === null && group === null ? "asFound" : undefined;
  return owner === of.name && group === of.group ? "inHome" : undefined;
}

function longForm(entry: Owned, all: readonly Owned[]): NixValue {
  const isLink = appearsAs(entry, "preservation") === "symlink";
  // Through a link to nothing a program makes the file itself, as it needs it; a directory has to be there.
  const makesTarget = isLink && entry.kind === "directory";
  return nix.set([
    { name: entry.kind, value: entry.path, comment: entry.note },
    ...(isLink ? [{ name: "how", value: "symlink" }] : []),
    ...(makesTarget ? [{ name: "createLinkTarget", value: true }] : []),
    ...(isEarly(entry) ? [{ name: "inInitrd", value: true }] : []),
    ...(isLink && !makesTarget ? [] : accessBindings(entry)),
    ...(entry.of === null ? systemParent(entry, isLink, all) : []),
  ]);
}

function accessBindings(entry: Owned): Binding[] {
  const { owner, group, mode, of } = entry;
  // In the initrd they are as NixOS makes them itself: root's, for all to see.
  if (isEarly(entry)) return bindings({ user: owner, group, mode });
  const isOwn = of !== null && owner === of.name;
  return bindings({
    user: isOwn ? null : (owner ?? asFound),
    group: isOwn && group === of.group ? null : (group ?? asFound),
    mode: mode ?? asFound,
  });
}

/** The folder around a link of the system, which its target needs too, or around a single secret. */
function systemParent(entry: Owned, isLink: boolean, all: readonly Owned[]): Binding[] {
  // A colon: only where it is made anew.
  const isPrivate = all.some((other) => needsPrivateParent(other) && parentOf(other.live) === parentOf(entry.live));
  if (!isLink && !needsPrivateParent(entry)) return [];
  const asked: Binding[] = [{ name: "configureParent", value: true }];
  if (hasSharedParent(entry)) return asked;
  const settings = bindings({ user: asFound, group: asFound, mode: isPrivate ? ":0700" : asFound });
  return [...asked, { name: "parent", value: nix.set(settings) }];
}

interface Parent {
  readonly path: string;
  readonly user: PlanUser;
  readonly kind: "homeOf" | "parentOf";
}

/** A user's home in the stores, and the folders in a home, live and stored, around what is kept there. */
function parentsOf(user: PlanUser, plan: HostPlan, here: readonly Owned[]): Parent[] {
  const parents = new Map<string, Parent>();
  const add = (kind: Parent["kind"], path: string): unknown => parents.set(path, { path, user, kind });
  for (const entry of here.filter(({ of }) => of === user)) {
    const store = plan.host.stores.find(({ name }) => name === entry.store);
    const top = store === undefined ? undefined : storeFolder(store, user);
    if (top === undefined) continue;
    add("homeOf", top);
    for (const path of [...foldersBetween(user.home, entry.live), ...foldersBetween(top, entry.stored)])
      add("parentOf", path);
  }
  return [...parents.values()];
}

/** `homeOf.alice` and `parentOf.alice`; the group and the home's mode are read from NixOS, as preservation does. */
function parentKinds(parents: readonly Parent[]): Binding[] {
  const kinds = new Map(parents.map((parent) => [`${parent.kind} ${parent.user.name}`, parent]));
  return [...kinds.values()].map(({ user, kind }) => {
    const known = (key: string): NixValue => nix.select("config", ["users", "users", user.name, key]);
    const settings: Binding[] = [
      { name: "user", value: user.name },
      { name: "group", value: known("group") },
      { name: "mode", value: kind === "homeOf" ? known("homeMode") : "0755" },
    ];
    return { name: [kind, user.name, "d"], value: nix.set(settings) };
  });
}

function parentBindings(parents: readonly Parent[]): Binding[] {
  if (parents.length === 0) return [];
  return [
    {
      name: ["systemd", "tmpfiles", "settings", "preservation"],
      value: nix.set(parents.map(({ path, user, kind }) => ({ name: path, value: nix.select(kind, [user.name]) }))),
      gap: true,
      above: "the folders around it, which preservation before 2025-08-09 leaves to root",
    },
  ];
}
