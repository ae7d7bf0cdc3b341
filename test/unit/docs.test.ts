import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { emitters } from "../../src/emitters/registry.ts";
import { knownKeys } from "../../src/manifest/schema.ts";
import { remanence } from "../support/workspace.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((path) => join(folder, path));
}

const pages = [
  "README.md",
  "CHANGELOG.md",
  ...sources("docs").filter((path) => path.endsWith(".md") && !path.includes("examples")),
];

describe("the documentation", () => {
  it("explains every diagnostic code, and no code that is gone", () => {
    const text = sources("src")
      .filter((path) => path.endsWith(".ts"))
      .map(read)
      .join("\n");
    const codes = [...text.matchAll(/^ {2}"([a-z]+\/[a-z0-9-]+)": (?:\{|special)/gm)].map((match) => match[1]);
    const documented = [...read("docs/reference/diagnostics.md").matchAll(/^\| `([a-z]+\/[a-z0-9-]+)` \|/gm)].map(
      (m) => m[1],
    );
    expect(documented.sort()).toEqual([...new Set(codes)].sort());
    expect(codes.length).toBeGreaterThan(60);
  });

  it("has a page for every target", () => {
    const there = readdirSync(join(root, "docs/targets")).sort();
    expect(there).toEqual(
      Object.keys(emitters)
        .map((name) => `${name}.md`)
        .sort(),
    );
  });

  it("names every command and option of the command line", () => {
    const page = read("docs/reference/commands.md");
    const commands = [
      "init",
      "check",
      "plan",
      "explain",
      "scan",
      "report",
      "generate",
      "diff",
      "carry",
      "trace",
      "profiles list",
      "profiles show",
      "profiles search",
      "profiles match",
      "schema",
      "adopt",
      "triage",
    ];
    for (const command of commands) {
      expect(page).toContain(`\`${command}`);
      const { stdout, code } = remanence(root, [...command.split(" "), "--help"]);
      expect(code).toBe(0);
      for (const [option] of stdout.matchAll(/--[a-z][a-z-]*/g)) {
        if (option !== "--help") expect(page, `${command} ${option}`).toContain(option);
      }
    }
  });

  it("names every key of the manifest", () => {
    const page = read("docs/reference/manifest.md");
    for (const key of Object.values(knownKeys).flat()) expect(page, key).toMatch(new RegExp(`\\b${key}\\b`));
  });

  it("has no link that leads nowhere", () => {
    for (const page of pages) {
      for (const [, target] of read(page).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)) {
        expect(existsSync(join(root, dirname(page), target ?? "")), `${page} -> ${target}`).toBe(true);
      }
    }
  });
});
