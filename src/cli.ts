import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Script } from "node:vm";
import { type PlainMatch, plainMatch } from "./plain-match.ts";

declare const __VERSION__: string;

/** What a bundle that was started knows of the code that V8 has compiled of it. */
interface Started<Main> {
  readonly main: Main;
  saveCode(): void;
}

/**
 * Starts a bundle. node compiles it anew at each start, which takes longer than most commands; with the code that the
 * build left beside it V8 does not have to (measured: `npm run bench`). Another version of node has no such file, or
 * refuses it, and compiles as usual.
 */
function start<Main>(name: "app" | "match"): Started<Main> {
  const file = join(import.meta.dirname, `${name}.cjs`);
  const codeCache = join(import.meta.dirname, `${name}.${process.version}-${process.arch}.cache`);
  const script = new Script(
    `(function (exports, require, module, __filename, __dirname) {${readFileSync(file, "latin1")}\n})`,
    {
      filename: file,
      ...cached(codeCache),
    },
  );
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(file), module, file, import.meta.dirname);
  const { main } = module.exports as { main: Main };
  return {
    main,
    saveCode() {
      if (process.env["REMANENCE_SAVE_CODE_CACHE"] === "1") writeFileSync(codeCache, script.createCachedData());
    },
  };
}

function cached(file: string): { cachedData?: Buffer } {
  try {
    return { cachedData: readFileSync(file) };
  } catch {
    return {};
  }
}

async function run(args: readonly string[]): Promise<void> {
  // The most frequent questions of scripts are answered without loading everything.
  if (args.length === 1 && (args[0] === "--version" || args[0] === "-V")) {
    // Nobody may be reading any more; that is no fault.
    process.stdout.on("error", () => {});
    process.stdout.write(`${__VERSION__}\n`);
    return;
  }
  const asked = plainMatch(args);
  if (asked !== undefined) {
    const match = start<(asked: PlainMatch) => Promise<boolean>>("match");
    const isAnswered = await match.main(asked);
    match.saveCode();
    if (isAnswered) return;
  }
  const app = start<(version: string) => Promise<void>>("app");
  await app.main(__VERSION__);
  app.saveCode();
}

void run(process.argv.slice(2));
