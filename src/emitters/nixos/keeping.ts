import type { Binding, Item } from "../../languages/nix.ts";
import type { NixosPolicy } from "../../manifest/manifest.ts";
import type { RelocatedEntry } from "../../plan/plan.ts";
import type { How } from "../../plan/vocabulary.ts";

type Module = NixosPolicy["module"];

/** True for what NixOS itself mounts or links: the system's state, and the homes where nothing else was asked for. */
export function isOfSystem({ scope }: RelocatedEntry, { home }: NixosPolicy): boolean {
  return scope === "system" || home === "nixos-module" || home === "home-manager";
}

/** What keeps the entries on one host: the part of `persistence.nix` that differs from module to module. */
export interface Keeping {
  /** The module it is written for: "impermanence of 2026-01-27 or later"; null: none but those of NixOS. */
  readonly needs: string | null;
  /** True where it reads the configuration of the host. */
  readonly usesConfig: boolean;
  readonly let: readonly Binding[];
  readonly body: readonly Binding[];
  /** Lines of `systemd.tmpfiles.rules`, in front of those for what ages. */
  readonly rules: readonly Item[];
}

/** The service that would write the machine id where it is not kept; needed by whatever mounts it in the initrd. */
export const machineIdIsKept: Binding = {
  name: ["systemd", "suppressedSystemUnits"],
  value: ["systemd-machine-id-commit.service"],
  comment: "would fail: the id is kept",
  gap: true,
};

/**
 * What NixOS needs before stage 2, which is when other mounts are made (`pathsNeededForBoot` in nixpkgs): the activation
 * that makes users reads `/var/lib/nixos` in the initrd, and PID 1 reads the machine id before it starts anything.
 */
const neededInInitrd = new Set(["/var", "/var/log", "/var/lib", "/var/lib/nixos", "/etc", "/usr", "/etc/machine-id"]);

/** True for what must be in its place when the initrd ends. */
export function isEarly({ live }: RelocatedEntry): boolean {
  return neededInInitrd.has(live);
}

/**
 * How an entry appears on NixOS. sshd makes a host key that is missing, but not over an empty file that is mounted there
 * to begin with; so the other modules link it, as impermanence does by itself where there is none yet.
 */
export function appearsAs({ how, kind, live }: RelocatedEntry, module: Module): How {
  const isHostKey = kind === "file" && /^\/etc\/ssh\/ssh_host_[^/]+$/.test(live);
  return isHostKey && module !== "impermanence" ? "symlink" : how;
}
