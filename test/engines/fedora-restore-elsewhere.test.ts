import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeWith } from "../support/engines.ts";
import { actions, expectRun, lay, newHome, run, runScript, type Scripts } from "../support/fedora.ts";
import { lose, savedHome, withSettings } from "../support/fedora-restore.ts";
import { quicken } from "../support/restic-key.ts";
import { scratch } from "../support/workspace.ts";

describeWith(["restic", "zstd"], "restore.sh --host", () => {
  /** Scripts that know a host `laptop`, and where it has what is kept here. */
  async function knowing(
    engine: "tar" | "restic",
    to: string,
    store: string,
  ): Promise<{ scripts: Scripts; home: string }> {
    const home = newHome();
    const saved = await savedHome(
      ["app/", "{ path: .config/, class: config, how: none }"],
      { app: { a: "desk" }, ".config": { x: "1" } },
      { home },
    );
    lose(home);
    const scripts = withSettings(saved, [
      `other_host laptop ${engine} '${to}' -`,
      `saved_on laptop ann state app '${store}/app'`,
      `saved_on laptop ann state .config/tool '${store}/.config/tool'`,
      `saved_on laptop bob state app '/home/bob/app'`,
      `saved_on other ann state app '/elsewhere'`,
    ]);
    return { scripts, home };
  }

  it("brings what a NixOS host saved to where this host keeps it, from that host's newest snapshot of each class", async () => {
    const to = join(scratch(), "repository");
    const password = join(scratch(), "password");
    writeFileSync(password, "secret\n", { mode: 0o600 });
    const store = join(newHome(), "persist", "home", "ann");
    const { scripts, home } = await knowing("restic", to, store);
    const restic = (...args: string[]): void => {
      const done = run(["restic", "-q", "-r", to, "--password-file", password, ...args], { home });
      expect(done.code, done.err).toBe(0);
    };
    restic("init");
    quicken(to);
    // As backup.nix does it; then others' snapshots, all of them newer.
    for (const [text, host, tags] of [
      ["old", "laptop", "remanence,class-state"],
      ["laptop", "laptop", "remanence,class-state"],
      ["bob", "laptop", "remanence,user-bob,class-state"],
      ["desk", "desk", "remanence,class-state"],
      ["mine", "laptop", "mine"],
    ] as const) {
      rmSync(store, { recursive: true, force: true });
      mkdirSync(store, { recursive: true });
      lay(store, { app: { a: text }, ".config": { tool: { b: text } } });
      restic("backup", "--host", host, "--tag", tags, `${store}/app`, `${store}/.config/tool`);
    }
    expect(expectRun(2, scripts, "restore", ["--host", "lap"], { home }).err).toContain("known: laptop");
    const done = expectRun(
      0,
      scripts,
      "restore",
      ["--host", "laptop", "--password-file", password, "--format", "json"],
      { home },
    );
    expect(actions(done)).toEqual({ [join(home, ".config/tool")]: "restore", [join(home, ".persist/app")]: "restore" });
    expect(readFileSync(join(home, ".persist/app/a"), "utf8")).toBe("laptop");
    expect(readFileSync(join(home, ".config/tool/b"), "utf8")).toBe("laptop");
    lose(home);
    expectRun(0, scripts, "restore", ["--host", "laptop", "--password-file", password, "--only", ".config/tool"], {
      home,
    });
    expect(readdirSync(home)).not.toContain(".persist");
  });

  it("takes the archives of that host", async () => {
    const to = scratch();
    const store = join(newHome(), "elsewhere");
    const { scripts, home } = await knowing("tar", to, store);
    lay(store, { app: { a: "laptop" }, ".config": { tool: { b: "laptop" } } });
    const archive = (name: string): number =>
      run(["bash", "-c", 'tar -C / -c ".$1" | zstd -q >"$2"', "-", store, join(to, name)], { home: "/" }).code ?? 1;
    expect(archive("remanence-laptop-user-ann-2026-01-01T00-00-00Z.tar.zst")).toBe(0);
    lay(store, { app: { a: "another" } });
    expect(archive("remanence-other-user-ann-2027-01-01T00-00-00Z.tar.zst")).toBe(0);
    expectRun(0, scripts, "restore", ["--host", "laptop"], { home });
    expect(readFileSync(join(home, ".persist/app/a"), "utf8")).toBe("laptop");
  });
});

