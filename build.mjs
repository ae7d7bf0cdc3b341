// Bundles the command line tool into dist/: a small entry, and all commands as one file that node has compiled already.
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as esbuild from "esbuild";

const { version } = JSON.parse(readFileSync("package.json", "utf8"));

// Names stay as they are, so that the trace of a bug can be read; the rest is shorter to load.
const common = {
  bundle: true,
  platform: "node",
  target: "node20",
  logLevel: "warning",
  minifyWhitespace: true,
  minifySyntax: true,
};
/** In a CommonJS bundle there is no import.meta: the place of the file is known otherwise. */
const places = { "import.meta.dirname": "__dirname", "import.meta.filename": "__filename" };

/** Everything is made beside dist/ and swapped in at the end: whoever runs the command meanwhile has a whole one. */
const out = `dist-${process.pid}`;
await esbuild.build({
  ...common,
  // Not a module: node starts its loader for modules only where one is asked for.
  format: "cjs",
  entryPoints: ["src/cli.ts"],
  outfile: `${out}/cli.cjs`,
  define: { __VERSION__: JSON.stringify(version), ...places },
  banner: { js: "#!/usr/bin/env node" },
});
chmodSync(`${out}/cli.cjs`, 0o755);
const app = await esbuild.build({
  ...common,
  format: "cjs",
  metafile: true,
  entryPoints: ["src/program.ts"],
  outfile: `${out}/app.cjs`,
  define: places,
});
await esbuild.build({
  ...common,
  format: "cjs",
  entryPoints: ["src/match.ts"],
  outfile: `${out}/match.cjs`,
  define: places,
});
// What a report's page and picture consist of: they are embedded, and load nothing.
await esbuild.build({
  bundle: true,
  platform: "browser",
  target: ["chrome123", "firefox120", "safari17.5"],
  logLevel: "warning",
  minify: true,
  entryPoints: {
    report: "src/report/page/main.ts",
    "report-page": "src/report/page/page.css",
    "report-picture": "src/report/page/picture.css",
  },
  outdir: out,
});
await esbuild.build({
  ...common,
  format: "cjs",
  entryPoints: ["src/scan/walk/thread.ts"],
  outfile: `${out}/walker.cjs`,
});
writeFileSync(`${out}/meta.json`, JSON.stringify(app.metafile));
await esbuild.build({
  ...common,
  format: "cjs",
  entryPoints: ["src/profiles/build-index.ts"],
  outfile: `${out}/build-index.cjs`,
  define: places,
});
await esbuild.build({
  ...common,
  format: "cjs",
  entryPoints: ["test/tour/tour.ts"],
  outfile: `${out}/tour.cjs`,
  define: { "import.meta.url": "fileUrl" },
  // As deep below the package as the sources it is made of.
  banner: {
    js: 'const fileUrl = require("node:url").pathToFileURL(require("node:path").join(__dirname, "../test/tour/tour.ts")).href;',
  },
});

// The catalogue as one file, checked here so that nothing has to be checked at run time.
const { printCatalogue, printPathIndex, readProfiles } = (await import(`./${out}/build-index.cjs`)).default;
const { profiles, diagnostics } = readProfiles();
for (const d of diagnostics) process.stderr.write(`${d.span?.file ?? "profiles"}: ${d.code}: ${d.message}\n`);
if (diagnostics.length > 0) giveUp();
writeFileSync(`${out}/profiles.jsonl`, printCatalogue(profiles));
writeFileSync(`${out}/paths.txt`, printPathIndex(profiles));
rmSync(`${out}/build-index.cjs`);

const old = `dist-old-${process.pid}`;
if (existsSync("dist")) renameSync("dist", old);
renameSync(out, "dist");
rmSync(old, { recursive: true, force: true });

// One run of each bundle, and node's compiled code of all that it needed is kept for the runs to come.
const folder = mkdtempSync(join(tmpdir(), "remanence-build-"));
cpSync("docs/examples/mitsio/persistence.yaml", join(folder, "persistence.yaml"));
const manifest = join(folder, "persistence.yaml");
const warmUps = [
  ["scan", "--manifest", manifest, "--host", "desk", "--home", folder, "--lost-on", "disk"],
  ["generate", "--manifest", manifest],
  ["profiles", "match", "-"],
  ["profiles", "match", "--format", "json", "-"],
];
for (const args of warmUps) {
  const warm = spawnSync(process.execPath, [join(process.cwd(), "dist/cli.cjs"), ...args], {
    cwd: tmpdir(),
    env: { ...process.env, REMANENCE_SAVE_CODE_CACHE: "1" },
    input: ".config/x/Cache\n.config/x\nx\n.ssh/x\n.ssh\n/var/lib/x\n",
    encoding: "utf8",
  });
  // Without it everything works, only slower. (1 are findings: a scan has some.)
  if (warm.status !== 0 && warm.status !== 1) process.stderr.write(`no compiled code was kept: ${warm.stderr}`);
}
rmSync(folder, { recursive: true });

function giveUp() {
  rmSync(out, { recursive: true, force: true });
  process.exit(1);
}
