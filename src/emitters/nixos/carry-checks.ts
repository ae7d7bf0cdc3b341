import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import type { HostPlan, PlanHost } from "../../plan/plan.ts";
import { nixosDiagnostics as say } from "./diagnostics.ts";

type NixosHost = Extract<PlanHost, { os: "nixos" }>;

/** What home-manager lays it lays out of the Nix store, which every user and every build can read: never a secret. */
export function carryFaults(plan: HostPlan, host: NixosHost): Diagnostic[] {
  if (host.nixos.carry !== "home-manager") return [];
  return plan.rules
    .filter((rule) => rule.disposition === "carry" && rule.class === "secret")
    .map(({ path, span }) => say["nixos/secret-in-nix-store"]({ path }, span));
}
