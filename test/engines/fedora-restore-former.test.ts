import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeWith } from "../support/engines.ts";
import { expectRun, lay, manifestOf, newHome, run, type Scripts, scriptsOf } from "../support/fedora.ts";
import { archiveIn, lose, savedHome } from "../support/fedora-restore.ts";
import { scratch } from "../support/workspace.ts";

const entries = ["app/", "photos/", "diary/", "{ path: .config/, class: config, how: none }"];

/** Archives of a home whose store lies outside it, and the scripts for a user of the given name. */
async function outside(
  more: readonly string[] = entries,
): Promise<{ store: string; to: string; home: string; of: (name: string) => Promise<Scripts> }> {
  const [store, to, home] = [scratch(), scratch(), newHome()];
  const manifest = manifestOf(more, { store, backup: `{ engine: tar, path: "${to}" }` });
  const of = (name: string): Promise<Scripts> => scriptsOf(manifest.replace("ann: {}", `${name}: {}`));
  mkdirSync(join(store, "home/ann"), { recursive: true });
  lay(home, { app: { a: "1", photos: { x: "inner" } }, photos: { b: "2" }, diary: { c: "3" } });
  return { store, to, home, of };
}

describeWith(["zstd"], "restore.sh with a store outside the home", () => {
  it("puts what was in the store there again, also where the backup has nothing of the home itself", async () => {
    const { store, home, of } = await outside();
    const scripts = await of("ann");
    expectRun(0, scripts, "link", ["--yes"], { home });
    expectRun(0, scripts, "backup", [], { home });
    rmSync(join(store, "home/ann"), { recursive: true });
    mkdirSync(join(store, "home/ann"));
    for (const name of readdirSync(home)) rmSync(join(home, name), { recursive: true });
    const done = expectRun(0, scripts, "restore", [], { home });
    expect(done.err).not.toContain("this was saved when");
    expect(readdirSync(join(store, "home/ann")).sort()).toEqual(["app", "diary", "photos"]);
    expect(readdirSync(home).filter((name) => name !== ".local")).toEqual([]);
    expectRun(0, scripts, "link", [], { home });
    expect(readFileSync(join(home, "app/a"), "utf8")).toBe("1");
    expectRun(0, scripts, "restore", ["--rehearse"], { home });
  });

  it("finds what was saved when the user had another name and the home another path", async () => {
    const { store, to, home, of } = await outside();
    lay(home, { ".config": { x: "kept in its place" } });
    const before = await of("ann");
    expectRun(0, before, "link", ["--yes"], { home });
    expectRun(0, before, "backup", [], { home });
    rmSync(join(store, "home/ann"), { recursive: true });
    mkdirSync(join(store, "home/bea"));
    const scripts = await of("bea");
    const later = newHome();
    const done = expectRun(0, scripts, "restore", ["--from", archiveIn(to)], { home: later });
    expect(done.err).toContain(`this was saved when the home was ${home}\n`);
    expect(done.err).toContain(`what is in ${store}/home/bea now was in ${store}/home/ann\n`);
    expect(readdirSync(join(store, "home/bea")).sort()).toEqual(["app", "diary", "photos"]);
    expect(readFileSync(join(later, ".config/x"), "utf8")).toBe("kept in its place");
    expect(existsSync(join(later, "app"))).toBe(false);
    expectRun(0, scripts, "link", [], { home: later });
    expect(readFileSync(join(later, "photos/b"), "utf8")).toBe("2");
  });

  it("finds it where nothing of the home itself was saved, or nothing was linked then", async () => {
    const { store, to, home, of } = await outside();
    const before = await of("ann");
    expectRun(0, before, "backup", [], { home });
    const scripts = await of("bea");
    const unlinked = archiveIn(to);
    const first = newHome();
    mkdirSync(join(store, "home/bea"));
    expectRun(0, scripts, "restore", ["--from", unlinked], { home: first });
    expect(readFileSync(join(first, "photos/b"), "utf8")).toBe("2");
    rmSync(unlinked);
    expectRun(0, before, "link", ["--yes"], { home });
    expectRun(0, before, "backup", [], { home });
    const second = newHome();
    const done = expectRun(0, scripts, "restore", ["--from", archiveIn(to)], { home: second });
    expect(done.err).not.toContain("the home was");
    expect(readdirSync(join(store, "home/bea")).sort()).toEqual(["app", "diary", "photos"]);
    expect(readdirSync(second).filter((name) => name !== ".local")).toEqual([]);
  });
});

describeWith(["zstd"], "restore.sh --only", () => {
  it("takes nothing of the same name elsewhere in the backup for what was asked for", async () => {
    const to = scratch();
    const home = newHome();
    const scripts = await scriptsOf(manifestOf(["app/", ".profile"], { backup: `{ engine: tar, path: "${to}" }` }));
    lay(home, { app: { ".profile": "not this" } });
    expectRun(0, scripts, "backup", [], { home });
    writeFileSync(join(home, "other"), "");
    expectRun(2, scripts, "restore", ["--only", ".profile"], { home });
    expect(existsSync(join(home, ".profile"))).toBe(false);
    expect(existsSync(join(home, ".persist"))).toBe(false);
  });
});

describeWith(["restic", "restic-current", "zstd"], "restore.sh and the newest backup", () => {
  it.each(["restic", "restic-current"] as const)("is not misled by a time of another zone: %s", async (version) => {
    const tools = scratch();
    run(["bash", "-c", 'ln -s "$(command -v "$1")" "$2/restic"', "-", version, tools], { home: "/" });
    const env = { PATH: `${tools}:/usr/bin:/usr/sbin` };
    const { scripts, home } = await savedHome(["app/"], { app: { a: "old" } }, { engine: "restic" });
    for (const [text, zone] of [
      ["older", "Pacific/Kiritimati"],
      ["newest", "Pacific/Pago_Pago"],
    ] as const) {
      writeFileSync(join(home, ".persist/app/a"), text);
      expectRun(0, scripts, "backup", [], { home, env: { ...env, TZ: zone } });
    }
    lose(home);
    expectRun(0, scripts, "restore", [], { home, env });
    expect(readFileSync(join(home, ".persist/app/a"), "utf8")).toBe("newest");
  });

  it("says where an archive is not complete", async () => {
    const { scripts, home, to } = await savedHome(["app/"], { app: { a: "1" } });
    const sum = `${archiveIn(to)}.sha256`;
    writeFileSync(sum, readFileSync(sum, "utf8").replace("# complete", "# incomplete"));
    lose(home);
    expect(expectRun(0, scripts, "restore", [], { home }).err).toContain("the newest archive is not complete");
  });
});
