import { join } from "node:path";

/**
 * Folder of the package: what ships beside the code (templates, scripts, profiles) is found from here. This file lies
 * directly in `src/`, as deep as the bundle in `dist/`, so one line serves both.
 */
export const packageRoot = join(import.meta.dirname, "..");

/** What the build makes: beside the bundle, or in `dist/` when the sources run by themselves. */
const built = import.meta.filename.endsWith(".cjs") ? import.meta.dirname : join(packageRoot, "dist");

/** The catalogue, one profile a line, in the order of their names. */
export const catalogueFile = join(built, "profiles.jsonl");

/** The paths of the catalogue (`profiles/path-index.ts`). */
export const pathIndexFile = join(built, "paths.txt");

/** What the other threads of a scan run (`scan/walk/thread.ts`). */
export const walkerFile = join(built, "walker.cjs");
