import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { describeWith, nixSources } from "../support/engines.ts";
import { evalNix } from "../support/nix.ts";
import { scratch } from "../support/workspace.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const flake = join(root, "flake.nix");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

interface Outputs {
  readonly package: {
    readonly pname: string;
    readonly version: string;
    readonly npmConfigHook: string;
    readonly npmDeps: { readonly packageLock: { readonly packages: Record<string, Record<string, unknown>> } };
    readonly meta: { readonly mainProgram: string };
  };
  readonly program: string;
  readonly shell: readonly string[];
  readonly names: readonly string[];
}

/** The flake with the real lib; what makes packages hands back what it was given. */
function outputs(): Outputs {
  const lib = resolve(nixSources()?.libPath ?? "");
  const names = [...readFileSync(flake, "utf8").matchAll(/pkgs\.([\w-]+)/g)].map(([, name]) => name);
  return evalNix(`
    let
      lib = import ${JSON.stringify(lib)};
      pkgs = system: lib.genAttrs (builtins.fromJSON ${JSON.stringify(JSON.stringify(names))}) (name: name) // {
        buildNpmPackage = args: removeAttrs args [ "src" ] // { type = "derivation"; name = args.pname; outPath = "/package"; };
        importNpmLock = { __functor = _: args: args; npmConfigHook = "hook"; };
        mkShell = args: args;
        stdenv.hostPlatform = { inherit system; };
      };
      self = (import ${JSON.stringify(flake)}).outputs { inherit self; nixpkgs = { inherit lib; legacyPackages = lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] pkgs; }; };
    in {
      package = removeAttrs self.packages.x86_64-linux.default [ "outPath" "type" ];
      program = self.apps.aarch64-linux.default.program;
      shell = self.devShells.x86_64-linux.default.packages;
      names = lib.attrNames self;
    }`) as Outputs;
}

describeWith(["nix", "nix-sources"], "flake.nix, with stubs for what makes packages", () => {
  it("has a package, an app, checks, a shell and a formatter", () => {
    const { package: made, program, shell, names } = outputs();
    expect(names).toEqual(["apps", "checks", "devShells", "formatter", "packages"]);
    expect(made).toMatchObject({ pname: "remanence", version: manifest.version, npmConfigHook: "hook" });
    expect(Object.keys(manifest.bin)).toContain(made.meta.mainProgram);
    expect(program).toBe("/package/bin/remanence");
    expect(shell).toContain("chezmoi");
  });

  it("knows of every package in the lock file where it is", () => {
    const { packages } = outputs().package.npmDeps.packageLock;
    const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
    for (const [path, entry] of Object.entries<Record<string, string>>(lock.packages)) {
      if (path === "") continue;
      const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
      const file = `${name.slice(name.indexOf("/") + 1)}-${entry.version}.tgz`;
      const resolved = `https://registry.npmjs.org/${name}/-/${file}`;
      expect(packages[path]).toEqual({ ...entry, resolved });
      expect(entry.integrity).toMatch(/^sha512-/);
    }
  });
});

describe("what flake.nix builds from", () => {
  it("is enough for a build, and what npm packs of that runs without anything else", () => {
    const [source, installed] = [scratch(), scratch()];
    const named = /unions \[([^\]]*)\]/.exec(readFileSync(flake, "utf8"))?.[1]?.match(/\.\/\S+/g) ?? [];
    for (const path of named) {
      mkdirSync(dirname(join(source, path)), { recursive: true });
      cpSync(join(root, path), join(source, path), { recursive: true });
    }
    symlinkSync(join(root, "node_modules"), join(source, "node_modules"));
    const run = (cwd: string, command: string, ...args: string[]) => {
      const done = spawnSync(command, args, { cwd, encoding: "utf8" });
      expect(done.status, `${command} ${args.join(" ")}\n${done.stdout}${done.stderr}`).toBe(0);
      return done.stdout;
    };
    expect(run(source, "node", "build.mjs")).toBe("");
    const flags = /npmPackFlags = \[ ([^\]]*) \]/.exec(readFileSync(flake, "utf8"))?.[1]?.match(/[^" ]+/g) ?? [];
    const [packed] = JSON.parse(run(source, "npm", "pack", "--json", "--dry-run", ...flags));
    for (const { path } of packed.files) {
      mkdirSync(dirname(join(installed, path)), { recursive: true });
      cpSync(join(source, path), join(installed, path));
    }
    const command = join(installed, manifest.bin.remanence);
    expect(run(installed, "node", command, "--version")).toBe(`${manifest.version}\n`);
    const home = scratch();
    cpSync(join(root, "docs/examples/gabriel/persistence.yaml"), join(home, "persistence.yaml"));
    expect(run(home, "node", command, "generate")).toContain("nixos/laptop/");
  });
});
