import type { HostPlan } from "../../plan/plan.ts";
import { isRelocated } from "../../plan/plan.ts";
import { isAgedBySystem } from "../../plan/special-paths.ts";
import { generatedFrom } from "../emitter.ts";
import { ofRoot, systemBackupUnits } from "./backup-units.ts";
import { boundEntries } from "./mounts.ts";

/** The page beside the scripts: what they are, and the three commands to run. */
export function readmeOf(plan: HostPlan): string {
  const { host, entries } = plan;
  const mounted = boundEntries(plan).length;
  const linked = entries.filter(isRelocated).length - mounted;
  const kept = entries.filter((entry) => entry.disposition === "persist").length;
  const backup =
    host.backup === null
      ? "There is no backup: the manifest names none for this host (`backup:`)."
      : [
          `Backups go to \`${host.backup.to.replaceAll("`", "'")}\` (${host.backup.engine}). The system's own part is saved by root: \`sudo ./backup.sh\`.`,
          "`./restore.sh --dry-run` shows what would come back; what is there stays, unless you say `--replace`, which keeps it beside.",
        ].join("\n");
  const mounts =
    mounted === 0
      ? ""
      : `

What cannot be a link is mounted by a unit of the system, before anybody logs in. That is root's part, for all users:

\`\`\`sh
sudo ./link.sh --dry-run
sudo ./link.sh          # puts the units of systemd/system/ in place; sudo ./unlink.sh undoes it
\`\`\``;
  return `# ${host.name}

<!-- ${generatedFrom(plan)} -->

${kept} things are kept on this machine; ${linked} of them live in the store and are linked from the home${mounted === 0 ? "" : `, ${mounted} more are mounted`}.

\`\`\`sh
./link.sh --dry-run     # what would move and be linked
./link.sh               # do it; ./unlink.sh undoes it
./verify.sh             # is everything where it should be?
\`\`\`

Every script says with \`--help\` what it does. Run them as the user whose home it is.${mounts}

## Backups and cleaning

${backup}

${leftToTheSystem(plan)}To have it done regularly, let the units find these scripts, put the units in their place, and switch their timers on:

\`\`\`sh
mkdir -p ~/.config/remanence && ln -sfnT "$PWD" ~/.config/remanence/host
install -Z -D -m 0644 -t ~/.config/systemd/user systemd/*.service systemd/*.timer
systemctl --user daemon-reload
systemctl --user enable --now $(basename -a systemd/*.timer)
\`\`\`

They run while you are logged in; after \`loginctl enable-linger\` always. They are copies: where SELinux enforces, nobody may start a
unit that is a link into a home. After a change of the manifest, install them again.
${systemText(plan)}`;
}

/** How root's timers are switched on. Root gets copies, in a folder that nobody else can change. */
function systemText(plan: HostPlan): string {
  const units = Object.keys(systemBackupUnits(plan));
  const timers = units.filter((name) => name.endsWith(".timer"));
  if (timers.length === 0) return "";
  const folder = ofRoot.slice(0, ofRoot.lastIndexOf("/"));
  const ofHome = timers.filter((name) => name.includes("@"));
  const ofSystem = timers.filter((name) => !name.includes("@"));
  const user = plan.host.users[0]?.name ?? "";
  return `
${
  ofSystem.length > 0
    ? "The system's own part is saved by root, who runs a copy of the script that nobody else can change:"
    : "On btrfs root can save a home from snapshots, where databases are whole whatever writes them:"
}

\`\`\`sh
sudo install -D -m 0755 -t ${folder} backup.sh restore.sh verify.sh
sudo install -D -m 0644 -t /etc/systemd/system systemd/system/remanence-*
sudo systemctl daemon-reload
${[...ofSystem, ...(ofSystem.length > 0 ? [] : ofHome.map((name) => name.replace("@", () => `@${user}`)))]
  .map((name) => `sudo systemctl enable --now ${name}\n`)
  .join("")}\`\`\`
${
  ofSystem.length > 0 && ofHome.length > 0
    ? `
On btrfs root can save a home as well, from snapshots, where databases are whole whatever writes them, and without anybody
logged in: \`sudo systemctl enable --now remanence-backup@${user}.timer\`, instead of your own \`remanence-backup.timer\`.
`
    : ""
}
After a change of the manifest, install them again. When a backup fails, \`remanence-notify@.service\` says so.
`;
}

/** What expires outside of homes, which no script of ours ages: as root it would follow links that a service can change. */
function leftToTheSystem({ rules }: HostPlan): string {
  const left = rules.filter(
    ({ scope, expire, disposition, live }) =>
      scope === "system" && expire !== null && ["persist", "discard"].includes(disposition) && !isAgedBySystem(live),
  );
  if (left.length === 0) return "";
  const paths = left.map(({ live, expire }) => `\`${live.replaceAll("`", "'")}\` (${expire})`).join(", ");
  return `Nothing here ages what is outside of homes: that is for logrotate, journald and systemd-tmpfiles to do. The manifest has an age for ${paths}.

`;
}
