import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { nearestManifest } from "./commands/nearest-manifest.ts";
import { answerMatches } from "./commands/profiles-match.ts";
import { run } from "./commands/run.ts";
import type { PlainMatch } from "./plain-match.ts";
import { builtIndex } from "./profiles/built-index.ts";

/**
 * `remanence profiles match` without the rest of the program, whose start takes longer than to look up thousands of paths.
 * False, with nothing done, where there may be profiles beside a manifest: to read them takes the rest.
 */
export async function main({ paths, ...options }: PlainMatch): Promise<boolean> {
  const manifest = nearestManifest(undefined);
  if (manifest !== undefined && existsSync(join(dirname(manifest), "profiles"))) return false;
  // It is over before optimised code would be of use, and at the end node waits for what is being optimised.
  setFlagsFromString("--no-opt");
  await run(async () => {
    answerMatches(paths, [builtIndex()], options);
    return 0;
  });
  // As it was: the build keeps compiled code, which is for these flags only.
  setFlagsFromString("--opt");
  return true;
}
