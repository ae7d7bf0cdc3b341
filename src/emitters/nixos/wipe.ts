import type { Fragment } from "../../languages/fragment.ts";
import { type Binding, nix } from "../../languages/nix.ts";
import { shell } from "../../languages/shell.ts";
import { unitName } from "../../languages/systemd.ts";
import type { Wipe } from "../../manifest/manifest.ts";
import { packageText } from "../../package-files.ts";
import { durationSeconds } from "../../plan/duration.ts";
import type { HostPlan, PlanHost } from "../../plan/plan.ts";
import { generatedFrom } from "../emitter.ts";

type NixosHost = Extract<PlanHost, { os: "nixos" }>;

/** Old roots are kept this long where the manifest does not say. */
const defaultRetain = "30d";

/**
 * `wipe.nix`: the file systems that are empty after each boot. The unit's order is that of impermanence's pull request
 * 321: after the device and after `local-fs-pre.target` (a hibernated system must not be wiped under its feet), before
 * the root is mounted.
 */
export function wipeModule(plan: HostPlan, host: NixosHost): string {
  const { wipes } = host.nixos;
  const onBtrfs = wipes.filter((wipe) => wipe.method === "btrfs");
  const byUnit = wipes.filter((wipe) => wipe.method !== "tmpfs");
  const kinds = [...new Set(byUnit.map(({ method }) => method))].sort();
  const body: Binding[] = [
    ...wipes.flatMap((wipe) => fileSystemOf[wipe.method](wipe)),
    initrdKind(host, byUnit.length > 0),
    ...(kinds.length === 0
      ? []
      : [
          {
            name: ["boot", "initrd", "supportedFilesystems"],
            value: kinds,
            comment: `puts ${kinds.join(" and ")} into the initrd`,
          },
        ]),
    ...(host.nixos.initrd === "systemd" ? byUnit.map(wipeUnit) : scriptedWipes(byUnit)),
  ];
  return nix.module({
    header: [
      `What ${host.name} empties at each boot: ${wipes.map((wipe) => `${wipe.path} (${wipe.method})`).join(", ")}.`,
      generatedFrom(plan),
      ...onBtrfs.flatMap(lookInside),
    ],
    args: onBtrfs.length > 0 || (byUnit.length > 0 && host.nixos.initrd === "scripted") ? ["lib"] : [],
    body,
  });
}

/** Said in writing: under the other initrd what is below would not be built, and nothing wiped. */
function initrdKind({ nixos: { initrd } }: NixosHost, needed: boolean): Binding {
  const comment = {
    systemd: "without it the units below would not be built, and nothing wiped",
    scripted: "the other initrd has no place for the commands below",
  }[initrd];
  return {
    name: ["boot", "initrd", "systemd", "enable"],
    value: initrd === "systemd",
    comment: needed ? comment : null,
    gap: true,
  };
}

function lookInside(wipe: Wipe): string[] {
  return [
    "",
    `To look into an old ${wipe.path}, mount the top of its file system, then see ${wipe.subvolume}-old, a date each:`,
    `mount -o subvolid=5,ro ${shell.quote(wipe.device ?? "").text} /mnt`,
  ];
}

function tmpfsBindings(wipe: Wipe): Binding[] {
  const options = [...(wipe.size === null ? [] : [`size=${wipe.size}`]), "mode=755"];
  return [
    {
      name: ["fileSystems", wipe.path],
      gap: true,
      above: `${wipe.path} lives in memory`,
      value: nix.set([
        { name: "fsType", value: "tmpfs" },
        { name: "options", value: options },
        ...(wipe.path === "/" ? [] : [{ name: "neededForBoot", value: true }]),
      ]),
    },
  ];
}

/**
 * Plain, not by default: a dataset has one name, so where the hardware configuration has another one on this path the two
 * conflict loudly, and none is rolled back in its stead.
 */
function zfsFileSystem(wipe: Wipe): Binding[] {
  return [
    {
      name: ["fileSystems", wipe.path],
      gap: true,
      above: `${wipe.path} is what its snapshot holds at each boot`,
      value: nix.set([
        { name: "device", value: wipe.dataset },
        { name: "fsType", value: "zfs" },
        ...(wipe.path === "/" ? [] : [{ name: "neededForBoot", value: true }]),
      ]),
    },
  ];
}

