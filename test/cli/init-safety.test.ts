import { chmodSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { account, fedoraRelease, type MadeRoot, madeRoot } from "../support/made-root.ts";
import { readText, remanence, scratch } from "../support/workspace.ts";
import { fedora, initIn, initOn, nixos, type Result } from "./init-support.ts";
import { asNobody, expectCannotRun, expectNoTrace, openToAll, stateOf } from "./support.ts";

describe("init of one home", () => {
  it("looks there, and knows whose it is by its name", () => {
    const home = madeRoot({ paths: ["gabriel/.ssh/", "gabriel/Documents/"] });
    const { manifest } = initOn(
      { ...fedora, files: { ...fedora.files, "etc/passwd": account("alice", 1000) + account("gabriel", 1001) } },
      "--home",
      join(home, "gabriel"),
    );
    expect(manifest.users).toEqual({ gabriel: {} });
    expect(manifest.profiles).toContain("ssh");
    expect(manifest.home).toContainEqual({ path: "Documents/", class: "data", how: "bind" });
  });

  it("takes the name for the user's where nobody is known", () => {
    const home = madeRoot({ paths: ["someone/.ssh/"] });
    const { manifest } = initOn({ files: { "etc/os-release": fedoraRelease } }, "--home", join(home, "someone"));
    expect(manifest.users).toEqual({ someone: {} });
  });
});

describe("a chezmoi source", () => {
  const chezmoi = (output: string, source: MadeRoot): Result => {
    const root = madeRoot({
      ...source,
      files: { "etc/os-release": fedoraRelease, "etc/passwd": account("u", 1000), ...source.files },
    });
    return initIn(join(root, output), "--root", root);
  };
  const place = "home/u/.local/share/chezmoi";

  it("is where the links go, if the manifest lies in it or around it", () => {
    expect(chezmoi(place, { paths: [`${place}/dot_x`] }).manifest.outputs).toEqual({ chezmoi: "." });
    const outer = chezmoi("home/u/.local/share", { files: { [`${place}/.chezmoiroot`]: "home\n" } });
    expect(outer.manifest.outputs).toEqual({ chezmoi: "chezmoi" });
    expect(outer.text).toContain("# the chezmoi source of u, of which .chezmoiroot names home/\n");
  });

  it("is told of, if the manifest lies elsewhere", () => {
    const { manifest, text } = initOn(nixos);
    expect(manifest.outputs).toBeUndefined();
    expect(text).toMatch(
      /# mitsio has a chezmoi source in ~\/\.local\/share\/chezmoi: move this file there(?:.*\n)*.*\n# outputs:\n# {3}chezmoi: \.\n$/,
    );
  });

  it("is set aside where it has to be settled first", () => {
    const { manifest, text } = chezmoi(place, { paths: ["home/u/.ssh/", `${place}/private_dot_ssh/config`] });
    expect(manifest.outputs).toBeUndefined();
    expect(manifest.profiles).toContain("ssh");
    expect(text).toMatch(/# set aside: (?:.*\n)*.*\n# outputs:\n# {3}chezmoi: \.\n$/);
  });
});

describe("init overwrites nothing", () => {
  const nobody = "version: 1\n";

  it("neither a manifest nor anything else in its place", () => {
    const folder = scratch();
    writeFileSync(join(folder, "persistence.yaml"), nobody);
    expectCannotRun(
      remanence(folder, ["init"]),
      /persistence\.yaml is there already, .*remanence check .*remanence triage/,
    );
    expect(stateOf(folder)).toEqual({ "persistence.yaml": expect.stringContaining(nobody) });
    symlinkSync("nowhere", join(folder, "link.yaml"));
    mkdirSync(join(folder, "folder.yaml"));
    for (const name of ["link.yaml", "folder.yaml"])
      expectCannotRun(remanence(folder, ["init", "--output", name]), /is there already/);
    expect(existsSync(join(folder, "nowhere"))).toBe(false);
  });

  it("nor a schema that is there", () => {
    const folder = scratch();
    writeFileSync(join(folder, "persistence.schema.json"), "mine");
    expect(remanence(folder, ["init", "--yes", "--root", madeRoot(nixos)])).toMatchObject({ code: 0 });
    expect(readText(folder, "persistence.schema.json")).toBe("mine");
  });

  it("writes where it is told to, and says so in what comes next", () => {
    const folder = scratch();
    mkdirSync(join(folder, "dotfiles"));
    const args = ["init", "--yes", "--root", madeRoot(nixos), "--output", "dotfiles/state.yaml"];
    const run = remanence(folder, args);
    expect(run).toMatchObject({ code: 0, stderr: "" });
    expect(run.stdout).toContain("remanence scan --manifest dotfiles/state.yaml");
    expect(remanence(folder, ["check", "--manifest", "dotfiles/state.yaml"])).toMatchObject({ code: 0, stderr: "" });
    expect(existsSync(join(folder, "dotfiles/persistence.schema.json"))).toBe(true);
  });

  it("cannot run without a folder, a root or a home that is there", () => {
    const folder = scratch();
    expectCannotRun(remanence(folder, ["init", "--output", "no/x.yaml"]), /there is no folder no\b/);
    expectCannotRun(remanence(folder, ["init", "--root", "no"]), /--root no: there is no such directory/);
    expectCannotRun(remanence(folder, ["init", "--home", "no"]), /--home no: there is no such directory/);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("leaves nothing behind where it may not write", () => {
    const folder = scratch();
    chmodSync(folder, 0o755);
    const root = madeRoot(nixos);
    openToAll(root);
    const run = asNobody(folder, ["init", "--yes", "--root", root]);
    expectCannotRun(run, /cannot write persistence\.yaml: permission denied/);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("init --format json", () => {
  it("is what was found and written, for programs", () => {
    const folder = scratch();
    const paths = [...(fedora.paths ?? []), "home/alice/.var/app/org.mozilla.firefox/"];
    const { code, stdout, stderr } = remanence(folder, [
      "init",
      "--root",
      madeRoot({ ...fedora, paths }),
      "--format",
      "json",
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const said = JSON.parse(stdout);
    expect(said).toMatchObject({
      version: 1,
      manifest: "persistence.yaml",
      host: "desk",
      os: "fedora",
      assumed: false,
      users: ["alice", "bob"],
      diagnostics: [],
    });
    expect(said.profiles).toContainEqual({ name: "ssh", flavour: null, users: ["alice"], paths: [".ssh"], used: true });
    expect(said.profiles).toContainEqual(
      expect.objectContaining({ name: "firefox", flavour: "flatpak", users: ["alice"], used: false }),
    );
    expect(said.aside).toContainEqual({
      entry: { name: "firefox", flavour: "flatpak", users: ["alice"] },
      why: expect.any(String),
    });
  });
});

describe("init reads nothing but names", () => {
  it("and the few files that it says", () => {
    const root = madeRoot({ ...nixos, files: { ...nixos.files, "home/mitsio/.bashrc": "export SECRET=planted" } });
    const folder = scratch();
    const run = remanence(folder, ["init", "--yes", "--root", root], { NODE_OPTIONS: `--require ${spyFile(folder)}` });
    expect(run.code).toBe(0);
    expectNoTrace(run.stderr);
    const opened = readText(folder, "opened")
      .split("\n")
      .filter((path) => path.startsWith(root));
    expect([...new Set(opened.map((path) => path.slice(root.length)))].sort()).toEqual([
      "/etc/hostname",
      "/etc/passwd",
      "/etc/static/os-release",
      "/home/mitsio/.config/user-dirs.dirs",
      "/home/mitsio/.local/share/chezmoi/.chezmoiroot",
      "/proc/self/mounts",
    ]);
  });
});

/** A module that writes down each file that node opens. */
function spyFile(folder: string): string {
  const file = join(folder, "spy.cjs");
  writeFileSync(
    file,
    `const fs = require("node:fs"); const log = fs.openSync(${JSON.stringify(join(folder, "opened"))}, "a");
for (const name of ["openSync", "readFileSync", "open", "readFile", "createReadStream"]) {
  const real = fs[name];
  fs[name] = (path, ...rest) => { if (typeof path === "string") fs.writeSync(log, path + "\\n"); return real(path, ...rest); };
}
require("node:module").syncBuiltinESMExports();\n`,
  );
  return file;
}
