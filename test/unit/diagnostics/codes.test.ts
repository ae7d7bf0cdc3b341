import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { diagnosticsOf, marksOf, placesOf } from "../../support/marked.ts";
import { type Case, manifestCases, planCases, profileCases, yamlCases } from "./cases.ts";

/** Warnings that any manifest with such entries has; not what a case is about. */
const usual = new Set(["files/unknown-writer", "catalogue/secret", "catalogue/mode", "files/below-file"]);

async function check({ code, text, others = {}, with: more = [] }: Case): Promise<void> {
  const diagnostics = await diagnosticsOf(text, others);
  expect(placesOf(diagnostics, code)).toEqual(marksOf({ "persistence.yaml": text, ...others }));
  const errors = diagnostics.filter((d) => d.severity === "error").map((d) => d.code);
  expect(new Set(errors.filter((other) => other !== code && !more.includes(other)))).toEqual(new Set());
  const warnings = diagnostics.filter((d) => d.severity !== "error").map((d) => d.code);
  expect(warnings.filter((other) => other !== code && !usual.has(other))).toEqual([]);
}

describe.each([
  ["YAML", yamlCases],
  ["manifest", manifestCases],
  ["plan", planCases],
  ["profile", profileCases],
] as const)("of a %s", (_, cases) => {
  it.each(cases)("$code points at its place, and nothing else is wrong", check);
});

describe("the codes", () => {
  it("have a case each", () => {
    const all = [...yamlCases, ...manifestCases, ...planCases, ...profileCases].map((c) => c.code);
    const elsewhere = ["manifest/not-utf8", "edit/alias", "edit/exists", "edit/twice", "edit/unsafe"];
    expect([...new Set([...all, ...elsewhere])].sort()).toEqual(declaredCodes());
  });
});

/** The codes of all tables in the sources of these stages. */
function declaredCodes(): string[] {
  const source = new URL("../../../src/", import.meta.url);
  const files = ["manifest", "plan", "profiles"].flatMap((folder) =>
    readdirSync(new URL(`${folder}/`, source)).map((name) =>
      readFileSync(new URL(`${folder}/${name}`, source), "utf8"),
    ),
  );
  const codes = files.flatMap((text) => [...text.matchAll(/^ {2}"([a-z]+\/[a-z0-9-]+)": (?:\{|special\()/gm)]);
  return codes.map((match) => match[1] ?? "").sort();
}
