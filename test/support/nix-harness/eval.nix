# Evaluate generated NixOS modules against the REAL impermanence or
# preservation module, with nixpkgs' real lib and stubs of NixOS' own options.
# Builds nothing and needs no nixpkgs.
#   nix-instantiate --eval --strict --json -E 'import ./eval.nix { ... }'
# Every failed assertion and every warning comes back in the result; an unknown
# option, a wrong type, a removed option that is read, or a missing attribute
# stops the evaluation as it does for a user (../nix.ts tells it apart).
{
  # nixpkgs/lib (the folder with default.nix)
  libPath,
  # impermanence/nixos.nix or preservation/module.nix; null: neither
  modulePath ? null,
  # paths of the generated modules
  generated ? [ ],
  # { alice = { group = "users"; home = "/home/alice"; uid = 1000; }; }
  users ? { },
  # { "/persist" = { device = ...; fsType = ...; neededForBoot = true; }; }
  fileSystems ? { },
  # the NixOS release whose options and warnings to imitate: "25.05" ... "26.11"
  release ? "26.05",
  # null: the release's own default (systemd's initrd since 26.05)
  initrdSystemd ? null,
  # a Home Manager checkout: adds the home-manager.* options; null: leave it out
  homeManagerPath ? null,
  # paths of modules with further options, e.g. of a secrets tool
  extraModules ? [ ],
}:
let
  lib = import libPath;
  pkgs = import ./stubs/pkgs.nix { inherit lib; };
  utils = import ./stubs/utils.nix { inherit lib; };

  withHm = homeManagerPath != null;
  hmLib = import (homeManagerPath + "/modules/lib/stdlib-extended.nix") lib;

  # Home Manager as a NixOS module: same option names, the same way of passing on
  # assertions and warnings ("alice profile: ..."), sharedModules included.
  homeManager =
    { config, ... }:
    let
      cfg = config.home-manager;
      opt = type: default: lib.mkOption { inherit type default; };
    in
    {
      _file = "harness: home-manager NixOS module";
      options.home-manager = {
        useGlobalPkgs = opt lib.types.bool false;
        useUserPackages = opt lib.types.bool false;
        backupFileExtension = opt (lib.types.nullOr lib.types.str) null;
        extraSpecialArgs = opt lib.types.attrs { };
        sharedModules = opt (lib.types.listOf lib.types.raw) [ ];
        users = opt (lib.types.attrsOf (
          lib.types.submoduleWith {
            class = "homeManager";
            specialArgs = {
              lib = hmLib;
              osConfig = config;
              nixosConfig = config;
            }
            // cfg.extraSpecialArgs;
            modules = [
              (
                { name, ... }:
                {
                  imports =
                    import ./stubs/home-manager.nix {
                      lib = hmLib;
                      inherit pkgs homeManagerPath;
                    }
                    ++ cfg.sharedModules;
                  config = {
                    submoduleSupport.enable = true;
                    home.username = config.users.users.${name}.name;
                    home.homeDirectory = config.users.users.${name}.home;
                    home.stateVersion = lib.mkDefault "25.11";
                  };
                }
              )
            ];
          }
        )) { };
      };
      config = {
        warnings = lib.concatLists (
          lib.mapAttrsToList (u: c: map (w: "${u} profile: ${w}") c.warnings) cfg.users
        );
        assertions = lib.concatLists (
          lib.mapAttrsToList (
            u: c:
            map (a: {
              inherit (a) assertion;
              message = "${u} profile: ${a.message}";
            }) c.assertions
          ) cfg.users
        );
      };
    };

  arguments = {
    _file = "harness: arguments";
    users.users = lib.mapAttrs (_: u: { isNormalUser = lib.mkDefault true; } // u) users;
    fileSystems = fileSystems;
    boot.initrd.systemd.enable = lib.mkOverride 1400 (
      if initrdSystemd == null then lib.versionAtLeast release "26.05" else initrdSystemd
    );
    system.stateVersion = lib.mkOverride 1400 release;
  };

  result = lib.evalModules {
    class = "nixos";
    specialArgs = {
      inherit utils release;
      modulesPath = "/modules";
    };
    modules = [
      ./stubs/nixos.nix
      { _module.args.pkgs = pkgs; }
      arguments
    ]
    ++ lib.optional withHm homeManager
    ++ lib.optional (modulePath != null) modulePath
    ++ extraModules
    ++ generated;
  };
  inherit (result) config options;

  # --- reading the result back -------------------------------------------------

  # Words of a shell text with '...' quoting, \-escapes and blanks.
  tokens =
    text:
    let
      step =
        s: c:
        let
          put =
            x:
            s
            // {
              cur = s.cur + x;
              on = true;
            };
          next =
            if s.mode == "quote" then
              if c == "'" then s // { mode = "plain"; } else put c
            else if s.mode == "escape" then
              put c // { mode = "plain"; }
            else if c == "'" then
              s
              // {
                mode = "quote";
                on = true;
              }
            else if c == "\\" then
              s // { mode = "escape"; }
            else if c == " " || c == "\n" || c == "\t" then
              if s.on then
                {
                  mode = "plain";
                  cur = "";
                  on = false;
                  words = s.words ++ [ s.cur ];
                }
              else
                s
            else
              put c;
        in
        builtins.seq next.cur (builtins.seq next.words next);
      end = lib.foldl' step {
        mode = "plain";
        cur = "";
        on = false;
        words = [ ];
      } (lib.stringToCharacters text);
    in
    end.words ++ lib.optional end.on end.cur;

  # The n words after each word that ends in `command`, a script that is called (and
  # not one that only contains such calls: "run-...").
  callsOf =
    command: n: text:
    let
      words = tokens text;
      at = lib.filter (
        i:
        let
          w = lib.elemAt words i;
        in
        lib.hasSuffix command w && !(lib.hasSuffix "-run${command}" w)
      ) (lib.range 0 (lib.length words - 1));
    in
    map (i: lib.sublist (i + 1) n words) at;

  scriptText =
    name:
    let
      s = config.system.activationScripts.${name} or "";
    in
    if lib.isString s then s else s.text;

  unitFields = m: {
    inherit (m)
      where
      what
      options
      type
      before
      after
      wantedBy
      requiredBy
      ;
    unit = utils.escapeSystemdPath m.where + ".mount";
    conditions = lib.filterAttrs (n: _: lib.hasPrefix "Condition" n) m.unitConfig;
  };
  mounts =
    map (m: { stage = "initrd"; } // unitFields m) (
      lib.optionals config.boot.initrd.systemd.enable config.boot.initrd.systemd.mounts
    )
    ++ map (m: { stage = "system"; } // unitFields m) config.systemd.mounts;

  # persist-*.service of impermanence: script, mount point, target, method, debug
  fileServices = lib.mapAttrsToList (
    name: s:
    let
      call = tokens (toString s.serviceConfig.ExecStart);
    in
    {
      unit = "${name}.service";
      file = lib.elemAt call 1;
      target = lib.elemAt call 2;
      method = if lib.length call > 4 then lib.elemAt call 3 else "auto";
      inherit (s) before wantedBy;
    }
  ) (lib.filterAttrs (n: _: lib.hasPrefix "persist-" n) config.systemd.services);

  # The legacy NixOS module makes its bind mounts through fileSystems.
  fstabBinds = lib.mapAttrsToList (_: fs: {
    where = fs.mountPoint;
    what = fs.device;
    inherit (fs) options neededForBoot;
  }) (lib.filterAttrs (_: fs: lib.elem "bind" fs.options) config.fileSystems);

  createdByImpermanence = map (a: {
    by = "activation script";
    base = lib.elemAt a 0;
    path = lib.elemAt a 1;
    user = lib.elemAt a 2;
    group = lib.elemAt a 3;
    mode = lib.elemAt a 4;
  }) (callsOf "-create-directories" 6 (scriptText "createPersistentStorageDirs"));

  rulesOf =
    stage: settings:
    lib.concatLists (
      lib.mapAttrsToList (
        file: paths:
        lib.concatLists (
          lib.mapAttrsToList (
            path: entries:
            lib.mapAttrsToList (_: e: {
              inherit stage file path;
              inherit (e)
                type
                mode
                user
                group
                age
                argument
                ;
            }) entries
          ) paths
        )
      ) settings
    );
  tmpfiles =
    rulesOf "initrd" config.boot.initrd.systemd.tmpfiles.settings
    ++ rulesOf "system" config.systemd.tmpfiles.settings;

  createdByTmpfiles = map (r: {
    by = "tmpfiles (${r.stage})";
    base = "";
    inherit (r)
      path
      user
      group
      mode
      ;
  }) (lib.filter (r: r.type == "d") tmpfiles);

  # --- what neither module asserts, yet fails or surprises at boot -------------

  inReal = m: if m.stage == "initrd" then lib.removePrefix "/sysroot" m.where else m.where;
  dupWhere =
    stage:
    let
      all = map (m: m.where) (lib.filter (m: m.stage == stage) mounts);
    in
    lib.unique (lib.filter (w: lib.count (x: x == w) all > 1) all);
  under = parent: child: lib.hasPrefix (lib.removeSuffix "/" parent + "/") child;

  # One mount point inside another. Fatal where the inner one is made in the initrd
  # and the outer one only afterwards: the outer mount hides the inner.
  initrdPoints = map inReal (lib.filter (m: m.stage == "initrd") mounts);
  points = lib.unique (map inReal mounts);
  nested = lib.concatMap (
    outer:
    map (
      inner:
      "${inner} lies in ${outer}"
      + lib.optionalString (lib.elem inner initrdPoints && !(lib.elem outer initrdPoints)) (
        ", and is mounted in the initrd before it: it will be hidden"
      )
    ) (lib.filter (under outer) points)
  ) points;
  filesInside = lib.concatMap (
    outer: map (f: "${f} lies in ${outer}") (lib.filter (under outer) (map (f: f.file) fileServices))
  ) points;
  apiPoints = [
    "/"
    "/dev"
    "/proc"
    "/run"
    "/sys"
  ];
  apiFileSystem =
    p: lib.elem p apiPoints || lib.any (a: a != "/" && a != "/run" && under a p) apiPoints;
  has = chars: s: builtins.match ".*[${chars}].*" s != null;
  # A byte that is no printable ASCII. NixOS leaves it as it is in a unit's name,
  # where systemd demands an escape.
  nonAscii = s: builtins.match "[ -~]*" s == null;

  fsOf =
    path:
    lib.foldl' (best: n: if n == "/" || n == path || under n path then n else best) null (
      lib.sort (a: b: lib.stringLength a < lib.stringLength b) (lib.attrNames config.fileSystems)
    );
  stores = lib.unique (
    lib.concatMap (c: map (p: p.persistentStoragePath) (lib.attrValues c)) [
      (lib.filterAttrs (_: p: p.enable) (config.environment.persistence or { }))
      (config.preservation.preserveAt or { })
    ]
  );

  stage1 = config.boot.initrd.systemd;
  initrdTmpfilesNames =
    field: known:
    lib.unique (
      lib.filter (x: x != "-" && !(lib.hasAttr x known)) (
        map (r: r.${field}) (lib.filter (r: r.stage == "initrd") tmpfiles)
      )
    );

  hazards =
    map (w: {
      kind = "duplicate-mount";
      text = "more than one mount unit for ${w}";
    }) (dupWhere "system" ++ dupWhere "initrd")
    ++ map (text: {
      kind = "nested";
      inherit text;
    }) (nested ++ filesInside)
    ++ map (p: {
      kind = "api-filesystem";
      text = "systemd refuses a mount unit for ${p}";
    }) (lib.filter apiFileSystem points)
    ++
      map
        (n: {
          kind = "override-discarded";
          text = "systemd.services.${n} is configured, but ${n}.service is in systemd.suppressedSystemUnits";
        })
        (
          lib.filter (n: lib.elem "${n}.service" config.systemd.suppressedSystemUnits) (
            lib.attrNames config.systemd.services
          )
        )
    ++ lib.optional ((config.preservation.preserveAt or { }) != { } && !config.preservation.enable) {
      kind = "preservation-disabled";
      text = "preservation.preserveAt is set, but preservation.enable is false: nothing is preserved";
    }
    ++ lib.concatLists (
      lib.mapAttrsToList (
        n: u:
        let
          wipes = lib.elem "sysroot.mount" u.before;
          default = u.unitConfig.DefaultDependencies or true;
        in
        lib.optional (wipes && default != false && default != "no" && default != "false") {
          kind = "initrd-ordering";
          text = "${n}: runs before sysroot.mount with default dependencies: an ordering cycle";
        }
        ++ lib.optional (wipes && !(lib.elem "local-fs-pre.target" u.after)) {
          kind = "initrd-ordering";
          text = "${n}: not after local-fs-pre.target, so it can run while a hibernated system resumes";
        }
        ++
          lib.optional
            (
              wipes
              && !(lib.any (lib.hasSuffix ".device") u.after)
              && !(lib.any (lib.hasPrefix "zfs-import") u.after)
            )
            {
              kind = "initrd-ordering";
              text = "${n}: not after a .device unit or a zfs-import unit: the disk may not be there";
            }
        ++ lib.optional (wipes && u.wantedBy == [ ] && u.requiredBy == [ ]) {
          kind = "initrd-ordering";
          text = "${n}: nothing wants or requires it, so it never runs";
        }
        ++ lib.optional (u.hasPath) {
          kind = "initrd-path";
          text = "${n}: `path` replaces the initrd's PATH of /bin:/sbin";
        }
      ) initrdUnits
    )
    ++
      map
        (p: {
          kind = "secrets-identity";
          text = "${p} is a decryption key outside every file system marked neededForBoot other than /: not there yet when secrets are decrypted";
        })
        (
          lib.filter
            (
              p:
              let
                fs = fsOf p;
              in
              fs == null || fs == "/" || !(utils.fsNeededForBoot config.fileSystems.${fs})
            )
            (
              (config.age.identityPaths or [ ])
              ++ (config.sops.age.sshKeyPaths or [ ])
              ++ (config.sops.gnupg.sshKeyPaths or [ ])
              ++ lib.optional ((config.sops.age.keyFile or null) != null) config.sops.age.keyFile
            )
        )
    ++
      map
        (f: {
          kind = "password-file";
          text = "${f} is read while users are created, before persisted files are in place: name the path on the persistent file system";
        })
        (
          lib.filter (
            f:
            let
              fs = fsOf f;
            in
            !(under "/run" f) && (fs == null || fs == "/" || !(utils.fsNeededForBoot config.fileSystems.${fs}))
          ) (lib.filter (f: f != null) (lib.mapAttrsToList (_: u: u.hashedPasswordFile) config.users.users))
        )
    ++ map (m: {
      kind = "unit-characters";
      text = "${m.where}: systemd refuses this mount unit (% is a specifier, bytes outside ASCII make the unit's name invalid)";
    }) (lib.filter (m: has "%" m.where || has "%" m.what || nonAscii m.where) mounts)
    ++ map (f: {
      kind = "unit-characters";
      text = "${f.file}: systemd expands % and $ and unescapes \\ in ExecStart=";
    }) (lib.filter (f: has "%$\\" f.target || nonAscii f.target) fileServices)
    ++ map (r: {
      kind = "tmpfiles-characters";
      text = "${r.path}: NixOS writes the path between single quotes; tmpfiles.d expands %, unescapes \\ and drops a line with a quote in it";
    }) (lib.filter (r: has "%\\'" r.path || has "%\\'" r.argument || nonAscii r.path) tmpfiles)
    ++ map (r: {
      kind = "tmpfiles-conflict";
      text = "${r.path} has rules of several types";
    }) (lib.filter (r: lib.count (x: x.path == r.path && x.stage == r.stage) tmpfiles > 1) tmpfiles)
    ++
      map
        (p: {
          kind = "persist-not-a-filesystem";
          text = "${p} is on fileSystems.\"${toString (fsOf p)}\", which is not marked neededForBoot";
        })
        (
          lib.filter (
            p:
            let
              fs = fsOf p;
            in
            fs == null || !(utils.fsNeededForBoot config.fileSystems.${fs})
          ) stores
        )
    ++ map (p: {
      kind = "persist-on-root";
      text = "${p} is not a file system of its own: it lives on /";
    }) (lib.filter (p: fsOf p == "/") stores)
    ++ lib.optionals (!stage1.enable) (
      map (n: {
        kind = "initrd-unit-ignored";
        text = "boot.initrd.systemd.services.${n} does nothing while boot.initrd.systemd.enable is false";
      }) (lib.attrNames stage1.services)
    )
    ++ map (x: {
      kind = "initrd-owner-unknown";
      text = "user ${x} owns a path prepared in the initrd but is not in boot.initrd.systemd.users";
    }) (initrdTmpfilesNames "user" stage1.users)
    ++ map (x: {
      kind = "initrd-owner-unknown";
      text = "group ${x} owns a path prepared in the initrd but is not in boot.initrd.systemd.groups";
    }) (initrdTmpfilesNames "group" stage1.groups);

  initrdUnits = lib.mapAttrs (_: s: {
    inherit (s)
      after
      before
      requires
      wants
      bindsTo
      wantedBy
      requiredBy
      unitConfig
      serviceConfig
      ;
    hasScript = s.script != "";
    hasPath = s.path != [ ];
  }) stage1.services;
in
{
  assertions = map (a: a.message) (lib.filter (a: !a.assertion) config.assertions);
  inherit (config) warnings;
  inherit
    mounts
    fstabBinds
    fileServices
    tmpfiles
    hazards
    ;
  tmpfilesRules = config.systemd.tmpfiles.rules;
  directories = createdByImpermanence ++ createdByTmpfiles;
  activationScripts = lib.attrNames config.system.activationScripts;
  initrd = {
    systemd = stage1.enable;
    units = initrdUnits;
    postResumeCommands = config.boot.initrd.postResumeCommands;
    postDeviceCommands = config.boot.initrd.postDeviceCommands;
    postMountCommands = config.boot.initrd.postMountCommands;
    inherit (stage1) suppressedUnits;
  };
  suppressedSystemUnits = config.systemd.suppressedSystemUnits;
  neededForBoot = lib.attrNames (lib.filterAttrs (_: utils.fsNeededForBoot) config.fileSystems);
}
