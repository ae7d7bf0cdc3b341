import { type Binding, type Item, type NixModule, type NixValue, nix } from "../../languages/nix.ts";
import { shell } from "../../languages/shell.ts";
import type { HostPlan, PlanHost, PlanUser, RelocatedEntry } from "../../plan/plan.ts";
import { storeFolder } from "../../plan/stores.ts";
import { generatedFrom } from "../emitter.ts";
import { groupEntries } from "../groups.ts";
import { makeStored } from "./store-step.ts";

type NixosHost = Extract<PlanHost, { os: "nixos" }>;

const isMounted = ({ kind, how }: RelocatedEntry): boolean => kind === "directory" && how === "bind";

/** The interface of impermanence's branch home-manager-v1: the store's path with the home in it (facts on Nix, section 3.5). */
export function legacyModule(
  plan: HostPlan,
  host: NixosHost,
  user: PlanUser,
  entries: readonly RelocatedEntry[],
): NixModule {
  const stores = host.stores.flatMap((store): Binding[] => {
    const here = entries.filter((entry) => entry.store === store.name);
    const folder = storeFolder(store, user);
    if (here.length === 0 || folder === undefined) return [];
    return [{ name: ["home", "persistence", folder], value: storeValue(here), gap: true }];
  });
  return {
    header: [
      `What ${user.name} keeps on ${host.name}: directories mounted by bindfs, files linked.`,
      generatedFrom(plan),
      `For home-manager inside NixOS ${host.nixos.release} with impermanence's branch home-manager-v1: import it in home-manager.users.${user.name},`,
      "beside homeManagerModules.impermanence of that branch. Copy existing data into the store first: migrate.sh of this host.",
    ],
    args: ["lib"],
    let: [{ name: "steps", value: stepsAfter(entries), above: "what needs the directories in the store" }],
    body: [
      ...stores,
      {
        name: ["home", "activation", "remanenceStore"],
        value: nix.call(
          "lib.hm.dag.entryBefore",
          nix.reference("steps"),
          nix.script(shell.lines(...makeStored(entries))),
        ),
        gap: true,
        above: "makes what is mounted and linked, before impermanence would without its mode, or not at all",
      },
    ],
  };
}

/** The steps of impermanence that need the stored directories; it has each only where there is something for it. */
function stepsAfter(entries: readonly RelocatedEntry[]): string[] {
  const mounts = entries.some(isMounted) ? ["createAndMountPersistentStoragePaths"] : [];
  const links = entries.every(isMounted) ? [] : ["createTargetFileDirectories"];
  return [...mounts, ...links];
}

function storeValue(entries: readonly RelocatedEntry[]): NixValue {
  const directories = entries.filter(({ kind }) => kind === "directory");
  const files = entries.filter(({ kind }) => kind === "file");
  const lists: [string, readonly RelocatedEntry[]][] = [
    ["directories", directories],
    ["files", files],
  ];
  return nix.set([
    { name: "allowOther", value: true },
    ...lists
      .filter(([, members]) => members.length > 0)
      .map(([name, members]) => ({ name, value: listOf(members), gap: true })),
  ]);
}

function listOf(entries: readonly RelocatedEntry[]): NixValue {
  const items = groupEntries(entries).flatMap(({ heading, entries: members }) =>
    members.map((entry, i): Item => {
      const item = itemOf(entry);
      return i === 0 ? { ...item, above: heading } : item;
    }),
  );
  return nix.list(items);
}

function itemOf(entry: RelocatedEntry): Item {
  if (entry.kind === "file" || entry.how === "bind") return { value: entry.path, comment: entry.note };
  const value = nix.set([
    { name: "directory", value: entry.path, comment: entry.note },
    { name: "method", value: "symlink" },
  ]);
  return { value };
}
