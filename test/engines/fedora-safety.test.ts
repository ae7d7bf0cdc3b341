import { spawn } from "node:child_process";
import { chmodSync, lstatSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeWith } from "../support/engines.ts";
import {
  actions,
  expectRun,
  lay,
  manifestOf,
  mounted,
  newHome,
  run,
  runScript,
  type Scripts,
  scriptsOf,
  snapshot,
} from "../support/fedora.ts";
import { pathWith } from "../support/fedora-crash.ts";
import { scratch } from "../support/workspace.ts";

const full = { a: "1", below: { b: "2" } };
const isLinked = (home: string, path: string): boolean => lstatSync(join(home, path)).isSymbolicLink();

/** A folder that only its owner and root can reach and change, on the way too: what a store outside a home must be. */
function trustedFolder(): string {
  const folder = scratch();
  chmodSync(folder, 0o755);
  return folder;
}

describeWith([], "link.sh and where its store lies", () => {
  it("links into a store outside the home on the same mount, and back", async () => {
    const store = trustedFolder();
    const scripts = await scriptsOf(manifestOf(["app/", ".config/app/"], { store }));
    const home = newHome();
    lay(home, { app: full, ".config/app": full });
    mkdirSync(join(store, "home", "ann"), { recursive: true });
    expectRun(0, scripts, "link", [], { home });
    expect(readFileSync(join(store, "home/ann/.config/app/below/b"), "utf8")).toBe("2");
    expect(readFileSync(join(home, ".config/app/below/b"), "utf8")).toBe("2");
    expectRun(0, scripts, "unlink", [], { home });
    expect(isLinked(home, "app")).toBe(false);
  });

  it("does not make a store that is missing, and uses none that others can change or that is a link", async () => {
    const store = trustedFolder();
    const scripts = await scriptsOf(manifestOf(["app/"], { store }));
    const home = newHome();
    lay(home, { app: full });
    const refuses = (what: string): void => {
      const before = snapshot(home, store);
      expect(expectRun(3, scripts, "link", [], { home }).err).toContain(what);
      expect(snapshot(home, store)).toBe(before);
    };
    refuses("install -d -m 0700 -o ann");
    const folder = join(store, "home", "ann");
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o777);
    refuses("others can change");
    chmodSync(folder, 0o755);
    chmodSync(store, 0o775);
    refuses("others can change");
    chmodSync(store, 0o755);
    run(["mv", join(store, "home"), join(store, "elsewhere")], { home });
    symlinkSync("elsewhere", join(store, "home"));
    refuses("it is a link");
  });

  it("uses no store in the home that others can change, that is a link, or whose way is one", async () => {
    const scripts = await scriptsOf(manifestOf(["app/"], { store: "~/some/store" }));
    for (const [state, what] of [
      [{ some: { store: {} } }, "others can change"],
      [{ real: {}, some: { store: { link: "../real" } } }, "reached through a link"],
      [{ real: { store: {} }, some: { link: "real" } }, "reached through a link"],
      [{ some: "a file" }, "not a directory"],
    ] as const) {
      const home = newHome();
      lay(home, { app: full, ...state });
      if (what === "others can change") chmodSync(join(home, "some/store"), 0o777);
      const before = snapshot(home);
      expect(expectRun(3, scripts, "link", [], { home }).err).toContain(what);
      expect(snapshot(home)).toBe(before);
    }
  });

  it("stops where the root link leads elsewhere or something else has its name", async () => {
    const scripts = await scriptsOf(manifestOf(["app/"]));
    for (const inTheWay of [{ link: "/etc" }, "a file", {}]) {
      const home = newHome();
      lay(home, { app: full, ".remanence": inTheWay });
      const before = snapshot(home);
      expectRun(3, scripts, "link", [], { home });
      expect(snapshot(home)).toBe(before);
    }
  });
});

