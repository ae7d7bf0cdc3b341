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
    {
      name: ["boot", "initrd", "systemd", "enable"],
      value: true,
      comment: byUnit.length > 0 ? "without it the units below would not be built, and nothing wiped" : null,
      gap: true,
    },
    ...(kinds.length === 0
      ? []
      : [
          {
            name: ["boot", "initrd", "supportedFilesystems"],
            value: kinds,
            comment: `puts ${kinds.join(" and ")} into the initrd`,
          },
        ]),
    ...byUnit.map(wipeUnit),
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
  const suffix = wipe.path === "/" ? "root" : unitName(wipe.path, "");
  return {
    name: ["boot", "initrd", "systemd", "services", `remanence-wipe-${suffix}`],
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
      { name: "script", value: nix.script(wipeScript(wipe)) },
    ]),
  };
}

function wipeScript(wipe: Wipe) {
  const text = packageText(`src/emitters/nixos/scripts/wipe-${wipe.method}.sh`);
  const fixed = text.replace(/^(?:#[^\n]*\n)+/, "");
  if (wipe.method === "zfs") {
    return shell.lines(
      shell.assign("dataset", wipe.dataset ?? ""),
      shell.assign("snapshot", wipe.snapshot ?? ""),
      shell.gap,
      shell.fixed(fixed),
    );
  }
  return shell.lines(
    shell.assign("device", wipe.device ?? ""),
    shell.assign("subvolume", wipe.subvolume ?? ""),
    shell.assign("retain_seconds", String(durationSeconds(wipe.retain ?? defaultRetain))),
    shell.gap,
    shell.fixed(fixed),
  );
}
