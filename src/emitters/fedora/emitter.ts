import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import type { Fate } from "../../plan/fate.ts";
import { relocatedAround } from "../../plan/physical.ts";
import { type HostPlan, isRelocated, type PlanHost } from "../../plan/plan.ts";
import { linkText, rootLink } from "../../plan/stores.ts";
import type { EmitInput, EmitResult, Emitter, OutputFile, Saying } from "../emitter.ts";
import { folderOf, inFolder } from "../emitter.ts";
import { atomicFaults } from "./atomic.ts";
import { systemBackupUnits } from "./backup-units.ts";
import { fedoraDiagnostics as say } from "./diagnostics.ts";
import { boundEntries, mountFaults, mountUnitName, mountUnitsOf } from "./mounts.ts";
import { readmeOf } from "./readme.ts";
import { scriptsOf } from "./scripts.ts";
import { tmpfilesOf, unitsOf } from "./units.ts";

type FedoraHost = Extract<PlanHost, { os: "fedora" }>;

/** Fedora: scripts that link, verify, back up, restore and clean; user units and tmpfiles rules; a README. */
export const fedoraEmitter: Emitter = {
  name: "fedora",
  summary: "Fedora scripts: link, unlink, verify, backup, restore, clean; units for users and mounts",
  emit,
  explain,
};

function emit(input: EmitInput): EmitResult {
  const results = input.plans.map((plan) => emitHost(plan, input));
  return { files: results.flatMap((r) => r.files), diagnostics: results.flatMap((r) => r.diagnostics) };
}

function emitHost(plan: HostPlan, input: EmitInput): EmitResult {
  const { host } = plan;
  if (host.os !== "fedora") return { files: [], diagnostics: [] };
  const diagnostics = checkFedora(plan, host);
  if (diagnostics.some((d) => d.severity === "error")) return { files: [], diagnostics };
  const folder = folderOf(input, "fedora", host.name);
  const files = (contents: Readonly<Record<string, string>>, below: string, executable: boolean): OutputFile[] =>
    Object.entries(contents).map(([name, content]) => ({
      path: inFolder(folder, `${below}${name}`),
      content,
      executable,
      target: "fedora",
      host: host.name,
    }));
  const rules = host.users.flatMap((user) => {
    const content = tmpfilesOf(plan, user);
    return content === undefined ? [] : [[`${user.name}.conf`, content] as const];
  });
  return {
    files: [
      ...files(scriptsOf(plan, input.plans), "", true),
      ...files(unitsOf(plan), "systemd/", false),
      ...files({ ...mountUnitsOf(plan), ...systemBackupUnits(plan) }, "systemd/system/", false),
      ...files(Object.fromEntries(rules), "user-tmpfiles.d/", false),
      ...files({ "README.md": readmeOf(plan) }, "", false),
    ],
    diagnostics,
  };
}

function checkFedora(plan: HostPlan, host: FedoraHost): Diagnostic[] {
  return [...mountFaults(plan), ...atomicFaults(plan), ...homeFaults(host), ...scheduleFaults(host)];
}

function homeFaults({ fedora, spans, span }: FedoraHost): Diagnostic[] {
  if (fedora.home === null || fedora.link === "symlink") return [];
  return [say["fedora/combination"]({ link: fedora.link }, spans["fedora.home"] ?? span)];
}

function scheduleFaults({ backup, spans, span }: FedoraHost): Diagnostic[] {
  if (backup === null) return [];
  const faults: Diagnostic[] = [];
  if (!/^[A-Za-z0-9 *,:./~-]+$/.test(backup.schedule)) {
    faults.push(say["fedora/schedule"]({ schedule: backup.schedule }, spans["backup.schedule"] ?? span));
  }
  if (backup.engine === "tar" && !backup.to.startsWith("/")) {
    faults.push(say["fedora/backup-path"]({ path: backup.to }, spans["backup.path"] ?? span));
  }
  return faults;
}

function explain(plan: HostPlan, fate: Fate, input: EmitInput): Saying[] {
  const { host } = plan;
  if (host.os !== "fedora") return [];
  const file = (name: string): string => inFolder(folderOf(input, "fedora", host.name), name);
  return [
    ...mountSays(plan, fate, (unit) => file(`systemd/system/${unit}`)),
    ...(fate.rule?.scope === "home" || fate.rule?.how === "bind"
      ? [{ file: file("link.sh"), says: linkSays(plan, fate) }]
      : []),
    ...(host.backup === null ? [] : [{ file: file("backup.sh"), says: backupSays(fate) }]),
    ...(fate.fate === "discard" && fate.rule?.expire != null && fate.rule.kind !== "file" && fate.rule.scope === "home"
      ? [{ file: file("clean.sh"), says: `goes when nothing has changed it for ${fate.rule.expire}` }]
      : []),
  ];
}

function linkSays(plan: HostPlan, { fate, rule }: Fate): string {
  if (fate !== "persist" || rule === null) return "nothing";
  if (!isRelocated(rule)) return "nothing: it stays in its place";
  const outer = relocatedAround(plan, rule.live) ?? rule;
  if (outer.how === "bind") return "moves it to its store and mounts it, as root";
  const text = linkText(outer.path, rootLink(outer.store ?? "", plan.host.stores));
  return outer === rule ? `links it to ${text}` : `nothing of its own: ${outer.path} is a link to ${text}`;
}

/** The unit that mounts what is around a path, and why a mount. */
function mountSays(plan: HostPlan, { fate, rule }: Fate, fileOf: (unit: string) => string): Saying[] {
  if (fate !== "persist" || rule === null) return [];
  const outer = relocatedAround(plan, rule.live) ?? rule;
  const entry = boundEntries(plan).find(({ live }) => live === outer.live);
  if (entry === undefined) return [];
  const why = entry.note === null ? "" : ` (${entry.note})`;
  return [{ file: fileOf(mountUnitName(plan, entry)), says: `mounts ${entry.stored} at ${entry.live}${why}` }];
}

function backupSays({ backup, fate, rule }: Fate): string {
  if (backup) return `backed up, class ${rule?.class ?? ""}`;
  return fate === "undecided" ? "nothing" : "left out";
}
