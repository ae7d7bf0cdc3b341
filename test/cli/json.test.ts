import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { machineFolder, machines } from "../support/machines.ts";
import { remanence } from "../support/workspace.ts";
import { cli, generated, run, small, workspace } from "./support.ts";

function answer(folder: string, ...args: string[]): Record<string, unknown> {
  const { code, stdout, stderr } = remanence(folder, [...args, "--format", "json"]);
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: "" });
  return JSON.parse(stdout) as Record<string, unknown>;
}

const keys = (value: unknown): string[] => Object.keys(value as object);
const first = (value: unknown): unknown => (value as unknown[])[0];

/** The keys of the contract, in its order; those that were added to it stand after a bar. */
const contract = {
  plan: "version host os entries",
  planEntry: `scope user path live kind class need disposition store stored how mode owner group backup expire
    carry fetch writes database note origin`,
  origin: "file line column profile",
  explain: "version path hosts",
  explainHost: "host os user fate live stored backup class need origin outputs",
  diagnostic: "code severity message file line column help",
  generate: "version created updated unchanged removed refused",
};
const wordsOf = (text: string): string[] => text.split(/\s+/);

describe("the JSON contract, version 1", () => {
  it("of plan", () => {
    const plan = answer(generated(), "plan", "--host", "n");
    expect(keys(plan)).toEqual(wordsOf(contract.plan));
    expect(plan).toMatchObject({ version: 1, host: "n", os: "nixos" });
    const entries = plan["entries"] as { live: string; origin: object }[];
    for (const entry of entries) {
      expect(keys(entry)).toEqual(wordsOf(contract.planEntry));
      expect(keys(entry.origin)).toEqual(wordsOf(contract.origin));
    }
    expect(entries.map((e) => e.live)).toEqual(["/home/u/.config/app", "/home/u/Documents", "/var/lib/nixos"]);
    expect(entries[1]).toMatchObject({
      scope: "home",
      user: "u",
      path: "Documents",
      kind: "directory",
      disposition: "persist",
      store: "persist",
      stored: "/persist/home/u/Documents",
      owner: "u",
      group: "users",
      backup: false,
      expire: null,
      origin: { file: "persistence.yaml", line: 8, column: 5, profile: null },
    });
    expect(entries[0]).toMatchObject({ disposition: "carry", store: null, stored: null, how: null });
    expect(entries[2]).toMatchObject({ scope: "system", user: null, origin: { line: 6, profile: "nixos-ids" } });
  });

  it("of explain", () => {
    const folder = generated();
    const said = answer(folder, "explain", "~/Documents/x");
    expect(keys(said)).toEqual(wordsOf(contract.explain));
    expect(said).toMatchObject({ version: 1, path: "~/Documents/x" });
    for (const host of said["hosts"] as { origin: object; outputs: object[] }[]) {
      expect(keys(host)).toEqual(wordsOf(contract.explainHost));
      expect(keys(host.origin)).toEqual(wordsOf(contract.origin));
      expect(host.outputs.length).toBeGreaterThan(0);
      for (const output of host.outputs) expect(keys(output)).toEqual(["file", "says"]);
    }
    expect(first(answer(folder, "explain", "/opt/x")["hosts"])).toMatchObject({
      fate: "undecided",
      user: null,
      stored: null,
      backup: false,
      class: null,
      need: null,
      origin: null,
    });
  });

  it("of check", () => {
    const said = answer(workspace(`${small}  - .gnupg/\n`), "check");
    expect(keys(said)).toEqual(["version", "diagnostics"]);
    for (const row of said["diagnostics"] as object[]) expect(keys(row)).toEqual(wordsOf(contract.diagnostic));
    expect(said["diagnostics"]).toContainEqual(
      expect.objectContaining({ code: "catalogue/secret", severity: "warning", line: 10, column: 5 }),
    );
  });

  it("of generate and diff", () => {
    const folder = workspace();
    const compared = remanence(folder, ["diff", "--format", "json"]);
    expect(compared).toMatchObject({ code: 1, stderr: "" });
    const { differences, ...rest } = JSON.parse(compared.stdout) as { differences: { path: string; kind: string }[] };
    expect(rest).toEqual({ version: 1 });
    expect(keys(differences[0])).toEqual(["path", "kind", "diff"]);
    const said = answer(folder, "generate");
    expect(keys(said)).toEqual(wordsOf(contract.generate));
    expect(said).toMatchObject({ version: 1, updated: [], unchanged: [], removed: [], refused: [] });
    expect(differences.map(({ path, kind }) => ({ path, kind }))).toEqual(
      (said["created"] as string[]).map((path) => ({ path, kind: "create" })),
    );
  });

  it("of the catalogue", () => {
    const folder = workspace(small, {
      "profiles/mine.yaml":
        "name: mine\ntitle: Mine\npaths: [{ path: .mine/, class: data }]\nsources: [https://example.org/]\n",
    });
    const list = answer(folder, "profiles", "list") as { profiles: { name: string }[] };
    expect(keys(list)).toEqual(["version", "profiles"]);
    expect(keys(list.profiles[0])).toEqual(["name", "title", "flavours"]);
    expect(list.profiles.map((p) => p.name)).toEqual(expect.arrayContaining(["firefox", "mine", "ssh"]));
    expect(answer(folder, "profiles", "show", "mine")).toMatchObject({
      version: 1,
      profile: { name: "mine", title: "Mine", paths: [{ path: ".mine", kind: "directory" }] },
    });
    expect(remanence(folder, ["profiles", "show", "mine"]).stdout).toMatch(
      /^Mine\n {2}~\/\.mine\/.*\n\nKnown from\n {2}https:/,
    );
    expect(remanence(folder, ["profiles", "list"]).stdout).toMatch(/^ {2}firefox {2,}Firefox {2,}flatpak$/m);
  });
});

type Schema = Parameters<typeof z.fromJSONSchema>[0] & object;

describe("the schema", () => {
  let known: Schema | undefined;
  const schema = (): Schema => {
    known ??= JSON.parse(run(process.execPath, [cli, "schema"], tmpdir()).stdout) as Schema;
    return known;
  };
  const accepts = (text: string): boolean => z.fromJSONSchema(schema()).safeParse(parse(text)).success;

  it.each(machines)("accepts the manifest of %s", (machine) => {
    expect(accepts(readFileSync(join(machineFolder(machine), "persistence.yaml"), "utf8"))).toBe(true);
  });

  it.each([
    ["a class nobody knows", "class: config", "class: settings"],
    ["a number for a path", "- Documents/", "- 12"],
    ["an operating system nobody knows", "os: fedora", "os: arch"],
    ["another version", "version: 1", "version: 2"],
    ["a control character", "[nixos-ids]", '["x\\u0007"]'],
    ["a key nobody knows", "carry: true", "carried: true"],
  ])("refuses %s", (_, right, wrong) => {
    expect(accepts(small)).toBe(true);
    expect(accepts(small.replace(right, wrong))).toBe(false);
  });

  it("names itself, needs no manifest, and has patterns that every validator reads alike", () => {
    expect(JSON.stringify(schema())).not.toContain("\\\\p{");
    expect(schema()).toMatchObject({ $id: "persistence.schema.json", title: "Remanence manifest", type: "object" });
  });
});
