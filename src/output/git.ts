import { type SimpleGit, simpleGit } from "simple-git";
import { CannotRun } from "../diagnostics/cannot-run.ts";
import { ledgerPath } from "./ledger.ts";

/** Makes sure that there is a git repository around a folder, before anything is written to be committed there. */
export async function requireRepository(folder: string): Promise<void> {
  const inside = await gitIn(folder)
    .raw("rev-parse", "--is-inside-work-tree")
    .catch((error: unknown) => String(error));
  if (inside.trim() === "true") return;
  throw new CannotRun(`nothing can be committed in ${folder}: ${whyNot(inside)}. Nothing was written.`);
}

/**
 * Commits generated files, and only those: what the person has staged or changed besides stays as it is, in the index and
 * in the work tree. Returns the short name of the commit, or null where there was nothing to commit.
 */
export async function commitOutputs(folder: string, paths: readonly string[]): Promise<string | null> {
  const git: Git = (...args) =>
    gitIn(folder)
      .raw(...args)
      .catch(refuse);
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
    throw error;
  }
  return (await git("rev-parse", "--short", "HEAD")).trim();
}

const message = "Generate outputs from the manifest (remanence generate)";

type Git = (...args: string[]) => Promise<string>;

/**
 * What git is told by the environment: who commits, and where its settings are. Where the repository and its index are is
 * decided by the folder alone, also in a hook of another repository.
 */
const allowEnvironment = [
  ...["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_AUTHOR_DATE"],
  ...["GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "GIT_COMMITTER_DATE"],
  ...["GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_CEILING_DIRECTORIES"],
];

function gitIn(folder: string): SimpleGit {
  return simpleGit({ baseDir: folder, allowEnvironment, unsafe: { allowUnsafeConfigPaths: true } });
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

function refuse(error: unknown): never {
  const said = error instanceof Error ? error.message.trim() : String(error);
  throw new CannotRun(`the outputs are written, but git did not commit them: ${said || "it did not say why"}`);
}

/** Why a folder is no place to commit in, from what git answered when it was asked. */
function whyNot(answer: string): string {
  if (answer.includes("not a git repository") || answer.trim() === "false") return "it is in no git repository";
  if (answer.includes("spawn git ENOENT")) return "there is no git on this machine";
  return answer.replace(/^Error: /, "").trim();
}
