import type { HostPlan } from "../../plan/plan.ts";
import { isRelocated } from "../../plan/plan.ts";
import { generatedFrom } from "../emitter.ts";

/** The page beside the scripts: what they are, and the three commands to run. */
export function readmeOf(plan: HostPlan): string {
  const { host, entries } = plan;
  const linked = entries.filter(isRelocated).length;
  const kept = entries.filter((entry) => entry.disposition === "persist").length;
  const backup =
    host.backup === null
      ? "There is no backup: the manifest names none for this host (`backup:`)."
      : [
          `Backups go to \`${host.backup.to.replaceAll("`", "'")}\` (${host.backup.engine}). The system's own part is saved by root: \`sudo ./backup.sh\`.`,
          "`./restore.sh --dry-run` shows what would come back; what is there stays, unless you say `--replace`, which keeps it beside.",
        ].join("\n");
  return `# ${host.name}

<!-- ${generatedFrom(plan)} -->

${kept} things are kept on this machine; ${linked} of them live in the store and are linked from the home.

\`\`\`sh
./link.sh --dry-run     # what would move and be linked
./link.sh               # do it; ./unlink.sh undoes it
./verify.sh             # is everything where it should be?
\`\`\`

Every script says with \`--help\` what it does. Run them as the user whose home it is.

## Backups and cleaning

${backup}

To have it done regularly, let the units find these scripts, then switch their timers on:

\`\`\`sh
mkdir -p ~/.config/remanence && ln -sfnT "$PWD" ~/.config/remanence/host
systemctl --user enable --now "$PWD"/systemd/*.timer
\`\`\`
`;
}
