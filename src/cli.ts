import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { Script } from "node:vm";

declare const __VERSION__: string;

/** The bundle with all commands, and what the build compiled of it, for this version of node. */
const bundle = fileURLToPath(new URL("app.cjs", import.meta.url));
const codeCache = fileURLToPath(new URL(`app.${process.version}-${process.arch}.cache`, import.meta.url));

/**
 * Starts the program. node compiles a bundle anew at each start, which takes longer than most commands; with the code
 * that the build left beside it V8 does not have to (measured: `npm run bench`). Another version of node has no such
 * file, or refuses it, and compiles as usual.
 */
function load(): { main(version: string): Promise<void> } {
  const script = new Script(`(function (exports, require, module, __filename) {${readFileSync(bundle, "latin1")}\n})`, {
    filename: bundle,
    ...cached(),
  });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(import.meta.url), module, bundle);
  saveCache = process.env["REMANENCE_SAVE_CODE_CACHE"] === "1" ? () => script.createCachedData() : undefined;
  return module.exports as ReturnType<typeof load>;
}
let saveCache: (() => Buffer) | undefined;

function cached(): { cachedData?: Buffer } {
  try {
    return { cachedData: readFileSync(codeCache) };
  } catch {
    return {};
  }
}

// The most frequent question of scripts is answered without loading anything.
if (process.argv.length === 3 && (process.argv[2] === "--version" || process.argv[2] === "-V")) {
  // Nobody may be reading any more; that is no fault.
  process.stdout.on("error", () => {});
  process.stdout.write(`${__VERSION__}\n`);
} else {
  load()
    .main(__VERSION__)
    .then(() => {
      if (saveCache !== undefined) writeFileSync(codeCache, saveCache());
    });
}
