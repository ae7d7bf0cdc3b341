import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import type { HostPlan } from "../../plan/plan.ts";
import { carriedEntries, isCarriedByHomeManager } from "../carried-content.ts";
import { lostWithWipe } from "./carry.ts";
import { nixosDiagnostics as say } from "./diagnostics.ts";

/** chezmoi cannot lay anything again after a wipe that has taken its own configuration, its record or its source. */
export function chezmoiFaults(plan: HostPlan): Diagnostic[] {
  return lostWithWipe(plan).map(({ user, folder, isSource }) =>
    say["nixos/chezmoi-lost"]({ folder, user: user.name, isSource }, plan.host.span),
  );
}

/** What home-manager lays it lays out of the Nix store, which every user and every build can read: never a secret. */
export function carryFaults(plan: HostPlan): Diagnostic[] {
  if (!isCarriedByHomeManager(plan)) return [];
  return carriedEntries(plan)
    .filter((rule) => rule.class === "secret")
    .map(({ path, span }) => say["nixos/secret-in-nix-store"]({ path }, span));
}
