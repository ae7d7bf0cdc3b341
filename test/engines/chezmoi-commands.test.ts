import { spawnSync } from "node:child_process";
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { apply } from "../support/chezmoi.ts";
import { aliceAt, generate, generated, homeIn, manifestOf, picture } from "../support/chezmoi-tree.ts";
import { describeWith, engineCommand } from "../support/engines.ts";
import { writeFiles } from "../support/workspace.ts";

const browser = manifestOf([".mozilla/", ".config/app/"]);
const precious = { ".mozilla/prof/places.sqlite": "precious", ".config/app/state": "also precious" };

/** Runs any command of chezmoi at a home, in the world that `apply` has. */
function run(source: string, home: string, args: readonly string[]) {
  const data = { chezmoi: { osRelease: { id: "fedora" }, homeDir: home, username: "alice", hostname: "desk" } };
  const options = [
    `--source=${source}`,
    `--destination=${home}`,
    `--config=${home}.chezmoi/chezmoi.toml`,
    `--cache=${home}.chezmoi/cache`,
    `--persistent-state=${home}.chezmoi/state.boltdb`,
    `--override-data=${JSON.stringify(data)}`,
  ];
  const { status, stderr } = spawnSync(engineCommand("chezmoi"), [...options, "--no-pager", ...args], {
    env: { PATH: process.env.PATH, HOME: home, LANG: "C.UTF-8" },
    encoding: "utf8",
  });
  return { status, stderr };
}

describeWith(["chezmoi"], "commands of chezmoi on what the guard holds back", () => {
  it.each([
    ["add"],
    ["add", "--follow"],
    ["add", "--recursive=false"],
    ["re-add"],
    ["forget", "--force"],
    ["destroy", "--force"],
    ["remove", "--force"],
    ["chattr", "+private"],
    ["merge"],
    ["apply", "--force"],
    ["apply", "--force", "--source-path=false"],
    ["apply", "--force", "--parent-dirs"],
    ["apply", "--force", "--include=symlinks"],
    ["apply", "--force", "--exclude=dirs,externals,scripts"],
  ])("leave state as it is: %s %s", async (...args) => {
    const { folder, source } = await generated(browser, { "chezmoi/dot_bashrc": "" });
    const home = homeIn(folder);
    writeFiles(home, precious);
    expect(apply(source, home, [], aliceAt(home)).code).toBe(0);
    const before = picture(home);
    run(source, home, [...args, join(home, ".mozilla"), join(home, ".config/app")]);
    for (const flags of [[], ["--force"]]) apply(source, home, flags, aliceAt(home));
    expect(picture(home)).toMatchObject(before);
  });

  it.each([["add"], ["add", "--follow"], ["re-add"], ["forget", "--force"], ["destroy", "--force"]])(
    "leave what a link leads to: %s %s",
    async (...args) => {
      const { folder, source } = await generated(browser, { "chezmoi/dot_bashrc": "" });
      const home = homeIn(folder);
      writeFiles(join(home, ".persist"), precious);
      expect(apply(source, home, [], aliceAt(home)).code).toBe(0);
      const before = picture(join(home, ".persist"));
      run(source, home, [...args, join(home, ".mozilla"), join(home, ".config/app")]);
      for (const flags of [[], ["--force"]]) apply(source, home, flags, aliceAt(home));
      expect(picture(join(home, ".persist"))).toMatchObject(before);
    },
  );
});

describeWith(["chezmoi"], "links of ours that the guard does not know", () => {
  it.each([
    ["copied", (source: string) => writeFileSync(join(source, "symlink_dot_other"), ".remanence/.other\n")],
    ["renamed", (source: string) => renameSync(join(source, "symlink_dot_mozilla"), join(source, "symlink_dot_other"))],
    ["moved along", (source: string) => renameSync(join(source, "dot_config"), join(source, "dot_other"))],
  ])("stop chezmoi: %s by hand, or by a merge", async (_, change) => {
    const { folder, source } = await generated(browser);
    const home = homeIn(folder);
    writeFiles(home, { ".other/app/precious": "precious" });
    change(source);
    const before = picture(home);
    for (const flags of [[], ["--force"]]) {
      const { code, stderr } = apply(source, home, flags, aliceAt(home));
      expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining("the guard does not know") });
    }
    expect(picture(home)).toEqual(before);
  });

  it("are no matter where nothing real stands in their place, nor are attributes of directories", async () => {
    const { folder, source } = await generated(browser, { "chezmoi/symlink_dot_other": ".remanence/.mozilla/x\n" });
    const home = homeIn(folder);
    renameSync(join(source, "dot_config"), join(source, "exact_private_readonly_dot_config"));
    for (const flags of [[], ["-v"]])
      expect(apply(source, home, flags, aliceAt(home))).toMatchObject({ code: 0, stderr: "" });
    expect(picture(home)).toMatchObject({ ".other": "-> .remanence/.mozilla/x" });
  });
});

describeWith(["chezmoi"], "what was held back below an exact directory", () => {
  it("stays when the manifest keeps it no longer", async () => {
    const { folder, source } = await generated(browser, { "chezmoi/exact_dot_config/mine": "mine" });
    const home = homeIn(folder);
    writeFiles(home, precious);
    expect(apply(source, home, [], aliceAt(home)).code).toBe(0);
    writeFileSync(join(folder, "persistence.yaml"), manifestOf([".mozilla/"]));
    await generate(folder);
    expect(apply(source, home, ["--force"], aliceAt(home)).code).toBe(0);
    expect(picture(home)).toMatchObject({ ".config/app/state": "0644 also precious" });
    expect(picture(home)).toMatchObject({ ".mozilla/prof/places.sqlite": "0644 precious" });
  });

  it("goes where it is a link", async () => {
    const { folder, source } = await generated(browser, { "chezmoi/exact_dot_config/mine": "mine" });
    const home = homeIn(folder);
    expect(apply(source, home, [], aliceAt(home)).code).toBe(0);
    expect(picture(home)).toHaveProperty([".config/app"]);
    writeFileSync(join(folder, "persistence.yaml"), manifestOf([".mozilla/"]));
    await generate(folder);
    expect(apply(source, home, [], aliceAt(home)).code).toBe(0);
    expect(picture(home)).not.toHaveProperty([".config/app"]);
  });
});
