/**
 * Folder of the package, with a slash at its end: what ships beside the code (templates, scripts, profiles) is found
 * from here. This file lies directly in `src/`, as deep as the bundle in `dist/`, so one line serves both.
 */
export const packageRoot = new URL("../", import.meta.url);

/** What the build makes: beside the bundle, or in `dist/` when the sources run by themselves. */
const built = /\/(?:app|match)\.cjs$/.test(import.meta.url)
  ? new URL(".", import.meta.url)
  : new URL("dist/", packageRoot);

/** The catalogue, one profile a line, in the order of their names. */
export const catalogueFile = new URL("profiles.jsonl", built);

/** The paths of the catalogue (`profiles/path-index.ts`). */
export const pathIndexFile = new URL("paths.txt", built);

/** What the other threads of a scan run (`scan/walk/thread.ts`). */
export const walkerFile = new URL("walker.cjs", built);
