import { lstatSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isWithin } from "../../src/plan/path.ts";
import { loadCatalogue } from "../../src/profiles/catalogue.ts";
import type { ProfileEntry } from "../../src/profiles/profile.ts";
import type { ScannedRow, ScanResult } from "../../src/scan/result.ts";
import { remanence } from "../support/workspace.ts";
import { run } from "./support.ts";

/** The same numbers at each run (a linear congruential generator, Numerical Recipes). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Keys and logins where no program is known to keep any. */
const secrets = [
  "stuff/2019/id_ed25519",
  "Pictures/holiday/vault.kdbx",
  ".config/unheard-of/credentials.json",
  ".local/share/unheard-of/deep/down/server.pem",
  ".unheard-of/.netrc",
  "notes.pgp/secrets.yaml",
  "with space/ünï/token",
];

interface Planted {
  readonly path: string;
  readonly entry: ProfileEntry;
}

describe("scan of a home with the state of 200 applications", () => {
  let folder: string;
  let home: string;
  let answer: ScanResult;
  const planted: Planted[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "remanence-test-"));
    home = join(folder, "u");
    const random = numbers(7);
    const { catalogue } = await loadCatalogue(undefined);
    const chosen = [...catalogue.names].sort(() => random() - 0.5).slice(0, 200);
    for (const name of chosen) {
      for (const entry of catalogue.get(name)?.paths ?? []) {
        if (entry.scope !== "home" || entry.kind === "pattern") continue;
        const path = entry.kind === "directory" ? `${entry.path}/of ${name}/file` : entry.path;
        if (plant(join(home, path), Math.floor(random() * 20_000))) planted.push({ path, entry });
      }
    }
    for (const path of secrets) plant(join(home, path), 100);
    // A quarter of the programs is in the manifest.
    const named = chosen.slice(0, 50);
    const text = `version: 1\nusers: { u: {} }\nhosts: { f: { os: fedora } }\nprofiles: ${JSON.stringify(named)}\n`;
    writeFileSync(join(folder, "persistence.yaml"), text);
    const { stdout, stderr, code } = remanence(folder, ["scan", "--home", home, "--format", "json"]);
    expect([stderr, code]).toEqual(["", 1]);
    answer = JSON.parse(stdout) as ScanResult;
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  function plant(path: string, size: number): boolean {
    try {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, Buffer.alloc(size, "x"), { flag: "wx" });
      return true;
    } catch {
      // Another program has a file there already.
      return false;
    }
  }

  function rowsOf(path: string): readonly ScannedRow[] {
    return answer.undecided.filter((row) => isWithin(`/home/u/${path}`, row.path));
  }

  function du(path: string): number {
    return Number(run("du", ["-s", "--block-size=1", path], "/").stdout.split("\t")[0]);
  }

  it("has enough to look at", () => {
    expect(planted.length).toBeGreaterThan(400);
    expect(answer.undecided.length).toBeGreaterThan(100);
    expect(answer.totals.persist.files).toBeGreaterThan(50);
  });

  it("adds up to what du says, each row and all", () => {
    const sum = Object.values(answer.totals).reduce((bytes, size) => bytes + size.bytes, answer.kept.bytes);
    expect(sum).toBe(du(home));
    for (const { path, bytes, kind } of answer.undecided) {
      const real = join(home, path.slice("/home/u/".length));
      expect(bytes, path).toBe(kind === "directory" ? du(real) : lstatSync(real).blocks * 512);
    }
  });

  it("misses nothing: each path is in one row, or decided", () => {
    const inRows = planted.filter(({ path }) => rowsOf(path).length > 0).length;
    for (const { path } of planted) expect(rowsOf(path).length, path).toBeLessThanOrEqual(1);
    const files = answer.undecided.reduce((sum, row) => sum + row.files, 0);
    expect(files).toBe(inRows + secrets.length);
    expect(files).toBe(answer.totals.undecided.files);
  });

  it("takes no known cache for state, and nothing of worth for a cache", () => {
    for (const { path, entry } of planted) {
      const [row] = rowsOf(path);
      if (row === undefined) continue;
      const isCache = entry.class === "cache" && entry.need === "none";
      if (isCache && row.suggestion?.class !== "cache")
        expect(row.cache?.bytes ?? 0, `${path} in ${row.path}`).toBeGreaterThanOrEqual(du(join(home, entry.path)));
      if (entry.need !== "none") expect(row.suggestion?.need, `${path} in ${row.path}`).not.toBe("none");
    }
  });

  it("names keys and logins where no program is known to keep any", () => {
    for (const path of secrets) {
      const [row] = rowsOf(path);
      const said = row?.suggestion?.class === "secret" ? [row.path] : (row?.secrets ?? []);
      expect(said, path).toContain(row?.suggestion?.class === "secret" ? row.path : `/home/u/${path}`);
    }
  });
});
