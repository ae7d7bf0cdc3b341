import type { Fragment } from "../../languages/fragment.ts";
import { shell } from "../../languages/shell.ts";
import { relativeTo } from "../../plan/path.ts";
import { mountedEntries } from "../../plan/physical.ts";
import type { HostPlan, PlanStore, RelocatedEntry } from "../../plan/plan.ts";
import { storeFolder } from "../../plan/stores.ts";

type Line = Fragment<"shell">;

/** What SELinux has to know of the stores: which of them mirror the whole system, and which trees are labelled like what. */
export function labelLines(plan: HostPlan): Line[] {
  const { stores } = plan.host;
  return stores.flatMap((store) => {
    const entries = mountedEntries(plan).filter((entry) => entry.store === store.name);
    const homes = homeTrees(plan, store, entries);
    const system = entries.filter((entry) => entry.scope === "system");
    const top = storeFolder(store, null);
    return [
      ...(top !== undefined && (system.length > 0 || homes.some(({ inHome }) => !inHome))
        ? [shell.call("mirror", top)]
        : []),
      ...homes.map(({ user, folder }) => shell.call("labelled", user, folder, "-")),
      ...system.map((entry) => shell.call("labelled", "-", entry.stored, entry.live)),
    ];
  });
}

interface HomeTree {
  readonly user: string;
  /** Relative where it lies in the home. */
  readonly folder: string;
  readonly inHome: boolean;
}

/** The folders of a store that mirror the homes of those who keep something in it. */
function homeTrees({ host }: HostPlan, store: PlanStore, entries: readonly RelocatedEntry[]): HomeTree[] {
  return host.users.flatMap((user) => {
    const folder = storeFolder(store, user);
    if (folder === undefined || !entries.some((entry) => entry.user === user.name)) return [];
    const below = relativeTo(folder, user.home);
    return [{ user: user.name, folder: below ?? folder, inHome: below !== undefined }];
  });
}
