import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeWith } from "../support/engines.ts";
import { actions, contents, expectRun, newHome, run, type Scripts, scriptsOf } from "../support/fedora.ts";
import { emptyHome, fates, lawManifest, layLaw } from "../support/fedora-law.ts";
import { quicken } from "../support/restic-key.ts";
import { memory, scratch } from "../support/workspace.ts";

/** Each entry is put on disk by itself, and there are hundreds; this is about their names. */
const inMemory = (): string => scratch("remanence-test-", memory);

const inArchive = (unpacked: string, home: string): string[] =>
  existsSync(join(unpacked, home)) ? fileNames(join(unpacked, home)) : [];

function fileNames(folder: string): string[] {
  return Object.entries(contents(folder))
    .filter(([, what]) => what.startsWith("file"))
    .map(([path]) => path)
    .sort();
}

/** Backs up, unpacks with the engine itself, and compares every file with its fate; then brings all back. */
function expectLaw(
  scripts: Scripts,
  home: string,
  unpack: (folder: string) => void,
  env: NodeJS.ProcessEnv,
  restore: string[],
): void {
  const all = fates(home, scripts.plan);
  const kept = all.filter(({ fate }) => fate.backup).map(({ path }) => path);
  expectRun(0, scripts, "backup", [], { home, env });
  const unpacked = inMemory();
  unpack(unpacked);
  expect(inArchive(unpacked, home)).toEqual([...kept].sort());
  for (const path of kept)
    expect(readFileSync(join(unpacked, home, path)), path).toEqual(readFileSync(join(home, path)));

  const before = inMemory();
  cpSync(home, before, { recursive: true, verbatimSymlinks: true });
  emptyHome(home);
  const done = expectRun(0, scripts, "restore", [...restore, "--format", "json"], { home, env });
  JSON.parse(done.out);
  expectRun(0, scripts, "link", [], { home, env });
  expectRun(0, scripts, "verify", [], { home, env });
  for (const path of kept) expect(readFileSync(join(home, path)), path).toEqual(readFileSync(join(before, path)));
}

const manifests = {
  tar: (to: string) => `{ engine: tar, path: "${to}" }`,
  age: (to: string, recipient: string) => `{ engine: tar, path: "${to}", encrypt: { age: ${recipient} } }`,
  restic: (to: string) => `{ engine: restic, repository: "${to}" }`,
};

describeWith(["zstd", "age", "restic"], "odd names and rules inside rules", () => {
  it("are linked and verified, each at its place, and back", async () => {
    const scripts = await scriptsOf(lawManifest(manifests.tar(inMemory())));
    const home = newHome(memory);
    layLaw(home);
    const before = contents(home);
    const linked = expectRun(0, scripts, "link", ["--format", "json"], { home });
    for (const entry of scripts.plan.entries.filter(({ how }) => how === "symlink")) {
      expect(["move", "create", undefined]).toContain(actions(linked)[entry.path]);
    }
    expect(Object.values(actions(linked)).filter((action) => action === "move").length).toBeGreaterThan(25);
    expectRun(0, scripts, "verify", [], { home });
    JSON.parse(expectRun(0, scripts, "verify", ["--format", "json"], { home }).out);
    for (const { path, live } of fates(home, scripts.plan)) {
      expect(readFileSync(join(home, live)), live).toEqual(readFileSync(join(home, path)));
    }
    expectRun(0, scripts, "unlink", [], { home });
    const after = contents(home);
    for (const [path, what] of Object.entries(before)) expect(after[path], path).toBe(what);
  });

  it("are in an archive exactly where the plan says so, secrets never in clear, and come back", async () => {
    const to = inMemory();
    const scripts = await scriptsOf(lawManifest(manifests.tar(to)));
    const home = newHome(memory);
    layLaw(home);
    expectRun(0, scripts, "link", [], { home });
    const unpack = (folder: string): void => {
      expect(run(["bash", "-c", 'tar -xf "$1"/*.zst -C "$2"', "-", to, folder], { home }).err).toBe("");
    };
    expect(fates(home, scripts.plan).some(({ live, fate }) => live.startsWith("keys/") && fate.backup)).toBe(false);
    expectLaw(scripts, home, unpack, {}, []);
  });

  it("are in an encrypted archive with the secrets", async () => {
    const to = inMemory();
    const key = join(inMemory(), "key");
    const made = run(["age-keygen", "-o", key], { home: "/" });
    const recipient = /age1\S+/.exec(made.err)?.[0] ?? "";
    const scripts = await scriptsOf(lawManifest(manifests.age(to, recipient)));
    const home = newHome(memory);
    layLaw(home);
    expectRun(0, scripts, "link", [], { home });
    const unpack = (folder: string): void => {
      expect(
        run(["bash", "-c", 'age -d -i "$1" "$2"/*.age | tar --zstd -x -C "$3"', "-", key, to, folder], { home }).err,
      ).toBe("");
    };
    expect(fates(home, scripts.plan).some(({ live, fate }) => live.startsWith("keys/") && fate.backup)).toBe(true);
    expectLaw(scripts, home, unpack, {}, ["--identity", key]);
  });

  it("are in the snapshots of restic exactly where the plan says so, and come back", async () => {
    const to = join(inMemory(), "repository");
    const scripts = await scriptsOf(lawManifest(manifests.restic(to)));
    const home = newHome(memory);
    layLaw(home);
    const password = join(inMemory(), "password");
    writeFileSync(password, "secret\n", { mode: 0o600 });
    const env = { RESTIC_PASSWORD_FILE: password, RESTIC_CACHE_DIR: inMemory() };
    expectRun(0, scripts, "link", [], { home });
    expectRun(2, scripts, "backup", [], { home, env });
    expectRun(0, scripts, "backup", ["--init"], { home, env });
    quicken(to);
    const unpack = (folder: string): void => {
      for (const c of ["secret", "data", "config", "state"]) {
        mkdirSync(join(folder, c));
        run(
          [
            "restic",
            "-r",
            to,
            "restore",
            "latest",
            "--tag",
            `remanence,user-ann,class-${c}`,
            "--target",
            join(folder, c),
          ],
          { home, env },
        );
        cpSync(join(folder, c), folder, { recursive: true });
      }
    };
    expectLaw(scripts, home, unpack, env, []);
  });

  it("are backed up from where they are as long as they are not linked", async () => {
    const to = inMemory();
    const scripts = await scriptsOf(lawManifest(manifests.tar(to)));
    const home = newHome(memory);
    layLaw(home);
    const kept = fates(home, scripts.plan)
      .filter(({ fate }) => fate.backup)
      .map(({ path }) => path);
    expectRun(0, scripts, "backup", [], { home });
    const unpacked = inMemory();
    run(["bash", "-c", 'tar -xf "$1"/*.zst -C "$2"', "-", to, unpacked], { home });
    expect(inArchive(unpacked, home)).toEqual(kept.sort());
  });
});
