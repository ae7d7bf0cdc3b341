import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { mountedEntries } from "../../src/plan/physical.ts";
import type { RelocatedEntry } from "../../src/plan/plan.ts";
import { describeWith, nixSources } from "../support/engines.ts";
import { evalNix, evaluateHome, evaluateNixos } from "../support/nix.ts";
import { type Evaluated, nixosPlan } from "../support/nixos.ts";
import { compileText, writeTree } from "../support/workspace.ts";

const examples = fileURLToPath(new URL("../../docs/examples/flakes/", import.meta.url));
const flavours = readdirSync(examples).filter((name) => existsSync(join(examples, name, "flake.nix")));
const fedora = "fedora";

/** What the flake of an example comes to: the real modules by their real names, and stubs for what builds a system. */
function outputs(folder: string, manager = "{ }"): string {
  const { impermanence, impermanenceV1, preservation, homeManager, libPath } = nixSources() ?? {};
  const legacy = readFileSync(join(folder, "flake.nix"), "utf8").includes("impermanence/home-manager-v1");
  return `
    let
      nixpkgs = {
        lib = import ${libPath} // { nixosSystem = args: args; };
        legacyPackages.x86_64-linux = { };
      };
      real = path: inputs:
        let
          inherit (import (path + "/flake.nix")) outputs;
          wanted = builtins.functionArgs outputs;
          all = inputs // { inherit self; };
          self = outputs (if wanted == { } then all else builtins.intersectAttrs wanted all);
        in
        self;
      manager = real ${homeManager} { inherit nixpkgs; };
      inputs = {
        inherit nixpkgs;
        impermanence = real ${legacy ? impermanenceV1 : impermanence} { inherit nixpkgs; home-manager = manager; };
        preservation = real ${preservation} { };
        home-manager = {
          nixosModules.home-manager = assert manager.nixosModules ? home-manager; ${manager};
          lib.homeManagerConfiguration = assert manager.lib ? homeManagerConfiguration; args: args;
        };
      };
      flake = import ${join(folder, "flake.nix")};
      needed = builtins.functionArgs flake.outputs;
      named = builtins.mapAttrs (name: _: assert flake.inputs.\${name} ? url; inputs.\${name}) needed;
    in
    flake.outputs named`;
}

async function layOut(flavour: string): Promise<{ folder: string; compiled: Awaited<ReturnType<typeof compileText>> }> {
  const compiled = await compileText(readFileSync(join(examples, flavour, "persistence.yaml"), "utf8"));
  const folder = writeTree(compiled);
  cpSync(join(examples, flavour, "flake.nix"), join(folder, "flake.nix"));
  cpSync(join(examples, "configuration.nix"), join(folder, "configuration.nix"));
  return { folder, compiled };
}

/** A module of what a configuration of the flake imports, as the harness takes it. */
function imports(folder: string, configuration: string): string {
  const file = join(folder, "all.nix");
  writeFileSync(file, `{ imports = (${outputs(folder)}).${configuration}.modules; }\n`);
  return file;
}

