import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { nearestManifest } from "./commands/nearest-manifest.ts";
import { answerMatches } from "./commands/profiles-match.ts";
import { run } from "./commands/run.ts";
import { guardStreams } from "./commands/terminal.ts";
import { pathIndexFile } from "./package-root.ts";
import type { PlainMatch } from "./plain-match.ts";
import { parsePathIndex } from "./profiles/path-index.ts";

/**
 * `remanence profiles match` without the rest of the program, whose start takes longer than to look up thousands of paths.
 * False, with nothing done, where there may be profiles beside a manifest: to read them takes the rest.
 */
export async function main({ paths, format }: PlainMatch): Promise<boolean> {
  const manifest = nearestManifest(undefined);
  if (manifest !== undefined && existsSync(join(dirname(manifest), "profiles"))) return false;
  guardStreams();
  await run(async () => {
    answerMatches(paths, [parsePathIndex(readFileSync(pathIndexFile, "utf8"))], { format });
    return 0;
  });
  return true;
}
