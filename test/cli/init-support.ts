import { expect } from "vitest";
import { parse } from "yaml";
import { account, fedoraRelease, type MadeRoot, madeRoot, nixosRelease, services } from "../support/made-root.ts";
import { type CliRun, readText, remanence, scratch } from "../support/workspace.ts";

export interface Written {
  readonly users?: Record<string, { home?: string }>;
  readonly hosts: Record<string, Record<string, unknown>>;
  readonly profiles?: (string | { name: string; flavour?: string; users?: string[] })[];
  readonly system?: unknown[];
  readonly home?: unknown[];
  readonly outputs?: Record<string, string>;
}

export interface Result {
  readonly folder: string;
  readonly run: CliRun;
  readonly text: string;
  readonly manifest: Written;
}

/** Runs `init --yes` on a made-up system and shows that generate takes what it wrote, without a word. */
export function initOn(system: MadeRoot, ...more: string[]): Result {
  return initIn(scratch(), "--root", madeRoot(system), ...more);
}

export function initIn(folder: string, ...args: string[]): Result {
  const run = remanence(folder, ["init", "--yes", ...args]);
  expect(run).toMatchObject({ code: 0, stderr: "" });
  const text = readText(folder, "persistence.yaml");
  // Were there anything to find, generate would count it here.
  expect(remanence(folder, ["generate"])).toMatchObject({ code: 0, stderr: "" });
  return { folder, run, text, manifest: parse(text) as Written };
}

/** What `check` finds in a folder. */
export function findingsIn(folder: string): unknown[] {
  return (JSON.parse(remanence(folder, ["check", "--format", "json"]).stdout) as { diagnostics: unknown[] })
    .diagnostics;
}

/** Takes the sign of a comment off the line that has these words and of those around it that belong to it. */
export function switchedOn(text: string, start: RegExp): string {
  const lines = text.split("\n");
  const at = lines.findIndex((line) => start.test(line));
  expect(at, `${start}`).toBeGreaterThan(-1);
  const indent = /^\s*# /.exec(lines[at] ?? "")?.[0] ?? "";
  for (let i = at; i < lines.length; i++) {
    const line = lines[i] ?? "";
    if (!line.startsWith(indent) || (i > at && !line.startsWith(`${indent}  `))) break;
    lines[i] = line.replace("# ", "");
  }
  return lines.join("\n");
}

export const nixos: MadeRoot = {
  paths: [
    ...[".ssh/", ".mozilla/", "Documents/", ".config/nvim/", ".bashrc", ".local/share/chezmoi/"].map(
      (p) => `home/mitsio/${p}`,
    ),
    ...["nixos/", "bluetooth/", "private/"].map((p) => `var/lib/${p}`),
    ...["etc/machine-id", "etc/NetworkManager/system-connections/", "run/current-system/sw/bin/htop"],
  ],
  files: {
    "etc/static/os-release": nixosRelease,
    "etc/hostname": "laptop\n",
    "etc/passwd": services + account("mitsio", 1000, "/home/mitsio", 100),
    "proc/self/mounts":
      "/dev/sda2 / btrfs rw,subvolid=256,subvol=/@ 0 0\n/dev/sda2 /home btrfs rw,subvol=/@home 0 0\n/dev/sda2 /nix btrfs rw 0 0\n",
  },
  links: { "etc/os-release": "/etc/static/os-release" },
};

export const fedora: MadeRoot = {
  paths: [
    ...[".ssh/", ".mozilla/", "Dokumente/", "Downloads/", ".config/discord/", ".npm/_cacache/"].map(
      (p) => `home/alice/${p}`,
    ),
    ...[".var/app/org.mozilla.firefox/", "Documents/", ".var/app/com.brave.Browser/", ".bashrc"].map(
      (p) => `home/bob/${p}`,
    ),
    ...["var/lib/flatpak/app/com.spotify.Client/", "usr/bin/firefox", "usr/bin/htop", "var/log/", "root/.ssh/"],
  ],
  files: {
    "usr/lib/os-release": fedoraRelease,
    "etc/hostname": "desk.example.org\n",
    "etc/passwd": services + account("bob", 1001) + account("alice", 1000),
    "proc/self/mounts": "/dev/mapper/luks / btrfs rw,subvol=/root 0 0\n",
    "home/alice/.config/user-dirs.dirs":
      'XDG_DOCUMENTS_DIR="$HOME/Dokumente"\nXDG_DOWNLOAD_DIR="$HOME/Downloads"\nXDG_VIDEOS_DIR="/data/Videos"\n',
  },
  links: { "etc/os-release": "../usr/lib/os-release" },
};
