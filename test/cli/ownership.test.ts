import { appendFileSync, chmodSync, existsSync, mkdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { filesBelow, readText, remanence, writeFiles } from "../support/workspace.ts";
import { cli, expectNoTrace, generated, run, small, stateOf, timesOf, workspace } from "./support.ts";

const nix = "nixos/n/persistence.nix";
const migrate = "nixos/n/migrate.sh";

interface Report {
  readonly created: string[];
  readonly updated: string[];
  readonly unchanged: string[];
  readonly removed: string[];
  readonly refused: string[];
}

function generateJson(folder: string, ...args: string[]): Report & { code: number | null } {
  const { code, stdout } = remanence(folder, ["generate", "--format", "json", ...args]);
  return { code, ...(JSON.parse(stdout) as Report) };
}

function setManifest(folder: string, text: string): void {
  writeFileSync(join(folder, "persistence.yaml"), text);
}

/** Sets the times of all files to the past, so that a write shows. */
function age(folder: string): void {
  for (const path of filesBelow(folder)) utimesSync(join(folder, path), 1, 1);
}

function replaceByDirectory(path: string): void {
  rmSync(path);
  mkdirSync(path);
}

describe("generate owns what it wrote", () => {
  it("a second run writes nothing at all", () => {
    const folder = generated();
    age(folder);
    const before = stateOf(folder);
    const report = generateJson(folder);
    expect(report).toMatchObject({ code: 0, created: [], updated: [], removed: [], refused: [] });
    const outputs = filesBelow(folder).filter(
      (path) => !["persistence.yaml", ".remanence/outputs.json"].includes(path),
    );
    expect([...report.unchanged].sort()).toEqual(outputs);
    expect(stateOf(folder)).toEqual(before);
    expect(new Set(Object.values(timesOf(folder)))).toEqual(new Set([1000]));
  });

  it("only what changed is written", () => {
    const folder = generated();
    age(folder);
    setManifest(folder, `${small}system: [{ path: /srv/x/, on: [n] }]\n`);
    expect(generateJson(folder)).toMatchObject({ code: 0, created: [], updated: [migrate, nix], removed: [] });
    const times = timesOf(folder);
    const written = Object.keys(times).filter((path) => times[path] !== 1000);
    expect(written.sort()).toEqual([".remanence/outputs.json", migrate, nix, "persistence.yaml"]);
  });

  it("what is no longer generated is removed, and folders that are empty then", () => {
    const folder = generated();
    writeFiles(folder, { "nixos/mine.nix": "{ }\n" });
    setManifest(folder, small.replace(/^ {2}n: .*\n/m, ""));
    const { code, removed } = generateJson(folder);
    expect(code).toBe(0);
    expect(removed).toContain(nix);
    expect(filesBelow(folder).filter((path) => /^(?:nixos|home-manager)\//.test(path))).toEqual(["nixos/mine.nix"]);
    expect(existsSync(join(folder, "nixos/n"))).toBe(false);
    expect(existsSync(join(folder, "home-manager"))).toBe(false);
    expect(readText(folder, ".remanence/outputs.json")).not.toContain("nixos/n");
  });

  it("a moved output folder moves all of it", () => {
    const folder = generated();
    setManifest(folder, `${small}outputs: { nixos: "hosts/{host}" }\n`);
    expect(generateJson(folder)).toMatchObject({ code: 0, removed: expect.arrayContaining([nix]) });
    expect(existsSync(join(folder, "nixos"))).toBe(false);
    expect(existsSync(join(folder, "hosts/n/persistence.nix"))).toBe(true);
  });

  it.each([
    ["edited", (path: string) => appendFileSync(path, "# mine\n"), /was edited since it was generated/],
    ["not text any more", (path: string) => writeFileSync(path, Buffer.from([0xff, 0xfe])), /was edited since/],
    ["a directory", (path: string) => replaceByDirectory(path), /something other than a plain file is there/],
  ])("a file that is %s is refused, and nothing is written", (_, change, why) => {
    const folder = generated();
    change(join(folder, nix));
    setManifest(folder, small.replace("Documents/", "Papers/").replace("[nixos-ids]", "[nixos-ids, ssh]"));
    const before = stateOf(folder);
    const { code, stdout, stderr } = remanence(folder, ["generate"]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(new RegExp(`refused ${nix}: .*${why.source}`));
    expect(stderr).toMatch(/Nothing was written\..*--force/);
    expectNoTrace(stderr);
    expect(generateJson(folder)).toMatchObject({ code: 1, created: [], updated: [], removed: [], refused: [nix] });
    expect(stateOf(folder)).toEqual(before);
  });

  it("a refusal shows what would be lost", () => {
    const folder = generated();
    appendFileSync(join(folder, nix), "# mine\n");
    expect(remanence(folder, ["generate"]).stderr).toContain(`--- a/${nix}\n+++ b/${nix}\n`);
    expect(remanence(folder, ["generate"]).stderr).toContain("\n-# mine\n");
  });

  it("a file that was there before is refused, unless it has the very content", () => {
    const first = generated();
    const folder = workspace(small, { [nix]: "{ }\n" });
    expect(remanence(folder, ["generate"])).toMatchObject({ code: 1, stdout: "" });
    expect(filesBelow(folder)).toEqual([nix, "persistence.yaml"]);
    writeFiles(folder, { [nix]: readText(first, nix) });
    expect(remanence(folder, ["generate"])).toMatchObject({ code: 0 });
    expect(stateOf(folder)).toEqual(stateOf(first));
  });

  it("an edited file that is no longer generated is refused too", () => {
    const folder = generated();
    appendFileSync(join(folder, "fedora/f/link.sh"), "# mine\n");
    setManifest(folder, small.replace(/^ {2}f: .*\n/m, ""));
    const before = stateOf(folder);
    expect(generateJson(folder)).toMatchObject({ code: 1, removed: [], refused: ["fedora/f/link.sh"] });
    expect(stateOf(folder)).toEqual(before);
    expect(generateJson(folder, "--force").removed).toContain("fedora/f/link.sh");
    expect(readText(folder, ".remanence/kept/fedora/f/link.sh")).toMatch(/# mine\n$/);
  });

  it("--force overwrites and keeps a copy of each version", () => {
    const folder = generated();
    const clean = readText(folder, nix);
    for (const text of ["# one\n", "# two\n", "# one\n"]) {
      writeFileSync(join(folder, nix), text);
      chmodSync(join(folder, nix), 0o600);
      expect(generateJson(folder, "--force")).toMatchObject({ code: 0, updated: [nix], refused: [] });
      expect(readText(folder, nix)).toBe(clean);
    }
    const kept = join(folder, ".remanence/kept", nix);
    expect(filesBelow(dirname(kept))).toEqual(["persistence.nix", "persistence.nix.1"]);
    expect([readText(kept), readText(`${kept}.1`)]).toEqual(["# one\n", "# two\n"]);
    expect(statSync(kept).mode & 0o777).toBe(0o600);
  });

  it.each(["022", "077", "000"])("under umask %s scripts have mode 755 and all else 644", (umask) => {
    const folder = workspace();
    expect(run("sh", ["-c", `umask ${umask}; exec "$@"`, "sh", process.execPath, cli, "generate"], folder).code).toBe(
      0,
    );
    for (const path of filesBelow(folder)) {
      const mode = (statSync(join(folder, path)).mode & 0o777).toString(8);
      expect({ path, mode }).toEqual({ path, mode: path.endsWith(".sh") ? "755" : "644" });
    }
  });

  it("a script that cannot be executed any more is written again", () => {
    const folder = generated();
    chmodSync(join(folder, "fedora/f/link.sh"), 0o644);
    expect(generateJson(folder)).toMatchObject({ code: 0, updated: ["fedora/f/link.sh"] });
    expect(statSync(join(folder, "fedora/f/link.sh")).mode & 0o777).toBe(0o755);
  });

  it.each([
    [["--target", "fedora"], /^fedora\//],
    [["--host", "n"], /^(?:nixos|home-manager|chezmoi)\//],
    [["--target", "nixos", "--host", "f"], /^$/],
  ])("%j leaves the rest alone, edited or stale", (scope, inScope) => {
    const folder = generated();
    setManifest(
      folder,
      small
        .replace("Documents/", "Documents/\n  - Papers/")
        .replace("[nixos-ids]", "[nixos-ids, { name: ssh, on: [n] }]"),
    );
    const others = ["fedora/f/README.md", "nixos/n/wipe.nix"].filter((path) => !inScope.test(path));
    for (const path of others) appendFileSync(join(folder, path), "mine\n");
    const before = stateOf(folder);
    const { code, created, updated, removed, refused } = generateJson(folder, ...scope);
    expect({ code, refused }).toEqual({ code: 0, refused: [] });
    const touched = [...created, ...updated, ...removed];
    expect(touched.filter((path) => !inScope.test(path))).toEqual([]);
    expect(touched.length > 0).toBe(inScope.source !== "^$");
    const now = stateOf(folder);
    for (const path of Object.keys(before).filter((p) => !touched.includes(p) && p !== ".remanence/outputs.json")) {
      expect({ path, state: now[path] }).toEqual({ path, state: before[path] });
    }
    // The rest is known as before: after all of it is generated the record is that of one run.
    for (const path of others) rmSync(join(folder, path));
    expect(remanence(folder, ["generate"]).code).toBe(0);
    expect(stateOf(folder)).toEqual(stateOf(generated(readText(folder, "persistence.yaml"))));
  });
});