describeWith(["loop", "mount-namespace"], "link.sh with a store on another mount", () => {
  it.each(["ext4", "tmpfs", "a bind mount of the same file system"] as const)("touches nothing: %s", async (kind) => {
    const scripts = await scriptsOf(manifestOf(["app/", "new/", "placed/"]));
    const home = newHome();
    lay(home, { app: full, ".persist": {} });
    const other = kind === "ext4" || kind === "tmpfs" ? mounted(kind) : join(home, ".persist");
    const bind = run(["mount", "--bind", other, join(home, ".persist")], { home });
    expect(bind.code, bind.err).toBe(0);
    mkdirSync(join(home, ".persist", "placed"));
    try {
      const before = snapshot(home);
      for (const script of ["link", "unlink"]) {
        const done = runScript(scripts, script, ["--format", "json"], { home });
        if (script === "link") {
          expect(done.code, done.err).toBe(3);
          expect(done.err).toContain("another mount");
          expect(actions(done)).toEqual({ app: "refuse", new: "create", placed: "place" });
        }
        expect(snapshot(home)).toBe(before);
      }
    } finally {
      run(["umount", join(home, ".persist")], { home });
    }
  });

  it("touches nothing unasked where one of two stores is elsewhere, nor undoes onto another mount", async () => {
    const other = mounted("tmpfs");
    const scripts = await scriptsOf(
      manifestOf(["app/", "{ path: bulk/, store: bulk }"], { top: `stores: { bulk: ${other} }` }),
    );
    const home = newHome();
    lay(home, { app: full, bulk: full });
    mkdirSync(join(other, "home", "ann"), { recursive: true });
    chmodSync(other, 0o755);
    const before = snapshot(home, other);
    const done = expectRun(3, scripts, "link", ["--format", "json"], { home });
    expect(actions(done)).toEqual({ app: "move", bulk: "refuse" });
    expect(JSON.parse(done.out)).toMatchObject({ dryRun: true });
    expect(snapshot(home, other)).toBe(before);
    expectRun(0, scripts, "link", ["--only", "app"], { home });
    lay(home, { bulk2: full });
    run(["mv", join(home, "bulk"), join(other, "home/ann/bulk")], { home });
    lay(home, { bulk: { link: join(other, "home/ann/bulk") } });
    expect(expectRun(3, scripts, "unlink", [], { home }).err).toContain("another mount");
    expect(isLinked(home, "app")).toBe(true);
  });
});

describeWith(["root"], "the scripts and who runs them", () => {
  const twoUsers = [
    "version: 1",
    "users: { ann: { home: /nowhere/ann }, bob: { home: /nowhere/bob } }",
    "hosts: { desk: { os: fedora, stores: { persist: ~/.persist }, backup: { engine: tar, path: /nowhere } } }",
    "system: [/etc/nothing/]",
    "home: [app/]",
    "",
  ].join("\n");
  const all = ["link", "unlink", "verify", "backup", "restore", "clean"];

  it.each([
    ["unset", undefined],
    ["empty", ""],
    ["relative", "home"],
    ["missing", "/nonexistent"],
    ["the root", "/"],
  ])("cannot run with a HOME that is %s", async (_, value) => {
    const scripts = await scriptsOf(twoUsers);
    for (const name of all) {
      const env = value === undefined ? { HOME: undefined } : { HOME: value };
      const done = runScript(scripts, name, [], { home: "/", env: env as NodeJS.ProcessEnv });
      expect(done.code, `${name} ${done.err}`).toBe(2);
    }
  });

  it("find the real home behind links in HOME and slashes at its end", async () => {
    const scripts = await scriptsOf(manifestOf(["app/"]));
    const home = newHome();
    lay(home, { real: { app: full }, link: { link: "real" } });
    expectRun(0, scripts, "link", [], { home: `${join(home, "link")}/` });
    expect(readFileSync(join(home, "real/.persist/app/a"), "utf8")).toBe("1");
    expectRun(0, scripts, "unlink", ["--only", join(home, "link", "app")], { home: join(home, "link") });
    expect(isLinked(join(home, "real"), "app")).toBe(false);
  });

  it("refuse to be run for a user by root or by somebody else, and touch nothing", async () => {
    const scripts = await scriptsOf(manifestOf(["app/"]));
    const home = newHome();
    lay(home, { app: full });
    run(["chown", "-R", "4321:4321", home], { home });
    chmodSync(home, 0o755);
    const before = snapshot(home);
    expect(runScript(scripts, "link", [], { home }).code).toBe(3);
    expect(runScript(scripts, "link", [], { home, uid: 4322 }).code).toBe(3);
    expect(snapshot(home)).toBe(before);
    // Root's own run does what is for root, which here is nothing.
    for (const options of [{ home: "/root" }, { home: "/", env: { HOME: "/root/" } }]) {
      expect(expectRun(0, scripts, "link", [], options).out).toContain("run link.sh as ann");
    }
    expect(snapshot(home)).toBe(before);
  });

  it("know which of two users runs them, and let nobody else at the system", async () => {
    const home = newHome();
    const [ann, bob] = [join(home, "ann"), join(home, "bob")];
    const scripts = await scriptsOf(twoUsers.replaceAll("/nowhere/ann", ann).replaceAll("/nowhere/bob", bob));
    lay(home, { ann: { app: full }, bob: { app: full }, carol: {} });
    expectRun(0, scripts, "link", [], { home: ann });
    expect([isLinked(ann, "app"), isLinked(bob, "app")]).toEqual([true, false]);
    run(["chmod", "755", home], { home });
    run(["chown", "4321", join(home, "carol")], { home });
    for (const name of all) {
      const done = runScript(scripts, name, [], { home: join(home, "carol"), uid: 4321 });
      expect(done.code, `${name} ${done.err}`).toBe(2);
    }
  });
});

