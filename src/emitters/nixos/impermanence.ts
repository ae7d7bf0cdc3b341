import { type Binding, nix } from "../../languages/nix.ts";
import type { HostPlan, PlanHost, RelocatedEntry } from "../../plan/plan.ts";
import { persistenceLists, storeSettings } from "../persistence-lists.ts";
import type { Keeping } from "./keeping.ts";

type NixosHost = Extract<PlanHost, { os: "nixos" }>;

/** `environment.persistence` of current impermanence (facts on Nix, section 3.3). */
export function keptByImpermanence(plan: HostPlan, host: NixosHost, entries: readonly RelocatedEntry[]): Keeping {
  return {
    needs: "impermanence of 2026-01-27 or later",
    usesConfig: false,
    let: [],
    rules: [],
    body: plan.host.stores.flatMap((store) =>
      typeof store.path === "string"
        ? storeBindings(
            store.path,
            storeSettings(plan),
            host,
            entries.filter((entry) => entry.store === store.name),
          )
        : [],
    ),
  };
}

function storeBindings(
  path: string,
  settings: readonly Binding[],
  host: NixosHost,
  here: readonly RelocatedEntry[],
): Binding[] {
  const system = here.filter((entry) => entry.scope === "system");
  const users = host.nixos.home === "nixos-module" ? userBindings(host, here) : [];
  if (system.length === 0 && users.length === 0) return [];
  const lists = persistenceLists(system, null).map((binding) => ({ ...binding, gap: true }));
  return [
    {
      name: ["environment", "persistence", path],
      gap: true,
      value: nix.set([...settings, ...lists, ...users]),
    },
  ];
}

function userBindings(host: NixosHost, here: readonly RelocatedEntry[]): Binding[] {
  return host.users.flatMap((user) => {
    const lists = persistenceLists(
      here.filter((entry) => entry.user === user.name),
      user,
    );
    return lists.length === 0 ? [] : [{ name: ["users", user.name], value: nix.set(lists), gap: true }];
  });
}
