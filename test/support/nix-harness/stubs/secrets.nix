# The options of agenix (age.*) and sops-nix (sops.*) that decide where
# decryption keys are looked for, with their real defaults (the ssh host keys where
# sshd is on). For `extraModules` of eval.nix.
{ lib, config, ... }:
let
  inherit (lib) types;
  opt = type: default: lib.mkOption { inherit type default; };
  keys =
    kinds:
    lib.optionals config.services.openssh.enable (
      map (k: k.path) (lib.filter (k: lib.elem k.type kinds) config.services.openssh.hostKeys)
    );
  secret =
    { name, ... }:
    {
      options = {
        name = opt types.str name;
        file = opt (types.nullOr types.path) null;
        sopsFile = opt (types.nullOr (types.either types.str types.path)) null;
        key = opt types.str name;
        format = opt types.str "yaml";
        path = opt types.str "/run/secrets/${name}";
        mode = opt types.str "0400";
        owner = opt types.str "root";
        group = opt types.str "root";
        symlink = opt types.bool true;
        neededForUsers = opt types.bool false;
      };
    };
  secrets = opt (types.attrsOf (types.submodule secret)) { };
in
{
  options = {
    age = {
      inherit secrets;
      identityPaths = opt (types.listOf types.path) (keys [
        "rsa"
        "ed25519"
      ]);
      secretsDir = opt types.path "/run/agenix";
      secretsMountPoint = opt types.str "/run/agenix.d";
    };
    sops = {
      inherit secrets;
      defaultSopsFile = opt (types.nullOr (types.either types.str types.path)) null;
      defaultSopsFormat = opt types.str "yaml";
      validateSopsFiles = opt types.bool true;
      age.keyFile = opt (types.nullOr types.str) null;
      age.generateKey = opt types.bool false;
      age.sshKeyPaths = opt (types.listOf types.path) (keys [ "ed25519" ]);
      gnupg.home = opt (types.nullOr types.str) null;
      gnupg.sshKeyPaths = opt (types.listOf types.path) (keys [ "rsa" ]);
    };
  };
}
