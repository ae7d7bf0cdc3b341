# Evaluate generated Home Manager modules, alone or together with the REAL
# legacy impermanence module (branch home-manager-v1, home-manager.nix), with Home
# Manager's real files.nix, home-environment.nix, systemd.nix and DAG library.
# Builds nothing and needs no nixpkgs.
#   nix-instantiate --eval --strict --json -E 'import ./eval-home.nix { ... }'
{
  # nixpkgs/lib (the folder with default.nix)
  libPath,
  # a Home Manager checkout
  homeManagerPath,
  # impermanence's home-manager.nix (legacy or current); null: plain Home Manager
  modulePath ? null,
  # paths of the generated modules
  generated ? [ ],
  username ? "alice",
  homeDirectory ? "/home/${username}",
  stateVersion ? "25.11",
  # paths of modules with further options
  extraModules ? [ ],
}:
let
  nixpkgsLib = import libPath;
  lib = import (homeManagerPath + "/modules/lib/stdlib-extended.nix") nixpkgsLib;
  pkgs = import ./stubs/pkgs.nix { inherit lib; };

  evaluate =
    modules:
    (lib.evalModules {
      class = "homeManager";
      modules =
        import ./stubs/home-manager.nix { inherit lib pkgs homeManagerPath; }
        ++ [
          {
            _file = "harness: arguments";
            home = { inherit username homeDirectory stateVersion; };
          }
        ]
        ++ modules;
    }).config;

  base = evaluate [ ];
  config = evaluate (lib.optional (modulePath != null) modulePath ++ extraModules ++ generated);

  # Order of the activation blocks, as Home Manager computes it.
  sorted = lib.hm.dag.topoSort config.home.activation;
  # before/after of a block that no other block bears: a silent no-op.
  missing = lib.concatLists (
    lib.mapAttrsToList (
      n: e:
      map (x: "home.activation.${n} is ordered against '${x}', which does not exist") (
        lib.filter (x: !(config.home.activation ? ${x})) (e.before ++ e.after)
      )
    ) (removeAttrs config.home.activation (lib.attrNames base.home.activation))
  );
  # Only the legacy impermanence module has `method` per directory.
  under = parent: child: lib.hasPrefix (lib.removeSuffix "/" parent + "/") child;
  legacy = lib.optionals (config.home ? persistence) (
    lib.filter (s: s ? defaultDirectoryMethod && !(s ? hideMounts) && s.enable) (
      lib.attrValues config.home.persistence
    )
  );
  listed = lib.concatMap (
    s:
    map (d: {
      inherit (d) directory method;
      store = s.persistentStoragePath;
    }) s.directories
  ) legacy;
  bindfs = lib.filter (d: d.method == "bindfs") listed;
  bindServices = lib.filter (lib.hasPrefix "bindMount-") (lib.attrNames config.systemd.user.services);
  paths = map (d: d.directory) listed ++ lib.concatMap (s: s.files) legacy;
  legacyHazards =
    map (p: {
      kind = "duplicate";
      text = "${p} is listed twice; the module says nothing";
    }) (lib.unique (lib.filter (p: lib.count (x: x == p) paths > 1) paths))
    ++ lib.concatMap (
      a:
      map (b: {
        kind = "nested";
        text = "${b.directory} lies in ${a.directory}: bindfs is not mounted below or above another mount";
      }) (lib.filter (b: under a.directory b.directory) listed)
    ) listed
    ++ lib.optional (lib.length (lib.unique bindfs) != lib.length bindServices) {
      kind = "unit-name-collision";
      text = "${toString (lib.length (lib.unique bindfs))} directories share ${toString (lib.length bindServices)} units: dots and special characters are dropped from the unit's name";
    }
    ++ map (f: {
      kind = "shell-quoting";
      text = "${f.target}: a single quote in the path of a symlink breaks the build of the link";
    }) (lib.filter (f: legacy != [ ] && lib.hasInfix "'" f.target) (lib.attrValues config.home.file));

  dups = lib.filter (t: lib.count (f: f.target == t) (lib.attrValues config.home.file) > 1) (
    lib.unique (map (f: f.target) (lib.attrValues config.home.file))
  );
in
{
  assertions =
    map (a: a.message) (lib.filter (a: !a.assertion) config.assertions)
    ++ lib.optional (!(sorted ? result)) "home.activation has a dependency cycle";
  inherit (config) warnings;
  hazards =
    map (text: {
      kind = "activation-order";
      inherit text;
    }) missing
    ++ map (t: {
      kind = "duplicate-target";
      text = t;
    }) dups
    ++ legacyHazards;
  files = lib.mapAttrsToList (_: f: {
    inherit (f)
      target
      recursive
      force
      text
      ;
    source = toString f.source;
    # shell text that makes the source, e.g. ln -s /persist/x $out
    command = f.source.stubText or null;
  }) (lib.filterAttrs (_: f: f.enable) config.home.file);
  activation = lib.mapAttrs (_: e: { inherit (e) before after data; }) (
    removeAttrs config.home.activation (lib.attrNames base.home.activation)
  );
  activationOrder = map (e: e.name) (sorted.result or [ ]);
  services = lib.mapAttrs (_: s: removeAttrs s [ "_module" ]) config.systemd.user.services;
}
