import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EngineName, findEngine } from "../support/engine-table.ts";

/** What one real engine says of the outputs in a folder: lines of complaint, none where it is content, null without it. */
export interface Check {
  readonly name: string;
  readonly engine: EngineName;
  look(folder: string): readonly string[] | null;
}

function filesBelow(folder: string, end: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(end))
    .map((path) => join(folder, path));
}

/** Complaints of one run: what it says where it fails, or where it must say nothing. */
function complaints(command: string, args: readonly string[], silent = false): string[] {
  const run = spawnSync(command, args, { encoding: "utf8" });
  const text = `${run.stdout}${run.stderr}`.trim();
  if (run.status === 0 && (!silent || text === "")) return [];
  return (text === "" ? `${command} ended with ${run.status}` : text).split("\n").slice(0, 8);
}

function perFile(name: string, engine: EngineName, end: string, args: readonly string[]): Check {
  return {
    name,
    engine,
    look(folder) {
      const found = findEngine(engine);
      if (found === undefined) return null;
      return filesBelow(folder, end).flatMap((file) => complaints(found.command, [...args, file]));
    },
  };
}

/** Each link and directory that chezmoi would lay, computed by chezmoi itself for a machine of each system. */
const chezmoi: Check = {
  name: "chezmoi source",
  engine: "chezmoi",
  look(folder) {
    const found = findEngine("chezmoi");
    if (found === undefined) return null;
    const scratch = mkdtempSync(join(tmpdir(), "remanence-tour-"));
    const home = join(scratch, "home");
    mkdirSync(home);
    writeFileSync(join(scratch, "chezmoi.toml"), "");
    const options = [
      ["config", join(scratch, "chezmoi.toml")],
      ["source", join(folder, "chezmoi")],
      ["destination", home],
      ["cache", join(scratch, "cache")],
      ["persistent-state", join(scratch, "state.boltdb")],
    ].map(([name, value]) => `--${name}=${value}`);
    const lines = ["fedora", "nixos"].flatMap((id) => {
      const data = `--override-data=${JSON.stringify({ chezmoi: { osRelease: { id } } })}`;
      return complaints(found.command, [...options, data, "--no-pager", "apply", "--dry-run"]);
    });
    rmSync(scratch, { recursive: true });
    return lines;
  },
};

const units: Check = {
  name: "systemd units",
  engine: "systemd",
  look(folder) {
    const found = findEngine("systemd");
    if (found === undefined) return null;
    const runtime = mkdtempSync(join(tmpdir(), "remanence-tour-"));
    const args = [`XDG_RUNTIME_DIR=${runtime}`, found.command, "verify", "--user", "--man=no"];
    const files = [...filesBelow(folder, ".service"), ...filesBelow(folder, ".timer")];
    const lines = files.flatMap((file) => complaints("env", [...args, file], true));
    rmSync(runtime, { recursive: true });
    return lines;
  },
};

export const checks: readonly Check[] = [
  perFile("Nix modules", "nix", ".nix", ["--parse"]),
  chezmoi,
  perFile("Fedora scripts", "shellcheck", ".sh", ["--severity=style"]),
  perFile("Fedora scripts", "shfmt", ".sh", ["-d", "-i", "2", "-ci"]),
  units,
];
