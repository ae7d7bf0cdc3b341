import { existsSync } from "node:fs";
import { join } from "node:path";
import { builtIndex } from "./built-index.ts";
import { type PathIndex, parsePathIndex, printPathIndex } from "./path-index.ts";

/** The index of the catalogue, and before it that of the profiles beside the manifest in `folder`, where there are any. */
export async function loadPathIndexes(folder: string | undefined): Promise<readonly PathIndex[]> {
  const ours = builtIndex();
  if (folder === undefined || !existsSync(join(folder, "profiles"))) return [ours];
  // To read YAML takes longer than all else.
  const { loadCatalogue } = await import("./catalogue.ts");
  const { catalogue } = await loadCatalogue(folder);
  const local = catalogue.names.flatMap((name) => catalogue.get(name) ?? []).filter((profile) => profile.local);
  return [parsePathIndex(printPathIndex(local)), ours];
}
