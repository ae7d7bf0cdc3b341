import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** The manifest that is named, else the nearest `persistence.yaml` from here upward; undefined where there is none. */
export function nearestManifest(named: string | undefined): string | undefined {
  if (named !== undefined) return named;
  for (let at = process.cwd(); ; at = dirname(at)) {
    const file = join(at, "persistence.yaml");
    if (existsSync(file)) return file;
    if (at === resolve("/")) return undefined;
  }
}
