import { type Binding, type NixModule, nix } from "../../languages/nix.ts";
import type { Fate } from "../../plan/fate.ts";
import { mountedEntries, relocatedAround } from "../../plan/physical.ts";
import { type HostPlan, isRelocated, type PlanHost, type PlanUser, type RelocatedEntry } from "../../plan/plan.ts";
import { isCarriedByHomeManager } from "../carried-content.ts";
import {
  type EmitInput,
  type EmitResult,
  type Emitter,
  folderOf,
  generatedFrom,
  inFolder,
  type Saying,
} from "../emitter.ts";
import { persistenceLists, storeSettings } from "../persistence-lists.ts";
import { carriedFaults, withCarried } from "./carried.ts";
import { legacyModule } from "./legacy.ts";
import { fedoraLinks, nixosLinks } from "./links.ts";

type NixosHost = Extract<PlanHost, { os: "nixos" }>;

/** home-manager: a module a user, for impermanence inside NixOS or for home-manager on its own. */
export const homeManagerEmitter: Emitter = {
  name: "home-manager",
  summary:
    "home-manager modules: home.persistence (current or legacy), or links into the store for a standalone home-manager",
  emit,
  explain,
};

function emit(input: EmitInput): EmitResult {
  const results = input.plans.flatMap((plan) => plan.host.users.map((user) => emitUser(plan, user, input)));
  return { files: results.flatMap((r) => r.files), diagnostics: results.flatMap((r) => r.diagnostics) };
}

function emitUser(plan: HostPlan, user: PlanUser, input: EmitInput): EmitResult {
  const { host } = plan;
  const diagnostics = carriedFaults(plan, user, input);
  const module = withCarried(userModule(plan, user), plan, user, input);
  if (diagnostics.length > 0 || module.body.length === 0) return { files: [], diagnostics };
  const path = fileOf(input, host, user);
  return {
    files: [{ path, content: nix.module(module), executable: false, target: "home-manager", host: host.name }],
    diagnostics,
  };
}

function fileOf(input: EmitInput, host: PlanHost, user: PlanUser): string {
  return inFolder(folderOf(input, "home-manager", host.name), `${user.name}.nix`);
}

/** What keeps a user's state; without a line where the system or link.sh does that, or there is none. */
function userModule(plan: HostPlan, user: PlanUser): NixModule {
  const { host } = plan;
  const entries = mountedEntries(plan).filter((entry) => entry.user === user.name);
  if (host.os === "fedora") {
    const linked = entries.filter(({ how }) => how === "symlink");
    return host.fedora.home === null || linked.length === 0 ? emptyModule(plan, user) : fedoraLinks(plan, user, linked);
  }
  const { home } = host.nixos;
  if (home === "nixos-module" || entries.length === 0) return emptyModule(plan, user);
  if (home === "home-manager") return persistenceModule(plan, host, user, entries);
  if (home === "home-manager-v1") return legacyModule(plan, host, user, entries);
  return nixosLinks(plan, user, entries);
}

function emptyModule(plan: HostPlan, user: PlanUser): NixModule {
  const { host } = plan;
  const isAlone = host.os !== "nixos" || host.nixos.home === "standalone";
  const where = isAlone ? "home-manager on its own" : `home-manager.users.${user.name}`;
  return {
    header: [`What ${user.name} has on ${host.name} of home-manager.`, generatedFrom(plan), `Import it in ${where}.`],
    args: [],
    body: [],
  };
}

/** The current interface of impermanence: the store's own path, without the home (facts on Nix, section 3.3). */
function persistenceModule(
  plan: HostPlan,
  host: NixosHost,
  user: PlanUser,
  entries: readonly RelocatedEntry[],
): NixModule {
  const body = host.stores.flatMap((store): Binding[] => {
    const lists = persistenceLists(
      entries.filter((entry) => entry.store === store.name),
      user,
    );
    if (lists.length === 0 || typeof store.path !== "string") return [];
    const value = nix.set([...storeSettings(plan), ...lists.map((list) => ({ ...list, gap: true }))]);
    return [{ name: ["home", "persistence", store.path], value, gap: true }];
  });
  return {
    header: [
      `What ${user.name} keeps on ${host.name}.`,
      generatedFrom(plan),
      `For home-manager inside NixOS ${host.nixos.release} with impermanence of 2026-01-27 or later: import it in home-manager.users.${user.name}.`,
      "impermanence brings the option home.persistence itself; do not import its home-manager module.",
    ],
    args: [],
    body,
  };
}

function explain(plan: HostPlan, fate: Fate, input: EmitInput): Saying[] {
  const { host } = plan;
  const { rule } = fate;
  const user = host.users.find((u) => u.name === rule?.user);
  if (user === undefined) return [];
  const file = fileOf(input, host, user);
  if (rule?.disposition === "carry" && isCarriedByHomeManager(plan))
    return [{ file, says: "lays it out of the Nix store" }];
  const home = host.os === "nixos" ? host.nixos.home : host.fedora.home;
  if (home === null || home === "nixos-module") return [];
  if (fate.fate !== "persist" || rule === null || !isRelocated(rule)) return [{ file, says: "nothing" }];
  const outer = relocatedAround(plan, rule.live) ?? rule;
  if (outer.how === "symlink" && home !== "home-manager")
    return [{ file, says: `links ${outer.path} to ${outer.stored ?? ""}` }];
  return [{ file, says: host.os === "nixos" ? `mounts ${outer.path} from ${outer.stored ?? ""}` : "nothing" }];
}
