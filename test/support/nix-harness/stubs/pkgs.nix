# A stand-in for nixpkgs' `pkgs` that builds nothing. Every "derivation"
# is a plain set with a fake outPath that keeps its name and its shell text, so
# that the harness can read back what a script would do. A package that is not
# listed here is an evaluation error, as a misspelt one is for a user.
# Argument: { lib }.
{ lib }:
let
  fakeStore = "/nix/store/00000000000000000000000000000000-";

  fake =
    name: extra:
    let
      self = {
        type = "derivation";
        inherit name;
        pname = name;
        version = "0";
        outPath = fakeStore + name;
        drvPath = fakeStore + name + ".drv";
        outputName = "out";
        outputs = [ "out" ];
        out = self;
        meta = { };
        stubText = null;
      }
      // extra;
    in
    self;

  # The text of a script becomes part of its path: interpolating the script into
  # an activation snippet then keeps the text readable (see eval.nix, `tokens`).
  script =
    name: text:
    fake name {
      stubText = text;
      outPath = fakeStore + name + "\n" + text;
    };

  plain = name: fake name { };

  packages = lib.genAttrs [
    "bash"
    "bashInteractive"
    "bindfs"
    "btrfs-progs"
    "coreutils"
    "cryptsetup"
    "findutils"
    "fuse"
    "fuse3"
    "gawk"
    "gettext"
    "gnugrep"
    "gnused"
    "home-manager"
    "inetutils"
    "jq"
    "less"
    "lvm2"
    "ncurses"
    "nix"
    "rsync"
    "runtimeShell"
    "shadow"
    "systemd"
    "util-linux"
    "xfsprogs"
    "zfs"
  ] plain;

  shells =
    lib.genAttrs
      [
        "fish"
        "xonsh"
        "zsh"
      ]
      (
        n:
        fake n {
          shellPath = "/bin/${n}";
          passthru.shellPath = "/bin/${n}";
        }
      );

  pkgs =
    packages
    // shells
    // {
      inherit lib;

      # 1.14.9 and later understand fsname=, as does every bindfs of the last years.
      bindfs = fake "bindfs" { version = "1.17.7"; };

      callPackage =
        f: args:
        let
          fn = if lib.isFunction f then f else import f;
          auto = builtins.intersectAttrs (lib.functionArgs fn) pkgs;
        in
        fn (auto // args);

      runCommand =
        name: _env: text:
        fake name { stubText = text; };
      runCommandLocal = pkgs.runCommand;
      runCommandWith = args: text: fake args.name { stubText = text; };
      writeShellScript = script;
      writeScript = script;
      writeText = name: text: fake name { stubText = text; };
      writeTextFile = args: fake args.name { stubText = args.text; };
      writeTextDir = path: text: fake (baseNameOf path) { stubText = text; };
      writeShellScriptBin = name: text: fake name { stubText = text; };
      writeScriptBin = pkgs.writeShellScriptBin;
      writeShellApplication =
        {
          name,
          text,
          runtimeInputs ? [ ],
          ...
        }:
        builtins.deepSeq (map toString runtimeInputs) (fake name { stubText = text; });
      replaceVars = path: _vars: fake (baseNameOf (toString path)) { };
      buildEnv = args: fake args.name { };
      symlinkJoin = args: fake args.name { };
      emptyDirectory = plain "empty-directory";
      runtimeShell = fakeStore + "bash/bin/bash";
      stdenv = {
        hostPlatform = {
          system = "x86_64-linux";
          isLinux = true;
          isDarwin = false;
        };
        isLinux = true;
        isDarwin = false;
      };
    };
in
pkgs
