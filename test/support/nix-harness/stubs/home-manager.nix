# The modules of a Home Manager evaluation without its program modules:
# the REAL files.nix, home-environment.nix, systemd.nix and DAG library of a Home
# Manager checkout, plus stand-ins for the few options those modules read from
# elsewhere. Returns a list of modules. Unknown options are errors.
# Arguments: { lib (nixpkgs lib extended with lib.hm), pkgs, homeManagerPath }.
{
  lib,
  pkgs,
  homeManagerPath,
}:
let
  inherit (lib) mkOption types;
  opt = type: default: mkOption { inherit type default; };
  real = p: homeManagerPath + "/modules/" + p;
in
[
  (real "files.nix")
  (real "home-environment.nix")
  (real "systemd.nix")
  (real "misc/lib.nix")
  (real "misc/version.nix")
  (real "misc/submodule-support.nix")
  (
    { config, ... }:
    {
      _file = "harness: Home Manager stand-ins";
      options = {
        assertions = opt (types.listOf types.unspecified) [ ];
        warnings = opt (types.listOf types.str) [ ];
        meta = opt (types.attrsOf types.unspecified) { };
        xdg = {
          enable = opt types.bool false;
          configHome = opt types.path "${config.home.homeDirectory}/.config";
          dataHome = opt types.path "${config.home.homeDirectory}/.local/share";
          stateHome = opt types.path "${config.home.homeDirectory}/.local/state";
          cacheHome = opt types.path "${config.home.homeDirectory}/.cache";
          configFile = opt (types.attrsOf types.unspecified) { };
          dataFile = opt (types.attrsOf types.unspecified) { };
        };
        nix.enable = opt types.bool true;
        nix.package = opt (types.nullOr types.package) pkgs.nix;
        nix.useXdg = opt types.bool false;
        nix.assumeXdg = opt types.bool false;
        i18n.glibcLocales = opt types.unspecified null;
        news = opt (types.attrsOf types.unspecified) { };
        programs = {
          home-manager.enable = opt types.bool false;
        }
        // lib.genAttrs [ "bash" "fish" "nushell" "zsh" ] (_: {
          enable = opt types.bool false;
          shellAliases = opt (types.attrsOf types.str) { };
        });
        targets.genericLinux.enable = opt types.bool false;
        uninstall = opt types.bool false;
      };
      config = {
        _module.args.pkgs = lib.mkDefault pkgs;
        lib = lib.hm;
        # nixpkgs' lib and Home Manager come from two checkouts here.
        home.enableNixpkgsReleaseCheck = lib.mkDefault false;
      };
    }
  )
]
