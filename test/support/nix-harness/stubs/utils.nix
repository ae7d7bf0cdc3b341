# The part of NixOS' `utils` module argument that persistence modules
# use, written anew from the rules of systemd.unit(5) and from the list of paths
# that NixOS mounts in stage 1 (nixos/lib/utils.nix, pathsNeededForBoot).
# Argument: { lib }.
{ lib }:
let
  hex = "0123456789abcdef";
  printable = " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~";
  # code point of each printable ASCII character
  code = lib.listToAttrs (
    lib.imap0 (i: c: lib.nameValuePair c (i + 32)) (lib.stringToCharacters printable)
  );
  escapeChar =
    c:
    if builtins.match "[a-zA-Z0-9:_.]" c != null then
      c
    else if c == "/" then
      "-"
    else if code ? ${c} then
      "\\x" + builtins.substring (code.${c} / 16) 1 hex + builtins.substring (lib.mod code.${c} 16) 1 hex
    else
      # Bytes outside ASCII: NixOS' own escaper passes them through as well.
      c;
in
rec {
  pathsNeededForBoot = [
    "/"
    "/nix"
    "/nix/store"
    "/var"
    "/var/log"
    "/var/lib"
    "/var/lib/nixos"
    "/etc"
    "/usr"
  ];

  fsNeededForBoot = fs: fs.neededForBoot || lib.elem fs.mountPoint pathsNeededForBoot;

  escapeSystemdPath =
    path:
    let
      parts = lib.filter (p: p != "" && p != ".") (lib.splitString "/" path);
      joined = lib.concatStringsSep "/" parts;
      leadingDot = lib.hasPrefix "." joined;
      body = lib.concatMapStrings escapeChar (
        lib.stringToCharacters (if leadingDot then lib.removePrefix "." joined else joined)
      );
    in
    if lib.elem ".." parts then
      throw "escapeSystemdPath: ${path} is not a normalized path"
    else if parts == [ ] then
      "-"
    else
      lib.optionalString leadingDot "\\x2e" + body;

  systemdUtils.lib.toOption =
    x:
    if x == true then
      "true"
    else if x == false then
      "false"
    else
      toString x;
}