describeWith([], "options of the scripts", () => {
  async function linkedHome(): Promise<{ scripts: Scripts; home: string }> {
    const backup = `{ engine: tar, path: "${scratch()}" }`;
    const scripts = await scriptsOf(
      manifestOf(["app/", ".config/one/", ".config/two/", "{ path: old/, class: cache }"], { backup }),
    );
    const home = newHome();
    lay(home, { app: full, ".config": { one: full, two: full }, old: {} });
    return { scripts, home };
  }

  it("say 75 while another run is at work, and change nothing", async () => {
    const { scripts, home } = await linkedHome();
    const before = snapshot(home);
    const other = spawn("flock", ["-n", home, "sleep", "30"], { stdio: "ignore" });
    try {
      await new Promise((resolve) => setTimeout(resolve, 300));
      for (const name of ["link", "unlink", "backup", "restore", "clean"]) {
        expect(runScript(scripts, name, [], { home }).code, name).toBe(75);
        expect(runScript(scripts, name, ["--dry-run"], { home }).code, name).not.toBe(75);
      }
      expect(snapshot(home)).toBe(before);
    } finally {
      other.kill("SIGKILL");
    }
  });

  it("work only on what --only names, a directory of several too, and say when it names nothing", async () => {
    const { scripts, home } = await linkedHome();
    for (const wrong of [["ap"], ["app", ".confg"], ["app/a"], [""], []]) {
      for (const name of ["link", "unlink", "verify", "backup", "clean"]) {
        expect(runScript(scripts, name, ["--only", ...wrong], { home }).code, `${name} ${wrong}`).toBe(2);
      }
    }
    expectRun(0, scripts, "link", ["--only", "~/.config/", "--yes"], { home });
    expect([".config/one", ".config/two", "app"].map((path) => isLinked(home, path))).toEqual([true, true, false]);
    expectRun(0, scripts, "unlink", ["--only", join(home, ".config/one"), "./.config/two"], { home });
    expect(isLinked(home, ".config/one")).toBe(false);
  });

  it("refuse options they do not know, and explain themselves", async () => {
    const { scripts, home } = await linkedHome();
    for (const name of ["link", "unlink", "verify", "backup", "restore", "clean"]) {
      for (const wrong of [["--frobnicate"], ["--format"], ["--format", "xml"], ["app"]]) {
        expect(runScript(scripts, name, wrong, { home }).code, `${name} ${wrong}`).toBe(2);
      }
      expect(runScript(scripts, name, ["--help"], { home: "/nonexistent" }).out).toContain("Exit codes: 0");
    }
  });

  it("change nothing with --dry-run, before and after linking", async () => {
    const { scripts, home } = await linkedHome();
    for (const name of [
      "link",
      "unlink",
      "verify",
      "backup",
      "clean",
      "link for real",
      "unlink",
      "link",
      "backup",
      "verify",
    ]) {
      if (name === "link for real") expectRun(0, scripts, "link", [], { home });
      else {
        const before = snapshot(home);
        runScript(scripts, name, ["--dry-run"], { home });
        expect(snapshot(home), name).toBe(before);
      }
    }
  });

  it("touches nothing unasked where nothing can exchange two names, copies then, and links what needs no exchange", async () => {
    const { scripts, home } = await linkedHome();
    const env = { PATH: pathWith("perl") };
    run(["rm", join(env.PATH, "perl")], { home });
    const before = snapshot(home);
    expect(expectRun(3, scripts, "link", [], { home, env }).out).toContain("with coreutils 9.5");
    expect(snapshot(home)).toBe(before);
    run(["mv", join(home, "app"), join(home, ".persist-app")], { home });
    lay(home, { ".persist": {} });
    run(["mv", join(home, ".persist-app"), join(home, ".persist/app")], { home });
    expectRun(0, scripts, "link", ["--only", "app"], { home, env });
  });
});
