import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { unitName } from "../../languages/systemd.ts";
import type { PlanHost, RelocatedEntry } from "../../plan/plan.ts";
import { classMode } from "../../plan/vocabulary.ts";
import { nixosDiagnostics as say } from "./diagnostics.ts";
import { appearsAs, isEarly, isOfSystem } from "./keeping.ts";

type NixosHost = Extract<PlanHost, { os: "nixos" }>;

/** What is wrong with one entry on one host, given what is to mount or link it. */
export function entryFaults(entry: RelocatedEntry, host: NixosHost): Diagnostic[] {
  return [
    ...howFaults(entry, host),
    ...nameFaults(entry, host),
    ...ownerFaults(entry, host),
    ...accessFaults(entry, host),
    ...fileFaults(entry, host),
  ];
}

function isStandalone(entry: RelocatedEntry, host: NixosHost): boolean {
  return entry.scope === "home" && host.nixos.home === "standalone";
}

/** impermanence mounts directories and mounts or links files; a standalone home-manager can only link. */
function howFaults(entry: RelocatedEntry, host: NixosHost): Diagnostic[] {
  const { path, span } = entry;
  if (isStandalone(entry, host) && entry.how === "bind") {
    return [say["nixos/how"]({ path, why: "a standalone home-manager cannot mount, only link" }, span)];
  }
  if (!isOfSystem(entry, host.nixos)) return [];
  const isDirectoryLink = entry.how === "symlink" && entry.kind === "directory";
  if (isDirectoryLink && host.nixos.module === "impermanence") {
    return [say["nixos/how"]({ path, why: "impermanence links single files only; directories are mounted" }, span)];
  }
  return [];
}

function nameFaults(entry: RelocatedEntry, host: NixosHost): Diagnostic[] {
  if (!isOfSystem(entry, host.nixos)) return [];
  const { path, span, kind, live, stored } = entry;
  const { module } = host.nixos;
  const paths = `${live}${stored}`;
  const isOfUnit = /%|[^ -~]/.test(paths) || live.endsWith(" ") || stored.endsWith(" ");
  const why = isOfUnit ? unitProblem(paths) : furtherProblem(paths, kind, module);
  if (why !== undefined) return [say["nixos/characters"]({ path, why }, span)];
  const byService = module === "impermanence" && kind === "file";
  const unit = byService ? `persist-${unitName(stored, ".service")}` : unitName(live, ".mount");
  const length = Buffer.byteLength(unit);
  if (length <= 255 || appearsAs(entry, module) === "symlink") return [];
  return [say["nixos/unit-name-too-long"]({ path, length }, span)];
}

/**
 * Characters that the chain NixOS -> systemd cannot carry (facts on Nix, section 3.2): `%` is a specifier in mount
 * units, and NixOS leaves bytes outside ASCII as they are in a unit's name, which systemd refuses.
 */
function unitProblem(paths: string): string {
  if (paths.includes("%")) return "systemd reads `%` in a unit as a specifier and refuses the unit";
  return /[^ -~]/.test(paths)
    ? "NixOS puts characters outside ASCII unescaped into the name of the unit, which systemd refuses"
    : "systemd takes the blank at its end away, and finds another path than the unit is named for";
}

/** impermanence passes files through ExecStart=; preservation all paths through tmpfiles, in single quotes. */
function furtherProblem(paths: string, kind: string, module: NixosHost["nixos"]["module"]): string | undefined {
  if (module === "impermanence" && kind === "file" && /[$\\]/.test(paths))
    return "systemd interprets `$` and `\\` in the command that mounts a single file";
  if (module === "preservation" && /['\\]/.test(paths))
    return "NixOS writes it between single quotes into tmpfiles.d, where `'` ends them and `\\` begins an escape";
  return undefined;
}

/** The initrd knows root and very few others, and tmpfiles leaves out a line with an owner it does not know. */
function ownerFaults(entry: RelocatedEntry, host: NixosHost): Diagnostic[] {
  if (host.nixos.module === "impermanence" || !isEarly(entry)) return [];
  const { path, span, owner, group } = entry;
  const users: readonly (string | null)[] = [null, "root", "nobody"];
  const groups: readonly (string | null)[] = [null, "root", "nogroup", "systemd-journal"];
  return [
    ...(users.includes(owner) ? [] : [say["nixos/initrd-owner"]({ path, who: `the user \`${owner}\`` }, span)]),
    ...(groups.includes(group) ? [] : [say["nixos/initrd-owner"]({ path, who: `the group \`${group}\`` }, span)]),
  ];
}

/** impermanence mounts or links a single file as it is; what a class or a profile says of it holds when it is copied. */
function fileFaults(entry: RelocatedEntry, host: NixosHost): Diagnostic[] {
  const { kind, path, span, origin, mode, owner, group } = entry;
  if (host.nixos.module !== "impermanence" || !isOfSystem(entry, host.nixos)) return [];
  if (kind !== "file" || origin.profile !== null) return [];
  const asked: [string, boolean][] = [
    ["mode", mode !== null && mode !== classMode(entry)],
    ["owner", owner !== null && owner !== entry.user],
    ["group", group !== null],
  ];
  const what = asked.flatMap(([name, wanted]) => (wanted ? [name] : [])).join(" and ");
  return what === "" ? [] : [say["nixos/file-access"]({ path, what }, span)];
}

/** home-manager makes what it keeps as its user, who can give nothing to others. */
function accessFaults(entry: RelocatedEntry, host: NixosHost): Diagnostic[] {
  const user = host.users.find(({ name }) => name === entry.user);
  if (user === undefined || isOfSystem(entry, host.nixos)) return [];
  const { path, span, owner, group } = entry;
  const others = [
    ...(owner === null || owner === user.name ? [] : [`the user \`${owner}\``]),
    ...(group === null || group === user.group ? [] : [`the group \`${group}\``]),
  ];
  return others.map((what) => say["nixos/home-access"]({ path, what }, span));
}
