import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { describeWith } from "../support/engines.ts";
import { contents, expectRun, lay, manifestOf, newHome, run, type Scripts, scriptsOf } from "../support/fedora.ts";
import { quicken } from "../support/restic-key.ts";
import { scratch } from "../support/workspace.ts";

/** Scripts that back up to a folder, with age where a recipient is named, or to a repository of restic. */
async function scriptsFor(engine: "tar" | "age" | "restic"): Promise<{ scripts: Scripts; options: string[] }> {
  const to = join(scratch(), "backup");
  const entries = ["app/", "photos/", ".profile"];
  if (engine === "restic") {
    const backup = `{ engine: restic, repository: "${to}", password-file: ~/.password }`;
    return { scripts: await scriptsOf(manifestOf(entries, { backup })), options: [] };
  }
  mkdirSync(to);
  if (engine === "tar") {
    return { scripts: await scriptsOf(manifestOf(entries, { backup: `{ engine: tar, path: "${to}" }` })), options: [] };
  }
  const key = join(scratch(), "key");
  execFileSync("age-keygen", ["-o", key], { stdio: "ignore" });
  const recipient = /age1[a-z0-9]+/.exec(readFileSync(key, "utf8"))?.[0];
  const backup = `{ engine: tar, path: "${to}", encrypt: { age: ${recipient} } }`;
  return { scripts: await scriptsOf(manifestOf(entries, { backup })), options: ["--identity", key] };
}

/** A home that is linked and backed up. */
function savedHome(scripts: Scripts, options: readonly string[] = []): string {
  const home = newHome();
  writeFileSync(join(home, ".password"), "secret\n", { mode: 0o600 });
  // Names of entries inside of others must not lead astray.
  lay(home, { app: { app: { x: "inner" }, ".profile": "not this" }, photos: { a: "1" }, ".profile": "mine" });
  expectRun(0, scripts, "link", [], { home });
  expectRun(0, scripts, "backup", options, { home });
  return home;
}

function expectSuccess(command: readonly string[], home: string): string {
  const done = run(command, { home });
  expect(done.code, done.err).toBe(0);
  return done.out;
}

describeWith(["restic", "age"], "restore.sh in a home with another path", () => {
  it.each(["tar", "age", "restic"] as const)("brings back what was saved with %s, and says so", async (engine) => {
    const { scripts, options } = await scriptsFor(engine);
    const former = savedHome(scripts, engine === "restic" ? ["--init"] : []);
    const before = contents(join(former, ".persist"));
    const home = join(newHome(), "an other", "home");
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, ".password"), "secret\n", { mode: 0o600 });
    const done = expectRun(0, scripts, "restore", options, { home });
    expect(done.err).toContain(`this was saved when the home was ${former}\n`);
    expect(contents(join(home, ".persist"))).toEqual(before);
    expect(readFileSync(join(home, ".profile"), "utf8")).toBe("mine");
    expect(readdirSync(home).filter((name) => name.startsWith(".remanence-restore"))).toEqual([]);
    expectRun(0, scripts, "link", [], { home });
    expectRun(0, scripts, "verify", [], { home });
    // What is there stays, also then.
    writeFileSync(join(home, ".profile"), "newer");
    expectRun(3, scripts, "restore", [...options, "--only", ".profile"], { home });
    expect(readFileSync(join(home, ".profile"), "utf8")).toBe("newer");
  });

  it("brings back a snapshot that NixOS made of its store", async () => {
    const to = join(scratch(), "repository");
    const backup = `{ engine: restic, repository: "${to}", password-file: ~/.password }`;
    const scripts = await scriptsOf(manifestOf(["app/", ".config/tool/"], { backup }));
    const home = newHome();
    writeFileSync(join(home, ".password"), "secret\n", { mode: 0o600 });
    const store = join(newHome(), "persist", "home", "ann");
    mkdirSync(store, { recursive: true });
    lay(store, { app: { app: { a: "1" } }, ".config": { tool: { b: "2" } } });
    const restic = (...args: string[]): string =>
      expectSuccess(["restic", "-q", "-r", to, "--password-file", join(home, ".password"), ...args], home);
    restic("init");
    quicken(to);
    restic("backup", "--host", "laptop", "--tag", "remanence,class-state", `${store}/app`, `${store}/.config/tool`);
    const [snapshot] = JSON.parse(restic("snapshots", "--json")) as { id: string }[];
    expectRun(0, scripts, "restore", ["--from", snapshot?.id ?? ""], { home });
    expectRun(0, scripts, "link", [], { home });
    expect(readFileSync(join(home, ".persist", "app", "app", "a"), "utf8")).toBe("1");
    expect(readFileSync(join(home, ".config", "tool", "b"), "utf8")).toBe("2");
    expectRun(0, scripts, "verify", [], { home });
  });

  it("does not end well where nothing of what was asked for is in the backup", async () => {
    const { scripts } = await scriptsFor("tar");
    const home = newHome();
    lay(home, { photos: { a: "1" } });
    expectRun(0, scripts, "backup", [], { home });
    const done = expectRun(2, scripts, "restore", ["--only", ".profile"], { home });
    expect(done.err).toContain("nothing of this is in remanence-desk-user-ann-");
    expect(readdirSync(home).sort()).toEqual([".local", "photos"]);
  });
});

