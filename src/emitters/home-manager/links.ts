import { type Binding, type NixModule, type NixValue, nix } from "../../languages/nix.ts";
import { shell } from "../../languages/shell.ts";
import type { HostPlan, PlanUser, RelocatedEntry } from "../../plan/plan.ts";
import { generatedFrom } from "../emitter.ts";
import { groupEntries } from "../groups.ts";
import { makeStored } from "./store-step.ts";

/** home-manager on its own, which impermanence refuses: links out of the Nix store into ours. */
export function nixosLinks(plan: HostPlan, user: PlanUser, entries: readonly RelocatedEntry[]): NixModule {
  return linkModule(plan, user, entries, [
    'For home-manager on its own. It refuses to replace what is there ("would be clobbered"), so copy existing data into',
    "the store first, then make way for the links: migrate.sh and migrate.sh --make-way of this host.",
  ]);
}

/**
 * The same on Fedora, where link.sh moves what is there into the store. home-manager takes the links that it makes for the
 * same as its own, since they lead to the same place, and puts its own in their stead; whatever else is there it refuses.
 */
export function fedoraLinks(plan: HostPlan, user: PlanUser, entries: readonly RelocatedEntry[]): NixModule {
  return linkModule(plan, user, entries, [
    "For home-manager on its own. Run link.sh of this host first: it moves existing data into the store and makes links, which",
    'home-manager then replaces by its own. It refuses to replace anything else ("would be clobbered").',
  ]);
}

function linkModule(
  plan: HostPlan,
  user: PlanUser,
  entries: readonly RelocatedEntry[],
  how: readonly string[],
): NixModule {
  return {
    header: [`What ${user.name} keeps on ${plan.host.name}, as links into the store.`, generatedFrom(plan), ...how],
    args: ["config", "lib"],
    let: [{ name: "link", value: nix.reference("config.lib.file.mkOutOfStoreSymlink") }],
    body: [
      { name: ["home", "file"], value: nix.set(linkBindings(entries)) },
      {
        name: ["home", "activation", "remanenceStore"],
        value: activation(entries),
        gap: true,
        above: "makes what the links point to",
      },
    ],
  };
}

function linkBindings(entries: readonly RelocatedEntry[]): Binding[] {
  return groupEntries(entries).flatMap(({ heading, entries: members }) =>
    members.map((entry, i): Binding => {
      const binding = { name: [entry.path, "source"], value: nix.call("link", entry.stored), comment: entry.note };
      return i === 0 ? { ...binding, above: heading, gap: true } : binding;
    }),
  );
}

/** After the file system may be written (writeBoundary) and before links are made. */
function activation(entries: readonly RelocatedEntry[]): NixValue {
  const script = nix.script(shell.lines(...makeStored(entries)));
  return nix.call("lib.hm.dag.entryBetween", ["linkGeneration"], ["writeBoundary"], script);
}
