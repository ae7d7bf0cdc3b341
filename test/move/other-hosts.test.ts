/** One Fedora machine's archive brought to another, where what lies together on one lies apart on the other. */
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeWith } from "../support/engines.ts";
import { contents, lay, type Run } from "../support/fedora.ts";
import { compileText, scratch, writeTree } from "../support/workspace.ts";
import { accountsOf, type Machine, startMachine } from "./machine.ts";

const manifest = (desk = ""): string => `version: 1
stores: { persist: ~/.persist, bulk: { path: ~/.bulk, backup: false } }
users: { ann: {} }
hosts:
  old: { os: fedora, stores: { persist: ~/.old, bulk: { path: ~/.old-bulk, backup: true } }, backup: { engine: tar, path: /mnt/disk/backup } }
  desk: { os: fedora${desk} }
system:
  - { path: /var/lib/thing/inner/, class: data }
  - { path: /var/lib/thing/, class: log, need: optional, mode: "0710" }
home:
  - { path: docs/, class: data }
  - { path: docs/films/, class: data, store: bulk, on: [nixos] }
  - { path: .config/, class: config, how: none }
  - { path: .config/app/, class: state, on: [desk] }
  - { path: .config/app/gone/, class: cache, on: [desk] }
  - { path: ".config/*/Cache/", class: cache, on: [desk] }
  - { path: .config/app/Cache/kept/, class: data, on: [desk] }
  - { path: .config/nvim/, class: config, carry: true, on: [desk] }
  - { path: videos/, class: data, store: bulk }
  - { path: .ssh/, class: secret }
  - { path: only-old/, class: data, on: [old] }
`;

/** Two machines of ann's with their scripts, and the archives of the old one. */
async function twoMachines(text: string): Promise<{ old: Machine; desk: Machine }> {
  const compiled = await compileText(text);
  const disk = scratch();
  chmodSync(disk, 0o755);
  writeTree(compiled, join(disk, "repo"));
  const people = [{ name: "ann", home: "/home/ann", group: "ann" }];
  const start = (daemons: readonly string[]): Promise<Machine> =>
    startMachine({
      os: "fedora",
      accounts: accountsOf("fedora", people, daemons),
      mounts: ["/home"],
      disk,
      folder: scratch(),
    });
  const [old, desk] = [await start(["thing", "other"]), await start(["other", "thing"])];
  lay(old.at("/home/ann"), {
    docs: { letter: "dear", films: { "a.mkv": "film" } },
    ".config": {
      plain: "plain",
      app: { state: "state", gone: { x: "x" }, Cache: { blob: "x", kept: { ring: "ring" } } },
      web: { "settings ": "kept", Cache: { blob: "x" } },
      nvim: { "init.lua": "in the repo" },
    },
    videos: { "b.mkv": "video" },
    ".ssh": { id: "key" },
    "only-old": { x: "x" },
  });
  lay(old.at("/"), { "var/lib/thing": { log: "x", inner: { db: "data" } }, "mnt/disk/backup": {} });
  old.run(["chown", "-R", "ann:", "/home/ann", "/mnt/disk/backup"]);
  old.run(["chown", "-R", "thing:other", "/var/lib/thing/inner"]);
  must(script(old, "old", "ann", "link"));
  must(script(old, "old", "ann", "backup"));
  must(script(old, "old", "root", "backup"));
  old.run(["chmod", "-R", "a+rX", "/mnt/disk"]);
  return { old, desk };
}

function script(machine: Machine, host: string, as: string, name: string, ...args: string[]): Run {
  return machine.run(["bash", `/mnt/disk/repo/fedora/${host}/${name}.sh`, ...args], { as });
}

function must(done: Run, code = 0): Run {
  expect(done.code, `${done.out}${done.err}`).toBe(code);
  return done;
}

/** Files below a folder of a machine, each with its content's beginning; links and directories left out. */
function filesIn(machine: Machine, folder: string): string[] {
  const found = contents(machine.at(folder));
  return Object.keys(found)
    .filter((path) => found[path]?.startsWith("file "))
    .sort();
}

describeWith(["zstd", "mount-namespace"], "the archive of another Fedora host", () => {
  it("comes apart as this host keeps things, which has no backup of its own", async () => {
    const { desk } = await twoMachines(manifest());
    const done = must(script(desk, "desk", "ann", "restore", "--host", "old"));
    expect(filesIn(desk, "/home/ann").filter((path) => !path.startsWith(".local/"))).toEqual([
      ".bulk/videos/b.mkv",
      ".config/plain",
      ".config/web/settings ",
      ".persist/.config/app/Cache/kept/ring",
      ".persist/.config/app/state",
      ".persist/docs/films/a.mkv",
      ".persist/docs/letter",
    ]);
    expect(done.err).toMatch(/kept on old without a backup.*: ~\/\.ssh$/m);
    must(script(desk, "desk", "ann", "link"));
    must(script(desk, "desk", "ann", "verify"));

    must(script(desk, "desk", "root", "restore", "--host", "old"));
    expect(filesIn(desk, "/var/lib/thing")).toEqual(["inner/db"]);
    const owner = desk.run(["stat", "-c", "%U:%G %a", "/var/lib/thing/inner/db", "/var/lib/thing"]).out;
    expect(owner).toBe("thing:other 644\nroot:root 710\n");
    must(script(desk, "desk", "root", "verify"));
  });

  it("is named where there is no backup of this host, and only hosts of the manifest are known", async () => {
    const { desk } = await twoMachines(manifest());
    expect(must(script(desk, "desk", "ann", "restore"), 2).err).toContain(
      "--host NAME brings what another one saved: old",
    );
    expect(must(script(desk, "desk", "ann", "restore", "--host", "odl"), 2).err).toContain("known: old");
    expect(filesIn(desk, "/home/ann")).toEqual([]);
  });

  it("brings one entry without what lies in it and goes elsewhere", async () => {
    const { desk } = await twoMachines(manifest(", backup: { engine: tar, path: /mnt/disk/new }"));
    must(script(desk, "desk", "ann", "restore", "--host", "old", "--only", ".config", "--class", "config"));
    const files = filesIn(desk, "/home/ann").filter((path) => !path.startsWith(".local/"));
    expect(files.filter((path) => !path.startsWith(".persist/"))).toEqual([".config/plain", ".config/web/settings "]);
  });
});
