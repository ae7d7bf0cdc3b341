{
  description = "One manifest says what state you keep; NixOS, home-manager, chezmoi and Fedora follow from it";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      forEachSystem = make: lib.genAttrs systems (system: make nixpkgs.legacyPackages.${system});
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];

      package = lib.importJSON ./package.json;

      # The lock file names no registry, so that any mirror will do; Nix has to know where each file is.
      packageLock =
        let
          lock = lib.importJSON ./package-lock.json;
          place =
            path: version:
            let
              name = lib.last (lib.splitString "node_modules/" path);
            in
            "https://registry.npmjs.org/${name}/-/${baseNameOf name}-${version}.tgz";
          locate =
            path: entry: if path == "" then entry else entry // { resolved = place path entry.version; };
        in
        lock // { packages = lib.mapAttrs locate lock.packages; };

      # What the build reads, and what goes into the package.
      src = lib.fileset.toSource {
        root = ./.;
        fileset = lib.fileset.unions [
          ./CHANGELOG.md
          ./LICENSE
          ./README.md
          ./build.mjs
          ./chezmoi-templates
          ./docs/examples/mitsio/persistence.yaml
          ./package-lock.json
          ./package.json
          ./profiles
          ./src
          ./test/support/engine-table.ts
          ./test/tour
          ./tsconfig.json
        ];
      };
    in
    {
      packages = forEachSystem (pkgs: {
        default = pkgs.buildNpmPackage {
          pname = package.name;
          inherit (package) version;
          inherit src;
          npmDeps = pkgs.importNpmLock { inherit package packageLock; };
          inherit (pkgs.importNpmLock) npmConfigHook;
          # It is built by then, and the check before a release needs all of the repository.
          npmPackFlags = [ "--ignore-scripts" ];
          meta = {
            inherit (package) description;
            license = lib.licenses.mit;
            mainProgram = "remanence";
            platforms = systems;
          };
        };
      });

      apps = forEachSystem (pkgs: {
        default = {
          type = "app";
          program = lib.getExe self.packages.${pkgs.stdenv.hostPlatform.system}.default;
          meta = { inherit (package) description; };
        };
      });

      checks = forEachSystem (pkgs: {
        package = self.packages.${pkgs.stdenv.hostPlatform.system}.default;
      });

      # What `npm test` runs; without one of them it names what it skipped.
      devShells = forEachSystem (pkgs: {
        default = pkgs.mkShell {
          packages = [
            pkgs.acl
            pkgs.age
            pkgs.attr
            pkgs.btrfs-progs
            pkgs.bubblewrap
            pkgs.tmux
            pkgs.chezmoi
            pkgs.git
            pkgs.gnupg
            pkgs.neovim
            pkgs.nix
            pkgs.nodejs
            pkgs.openssh
            pkgs.python3
            pkgs.restic
            pkgs.shellcheck
            pkgs.shfmt
            pkgs.sqlite
            pkgs.stow
            pkgs.strace
            pkgs.systemd
            pkgs.vim
            pkgs.xfsprogs
            pkgs.zstd
          ];
        };
      });

      formatter = forEachSystem (pkgs: pkgs.nixfmt-tree);
    };
}