describeWith(["restic", "zstd", "root"], "restore.sh for a user with another number", () => {
  it.each(["tar", "restic"] as const)("gives everything to whoever runs it: %s", async (engine) => {
    const { scripts, home, to } = await savedHome(["app/"], { app: { a: "1", below: { b: "2" } } }, { engine });
    // Saved by another number, and one file of it by a third.
    run(["chown", "-R", "4321:4321", join(home, ".persist/app")], { home });
    run(["chown", "4399", join(home, ".persist/app/below/b")], { home });
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expectRun(0, scripts, "backup", [], { home });
    const later = newHome();
    writeFileSync(join(later, ".password"), "secret\n", { mode: 0o600 });
    for (const uid of [0, 4322]) {
      run(["chown", "-R", `${uid}:${uid}`, later, to, join(to, "..")], { home });
      const done = runScript(scripts, "restore", [], { home: later, ...(uid === 0 ? {} : { uid }) });
      expect(done.code, done.err).toBe(0);
      for (const path of [".persist/app", ".persist/app/a", ".persist/app/below/b"]) {
        expect(statSync(join(later, path)).uid, path).toBe(uid);
        expect(statSync(join(later, path)).gid, path).toBe(uid);
      }
      rmSync(join(later, ".persist"), { recursive: true });
    }
  });
});

describeWith(["zstd"], "restore.sh and labels", () => {
  it("gives what is back the label of its place where SELinux is on, with stand-ins for its tools", async () => {
    const { scripts, home } = await savedHome(["app/", "other/"], { app: { a: "1" }, other: { b: "1" } });
    lose(home);
    const tools = scratch();
    const log = join(scratch(), "log");
    const tool = (name: string, text: string): void =>
      writeFileSync(join(tools, name), `#!/bin/bash\n${text}\n`, { mode: 0o755 });
    tool("selinuxenabled", "exit 0");
    tool("getenforce", "echo Enforcing");
    // The policy knows what the store mirrors of one of them.
    tool(
      "matchpathcon",
      `[[ $2 != */.persist/other ]] || { echo system_u:object_r:default_t:s0; exit; }; echo user_u:object_r:user_home_t:s0`,
    );
    tool("restorecon", `echo "$@" >>'${log}'`);
    const done = expectRun(0, scripts, "restore", [], { home, env: { PATH: `${tools}:/usr/bin:/usr/sbin` } });
    expect(readFileSync(log, "utf8")).toBe(`-R -x ${home}/.persist/app\n`);
    expect(done.err).toContain("the policy does not know what ~/.persist/other mirrors");
  });
});

describeWith(["restic", "restic-current"], "restore.sh with both versions of restic", () => {
  it.each(["old", "current"] as const)("restores what the other one saved, with the %s one", async (version) => {
    const tools = scratch();
    run(["bash", "-c", 'ln -s "$(command -v restic-current)" "$1/restic"', "-", tools], { home: "/" });
    const current = { PATH: `${tools}:/usr/bin:/usr/sbin` };
    const { scripts, home } = await savedHome(
      ["app/", "{ path: photos/, class: data }"],
      { app: { a: "1" }, photos: { b: "2" } },
      { engine: "restic" },
    );
    lay(home, { app: { c: "later" } });
    expectRun(0, scripts, "backup", [], { home, env: version === "old" ? current : {} });
    const env = version === "old" ? {} : current;
    expectRun(0, scripts, "restore", ["--rehearse"], { home, env });
    lose(home);
    expectRun(0, scripts, "restore", [], { home, env });
    expect(readFileSync(join(home, ".persist/app/c"), "utf8")).toBe("later");
    expect(readFileSync(join(home, ".persist/photos/b"), "utf8")).toBe("2");
    const password = join(scratch(), "password");
    writeFileSync(password, "wrong\n", { mode: 0o600 });
    expect(expectRun(2, scripts, "restore", ["--password-file", password], { home, env }).err).toContain(
      "does not open",
    );
  });
});
