import { expect, it } from "vitest";
import { hasErrors } from "../../../src/diagnostics/diagnostic.ts";
import { readProfiles } from "../../../src/profiles/build-index.ts";
import { compileText } from "../../support/workspace.ts";

const { profiles } = readProfiles();

const manifest = (uses: readonly string[], nixos: string): string => `version: 1
users: { alice: {} }
hosts:
  laptop: { os: nixos, nixos: { ${nixos} } }
  desk: { os: fedora, stores: { persist: ~/.persist } }
profiles:
${uses.map((use) => `  - ${use}\n`).join("")}`;

/**
 * NixOS cannot mount what has letters outside ASCII (`nixos/characters`); whoever has such folders there must know, so they are
 * not left away on NixOS.
 */
const isLocalised = (name: string): boolean => name.startsWith("xdg-user-dirs-");

/** Every flavour that some profile has. */
const flavours = [...new Set(profiles.flatMap((profile) => Object.keys(profile.flavours)))].sort();

it.each([
  ["as they are", profiles.map(({ name }) => name).filter((name) => !isLocalised(name))],
  ...flavours.map((flavour): [string, string[]] => [
    flavour,
    profiles.filter((p) => flavour in p.flavours).map(({ name }) => `{ name: ${name}, flavour: ${flavour} }`),
  ]),
])("all profiles can be used at once, on both systems: %s", async (_, uses) => {
  for (const nixos of ["module: impermanence, home: home-manager", "module: preservation"]) {
    const { diagnostics, tree } = await compileText(
      manifest(["nixos-ids", ...uses.filter((u) => u !== "nixos-ids")], nixos),
    );
    expect(diagnostics.filter(({ severity }) => severity === "error").map((d) => `${d.code}: ${d.message}`)).toEqual(
      [],
    );
    expect(hasErrors(diagnostics)).toBe(false);
    expect(tree.length).toBeGreaterThan(0);
  }
});

it("a flavour that uses files of the application outside of its sandbox is no second one", async () => {
  const codes = async (uses: readonly string[]): Promise<string[]> =>
    (await compileText(manifest(["nixos-ids", ...uses], "relocate: wiped"))).diagnostics.map(({ code }) => code);
  expect(await codes(["{ name: gimp, flavour: flatpak }"])).toEqual([]);
  expect(await codes(["gimp", "{ name: gimp, flavour: flatpak }"])).toContain("catalogue/flavours");
});