/** Defaults only: a hardware configuration that knows the device by another name wins. */
function btrfsFileSystem(wipe: Wipe): Binding[] {
  return [
    {
      name: ["fileSystems", wipe.path],
      gap: true,
      above: `${wipe.path} is a fresh subvolume at each boot`,
      value: nix.set([
        { name: "device", value: nix.call("lib.mkDefault", wipe.device) },
        { name: "fsType", value: nix.call("lib.mkDefault", "btrfs") },
        { name: "options", value: nix.call("lib.mkDefault", [`subvol=${wipe.subvolume}`]) },
        ...(wipe.path === "/" ? [] : [{ name: "neededForBoot", value: true }]),
      ]),
    },
  ];
}

const fileSystemOf: Readonly<Record<Wipe["method"], (wipe: Wipe) => Binding[]>> = {
  tmpfs: tmpfsBindings,
  btrfs: btrfsFileSystem,
  zfs: zfsFileSystem,
};

/** The unit after which what is wiped can be reached: the device's, or the one that imports the pool. */
function unitBefore(wipe: Wipe): string {
  if (wipe.method === "btrfs") return unitName(wipe.device ?? "", ".device");
  return `zfs-import-${wipe.dataset?.split("/")[0] ?? ""}.service`;
}

function descriptionOf(wipe: Wipe): string {
  if (wipe.method === "zfs") return `Roll ${wipe.dataset} back to ${wipe.snapshot}`;
  // NixOS writes it into the unit as it is, where systemd takes `%` for a specifier.
  return `Replace the subvolume ${wipe.subvolume?.replaceAll("%", "%%")} by an empty one`;
}

function wipeUnit(wipe: Wipe): Binding {
  const device = unitBefore(wipe);
  const stops = wipe.onFailure === "stop";
  const pulledInBy: Binding = {
    name: stops ? "requiredBy" : "wantedBy",
    value: ["initrd.target"],
    comment: stops ? "a wipe that fails stops the boot" : "a wipe that fails lets the machine boot with the old root",
  };
  return {
    name: ["boot", "initrd", "systemd", "services", unitOf(wipe)],
    gap: true,
    value: nix.set([
      { name: "description", value: descriptionOf(wipe) },
      pulledInBy,
      { name: "requires", value: [device] },
      {
        name: "after",
        value: nix.list([
          { value: device },
          { value: "local-fs-pre.target", comment: "resuming from hibernation comes first" },
        ]),
      },
      { name: "before", value: ["sysroot.mount"] },
      { name: ["unitConfig", "DefaultDependencies"], value: false },
      { name: ["serviceConfig", "Type"], value: "oneshot" },
      { name: "script", value: nix.script(wipeScript(wipe, "systemd")) },
    ]),
  };
}

function unitOf(wipe: Wipe): string {
  return `remanence-wipe-${wipe.path === "/" ? "root" : unitName(wipe.path, "")}`;
}

/** After a resume from hibernation, and after what else has to come first there, such as the import of a pool. */
function scriptedWipes(wipes: readonly Wipe[]): Binding[] {
  if (wipes.length === 0) return [];
  const commands = wipes.flatMap((wipe, i) => (i === 0 ? [scriptedWipe(wipe)] : [shell.gap, scriptedWipe(wipe)]));
  const value = nix.call("lib.mkAfter", nix.script(shell.lines(...commands)));
  return [{ name: ["boot", "initrd", "postResumeCommands"], value, gap: true }];
}

/** In a shell of its own: in what stands before `||`, `set -e` would not hold. */
function scriptedWipe(wipe: Wipe): Fragment<"shell"> {
  const file = `/run/${unitOf(wipe)}`;
  const failed =
    wipe.onFailure === "stop"
      ? shell.command("fail")
      : shell.command("echo", `${wipe.path} was not wiped: the machine boots with the old one`);
  return shell.lines(shell.here(file, wipeScript(wipe, "scripted")), shell.either(shell.command("ash", file), failed));
}

function fixedPart(name: string): Fragment<"shell"> {
  return shell.fixed(packageText(`src/emitters/nixos/scripts/${name}.sh`).replace(/^(?:#[^\n]*\n)+/, ""));
}

function wipeScript(wipe: Wipe, initrd: NixosHost["nixos"]["initrd"]): Fragment<"shell"> {
  if (wipe.method === "zfs") {
    return shell.lines(
      shell.assign("dataset", wipe.dataset ?? ""),
      shell.assign("snapshot", wipe.snapshot ?? ""),
      shell.gap,
      fixedPart("wipe-zfs"),
    );
  }
  return shell.lines(
    shell.assign("device", wipe.device ?? ""),
    shell.assign("subvolume", wipe.subvolume ?? ""),
    shell.assign("retain_seconds", String(durationSeconds(wipe.retain ?? defaultRetain))),
    shell.gap,
    ...(initrd === "scripted" ? [fixedPart("wait-device"), shell.gap] : []),
    fixedPart("wipe-btrfs"),
  );
}
