// Bundles the command line tool into dist/: one entry and a chunk a command, so that a start loads only what it needs.
import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import * as esbuild from "esbuild";

const { version } = JSON.parse(readFileSync("package.json", "utf8"));

// commander, @iarna/toml and ejs are CommonJS inside: they need a `require` in the ES module bundle.
const requireBanner = 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';

const common = {
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  splitting: true,
  outdir: "dist",
  outExtension: { ".js": ".mjs" },
  chunkNames: "[name]-[hash]",
  define: { __VERSION__: JSON.stringify(version) },
  banner: { js: requireBanner },
  logLevel: "warning",
};

rmSync("dist", { recursive: true, force: true });
const result = await esbuild.build({
  ...common,
  metafile: true,
  entryPoints: { cli: "src/cli.ts", tour: "test/tour/tour.ts", "build-index": "src/profiles/build-index.ts" },
});
writeFileSync("dist/meta.json", JSON.stringify(result.metafile));
const cli = readFileSync("dist/cli.mjs", "utf8");
writeFileSync("dist/cli.mjs", `#!/usr/bin/env node\n${cli}`);
chmodSync("dist/cli.mjs", 0o755);

// The catalogue as one file, checked here so that nothing has to be checked at run time.
const { readProfiles } = await import("./dist/build-index.mjs");
const { profiles, diagnostics } = readProfiles();
for (const d of diagnostics) console.error(`${d.span?.file ?? "profiles"}: ${d.code}: ${d.message}`);
if (diagnostics.length > 0) process.exit(1);
writeFileSync("dist/profiles.json", JSON.stringify(profiles));
rmSync("dist/build-index.mjs");
