import type { Fragment } from "../languages/fragment.ts";
import { shell } from "../languages/shell.ts";
import { packageText } from "../package-files.ts";
import type { HostPlan } from "../plan/plan.ts";
import { backupSettings, ownedLines } from "./backup-settings.ts";
import { generatedFrom } from "./emitter.ts";
import { otherHostsLines } from "./other-hosts.ts";

type Line = Fragment<"shell">;

/**
 * Functions are called by name (`"say_$format"`), each script uses its part of what the common text offers, and a `~/`,
 * a `$x`, a `\'` or a `’` of the manifest is data, in quotes on purpose.
 */
const directive = "shellcheck disable=SC1003,SC1112,SC2016,SC2034,SC2088,SC2317";

/**
 * A script of a host: what is particular to it stands between text that is the same for all. Parts are files of
 * `emitters/scripts`, or, as `fedora/link`, of one target's own.
 */
export function hostScript(
  plan: HostPlan,
  purpose: string,
  before: readonly string[],
  settings: readonly Line[],
  name: string,
): string {
  const { host } = plan;
  return shell.script({
    header: [
      `${host.name}: ${purpose}`,
      generatedFrom(plan),
      `Works on its own: it needs bash and what every ${host.os === "nixos" ? "NixOS" : "Fedora"} has.`,
      "What is kept stands in `settings`, what is done in `main` at the end; --help and --dry-run change nothing.",
      directive,
    ],
    settings: [shell.comment(`--- what ${host.name} keeps ---`), shell.gap, ...settings],
    before: before.map(partText),
    after: [partText(name)],
  });
}

function partText(part: string): string {
  const [name = "", target] = part.split("/").reverse();
  const folder = target === undefined ? "scripts" : `${target}/scripts`;
  return packageText(`src/emitters/${folder}/${name}.sh`);
}

/** Whose homes there are. */
export function userLines({ host }: HostPlan): Line[] {
  return host.users.map((user) => shell.call("user", user.name, user.home));
}

/**
 * `restore.sh`, by its name. On a host without a backup of its own it reads those of the manifest's other hosts, `plans`
 * has them, where they hold something that is kept here.
 */
export function restoreScript(plan: HostPlan, plans: readonly HostPlan[]): Record<string, string> {
  const { host } = plan;
  const others = otherHostsLines(plan, plans);
  if (host.backup === null && others.length === 0) return {};
  const more = host.os === "nixos" ? [shell.assign("next_step", "The next boot mounts it."), ...others] : others;
  const settings =
    host.backup === null ? shell.define("settings", more) : backupSettings(plan, host.backup, ownedLines, more);
  return {
    "restore.sh": hostScript(
      plan,
      "Brings back what was saved, here or on another host.",
      [
        ...[
          "common",
          "links",
          "checks",
          "relocate",
          "labels",
          "backups",
          "sources",
          "unpack",
          "swap",
          "apart",
          "former",
        ],
        ...["choose", "compare"],
      ],
      [...userLines(plan), settings],
      "restore",
    ),
  };
}
