/**
 * Folder of the package, with a slash at its end: what ships beside the code (templates, scripts, profiles) is found
 * from here. This file lies directly in `src/`, as deep as the bundle in `dist/`, so one line serves both.
 */
export const packageRoot = new URL("../", import.meta.url);

/** The catalogue that the build makes: beside the bundle, or in `dist/` when the sources run by themselves. */
export const catalogueFile = import.meta.url.endsWith("/app.cjs")
  ? new URL("profiles.json", import.meta.url)
  : new URL("dist/profiles.json", packageRoot);
