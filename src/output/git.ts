import { simpleGit } from "simple-git";
import { CannotRun } from "../diagnostics/cannot-run.ts";
import { ledgerPath } from "./ledger.ts";

/**
 * Commits generated files, and only those: what the person has staged or changed besides stays as it is. Returns the
 * short name of the commit, or null where there was nothing to commit.
 */
export async function commitOutputs(folder: string, paths: readonly string[]): Promise<string | null> {
  const git = simpleGit({ baseDir: folder });
  if (!(await git.checkIsRepo())) throw new CannotRun(`${folder} is in no git repository: nothing was committed`);
  const all = [...paths, ledgerPath].map((path) => `:(top,literal)${path}`);
  const prefix = (await git.raw("rev-parse", "--show-prefix")).trim();
  const specs = all.map((spec) => spec.replace(":(top,literal)", () => `:(top,literal)${prefix}`));
  const changed = await git.raw("status", "--porcelain", "--untracked-files=all", "--", ...specs);
  if (changed.trim() === "") return null;
  await git.raw("add", "--all", "--", ...specs.filter((spec) => isKnown(changed, spec)));
  const known = specs.filter((spec) => isKnown(changed, spec));
  await git.raw(
    "commit",
    "--quiet",
    "--message",
    "Generate outputs from the manifest (remanence generate)",
    "--",
    ...known,
  );
  return (await git.raw("rev-parse", "--short", "HEAD")).trim();
}

function isKnown(status: string, spec: string): boolean {
  return status.includes(spec.replace(":(top,literal)", ""));
}
