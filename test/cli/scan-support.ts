import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { LostRow, ScannedRow, ScanResult } from "../../src/scan/result.ts";
import { folderWith, remanence, writeFiles } from "../support/workspace.ts";
import { run } from "./support.ts";

export const manifest = `version: 1
users: { u: {} }
hosts:
  n: { os: nixos, nixos: { wipe: { path: /, method: tmpfs }, home: standalone } }
  f: { os: fedora, stores: { persist: ~/.persist }, backup: { engine: restic, repository: /backup } }
profiles: [ssh]
system: [/var/lib/nixos/]
home:
  - Documents/
  - { path: .config/app/, class: config, carry: true }
  - { path: .cache/, class: cache }
  - { path: only-here/, on: [f] }
`;

export type Answer = Omit<ScanResult, "lost"> & { readonly lost?: readonly LostRow[] };

/** What a scan answers, of a folder with the manifest; and its exit code. */
export function scanned(folder: string, ...args: string[]): { answer: Answer; code: number | null } {
  const { stdout, stderr, code } = remanence(folder, ["scan", "--format", "json", ...args]);
  expect(stderr).toBe("");
  return { answer: JSON.parse(stdout) as Answer, code };
}

export function paths(rows: readonly ScannedRow[] | undefined): string[] {
  return (rows ?? []).map(({ path }) => path).sort();
}

/** Bytes as `du` counts them. */
export function du(...args: string[]): number {
  return Number(run("du", ["-s", "--block-size=1", ...args], "/").stdout.split("\t")[0]);
}

export function all({ totals, kept }: Answer): number {
  return Object.values(totals).reduce((sum, { bytes }) => sum + bytes, kept.bytes);
}

/** A folder with the manifest, and a home beside it with the given files. */
export function homeWith(files: Readonly<Record<string, string>>, text = manifest): { folder: string; home: string } {
  const folder = folderWith({ "persistence.yaml": text });
  const home = join(folder, "u");
  mkdirSync(home);
  writeFiles(home, files);
  return { folder, home };
}

export const few = {
  "Documents/letter": "x",
  ".config/app/settings": "x",
  ".config/other/settings": "x".repeat(5000),
  ".config/other/more/deep": "x",
  ".cache/thing/x": "x",
  ".ssh/id_ed25519": "x",
  "games/save": "x".repeat(50_000),
  "games/more/save": "x",
};
