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
  const body: Binding[] = [
    ...wipes.flatMap((wipe) => (wipe.method === "tmpfs" ? tmpfsBindings(wipe) : btrfsFileSystem(wipe))),
    {
      name: ["boot", "initrd", "systemd", "enable"],
      value: true,
      comment: onBtrfs.length > 0 ? "without it the units below would not be built, and nothing wiped" : null,
      gap: true,
    },
    ...(onBtrfs.length === 0
      ? []
      : [
          { name: ["boot", "initrd", "supportedFilesystems"], value: ["btrfs"], comment: "puts btrfs into the initrd" },
        ]),
    ...onBtrfs.map(wipeUnit),
  ];
  return nix.module({
    header: [
      `What ${host.name} empties at each boot: ${wipes.map((wipe) => `${wipe.path} (${wipe.method})`).join(", ")}.`,
      generatedFrom(plan),
      ...onBtrfs.flatMap(lookInside),
    ],
    args: onBtrfs.length > 0 ? ["lib"] : [],
    body,
  });
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

function wipeUnit(wipe: Wipe): Binding {
  const device = unitName(wipe.device ?? "", ".device");
  const stops = wipe.onFailure === "stop";
  const pulledInBy: Binding = {
    name: stops ? "requiredBy" : "wantedBy",
    value: ["initrd.target"],
    comment: stops ? "a wipe that fails stops the boot" : "a wipe that fails lets the machine boot with the old root",
  };
  const suffix = wipe.path === "/" ? "root" : unitName(wipe.path, "");
  return {
    name: ["boot", "initrd", "systemd", "services", `remanence-wipe-${suffix}`],
    gap: true,
    value: nix.set([
      // NixOS writes it into the unit as it is, where systemd takes `%` for a specifier.
      { name: "description", value: `Replace the subvolume ${wipe.subvolume?.replaceAll("%", "%%")} by an empty one` },
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
      { name: "script", value: nix.script(wipeScript(wipe)) },
    ]),
  };
}

function wipeScript(wipe: Wipe) {
  const fixed = packageText("src/emitters/nixos/scripts/wipe-btrfs.sh").replace(/^(?:#[^\n]*\n)+/, "");
  return shell.lines(
    shell.assign("device", wipe.device ?? ""),
    shell.assign("subvolume", wipe.subvolume ?? ""),
    shell.assign("retain_seconds", String(durationSeconds(wipe.retain ?? defaultRetain))),
    shell.gap,
    shell.fixed(fixed),
  );
}
