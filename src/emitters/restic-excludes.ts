import { resticExclude } from "../languages/restic.ts";
import { type BackupSet, chainBetween, rootsInside } from "../plan/backup-set.ts";
import { type AbsolutePath, joinPath } from "../plan/path.ts";
import { fixedPrefix } from "../plan/rule-index.ts";

/** A line for restic's exclude file with the reason. */
export interface ExcludeLine {
  readonly line: string;
  /** The folder that all it matches lies in, or the path itself. */
  readonly place: AbsolutePath;
  readonly note: string | null;
}

/**
 * What restic leaves out. Where something that is backed up lies inside, the directory itself is let through and its
 * content excluded but for the way there (restic has no other way back in).
 */
export function resticExcludes(set: BackupSet): ExcludeLine[] {
  return set.excludes.flatMap((exclude) => {
    const { path, pattern, entry } = exclude;
    const place = pattern ? fixedPrefix(path) : path;
    const inside = rootsInside(set, exclude);
    if (inside.length === 0) return [{ line: resticExclude(path, pattern), place, note: entry.note }];
    const lines = [{ line: resticExclude(joinPath(path, "*"), true), place, note: entry.note }];
    for (const root of inside) {
      const top = pattern ? firstComponents(root.path, path.split("/").length) : path;
      const chain = chainBetween(top, root.path);
      if (chain.length === 0) lines.push({ line: resticExclude(root.path, false, true), place, note: "kept" });
      chain.forEach((step, i) => {
        lines.push({ line: resticExclude(step, false, true), place, note: "kept" });
        if (i < chain.length - 1) lines.push({ line: resticExclude(joinPath(step, "*"), true), place, note: null });
      });
    }
    return lines;
  });
}

function firstComponents(path: AbsolutePath, count: number): AbsolutePath {
  return path.split("/").slice(0, count).join("/") as AbsolutePath;
}
