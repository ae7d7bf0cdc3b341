import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import type { Fate } from "../../plan/fate.ts";
import { mountedEntries, relocatedAround } from "../../plan/physical.ts";
import { type HostPlan, isRelocated, type PlanHost } from "../../plan/plan.ts";
import { linkText, rootLink } from "../../plan/stores.ts";
import type { EmitInput, EmitResult, Emitter, OutputFile, Saying } from "../emitter.ts";
import { folderOf, inFolder } from "../emitter.ts";
import { fedoraDiagnostics as say } from "./diagnostics.ts";
import { readmeOf } from "./readme.ts";
import { scriptsOf } from "./scripts.ts";
import { tmpfilesOf, unitsOf } from "./units.ts";

type FedoraHost = Extract<PlanHost, { os: "fedora" }>;

/** Fedora: scripts that link, verify, back up, restore and clean; user units and tmpfiles rules; a README. */
export const fedoraEmitter: Emitter = {
  name: "fedora",
  summary: "Fedora scripts: link, unlink, verify, backup, restore, clean; user units",
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
      ...files(Object.fromEntries(rules), "user-tmpfiles.d/", false),
      ...files({ "README.md": readmeOf(plan) }, "", false),
    ],
    diagnostics,
  };
}

function checkFedora(plan: HostPlan, host: FedoraHost): Diagnostic[] {
  const bound = mountedEntries(plan).filter((entry) => entry.how === "bind");
  const asked = host.fedora.link === "bind";
  const instead = "leave it in its place (`how: none`), where it is backed up, or use `symlink`";
  return [
    ...(asked && bound.length > 0
      ? [say["fedora/unsupported"]({ what: "`link: bind`", instead }, host.spans["fedora.link"] ?? host.span)]
      : bound.map((entry) =>
          say["fedora/unsupported"]({ what: `a bind mount on Fedora (\`${entry.path}\`)`, instead }, entry.span),
        )),
    ...(host.fedora.home === null
      ? []
      : [
          say["fedora/unsupported"](
            { what: "`home: standalone` on Fedora", instead: "leave it away: link.sh and chezmoi make the links" },
            host.spans["fedora.home"] ?? host.span,
          ),
        ]),
    ...scheduleFaults(host),
  ];
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
    ...(fate.rule?.scope === "home" ? [{ file: file("link.sh"), says: linkSays(plan, fate) }] : []),
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
  const text = linkText(outer.path, rootLink(outer.store ?? "", plan.host.stores));
  return outer === rule ? `links it to ${text}` : `nothing of its own: ${outer.path} is a link to ${text}`;
}

function backupSays({ backup, fate, rule }: Fate): string {
  if (backup) return `backed up, class ${rule?.class ?? ""}`;
  return fate === "undecided" ? "nothing" : "left out";
}
