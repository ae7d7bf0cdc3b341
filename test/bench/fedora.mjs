// The scripts for Fedora beside the tools that people would use instead: relocation across mounts beside `cp -a`, and a
// run that changes nothing beside `stow`. Needs root, for the mounts; without it, or without stow, there are fewer rows.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const rounds = 3;

function run(command, env = {}) {
  const [program, ...args] = command;
  const start = process.hrtime.bigint();
  const done = spawnSync(program, args, {
    encoding: "utf8",
    env: { PATH: `/usr/bin:/usr/sbin:${process.env.PATH}`, ...env },
  });
  const end = process.hrtime.bigint();
  if (done.status !== 0)
    throw new Error(`${command.join(" ")} ended with ${done.status}: ${done.stdout}${done.stderr}`);
  return Number(end - start) / 1e6;
}

/** The scripts of a host whose home keeps these directories, in a store. */
function scriptsFor(folder, cli, paths, store) {
  const manifest = join(folder, "persistence.yaml");
  const head = `version: 1\nusers: { ann: {} }\nhosts: { desk: { os: fedora, stores: { persist: ${store} } } }\nhome:\n`;
  writeFileSync(manifest, head + paths.map((path) => `  - ${path}/\n`).join(""));
  run([process.execPath, cli, "generate", "--manifest", manifest]);
  return join(folder, "fedora", "desk");
}

/** So many files of a kilobyte or so, a hundred in a directory. */
function layFiles(folder, count) {
  for (let i = 0; i < count; i++) {
    if (i % 100 === 0) mkdirSync(join(folder, `d${i / 100}`), { recursive: true });
    writeFileSync(join(folder, `d${Math.floor(i / 100)}`, `f${i}`), `${i} `.repeat(1 + ((i * 37) % 400)));
  }
}

function mount(folder, kind) {
  mkdirSync(folder);
  if (kind === "tmpfs") run(["mount", "-t", "tmpfs", "tmpfs", folder]);
  else {
    run(["truncate", "-s", "1G", `${folder}.img`]);
    run(["mkfs.ext4", "-q", "-N", "200000", `${folder}.img`]);
    run(["mount", "-o", "loop", `${folder}.img`, folder]);
  }
}

/** The fastest `cp -a` and the fastest link.sh of one tree from one file system to another of its kind. */
function relocation(cli, kind) {
  const folder = mkdtempSync(join(tmpdir(), "remanence-bench-"));
  const [from, to] = [join(folder, "from"), join(folder, "to")];
  try {
    for (const top of [from, to]) mount(top, kind);
    const home = join(from, "home");
    const store = join(to, "home", "ann");
    mkdirSync(join(home, "app"), { recursive: true });
    mkdirSync(store, { recursive: true });
    layFiles(join(home, "app"), 50_000);
    const link = join(scriptsFor(folder, cli, ["app"], to), "link.sh");
    const best = { copy: Number.POSITIVE_INFINITY, link: Number.POSITIVE_INFINITY };
    for (let round = 0; round < rounds; round++) {
      run(["sync", "-f", from, to]);
      best.copy = Math.min(best.copy, run(["cp", "-a", join(home, "app"), join(to, "copy")]));
      rmSync(join(to, "copy"), { recursive: true });
      run(["sync", "-f", from, to]);
      best.link = Math.min(best.link, run(["bash", link, "--yes"], { HOME: home }));
      run(["rm", join(home, "app"), join(store, "app.remanence-copied")]);
      run(["mv", "-T", join(home, "app.remanence-original"), join(home, "app")]);
      rmSync(join(store, "app"), { recursive: true });
    }
    return best;
  } finally {
    for (const top of [from, to]) spawnSync("umount", [top]);
    rmSync(folder, { recursive: true });
  }
}

/** The fastest run of link.sh and of stow that have nothing to do about a hundred directories. */
function nothingToDo(cli) {
  const folder = mkdtempSync(join(tmpdir(), "remanence-bench-"));
  try {
    const names = Array.from({ length: 100 }, (_, i) => `app${i}`);
    const [home, packages, target] = ["home", "packages", "target"].map((name) => join(folder, name));
    mkdirSync(target);
    for (const name of names) {
      for (const place of [join(home, name), join(packages, name, name)]) {
        mkdirSync(place, { recursive: true });
        writeFileSync(join(place, "file"), name);
      }
    }
    const link = join(scriptsFor(folder, cli, names, "~/.persist"), "link.sh");
    const jobs = { link: ["bash", link], stow: ["stow", "--dir", packages, "--target", target, ...names] };
    if (spawnSync("stow", ["--version"]).error !== undefined) delete jobs.stow;
    const best = {};
    for (const command of Object.values(jobs)) run(command, { HOME: home });
    for (let round = 0; round < 5; round++) {
      for (const [name, command] of Object.entries(jobs))
        best[name] = Math.min(best[name] ?? Number.POSITIVE_INFINITY, run(command, { HOME: home }));
    }
    return best;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Rows for the table: what, milliseconds, ratio, limit of the ratio. */
export function fedoraRows(cli) {
  const rows = [];
  if (process.getuid() === 0) {
    for (const kind of ["ext4", "tmpfs"]) {
      const { copy, link } = relocation(cli, kind);
      rows.push([`cp -a of 50,000 files, ${kind} to ${kind}`, copy, 1, undefined]);
      rows.push([`link.sh of the same, to that of cp -a`, link, link / copy, 3]);
    }
  }
  const { link, stow } = nothingToDo(cli);
  if (stow !== undefined) rows.push(["stow of 100 packages, nothing to do", stow, 1, undefined]);
  // Half a second and a bit: what a person waits for without noticing.
  rows.push(["link.sh of 100 entries, to 0.6 s", link, link / 600, 1]);
  return rows;
}
