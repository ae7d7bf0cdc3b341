import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import type { Span } from "../../diagnostics/span.ts";
import { unitName } from "../../languages/systemd.ts";
import type { Wipe } from "../../manifest/manifest.ts";
import type { AbsolutePath } from "../../plan/path.ts";
import { mountedEntries } from "../../plan/physical.ts";
import type { HostPlan, PlanHost, RelocatedEntry } from "../../plan/plan.ts";
import { isWiped } from "../../plan/stores.ts";
import { nixosDiagnostics as say } from "./diagnostics.ts";

type NixosHost = Extract<PlanHost, { os: "nixos" }>;

/** What this host asks for and NixOS, impermanence or we cannot do; at the line that asks for it. */
export function checkNixos(plan: HostPlan, host: NixosHost): Diagnostic[] {
  return [
    ...unsupported(host),
    ...mountedEntries(plan).flatMap((entry) => [...howFaults(entry, host), ...characterFaults(entry, host)]),
    ...storeFaults(plan, host),
    ...wipeFaults(host),
    ...backupFaults(plan, host),
  ];
}

function at(host: NixosHost, key: string): Span {
  return host.spans[key] ?? host.span;
}

function unsupported(host: NixosHost): Diagnostic[] {
  const { module, home, initrd, carry, wipes } = host.nixos;
  const rows: [boolean, string, string, string][] = [
    [module !== "impermanence", `\`module: ${module}\``, "nixos.module", "use `module: impermanence`"],
    [
      home === "home-manager-v1",
      "`home: home-manager-v1`",
      "nixos.home",
      "use `home: home-manager` with current impermanence",
    ],
    [
      initrd === "scripted",
      "`initrd: scripted`",
      "nixos.initrd",
      "use `initrd: systemd`, the default since NixOS 26.05",
    ],
    [
      carry === "home-manager",
      "`carry: home-manager`",
      "nixos.carry",
      "let chezmoi lay what is carried: `carry: chezmoi`",
    ],
    [
      wipes.some((w) => w.method === "zfs"),
      "a wipe by zfs",
      "nixos.wipe",
      "use tmpfs or btrfs, or write the rollback yourself",
    ],
  ];
  return rows
    .filter(([asked]) => asked)
    .map(([, what, key, instead]) => say["nixos/unsupported"]({ what, instead }, at(host, key)));
}

/** impermanence mounts directories and mounts or links files; a standalone home-manager can only link. */
function howFaults(entry: RelocatedEntry, host: NixosHost): Diagnostic[] {
  const { path, span } = entry;
  const standalone = entry.scope === "home" && host.nixos.home === "standalone";
  if (standalone && entry.how === "bind") {
    return [say["nixos/how"]({ path, why: "a standalone home-manager cannot mount, only link" }, span)];
  }
  if (!standalone && entry.how === "symlink" && entry.kind === "directory") {
    return [say["nixos/how"]({ path, why: "impermanence links single files only; directories are mounted" }, span)];
  }
  return [];
}

/**
 * Characters that the chain NixOS -> systemd cannot carry (facts on Nix, section 3.2): `%` is a specifier in mount
 * units, and NixOS leaves bytes outside ASCII as they are in a unit's name, which systemd refuses. Files pass through
 * ExecStart=, where `$` and `\` are interpreted too.
 */
function characterFaults(entry: RelocatedEntry, host: NixosHost): Diagnostic[] {
  if (entry.scope === "home" && host.nixos.home === "standalone") return [];
  const { path, span } = entry;
  const why = characterProblem(entry);
  if (why !== undefined) return [say["nixos/characters"]({ path, why }, span)];
  const unit = entry.kind === "file" ? `persist-${unitName(entry.stored, ".service")}` : unitName(entry.live, ".mount");
  const length = Buffer.byteLength(unit);
  return length > 255 ? [say["nixos/unit-name-too-long"]({ path, length }, span)] : [];
}

function characterProblem({ live, stored, kind }: RelocatedEntry): string | undefined {
  const paths = `${live}${stored}`;
  if (paths.includes("%")) return "systemd reads `%` in a mount unit as a specifier and refuses the unit";
  if (!/^[ -~]*$/.test(paths))
    return "NixOS puts characters outside ASCII unescaped into the name of the unit, which systemd refuses";
  if (kind === "file" && /[$\\]/.test(paths))
    return "systemd interprets `$` and `\\` in the command that mounts a single file";
  return undefined;
}

function storeFaults(plan: HostPlan, host: NixosHost): Diagnostic[] {
  const mounted = mountedEntries(plan).filter((entry) => entry.how === "bind");
  return host.stores
    .filter((store) => typeof store.path !== "string" && mounted.some((entry) => entry.store === store.name))
    .map((store) => say["nixos/store-in-home"]({ store: store.name }, store.span));
}

function wipeFaults(host: NixosHost): Diagnostic[] {
  return host.nixos.wipes.flatMap((wipe, i) => {
    const span = at(host, host.spans[`nixos.wipe.${i}`] === undefined ? "nixos.wipe" : `nixos.wipe.${i}`);
    const twice = host.nixos.wipes.findIndex((other) => other.path === wipe.path) < i;
    return [
      ...(twice ? [say["nixos/wipe-twice"]({ path: wipe.path }, span)] : []),
      ...(wipe.method === "btrfs" ? btrfsFaults(wipe, span) : []),
    ];
  });
}

function btrfsFaults(wipe: Wipe, span: Span): Diagnostic[] {
  const missing = (["device", "subvolume"] as const).filter((key) => wipe[key] === null);
  const faults = missing.map((key) => say["nixos/wipe-incomplete"]({ method: "btrfs", missing: key }, span));
  const parts = wipe.subvolume?.split("/") ?? [];
  // Mount options are parted by commas, and fstab reads `\` as the beginning of an escape.
  if (parts.some((part) => part === "" || part === "." || part === ".." || /^-|[,\\]/.test(part))) {
    faults.push(say["nixos/wipe-subvolume"]({ subvolume: wipe.subvolume ?? "" }, span));
  }
  if (wipe.device !== null && !isDevicePath(wipe.device))
    faults.push(say["nixos/wipe-device"]({ device: wipe.device }, span));
  return faults;
}

/** A path that udev makes: it escapes other characters of a label or an id, and the boot would wait for another name. */
function isDevicePath(device: string): boolean {
  return /^\/dev\/[A-Za-z0-9#+\-.:=@_/\\\u0080-\uffff]+$/.test(device);
}

function backupFaults(plan: HostPlan, host: NixosHost): Diagnostic[] {
  const { backup } = host;
  if (backup === null || !plan.rules.some((rule) => rule.backup)) return [];
  if (backup.engine === "tar") return [say["nixos/backup-engine"]({ host: host.name }, at(host, "backup.engine"))];
  const path = backup.passwordFile;
  if (path === null) return [say["nixos/backup-password"]({ host: host.name }, at(host, "backup"))];
  if (!path.startsWith("/") || !isWiped(path as AbsolutePath, host)) return [];
  return [say["nixos/password-on-wiped"]({ path }, at(host, "backup.password-file"))];
}