describeWith(["restic", "zstd"], "backup.sh into a folder of what it backs up", () => {
  it.each(["tar", "restic"] as const)("leaves that folder out, with %s", async (engine) => {
    const home = newHome();
    const target = `${home}/docs/it's [mine] $1`;
    const backup =
      engine === "tar"
        ? `{ engine: tar, path: "${target}" }`
        : `{ engine: restic, repository: "${target}", password-file: ~/.password }`;
    const scripts = await scriptsOf(manifestOf(["docs/"], { backup }));
    lay(home, { docs: { a: "1", "it's [mine] $1": {} } });
    writeFileSync(join(home, ".password"), "secret\n", { mode: 0o600 });
    expectRun(0, scripts, "link", [], { home });
    for (const options of [engine === "restic" ? ["--init"] : [], []]) {
      const done = expectRun(0, scripts, "backup", options, { home });
      expect(done.err).toBe("~/.persist/docs/it's [mine] $1 holds the backups, and is left out of them\n");
      if (options.length > 0) quicken(target);
    }
    const back = join(newHome(), "back");
    mkdirSync(back);
    writeFileSync(join(back, ".password"), "secret\n", { mode: 0o600 });
    expectRun(0, scripts, "restore", [], { home: back });
    expect(readdirSync(join(back, ".persist", "docs"))).toEqual(["a"]);
  });
});

describeWith(["systemd", "mount-namespace"], "clean.sh and mounts", () => {
  it("leaves a place alone that is on a mount of its own: it may be something that is kept", async () => {
    const scripts = await scriptsOf(
      manifestOf(["photos/", "{ path: .cache/, class: cache }", "{ path: other/, class: cache }"]),
    );
    const home = newHome();
    lay(home, { photos: { a: "1" }, ".cache": {}, other: { inner: { x: "1" }, y: "1" } });
    run(["bash", "-c", 'find "$1" -depth -exec touch -d "60 days ago" {} +', "-", home], { home });
    for (const place of [".cache", "other/inner"]) {
      expect(run(["mount", "--bind", join(home, "photos"), join(home, place)], { home }).code).toBe(0);
      onTestFinished(() => void run(["umount", "-l", join(home, place)], { home }));
    }
    const done = expectRun(0, scripts, "clean", [], { home });
    expect(done.err).toBe("~/.cache is on a mount of its own, and left alone\n");
    expect(done.out).toContain("\n1 files");
    expect(existsSync(join(home, "photos", "a"))).toBe(true);
    expect(existsSync(join(home, "other", "y"))).toBe(false);
  });
});

describeWith([], "scripts for several users", () => {
  it("take USER's word in a home that is no account's", async () => {
    const manifest = manifestOf(["data/"]).replace("ann: {}", "ann: {}, bob: {}");
    const scripts = await scriptsOf(manifest);
    const home = newHome();
    lay(home, { data: { a: "1" } });
    expectRun(2, scripts, "link", [], { home });
    expectRun(2, scripts, "link", [], { home, env: { USER: "eve" } });
    expectRun(0, scripts, "link", [], { home, env: { USER: "bob" } });
    expect(readFileSync(join(home, ".persist", "data", "a"), "utf8")).toBe("1");
  });
});
