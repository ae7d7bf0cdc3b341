import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import type { HostPlan } from "../../plan/plan.ts";
import { carriedEntries, isCarriedByHomeManager } from "../carried-content.ts";
import { nixosDiagnostics as say } from "./diagnostics.ts";

/** What home-manager lays it lays out of the Nix store, which every user and every build can read: never a secret. */
export function carryFaults(plan: HostPlan): Diagnostic[] {
  if (!isCarriedByHomeManager(plan)) return [];
  return carriedEntries(plan)
    .filter((rule) => rule.class === "secret")
    .map(({ path, span }) => say["nixos/secret-in-nix-store"]({ path }, span));
}
