import { nix } from "../../languages/nix.ts";
import { fate } from "../../plan/fate.ts";
import { joinPath } from "../../plan/path.ts";
import type { HostPlan, PlanUser } from "../../plan/plan.ts";
import { isWiped } from "../../plan/stores.ts";
import { carriedEntries, isCarriedByHomeManager } from "../carried-content.ts";
import { generatedFrom } from "../emitter.ts";

/** The users of a host whose homes are wiped, and whose carried or fetched files chezmoi lays. */
function usersLaidAgain(plan: HostPlan): readonly PlanUser[] {
  const laid = [
    ...(isCarriedByHomeManager(plan) ? [] : carriedEntries(plan)),
    ...plan.rules.filter(({ disposition, scope }) => disposition === "fetch" && scope === "home"),
  ].filter((entry) => isWiped(entry.live, plan.host));
  const names = new Set(laid.map((entry) => entry.user));
  return plan.host.users.filter((user) => names.has(user.name));
}

/**
 * `carry.nix`: at login chezmoi lays what a wipe took. Nobody is there to answer it, so it lays only what is missing: its
 * record of what it wrote before stays out of this (it would ask about each file that is gone), and with a record that is
 * empty everything that is there and differs is a conflict, which is left. Undefined where no home needs it.
 */
export function carryModule(plan: HostPlan): string | undefined {
  const users = usersLaidAgain(plan);
  if (users.length === 0) return undefined;
  const careful = "--less-interactive --error-on-conflict --keep-going --no-tty --no-pager";
  const record = "--persistent-state=%t/remanence-carry.boltdb";
  const apply = (prefix: string, what: string) =>
    nix.text(prefix, nix.reference("pkgs.chezmoi"), `/bin/chezmoi apply ${careful} ${record} ${what}`);
  const service = nix.set([
    { name: "description", value: "lay what the dotfiles repository carries" },
    { name: "wantedBy", value: ["default.target"] },
    { name: ["unitConfig", "ConditionUser"], value: users.map((user) => `${users.length > 1 ? "|" : ""}${user.name}`) },
    { name: "path", value: nix.list([{ value: nix.reference("pkgs.git") }]) },
    {
      name: "serviceConfig",
      gap: true,
      value: nix.set([
        { name: "Type", value: "oneshot" },
        {
          name: "ExecStart",
          value: nix.list([
            {
              value: apply("", "--skip-secrets --exclude=scripts,externals"),
              above: "nobody is asked for a password, and no script runs",
            },
            {
              value: apply("-", "--include=externals"),
              above: "what comes from elsewhere, where the network is there",
            },
          ]),
        },
      ]),
    },
  ]);
  return nix.module({
    header: [
      `Lays what ${plan.host.name} carries again after each wipe: only what is missing, at login.`,
      generatedFrom(plan),
      "Without it: chezmoi apply.",
    ],
    args: ["pkgs"],
    body: [{ name: ["systemd", "user", "services", "remanence-carry"], value: service }],
  });
}

/** What chezmoi itself needs in a home, below it. */
const needed = [
  { path: ".config/chezmoi/chezmoi.toml", folder: ".config/chezmoi", isSource: false },
  { path: ".config/chezmoi/chezmoistate.boltdb", folder: ".config/chezmoi", isSource: false },
  { path: ".local/share/chezmoi/.git", folder: ".local/share/chezmoi", isSource: true },
] as const;

/** Folders of chezmoi's own that a wipe takes, by user; of the source only the place where it lies when nothing else is said. */
export function lostWithWipe(plan: HostPlan): { user: PlanUser; folder: string; isSource: boolean }[] {
  return usersLaidAgain(plan).flatMap((user) => {
    const lost = needed.filter(({ path }) => {
      const live = joinPath(user.home, path);
      return isWiped(live, plan.host) && fate(plan, live).fate !== "persist";
    });
    const folders = new Map(lost.map(({ folder, isSource }) => [folder, isSource]));
    return [...folders].map(([folder, isSource]) => ({ user, folder, isSource }));
  });
}
