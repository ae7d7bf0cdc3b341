import { resticExclude } from "../../languages/restic.ts";
import type { Fate } from "../../plan/fate.ts";
import { isWithin } from "../../plan/path.ts";
import { mountedEntries } from "../../plan/physical.ts";
import { type HostPlan, isRelocated, type PlanHost } from "../../plan/plan.ts";
import type { EmitInput, EmitResult, Emitter, OutputFile, Saying } from "../emitter.ts";
import { folderOf, inFolder } from "../emitter.ts";
import { restoreScript } from "../host-scripts.ts";
import { backupModule } from "./backup.ts";
import { carryModule } from "./carry.ts";
import { checkNixos } from "./checks.ts";
import { appearsAs, isOfSystem } from "./keeping.ts";
import { migrateScript } from "./migrate.ts";
import { persistenceModule } from "./persistence.ts";
import { wipeModule } from "./wipe.ts";

type NixosHost = Extract<PlanHost, { os: "nixos" }>;

/** NixOS: what is kept, what is wiped, what restic backs up; a module each, to import. */
export const nixosEmitter: Emitter = {
  name: "nixos",
  summary:
    "NixOS modules: persistence (by impermanence, preservation or mounts), wipe of the root, backup (restic), carry (chezmoi at login); scripts: migrate, restore",
  emit,
  explain,
};

function emit(input: EmitInput): EmitResult {
  const results = input.plans.map((plan) => emitHost(plan, input));
  return {
    files: results.flatMap((result) => result.files),
    diagnostics: results.flatMap((result) => result.diagnostics),
  };
}

function emitHost(plan: HostPlan, input: EmitInput): EmitResult {
  const { host } = plan;
  if (host.os !== "nixos") return { files: [], diagnostics: [] };
  const diagnostics = checkNixos(plan, host);
  if (diagnostics.some((d) => d.severity === "error")) return { files: [], diagnostics };
  const folder = folderOf(input, "nixos", host.name);
  const file = (name: string, content: string): OutputFile => ({
    path: inFolder(folder, name),
    content,
    executable: name.endsWith(".sh"),
    target: "nixos",
    host: host.name,
  });
  const migrate = migrateScript(plan, host);
  const carry = carryModule(plan);
  const backup = host.backup?.engine === "restic" ? backupModule(plan, host, host.backup) : undefined;
  return {
    files: [
      file("persistence.nix", persistenceModule(plan, host)),
      ...(host.nixos.wipes.length === 0 ? [] : [file("wipe.nix", wipeModule(plan, host))]),
      ...(backup === undefined ? [] : [file("backup.nix", backup)]),
      ...(carry === undefined ? [] : [file("carry.nix", carry)]),
      ...(migrate === undefined ? [] : [file("migrate.sh", migrate)]),
      ...Object.entries(restoreScript(plan, input.plans)).map(([name, content]) => file(name, content)),
    ],
    diagnostics,
  };
}

function explain(plan: HostPlan, fate: Fate, input: EmitInput): Saying[] {
  const { host } = plan;
  if (host.os !== "nixos") return [];
  const folder = folderOf(input, "nixos", host.name);
  return [
    { file: inFolder(folder, "persistence.nix"), says: persistenceSays(plan, host, fate) },
    ...(host.backup?.engine === "restic" ? [{ file: inFolder(folder, "backup.nix"), says: backupSays(fate) }] : []),
  ];
}

function persistenceSays(plan: HostPlan, host: NixosHost, { fate, live, rule }: Fate): string {
  if (fate !== "persist" || rule === null) return "nothing";
  if (!isRelocated(rule)) return "nothing: it stays in place, on a file system that is not wiped";
  const around = mountedEntries(plan).find((entry) => isWithin(live, entry.live));
  if (around === undefined || !isOfSystem(around, host.nixos))
    return `nothing: home-manager ${around?.how === "bind" ? "mounts" : "links"} it`;
  const isLink = appearsAs(around, host.nixos.module) === "symlink";
  if (around.live !== live)
    return `kept with ${around.path}, ${isLink ? "linked to" : "mounted from"} ${around.stored}`;
  return `${isLink ? "links it to" : "mounts it from"} ${around.stored}`;
}

function backupSays({ backup, rule, live }: Fate): string {
  if (backup) return `backed up, tagged class-${rule?.class ?? ""}`;
  return rule === null ? "nothing" : `left out (${resticExclude(live, false)})`;
}
