import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { mountedEntries } from "../../plan/physical.ts";
import type { HostPlan, PlanHost, RelocatedEntry } from "../../plan/plan.ts";
import { nixosDiagnostics as say } from "./diagnostics.ts";

type NixosHost = Extract<PlanHost, { os: "nixos" }>;

/** What the legacy module of impermanence (`home: home-manager-v1`) accepts in silence and then does not mount or link. */
export function bindfsFaults(plan: HostPlan, host: NixosHost): Diagnostic[] {
  if (host.nixos.home !== "home-manager-v1") return [];
  return host.users.flatMap((user) => {
    const entries = mountedEntries(plan).filter((entry) => entry.user === user.name);
    const mounts = entries.filter((entry) => entry.how === "bind" && entry.kind === "directory");
    return [...entries.flatMap(entryFaults), ...unitFaults(mounts), ...blankFaults(mounts)];
  });
}

function entryFaults(entry: RelocatedEntry): Diagnostic[] {
  const { path, span, stored, kind, how } = entry;
  if (kind === "file" && how === "bind") {
    return [say["nixos/how"]({ path, why: "home-manager-v1 links single files; only directories are mounted" }, span)];
  }
  const why = how === "symlink" ? linkProblem(stored) : mountProblem(stored);
  return why === undefined ? [] : [say["nixos/characters"]({ path, why }, span)];
}

function linkProblem(stored: string): string | undefined {
  return stored.includes("'") ? "home-manager-v1 writes it between single quotes, which `'` ends" : undefined;
}

/** The stored path is in the options of bindfs and in the name and the description of a unit. */
function mountProblem(stored: string): string | undefined {
  if (/[,\\]/.test(stored))
    return "home-manager-v1 gives it to bindfs among options, where `,` and `\\` have a meaning";
  if (/[+?=]/.test(stored))
    return "home-manager-v1 leaves `+`, `?` and `=` in the name of the unit, which systemd refuses";
  return stored.includes("%") ? "systemd reads `%` in the description of the unit as a specifier" : undefined;
}

function unitFaults(mounts: readonly RelocatedEntry[]): Diagnostic[] {
  const first = new Map<string, RelocatedEntry>();
  return mounts.flatMap((entry) => {
    const unit = unitOf(entry.stored);
    const other = first.get(unit);
    if (other === undefined) first.set(unit, entry);
    return other === undefined
      ? []
      : [say["nixos/same-unit"]({ path: entry.path, other: other.path, unit }, entry.span)];
  });
}

/** A mount is looked for by its path and a blank: `a b` would pass for `a`, which then is not mounted. */
function blankFaults(mounts: readonly RelocatedEntry[]): Diagnostic[] {
  return mounts.flatMap(({ live, path, span }) => {
    const longer = mounts.find((other) => other.live.startsWith(`${live} `));
    if (longer === undefined) return [];
    const why = `home-manager-v1 takes the mount of \`${longer.path}\`, whose name goes on after a blank, for this one`;
    return [say["nixos/characters"]({ path, why }, span)];
  });
}

/** The unit's name as the module makes it: quoted for the shell, other characters to `-`, at most 207, dots dropped. */
function unitOf(stored: string): string {
  const isPlain = /^[A-Za-z0-9,._+:@%/-]+$/.test(stored);
  const text = isPlain ? stored.slice(1) : `'${stored.replaceAll("'", "'\\''")}'`;
  const name = text
    .replace(/^\.+/, "")
    .replace(/[^A-Za-z0-9+._?=-]+/g, "-")
    .slice(-207)
    .replaceAll(".", "");
  return `bindMount-${name}.service`;
}
