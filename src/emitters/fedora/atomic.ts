import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { isBelow, isWithin } from "../../plan/path.ts";
import { mountedEntries } from "../../plan/physical.ts";
import type { HostPlan } from "../../plan/plan.ts";
import { fedoraDiagnostics as say } from "./diagnostics.ts";
import { canonical } from "./mounts.ts";

/** What an image of Fedora Atomic (Silverblue, Kinoite, bootc) cannot hold: `/` is read-only there, and /etc is merged. */
export function atomicFaults(plan: HostPlan): Diagnostic[] {
  const { host } = plan;
  if (host.os !== "fedora" || host.fedora.variant !== "atomic") return [];
  const moved = mountedEntries(plan);
  const stores = host.stores.filter(({ name }) => moved.some((entry) => entry.store === name));
  return [
    ...stores.flatMap(({ name, path, span }) =>
      typeof path !== "string" || isBelow(canonical(host, path), "/var")
        ? []
        : [say["fedora/atomic-store"]({ store: name, path }, span)],
    ),
    ...moved
      .filter(({ live }) => isWithin(live, "/etc"))
      .map(({ path, span }) => say["fedora/atomic-etc"]({ path }, span)),
  ];
}
