import { defineDiagnostics } from "../diagnostics/define.ts";

/** What can be wrong with a plan: entries that contradict each other, or a host that cannot keep them so. */
export const planDiagnostics = defineDiagnostics({
  "plan/contradiction": {
    severity: "error",
    message: ({ path, difference }: { path: string; difference: string; other: string }) =>
      `\`${path}\` is listed twice, and the two disagree about ${difference}`,
    label: ({ other }) => `see also ${other}`,
    help: () => "keep one, or limit them with `on:` or `users:` so that only one applies to a host",
  },
  "plan/nested-store": {
    severity: "error",
    message: ({ path, store, outer, outerStore }: { path: string; store: string; outer: string; outerStore: string }) =>
      `\`${path}\` is in store \`${store}\`, but lies inside \`${outer}\`, which is in store \`${outerStore}\``,
    help: ({ outerStore, outer }) =>
      `write \`store: ${outerStore}\`, or list the parts of \`${outer}\` one by one: a mount inside a mount hides one of them`,
  },
  "plan/system-in-home-store": {
    severity: "error",
    message: ({ path, store }: { path: string; store: string }) =>
      `\`${path}\` belongs to the system, but store \`${store}\` lies in the homes`,
    help: () => "give it a store outside every home: `store:` here, or `stores:` of this host",
  },
  "plan/in-place-on-wiped": {
    severity: "error",
    message: ({ path, host }: { path: string; host: string }) =>
      `\`${path}\` is to stay in place, but that file system is wiped on ${host}`,
    help: () => "leave `how: none` away there (`on:`), or list the file system under `nixos.mounts` if it is not wiped",
  },
  "fedora/system-symlink": {
    severity: "warning",
    message: ({ path, host }: { path: string; host: string }) =>
      `\`${path}\` belongs to the system and is no link on ${host}: it stays in its place`,
    help: () => "leave `how` away, or write an entry of its own for NixOS (`on: [nixos]`)",
  },
  "fedora/mount-inside-link": {
    severity: "warning",
    message: ({ path, outer, host }: { path: string; outer: string; host: string }) =>
      `\`${path}\` must be no link on ${host}, and lies inside \`${outer}\`, which is one`,
    help: ({ outer }) => `write \`how: bind\` for \`${outer}\` too, or list the parts of it that you keep one by one`,
  },
  "backup/secret-in-clear": {
    severity: "warning",
    message: ({ path, host }: { path: string; host: string }) =>
      `\`${path}\` is left out of the backup of ${host}: its archives are not encrypted`,
    help: () => "add `encrypt: { age: … }` to the backup, or use restic",
  },
});
