import { defineDiagnostics } from "../../diagnostics/define.ts";

/** What the Fedora scripts cannot do, said before anything is written. */
export const fedoraDiagnostics = defineDiagnostics({
  "fedora/combination": {
    severity: "error",
    message: ({ link }: { link: string }) =>
      `\`home: standalone\` does not go with \`link: ${link}\`: home-manager makes links, and there would be none`,
    help: () => "leave one of the two away",
  },
  "fedora/unsupported": {
    severity: "error",
    message: ({ what }: { what: string; instead: string }) => `${what} is not written yet`,
    help: ({ instead }) => instead,
  },
  "fedora/mount-unit": {
    severity: "error",
    message: ({ path, why }: { path: string; why: string }) => `\`${path}\` cannot have a mount unit: ${why}`,
    help: () => "keep the directory around it, or leave it in its place (`how: none`), where it is backed up",
  },
  "fedora/atomic-store": {
    severity: "error",
    message: ({ store, path }: { store: string; path: string }) =>
      `store \`${store}\` cannot lie in \`${path}\` on Fedora Atomic: only what is below /var can be written and stays`,
    help: ({ store }) =>
      `place it below /var for this host: \`stores: { ${store}: /var/persist }\`, or in the homes: \`~/.persist\``,
  },
  "fedora/atomic-etc": {
    severity: "error",
    message: ({ path }: { path: string }) =>
      `\`${path}\` cannot be mounted from a store on Fedora Atomic, which merges /etc anew with each update`,
    help: () => "leave `how` away: it stays in its place, where it is backed up",
  },
  "fedora/schedule": {
    severity: "error",
    message: ({ schedule }: { schedule: string }) => `\`${schedule}\` cannot be a schedule`,
    help: () => "write a systemd calendar expression such as `daily` or `*-*-* 03:00`",
  },
  "fedora/backup-path": {
    severity: "error",
    message: ({ path }: { path: string }) => `\`${path}\` cannot be the folder of the backups: it must be absolute`,
    help: () => "name the folder that is mounted for it (/mnt/backup)",
  },
});
