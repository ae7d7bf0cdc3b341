import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import type { Span } from "../../diagnostics/span.ts";
import type { Wipe } from "../../manifest/manifest.ts";
import { type AbsolutePath, isBelow } from "../../plan/path.ts";
import { mountedEntries } from "../../plan/physical.ts";
import type { HostPlan, PlanHost, RelocatedEntry } from "../../plan/plan.ts";
import { isWiped } from "../../plan/stores.ts";
import { bindfsFaults } from "./bindfs-checks.ts";
import { carryFaults, chezmoiFaults } from "./carry-checks.ts";
import { nixosDiagnostics as say } from "./diagnostics.ts";
import { entryFaults } from "./entry-checks.ts";

type NixosHost = Extract<PlanHost, { os: "nixos" }>;

/** What this host asks for and NixOS, impermanence or we cannot do; at the line that asks for it. */
export function checkNixos(plan: HostPlan, host: NixosHost): Diagnostic[] {
  return [
    ...combinationFaults(host),
    ...mountedEntries(plan).flatMap((entry) => entryFaults(entry, host)),
    ...bindfsFaults(plan, host),
    ...carryFaults(plan),
    ...chezmoiFaults(plan),
    ...nestingFaults(plan, host),
    ...storeFaults(plan, host),
    ...wipeFaults(host),
    ...backupFaults(plan, host),
  ];
}

function at(host: NixosHost, key: string): Span {
  return host.spans[key] ?? host.span;
}

/** What does not go together, at the setting that does not fit. */
function combinationFaults(host: NixosHost): Diagnostic[] {
  const { module, home, initrd, release } = host.nixos;
  const rows: [boolean, string, Parameters<(typeof say)["nixos/combination"]>[0]][] = [
    [
      home === "home-manager" && module !== "impermanence",
      "nixos.home",
      {
        what: "`home: home-manager`",
        other: `\`module: ${module}\``,
        why: "it uses `home.persistence`, which only impermanence has",
        instead: "use `home: nixos-module`, or `home: standalone`, which links",
      },
    ],
    [
      home === "home-manager-v1" && module === "impermanence",
      "nixos.home",
      {
        what: "`home: home-manager-v1`",
        other: "`module: impermanence`",
        why: "current impermanence has a `home.persistence` of its own, and the branch's module for NixOS mounts in the initrd before a hibernated system resumes",
        instead:
          "let the system be kept otherwise, `module: preservation` or `module: none`, or use `home: home-manager`",
      },
    ],
    [
      initrd === "scripted" && module !== "impermanence",
      "nixos.initrd",
      {
        what: "`initrd: scripted`",
        other: `\`module: ${module}\``,
        why: "it mounts in the initrd of systemd",
        instead: "use `initrd: systemd`, or `module: impermanence`",
      },
    ],
    [
      initrd === "scripted" && release !== "25.11",
      "nixos.initrd",
      {
        what: "`initrd: scripted`",
        other: `\`release: "${release}"\``,
        why: "NixOS has given it up since 26.05",
        instead: "use `initrd: systemd`",
      },
    ],
  ];
  return rows.filter(([wrong]) => wrong).map(([, key, params]) => say["nixos/combination"](params, at(host, key)));
}

/** Mounts in what is kept: below a file nothing can be, and what is mounted earlier than the directory around it is hidden. */
function nestingFaults(plan: HostPlan, host: NixosHost): Diagnostic[] {
  const entries = mountedEntries(plan);
  const files = entries.filter((entry) => entry.kind === "file");
  const inFiles = entries.flatMap((entry) => {
    const file = files.find(({ live }) => isBelow(entry.live, live));
    return file === undefined ? [] : [say["nixos/below-file"]({ path: entry.path, file: file.path }, entry.span)];
  });
  const places = [...host.nixos.wipes.map(({ path }) => path), ...host.nixos.mounts];
  const around = entries.flatMap((entry) => {
    const mount = places.find((place) => isBelow(place, entry.live));
    return mount === undefined ? [] : [say["nixos/mount-inside"]({ path: entry.path, mount }, entry.span)];
  });
  return [...inFiles, ...around];
}

function storeFaults(plan: HostPlan, host: NixosHost): Diagnostic[] {
  const ofModule = (entry: RelocatedEntry): boolean => entry.scope === "system" || host.nixos.home !== "standalone";
  const mounted = mountedEntries(plan).filter((entry) => entry.how === "bind" || ofModule(entry));
  return host.stores
    .filter((store) => typeof store.path !== "string" && mounted.some((entry) => entry.store === store.name))
    .map((store) => say["nixos/store-in-home"]({ store: store.name }, store.span));
}

function wipeFaults(host: NixosHost): Diagnostic[] {
  return host.nixos.wipes.flatMap((wipe, i) => {
    const span = at(host, host.spans[`nixos.wipe.${i}`] === undefined ? "nixos.wipe" : `nixos.wipe.${i}`);
    const twice = host.nixos.wipes.findIndex((other) => other.path === wipe.path) < i;
    const lasts = host.nixos.mounts.includes(wipe.path);
    return [
      ...(twice ? [say["nixos/wipe-twice"]({ path: wipe.path }, span)] : []),
      ...(lasts ? [say["nixos/wipe-of-mount"]({ path: wipe.path }, span)] : []),
      ...(wipe.method === "btrfs" ? btrfsFaults(wipe, span) : []),
      ...(wipe.method === "zfs" ? zfsFaults(wipe, span) : []),
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

/** A dataset and a snapshot of itself, in characters that a unit's name and a shell have no meaning for. */
function zfsFaults(wipe: Wipe, span: Span): Diagnostic[] {
  const { dataset, snapshot } = wipe;
  const missing = (["dataset", "snapshot"] as const).filter((key) => wipe[key] === null);
  if (dataset === null || snapshot === null)
    return missing.map((key) => say["nixos/wipe-incomplete"]({ method: "zfs", missing: key }, span));
  const isDataset = /^[A-Za-z][A-Za-z0-9_.:-]*(?:\/[A-Za-z0-9_.:-]+)*$/.test(dataset);
  const ofDataset = snapshot.startsWith(`${dataset}@`) && /^[A-Za-z0-9_.:-]+$/.test(snapshot.slice(dataset.length + 1));
  return isDataset && ofDataset ? [] : [say["nixos/wipe-snapshot"]({ dataset, snapshot }, span)];
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
