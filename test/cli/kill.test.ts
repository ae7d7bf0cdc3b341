import { spawnSync } from "node:child_process";
import { appendFileSync, cpSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { remanence, scratch } from "../support/workspace.ts";
import { cli, generated, small, stateOf, workspace } from "./support.ts";

const killer = fileURLToPath(new URL("kill.cjs", import.meta.url));

/** Runs the command and kills it at a step; returns how many steps it took where it came to its end. */
function killedAt(step: number | string, folder: string, args: readonly string[]): number | undefined {
  const { status, signal, stderr } = spawnSync(process.execPath, ["--require", killer, cli, ...args], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, KILL_AT: String(step) },
  });
  if (signal === "SIGKILL") return undefined;
  expect({ step, status }).toEqual({ step, status: 0 });
  return Number(/steps: (\d+)/.exec(stderr)?.[1]);
}

/** A copy of a folder, with all that is in it. */
function copyOf(folder: string): string {
  const copy = scratch();
  cpSync(folder, copy, { recursive: true, preserveTimestamps: true });
  return copy;
}

/** One file to create, one to update and one to remove, with their folders; and a file of somebody else in each. */
const scope = ["--target", "nixos"];
const before = `${small}outputs: { nixos: "{host}/nixos" }\n`.replace(
  "home: standalone",
  "home: nixos-module, relocate: wiped",
);
const after = before
  .replace("wipe: { path: /, method: tmpfs }, ", "")
  .replace("{ os: nixos,", "{ os: nixos, backup: { engine: restic, repository: /mnt/backup, password-file: /root/pw },")
  .replace("[nixos-ids]", "[nixos-ids, bluetooth]");

const states = new Map<string, Record<string, string>>();

/** What one run that nothing disturbs makes of a manifest. */
function undisturbed(manifest: string): Record<string, string> {
  const state = states.get(manifest) ?? stateOf(generated(manifest));
  states.set(manifest, state);
  return state;
}

/** Every so many steps, so that a slow machine is done in time. */
function* steps(count: number, stride: number): Generator<number> {
  for (let step = 1; step <= count; step += stride) yield step;
}

describe("generate is killed at any step", () => {
  it.each([
    ["of a first run", undefined, before, scope, 4],
    ["of a run that creates, updates and removes", before, after, scope, 2],
    ["of a run over all targets", before, after.replace("Documents/", "Papers/"), [], 17],
  ] as const)("%s, and the next one puts it right", (_, first, second, args, stride) => {
    const start = first === undefined ? workspace(second) : generated(first);
    writeFileSync(join(start, "persistence.yaml"), second);
    writeFileSync(join(start, "mine.txt"), "mine\n");
    const whole = copyOf(start);
    const count = killedAt(0, whole, ["generate", ...args]) ?? 0;
    const expected = stateOf(whole);
    expect(count).toBeGreaterThan(20);
    expect(expected["mine.txt"]).toMatch(/mine/);
    for (const step of steps(count, stride)) {
      const folder = copyOf(start);
      expect(killedAt(step, folder, ["generate", ...args])).toBeUndefined();
      const { code, stderr } = remanence(folder, ["generate", ...args]);
      expect({ step, code, stderr }).toMatchObject({ step, code: 0 });
      expect({ step, state: stateOf(folder) }).toEqual({ step, state: expected });
    }
  });

  it("and that run does all there is to do to a file", () => {
    const folder = generated(before);
    writeFileSync(join(folder, "persistence.yaml"), after);
    const { stdout } = remanence(folder, ["generate", ...scope, "--dry-run", "--format", "json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      created: ["n/nixos/backup.nix", "n/nixos/restore.sh"],
      updated: ["n/nixos/persistence.nix"],
      removed: ["n/nixos/carry.nix", "n/nixos/migrate.sh", "n/nixos/wipe.nix"],
    });
  });

  it("of a run that overrules an edited file: the edited content is never lost", () => {
    const start = generated(before);
    const edited = "n/nixos/persistence.nix";
    appendFileSync(join(start, edited), "# mine\n");
    writeFileSync(join(start, "persistence.yaml"), after);
    const mine = stateOf(start)[edited];
    const args = ["generate", "--force", ...scope];
    const whole = copyOf(start);
    const count = killedAt(0, whole, args) ?? 0;
    const expected = stateOf(whole);
    expect(expected[`.remanence/kept/${edited}`]).toBe(mine);
    for (const step of steps(count, 5)) {
      const folder = copyOf(start);
      killedAt(step, folder, args);
      const there = stateOf(folder);
      expect([there[edited], there[`.remanence/kept/${edited}`]]).toContain(mine);
      expect(remanence(folder, args).code).toBe(0);
      expect({ step, state: stateOf(folder) }).toEqual({ step, state: expected });
    }
  });

  it.each([
    ["renameSync 2", "renameSync 2"],
    ["renameSync 3", "renameSync 2"],
    ["renameSync 2", "rmSync 4"],
    ["openSync 2", "renameSync 2"],
    ["renameSync 1", "openSync 3"],
  ])("twice, at %s and at %s, with other manifests: no file of ours is taken for an edited one", (first, second) => {
    const folder = generated(before);
    for (const [step, text] of [
      [first, after],
      [second, after.replace("bluetooth", "docker")],
    ] as const) {
      writeFileSync(join(folder, "persistence.yaml"), text);
      expect(killedAt(step, folder, ["generate", ...scope])).toBeUndefined();
    }
    const copy = copyOf(folder);
    const third = after.replace("bluetooth", "libvirt");
    // Forward to a third state, and back to the first.
    for (const [at, text] of [
      [folder, third],
      [copy, before],
    ] as const) {
      writeFileSync(join(at, "persistence.yaml"), text);
      expect(remanence(at, ["generate"])).toMatchObject({ code: 0 });
      expect(stateOf(at)).toEqual(undisturbed(text));
    }
  });

  it("and what it left is nobody's, and gone after the next run", () => {
    const folder = generated();
    const expected = stateOf(folder);
    const outputs = Object.keys(expected).filter((path) => path.includes("/") && !expected[path]?.endsWith("no file"));
    for (const directory of new Set(outputs.map((path) => dirname(path)))) {
      writeFileSync(join(folder, directory, ".remanence-new-0123456789abcdef"), "half");
    }
    expect(remanence(folder, ["diff"])).toMatchObject({ code: 0, stdout: "" });
    expect(remanence(folder, ["generate", "--check"])).toMatchObject({ code: 0 });
    expect(remanence(folder, ["generate"])).toMatchObject({ code: 0 });
    expect(stateOf(folder)).toEqual(expected);
  });
});
