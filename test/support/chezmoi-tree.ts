/** Chezmoi sources as `generate` makes them, homes to apply them to, and pictures of homes to compare. */
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { hasErrors } from "../../src/diagnostics/diagnostic.ts";
import { planWrites } from "../../src/output/plan-writes.ts";
import { applyWrites } from "../../src/output/write.ts";
import { type Compiled, compile } from "../../src/pipeline.ts";
import type { ChezmoiHost } from "./chezmoi.ts";
import { folderWith } from "./workspace.ts";

/** A folder with a manifest, and the chezmoi source in it. */
export interface Generated {
  readonly folder: string;
  readonly source: string;
  readonly compiled: Compiled;
}

/** Generates into a folder that has a manifest; throws where the command would refuse. */
export async function generate(folder: string): Promise<Generated> {
  const compiled = await compile(join(folder, "persistence.yaml"));
  if (hasErrors(compiled.diagnostics)) {
    throw new Error(compiled.diagnostics.map((d) => `${d.code}: ${d.message}`).join("\n"));
  }
  const { ledger } = compiled;
  const plan = planWrites(folder, compiled.tree, ledger, { scope: {}, force: false });
  if (plan.refused.length > 0) throw new Error(plan.refused.map((r) => `refused ${r.path}: ${r.why}`).join("\n"));
  applyWrites(folder, plan, ledger);
  return { folder, source: join(folder, compiled.input.chezmoi.root), compiled };
}

/** Generates from a manifest into a new folder; `files` are there before, such as a person's own source. */
export function generated(manifest: string, files: Readonly<Record<string, string>> = {}): Promise<Generated> {
  return generate(folderWith({ "persistence.yaml": manifest, ...files }));
}

/** What chezmoi's output says of a manifest in a folder of files, as codes; notes left out. */
export async function complaints(manifest: string, files: Readonly<Record<string, string>> = {}): Promise<string[]> {
  const folder = folderWith({ "persistence.yaml": manifest, ...files });
  const { diagnostics } = await compile(join(folder, "persistence.yaml"));
  return diagnostics.filter((d) => d.severity !== "note" && d.code.startsWith("chezmoi/")).map((d) => d.code);
}

/** alice on the Fedora machine `desk`, in a real home. */
export function aliceAt(home: string, other: ChezmoiHost = {}): ChezmoiHost {
  return { os: "fedora", home, username: "alice", hostname: "desk", ...other };
}

/** The manifest of most tests: alice on a NixOS laptop and a Fedora desk, with the given lines under `home:`. */
export function manifestOf(home: readonly string[], hosts = ""): string {
  return [
    "version: 1",
    "users: { alice: {} }",
    "hosts:",
    "  desk: { os: fedora, stores: { persist: ~/.persist } }",
    "  laptop: { os: nixos }",
    ...(hosts === "" ? [] : [hosts]),
    "home:",
    ...home.map((line) => `  - ${line}`),
    "",
  ].join("\n");
}

/** An empty home beside a generated tree. */
export function homeIn(folder: string, name = "home"): string {
  const home = join(folder, name);
  mkdirSync(home);
  return home;
}

/** What is in a folder: each path with its type, mode and content, links as their text, never followed. */
export function picture(folder: string): Record<string, string> {
  const seen: Record<string, string> = {};
  const visit = (below: string): void => {
    for (const name of readdirSync(join(folder, below)).sort()) {
      const path = below === "" ? name : `${below}/${name}`;
      const stat = lstatSync(join(folder, path));
      const mode = (stat.mode & 0o7777).toString(8).padStart(4, "0");
      if (stat.isSymbolicLink()) seen[path] = `-> ${readlinkSync(join(folder, path))}`;
      else if (!stat.isDirectory()) seen[path] = `${mode} ${readFileSync(join(folder, path), "utf8")}`;
      else {
        seen[`${path}/`] = mode;
        visit(path);
      }
    }
  };
  visit("");
  return seen;
}