describeWith(["nix", "nix-sources"], "the flakes of the documentation, with the real modules", () => {
  it("fedora: everything that is kept is linked", async () => {
    const { folder, compiled } = await layOut(fedora);
    expectKeptByManager(fedora, folder, compiled.plans.flatMap(mountedEntries));
  });

  it.each(flavours.filter((name) => name !== fedora))(
    "%s: everything that is kept is mounted or linked",
    async (flavour) => {
      const { folder, compiled } = await layOut(flavour);
      const plan = nixosPlan(compiled);
      const modules = `(${outputs(folder, '"the module of home-manager"')}).nixosConfigurations.laptop.modules`;
      const usesManager = evalNix(`builtins.elem "the module of home-manager" ${modules}`) as boolean;
      const report = evaluateNixos({
        generated: [imports(folder, "nixosConfigurations.laptop")],
        users: { alice: { group: "users", home: "/home/alice" } },
        withHomeManager: usesManager,
      });
      expect(report).toMatchObject({ ok: true, error: null, hazards: [] });
      expect(usesManager).toBe(flavour.startsWith("home-manager"));
      const kept = appear(report as Evaluated);
      for (const entry of mountedEntries(plan)) {
        const isOfManager = entry.scope === "home" && ["home-manager-v1", "standalone"].includes(flavour);
        expect(kept.has(entry.live), entry.live).toBe(!isOfManager);
      }
      expectKeptByManager(
        flavour,
        folder,
        mountedEntries(plan).filter(({ scope }) => scope === "home"),
      );
    },
  );

  it.each(flavours)("%s: no input follows one that is not there", (flavour) => {
    const inputs = evalNix(`(import ${join(examples, flavour, "flake.nix")}).inputs`) as Record<string, Input>;
    const follows = Object.values(inputs).flatMap((input) => Object.values(input.inputs ?? {}));
    for (const { follows: name } of follows) expect(["", ...Object.keys(inputs)]).toContain(name);
    // Else its development inputs come along (README of impermanence).
    if (inputs["impermanence"]?.url === "github:nix-community/impermanence")
      expect(Object.keys(inputs["impermanence"].inputs ?? {}).sort()).toEqual(["home-manager", "nixpkgs"]);
  });

  it("would fail for an input, a module or a file that is not there", async () => {
    const { folder } = await layOut("impermanence");
    const flake = join(folder, "flake.nix");
    const text = readFileSync(flake, "utf8");
    const wrong = (from: string, to: string): unknown => {
      expect(text).toContain(from);
      writeFileSync(
        flake,
        text.replace(from, () => to),
      );
      const all = imports(folder, "nixosConfigurations.laptop");
      return evaluateNixos({ generated: [all], users: { alice: {} } }).error;
    };
    expect(wrong("nixosModules.impermanence", "nixosModules.persistence")).toMatch(/attribute 'persistence' missing/);
    expect(wrong("./nixos/laptop/wipe.nix", "./nixos/laptop/wiped.nix")).toMatch(/wiped\.nix/);
    expect(wrong('impermanence.url = "github:nix-community/impermanence";\n', "")).not.toBeNull();
  });
});

interface Input {
  readonly url?: string;
  readonly inputs?: Readonly<Record<string, { readonly follows: string }>>;
}

/** What home-manager keeps itself: as links on its own, by bindfs with the legacy module. */
function expectKeptByManager(flavour: string, folder: string, entries: readonly RelocatedEntry[]): void {
  const isAlone = flavour === "standalone" || flavour === fedora;
  if (!isAlone && flavour !== "home-manager-v1") return;
  const all = outputs(folder);
  const imported = isAlone
    ? `(${all}).homeConfigurations.alice.modules`
    : `(builtins.head (builtins.filter (module: module ? home-manager) (${all}).nixosConfigurations.laptop.modules)).home-manager.users.alice.imports`;
  const file = join(folder, "home.nix");
  writeFileSync(file, `{ imports = ${imported}; }\n`);
  const home = evaluateHome({
    generated: [file],
    username: "alice",
    homeDirectory: "/home/alice",
    stateVersion: "26.05",
  });
  expect(home).toMatchObject({ ok: true, hazards: [] });
  if (home.error !== null) return;
  const kept = JSON.stringify([home.files, home.services]);
  for (const { stored } of entries) expect(kept).toContain(stored);
  expect(entries.length).toBeGreaterThan(0);
}

/** Where something appears that lies in a store. */
function appear(report: Evaluated): Set<string> {
  const links = report.tmpfiles.filter(({ type }) => type.startsWith("L")).map(({ path }) => path);
  const plain = report.tmpfilesRules.filter((rule) => rule.startsWith("L")).map((rule) => rule.split(/\s+/)[1] ?? "");
  return new Set([
    ...report.mounts.map(({ where }) => where.replace(/^\/sysroot/, "")),
    ...report.fileServices.map(({ file }) => file),
    ...links.map((path) => path.replace(/^\/sysroot/, "")),
    ...plain,
  ]);
}
