import { simpleGit } from "simple-git";
import { CannotRun } from "../diagnostics/cannot-run.ts";
import { ledgerPath } from "./ledger.ts";

/** Makes sure that there is a git repository around a folder, before anything is written to be committed there. */
export async function requireRepository(folder: string): Promise<void> {
  const { git } = at(folder);
  const inside = await git("rev-parse", "--is-inside-work-tree").catch((error: unknown) => String(error));
  if (inside.trim() === "true") return;
  throw new CannotRun(`nothing can be committed in ${folder}: ${whyNot(inside)}. Nothing was written.`);
}

/**
 * Commits generated files, and only those: what the person has staged or changed besides stays as it is, in the index and
 * in the work tree. Returns the short name of the commit, or null where there was nothing to commit.
 */
export async function commitOutputs(folder: string, paths: readonly string[]): Promise<string | null> {
  const { git } = at(folder);
  const prefix = (await git("rev-parse", "--show-prefix")).replace(/\n$/, "");
  const inRepository = [...paths, ledgerPath].map((path) => prefix + path);
  const states = await statesOf(git, inRepository);
  const changed = inRepository.filter((path) => states.has(path));
  if (changed.length === 0) return null;
  // git commits named paths only where it knows them; a promise to add them changes nothing else in the index.
  const unknown = changed.filter((path) => states.get(path) === "??");
  try {
    if (unknown.length > 0) await git("add", "--intent-to-add", "--", ...unknown.map(literal));
    await git("commit", "--quiet", "--only", "--message", message, "--", ...changed.map(literal));
  } catch (error) {
    if (unknown.length > 0) await git("rm", "--cached", "--quiet", "--force", "--", ...unknown.map(literal));
    throw new CannotRun(`the outputs are written, but git did not commit them: ${reasonOf(error)}`);
  }
  return (await git("rev-parse", "--short", "HEAD")).trim();
}

const message = "Generate outputs from the manifest (remanence generate)";

type Git = (...args: string[]) => Promise<string>;

function at(folder: string): { git: Git } {
  const git = simpleGit({ baseDir: folder });
  return { git: (...args) => git.raw(...args) };
}

/** A path from the top of the repository in which no character means anything but itself. */
function literal(path: string): string {
  return `:(top,literal)${path}`;
}

/** What git says of each of these paths that differ from the last commit: two letters, `??` for what it does not know. */
async function statesOf(git: Git, paths: readonly string[]): Promise<Map<string, string>> {
  const all = await git(
    "status",
    "--porcelain=v1",
    "-z",
    "--no-renames",
    "--untracked-files=all",
    "--",
    ...paths.map(literal),
  );
  const rows = all.split("\0").filter((row) => row !== "");
  return new Map(rows.map((row) => [row.slice(3), row.slice(0, 2)]));
}

function reasonOf(error: unknown): string {
  const said = error instanceof Error ? error.message : String(error);
  return said.trim() === "" ? "it did not say why" : said.trim();
}

/** Why a folder is no place to commit in, from what git answered when it was asked. */
function whyNot(answer: string): string {
  if (answer.includes("not a git repository") || answer.trim() === "false") return "it is in no git repository";
  if (answer.includes("spawn git ENOENT")) return "there is no git on this machine";
  return answer.replace(/^Error: /, "").trim();
}
