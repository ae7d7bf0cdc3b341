import { spawnSync } from "node:child_process";
import { mkdirSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { generated, homeIn, manifestOf, picture } from "../support/chezmoi-tree.ts";
import { describeWith, engineCommand } from "../support/engines.ts";
import { writeFiles } from "../support/workspace.ts";

interface Bind {
  readonly from: string;
  readonly to: string;
}

/** Applies in a mount namespace of its own, with bind mounts in the home; the mounts are gone with it. */
function applyMounted(source: string, home: string, binds: readonly Bind[], os: string, flags: readonly string[] = []) {
  const scratch = `${home}.chezmoi`;
  mkdirSync(scratch, { recursive: true });
  writeFileSync(join(scratch, "chezmoi.toml"), "umask = 0o022\n");
  const data = { chezmoi: { osRelease: { id: os }, homeDir: home, username: "alice", hostname: "any" } };
  const script = 'while [ "$1" != run ]; do mount --bind -- "$1" "$2" || exit 99; shift 2; done; shift; exec "$@"';
  const chezmoi = [
    ...[engineCommand("chezmoi"), `--config=${scratch}/chezmoi.toml`, `--cache=${scratch}/cache`, "--no-pager"],
    ...[`--persistent-state=${scratch}/state.boltdb`, `--source=${source}`, `--destination=${home}`],
    ...[`--override-data=${JSON.stringify(data)}`, "apply", ...flags],
  ];
  const [command = "", ...args] = [
    ...["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh"],
    ...binds.flatMap(({ from, to }) => [from, to]),
    ...["run", ...chezmoi],
  ];
  const run = spawnSync(command, args, {
    env: { PATH: process.env.PATH, HOME: home, LANG: "C.UTF-8" },
    encoding: "utf8",
  });
  return { code: run.status, stderr: run.stderr };
}

describeWith(["chezmoi", "mount-namespace"], "chezmoi apply with bind mounts in the home", () => {
  const manifest = manifestOf([".mozilla/", ".config/app/", "{ path: .local/keys/, class: secret }"]);

  it.each(["nixos", "fedora"])("leaves what is mounted in the place of a link on %s", async (os) => {
    const { folder, source } = await generated(manifest);
    const home = homeIn(folder);
    const store = join(folder, "store");
    writeFiles(store, { "mozilla/places.sqlite": "precious", "app/state": "precious" });
    const binds = [".mozilla", ".config/app"].map((to) => {
      mkdirSync(join(home, to), { recursive: true });
      return { from: join(store, to === ".mozilla" ? "mozilla" : "app"), to: join(home, to) };
    });
    const before = picture(store);
    for (const flags of [[], ["--force"], ["--force", "--keep-going"]]) {
      expect(applyMounted(source, home, binds, os, flags)).toMatchObject({ code: 0 });
      expect(picture(store)).toEqual(before);
    }
    expect(Object.keys(picture(home)).includes(".local/keys")).toBe(os === "fedora");
  });

  it("leaves a file that is mounted in the place of a link", async () => {
    const { folder, source } = await generated(manifestOf(["{ path: .netrc, how: symlink, writes: in-place }"]));
    const home = homeIn(folder);
    writeFiles(folder, { "store/netrc": "password", "home/.netrc": "" });
    const binds = [{ from: join(folder, "store/netrc"), to: join(home, ".netrc") }];
    for (const flags of [[], ["--force"]]) {
      const { code, stderr } = applyMounted(source, home, binds, "fedora", flags);
      expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining("a real file is there") });
    }
    expect(picture(join(folder, "store"))).toEqual({ netrc: "0644 password" });
  });

  it("makes links below a mounted parent, and leaves the rest of it", async () => {
    const { folder, source } = await generated(manifest);
    const home = homeIn(folder);
    writeFiles(folder, { "store/config/other/settings": "mine" });
    mkdirSync(join(home, ".config"));
    const binds = [{ from: join(folder, "store/config"), to: join(home, ".config") }];
    expect(applyMounted(source, home, binds, "fedora", ["--force"]).code).toBe(0);
    expect(picture(join(folder, "store/config"))).toEqual({
      app: "-> ../.remanence/.config/app",
      "other/": "0755",
      "other/settings": "0644 mine",
    });
  });

  it("lays nothing where the mounted store itself is reached through the root link", async () => {
    const { folder, source } = await generated(manifest);
    const home = homeIn(folder);
    writeFiles(folder, { "store/.mozilla/places.sqlite": "precious" });
    mkdirSync(join(home, ".persist"));
    symlinkSync(".persist", join(home, ".remanence"));
    const binds = [{ from: join(folder, "store"), to: join(home, ".persist") }];
    expect(applyMounted(source, home, binds, "fedora", ["--force"]).code).toBe(0);
    expect(readlinkSync(join(home, ".mozilla"))).toBe(".remanence/.mozilla");
    expect(picture(join(folder, "store"))).toEqual({ ".mozilla/": "0755", ".mozilla/places.sqlite": "0644 precious" });
  });
});
