import { type CommandWord, printUnit, type Unit } from "../../languages/systemd.ts";
import { backupSet } from "../../plan/backup-set.ts";
import type { HostPlan } from "../../plan/plan.ts";
import { generatedFrom } from "../emitter.ts";

/** Where the user units look for the scripts: a link that the README tells to make, so that the repo may lie anywhere. */
const ofUser = ".config/remanence/host";
/** Where root's copy of the script lies: root runs nothing that another user can change. */
export const ofRoot = "/etc/remanence/backup.sh";

type Whose = "user" | "system";

/** A service that runs one of the scripts, when nothing else wants the machine. */
export function scriptService(
  plan: HostPlan,
  whose: Whose,
  description: string,
  command: readonly CommandWord[],
  { order = {}, success }: { order?: Unit["Unit"]; success?: string } = {},
): string {
  return printUnit([`${plan.host.name}: a ${whose} unit.`, generatedFrom(plan)], {
    Unit: { Description: description, Documentation: "man:systemd.service(5)", ...order },
    Service: {
      Type: "oneshot",
      // Without it a system unit has no HOME.
      ...(whose === "system" ? { User: "root" } : {}),
      // An interpreter in /usr: with SELinux a script elsewhere is not a program that systemd may start.
      ExecStart: ["/usr/bin/bash", ...command],
      Nice: "19",
      IOSchedulingClass: "idle",
      ...(success === undefined ? {} : { SuccessExitStatus: success }),
    },
  });
}

/** What a user unit runs. */
export function userScript(name: string): CommandWord {
  return { inHome: `${ofUser}/${name}` };
}

export function scriptTimer(plan: HostPlan, whose: Whose, description: string, calendar: string): string {
  return printUnit([`${plan.host.name}: a ${whose} unit.`, generatedFrom(plan)], {
    Unit: { Description: description },
    Timer: { OnCalendar: calendar, Persistent: "true", RandomizedDelaySec: "1h", AccuracySec: "5min" },
    Install: { WantedBy: ["timers.target"] },
  });
}

const tells = { OnFailure: [{ about: "remanence-notify" }] };

/** The user units of the backup; `after` are services that must not be at work at the same time. */
export function userBackupUnits(plan: HostPlan, after: readonly string[]): Readonly<Record<string, string>> {
  const { backup } = plan.host;
  if (backup === null) return {};
  const script = userScript("backup.sh");
  const order = { ...tells, ...(after.length === 0 ? {} : { After: after }) };
  return {
    "remanence-backup.service": scriptService(plan, "user", "Back up what is kept of this home", [script, "--yes"], {
      order,
    }),
    "remanence-backup.timer": scriptTimer(
      plan,
      "user",
      "Back up what is kept of this home, regularly",
      backup.schedule,
    ),
    "remanence-notify@.service": scriptService(plan, "user", "Say that a backup failed", [
      script,
      "--notify",
      { instance: true },
    ]),
  };
}

/** The system units: root's part of the backup, and that of a home, from snapshots and without anybody logged in. */
export function systemBackupUnits(plan: HostPlan): Readonly<Record<string, string>> {
  const { backup, users } = plan.host;
  if (backup === null) return {};
  const saves = (user: string | null): boolean => backupSet(plan, user).roots.length > 0;
  const units = (name: string, what: string, more: readonly CommandWord[]): Record<string, string> => ({
    [`${name}.service`]: scriptService(plan, "system", what, [ofRoot, "--yes", "--snapshot", ...more], {
      order: tells,
    }),
    [`${name}.timer`]: scriptTimer(plan, "system", `${what}, regularly`, backup.schedule),
  });
  const all = {
    ...(saves(null) ? units("remanence-backup", "Back up what is kept of the system", []) : {}),
    ...(users.some(({ name }) => saves(name))
      ? units("remanence-backup@", "Back up what is kept of a home", ["--for", { instance: true }])
      : {}),
  };
  if (Object.keys(all).length === 0) return {};
  const notice = [ofRoot, "--notify", { instance: true }] as const;
  return {
    ...all,
    "remanence-notify@.service": scriptService(plan, "system", "Say that a backup failed", notice),
  };
}
