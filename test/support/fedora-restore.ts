/** Homes that were backed up, to restore them. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Content, expectRun, lay, manifestOf, newHome, type Scripts, scriptsOf } from "./fedora.ts";
import { quicken } from "./restic-key.ts";
import { scratch } from "./workspace.ts";

export type Engine = "tar" | "restic";

export interface SavedHome {
  readonly scripts: Scripts;
  readonly home: string;
  /** The folder of archives, or the repository. */
  readonly to: string;
}

/** What stays in a home of what restore.sh made on its way. */
export const stagesIn = (folder: string): string[] =>
  readdirSync(folder).filter((name) => name.startsWith(".remanence-restore"));

/** The archive in a folder of one. */
export const archiveIn = (to: string): string =>
  join(to, readdirSync(to).find((name) => /\.zst(?:\.age)?$/.test(name)) ?? "");

/** A home with the given entries and content, linked and backed up. */
export async function savedHome(
  entries: readonly string[],
  content: { readonly [path: string]: Content },
  { engine = "tar", home = newHome(), store }: { engine?: Engine; home?: string; store?: string } = {},
): Promise<SavedHome> {
  const to = join(scratch(), "backup");
  if (engine === "tar") mkdirSync(to);
  const backup =
    engine === "tar"
      ? `{ engine: tar, path: "${to}" }`
      : `{ engine: restic, repository: "${to}", password-file: ~/.password }`;
  const scripts = await scriptsOf(manifestOf(entries, { backup, ...(store === undefined ? {} : { store }) }));
  lay(home, content);
  writeFileSync(join(home, ".password"), "secret\n", { mode: 0o600 });
  expectRun(0, scripts, "link", ["--yes"], { home });
  expectRun(0, scripts, "backup", engine === "restic" ? ["--init"] : [], { home });
  if (engine === "restic") quicken(to);
  return { scripts, home, to };
}

/** Takes away everything but the password. */
export function lose(home: string): void {
  for (const name of readdirSync(home)) if (name !== ".password") rmSync(join(home, name), { recursive: true });
}

/** Scripts that have more settings than their manifest gave them. */
export function withSettings({ scripts }: { scripts: Scripts }, lines: readonly string[]): Scripts {
  const file = join(scripts.folder, "restore.sh");
  const text = readFileSync(file, "utf8").replace(/^settings\(\) \{\n[\s\S]*?^\}/m, (whole) =>
    whole.replace(/\}$/, () => `${lines.map((line) => `  ${line}\n`).join("")}}`),
  );
  writeFileSync(file, text);
  return scripts;
}
