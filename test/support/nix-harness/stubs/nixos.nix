# A module with the NixOS options that generated persistence modules may
# set, with NixOS' own names and types, plus the assertions and warnings of NixOS
# itself that such modules can trigger. There is no freeform type: an option that
# is not here is an "option does not exist" error. Extend it option by option,
# after reading the option's declaration in nixpkgs.
{
  lib,
  config,
  options,
  pkgs,
  utils,
  release,
  ...
}:
let
  since = lib.versionAtLeast release;
  inherit (lib)
    mkOption
    mkDefault
    mkIf
    types
    ;

  opt = type: default: mkOption { inherit type default; };
  bool = opt types.bool;
  str = opt types.str "";
  lines = opt types.lines "";
  nullStr = opt (types.nullOr types.str) null;
  strList = opt (types.listOf types.str) [ ];

  units1 = import ./units.nix {
    inherit lib;
    stage = 1;
  };
  units2 = import ./units.nix {
    inherit lib;
    stage = 2;
  };

  # Names as a list, or as a set of booleans (boot.supportedFilesystems).
  namesToTrue = types.coercedTo (types.listOf types.str) (l: lib.genAttrs l (_: true)) (
    types.attrsOf types.bool
  );

  nonEmpty = types.addCheck types.str (s: builtins.match "[ \t\n]*" s == null);
  mountPath = types.addCheck types.str (
    s: builtins.match "[ \t\n]*" s == null && builtins.match ".+/" s == null
  );

  fileSystem =
    { name, config, ... }:
    {
      options = {
        enable = bool true;
        mountPoint = opt mountPath name;
        device = opt (types.nullOr nonEmpty) null;
        fsType = opt nonEmpty "auto";
        options = opt (types.nonEmptyListOf nonEmpty) [ "defaults" ];
        depends = opt (types.listOf mountPath) [ ];
        label = opt (types.nullOr nonEmpty) null;
        neededForBoot = bool false;
        autoFormat = bool false;
        autoResize = bool false;
        noCheck = bool false;
        overlay.lowerdir = opt (types.nullOr (types.nonEmptyListOf types.str)) null;
        overlay.upperdir = nullStr;
        overlay.workdir = nullStr;
        overlay.useStage1BaseDirectories = bool true;
        encrypted.enable = bool false;
        encrypted.blkDev = nullStr;
        encrypted.label = nullStr;
        encrypted.keyFile = nullStr;
      };
      config.device = lib.mkMerge [
        (mkIf (lib.elem config.fsType [
          "tmpfs"
          "ramfs"
          "proc"
          "sysfs"
          "devtmpfs"
          "devpts"
        ]) (mkDefault config.fsType))
        (mkIf (config.label != null) (mkDefault "/dev/disk/by-label/${config.label}"))
      ];
    };

  userOptions =
    { name, config, ... }:
    {
      options = {
        enable = bool true;
        name = opt (types.passwdEntry types.str) name;
        description = opt (types.passwdEntry types.str) "";
        uid = opt (types.nullOr types.int) null;
        isSystemUser = bool false;
        isNormalUser = bool false;
        group = str;
        extraGroups = strList;
        home = opt (types.passwdEntry types.path) "/var/empty";
        homeMode = opt (types.strMatching "[0-7]{1,5}") "700";
        createHome = bool false;
        useDefaultShell = bool false;
        shell = opt (types.nullOr types.unspecified) null;
        ignoreShellProgramCheck = bool false;
        hashedPassword = opt (types.nullOr (types.passwdEntry types.str)) null;
        hashedPasswordFile = nullStr;
        initialHashedPassword = opt (types.nullOr (types.passwdEntry types.str)) null;
        initialPassword = nullStr;
        password = nullStr;
        packages = opt (types.listOf types.package) [ ];
        linger = opt (types.nullOr types.bool) null;
        autoSubUidGidRange = bool false;
        openssh.authorizedKeys.keys = strList;
        openssh.authorizedKeys.keyFiles = opt (types.listOf types.path) [ ];
      };
      config = mkIf config.isNormalUser {
        group = mkDefault "users";
        createHome = mkDefault true;
        home = mkDefault "/home/${config.name}";
        useDefaultShell = mkDefault true;
        isSystemUser = mkDefault false;
      };
    };

  # services.restic.backups.<name>, as of NixOS 25.05
  resticBackup = {
    options = {
      passwordFile = nullStr;
      environmentFile = nullStr;
      repository = nullStr;
      repositoryFile = opt (types.nullOr types.path) null;
      paths = strList;
      command = strList;
      exclude = strList;
      dynamicFilesFrom = nullStr;
      timerConfig = opt (types.nullOr (types.attrsOf types.unspecified)) {
        OnCalendar = "daily";
        Persistent = true;
      };
      user = opt types.str "root";
      extraBackupArgs = strList;
      extraOptions = strList;
      initialize = bool false;
      inhibitsSleep = bool false;
      pruneOpts = strList;
      runCheck = bool false;
      checkOpts = strList;
      rcloneOptions = opt (types.nullOr (types.attrsOf (types.either types.str types.bool))) null;
      rcloneConfig = opt (types.nullOr (types.attrsOf (types.either types.str types.bool))) null;
      rcloneConfigFile = opt (types.nullOr types.path) null;
      backupPrepareCommand = opt (types.nullOr types.str) null;
      backupCleanupCommand = opt (types.nullOr types.str) null;
      createWrapper = bool true;
      progressFps = opt (types.nullOr types.numbers.nonnegative) null;
    };
  };

  tmpfilesSettings = opt (types.attrsOf (
    types.attrsOf (
      types.attrsOf (
        types.submodule (
          { name, ... }:
          {
            options = {
              type = opt types.str name;
              mode = opt types.str "-";
              user = opt types.str "-";
              group = opt types.str "-";
              age = opt types.str "-";
              argument = opt types.str "";
            };
          }
        )
      )
    )
  )) { };

  activationScript = types.either types.str (
    types.submodule {
      options = {
        deps = strList;
        text = lines;
        supportsDryActivation = bool false;
      };
    }
  );

  hostKey = types.attrsOf types.unspecified; # freeform in NixOS as well

  cfg = config;
  usersList = lib.attrValues cfg.users.users;
  allowsLogin =
    h:
    h == ""
    || !(lib.elem h [
      null
      "!"
      "!!"
      "*"
    ]);
  scripted = [
    "preFailCommands"
    "preDeviceCommands"
    "preLVMCommands"
    "postDeviceCommands"
    "postResumeCommands"
    "postMountCommands"
    "extraUdevRulesCommands"
    "extraUtilsCommands"
    "extraUtilsCommandsTest"
  ];
  usesZfs = lib.any (fs: fs.fsType == "zfs") (lib.attrValues cfg.fileSystems);

  # journald.conf: single options up to 26.05, `settings.Journal` from 26.11 on
  # (nixpkgs pull request 536538).
  journal = name: [
    "services"
    "journald"
    name
  ];
  setting = name: [
    "services"
    "journald"
    "settings"
    "Journal"
    name
  ];
in
{
  imports =
    if since "26.11" then
      [
        { options.services.journald.settings.Journal = opt units2.sectionType { }; }
        (lib.mkRemovedOptionModule (journal "extraConfig") "Use services.journald.settings.Journal instead.")
        (lib.mkRemovedOptionModule (journal "console") "Use services.journald.settings.Journal instead.")
        (lib.mkRenamedOptionModule (journal "storage") (setting "Storage"))
        (lib.mkRenamedOptionModule (journal "rateLimitInterval") (setting "RateLimitIntervalSec"))
        (lib.mkRenamedOptionModule (journal "rateLimitBurst") (setting "RateLimitBurst"))
        (lib.mkRenamedOptionModule (journal "audit") (setting "Audit"))
        (lib.mkRenamedOptionModule (journal "forwardToSyslog") (setting "ForwardToSyslog"))
      ]
    else
      [
        {
          options.services.journald = {
            console = str;
            rateLimitInterval = opt types.str "30s";
            rateLimitBurst = opt types.int 10000;
            storage = opt (types.enum [
              "persistent"
              "volatile"
              "auto"
              "none"
            ]) "persistent";
            audit = opt (types.nullOr (
              types.oneOf [
                types.bool
                (types.enum [ "keep" ])
              ]
            )) "keep";
            extraConfig = lines;
            forwardToSyslog = bool false;
          };
        }
      ];

  options = {
    assertions = mkOption {
      type = types.listOf types.unspecified;
      default = [ ];
      internal = true;
    };
    warnings = strList;
    meta = opt (types.attrsOf types.unspecified) { };

    fileSystems = mkOption {
      type = types.attrsOf (types.submodule fileSystem);
      default = { };
      apply = lib.filterAttrs (_: fs: fs.enable);
    };
    swapDevices = opt (types.listOf (
      types.submodule {
        options = {
          device = mkOption { type = nonEmpty; };
          size = opt (types.nullOr types.int) null;
          priority = opt (types.nullOr types.int) null;
          options = strList;
          discardPolicy = opt (types.nullOr (
            types.enum [
              "once"
              "pages"
              "both"
            ]
          )) null;
          randomEncryption.enable = bool false;
        };
      }
    )) [ ];
    zramSwap.enable = bool false;

    boot = {
      isContainer = bool false;
      supportedFilesystems = opt namesToTrue { };
      kernelParams = strList;
      kernelModules = strList;
      resumeDevice = str;
      tmp.useTmpfs = bool false;
      tmp.cleanOnBoot = bool false;
      zfs.forceImportRoot = bool true;
      zfs.devNodes = opt types.path "/dev/disk/by-id";
      zfs.extraPools = strList;
      initrd = {
        enable = bool true;
        availableKernelModules = strList;
        kernelModules = strList;
        supportedFilesystems = opt namesToTrue { };
        verbose = bool true;
        luks.devices = opt (types.attrsOf (
          types.submodule (
            { name, ... }:
            {
              options = {
                name = opt types.str name;
                device = mkOption { type = types.path; };
                allowDiscards = bool false;
                bypassWorkqueues = bool false;
                crypttabExtraOpts = opt (types.listOf types.singleLineStr) [ ];
                fallbackToPassword = bool false;
                keyFile = opt (types.nullOr types.str) null;
                keyFileSize = opt (types.nullOr types.int) null;
                header = nullStr;
                preLVM = bool true;
                preOpenCommands = lines;
                postOpenCommands = lines;
              };
            }
          )
        )) { };
        secrets = opt (types.attrsOf (types.nullOr types.path)) { };
        systemd = {
          enable = bool false;
          inherit (units1)
            services
            targets
            mounts
            timers
            paths
            suppressedUnits
            ;
          contents = opt (types.attrsOf types.unspecified) { };
          storePaths = opt (types.listOf types.unspecified) [ ];
          extraBin = opt (types.attrsOf types.path) { };
          initrdBin = opt (types.listOf types.package) [ ];
          emergencyAccess = opt (types.oneOf [
            types.bool
            (types.nullOr (types.passwdEntry types.str))
          ]) false;
          tmpfiles.settings = tmpfilesSettings;
          users = opt (types.attrsOf (
            types.submodule (
              { name, ... }:
              {
                options.uid = opt types.int cfg.users.users.${name}.uid;
                options.group = opt types.singleLineStr cfg.users.users.${name}.group;
              }
            )
          )) { };
          groups = opt (types.attrsOf (
            types.submodule ({ name, ... }: { options.gid = opt types.int cfg.users.groups.${name}.gid; })
          )) { };
        };
      }
      // lib.genAttrs scripted (_: lines);
    };

    users = {
      mutableUsers = bool true;
      allowNoPasswordLogin = bool false;
      defaultUserHome = opt types.str "/home";
      users = opt (types.attrsOf (types.submodule userOptions)) { };
      groups = opt (types.attrsOf (
        types.submodule (
          { name, ... }:
          {
            options = {
              name = opt (types.passwdEntry types.str) name;
              gid = opt (types.nullOr types.int) null;
              members = opt (types.listOf (types.passwdEntry types.str)) [ ];
            };
          }
        )
      )) { };
    };

    systemd = {
      inherit (units2)
        services
        targets
        mounts
        timers
        paths
        ;
      user.services = units2.services;
      user.timers = units2.timers;
      user.tmpfiles.rules = strList;
      user.tmpfiles.users = opt (types.attrsOf (types.submodule { options.rules = strList; })) { };
      suppressedSystemUnits = units2.suppressedUnits;
      tmpfiles.rules = strList;
      tmpfiles.settings = tmpfilesSettings;
      sysusers.enable = bool false;
    };

    system = {
      activationScripts = opt (types.attrsOf activationScript) { };
      userActivationScripts = opt (types.attrsOf activationScript) { };
      stateVersion = opt types.str "25.11";
      etc.overlay.enable = bool false;
      etc.overlay.mutable = bool true;
    };

    environment = {
      systemPackages = opt (types.listOf types.package) [ ];
      etc = opt (types.attrsOf (
        types.submodule (
          { name, ... }:
          {
            options = {
              enable = bool true;
              target = opt types.str name;
              text = opt (types.nullOr types.lines) null;
              source = opt (types.nullOr types.path) null;
              mode = opt types.str "symlink";
              user = opt types.str "+0";
              group = opt types.str "+0";
            };
          }
        )
      )) { };
    };

    networking.hostId = opt (types.nullOr types.str) null;
    networking.hostName = opt types.str "nixos";
    programs = {
      fuse.userAllowOther = bool false;
      fish.enable = bool false;
      zsh.enable = bool false;
      xonsh.enable = bool false;
    };
    security.sudo.extraConfig = lines;
    security.sudo-rs.extraConfig = lines;

    services = {
      restic.backups = opt (types.attrsOf (types.submodule resticBackup)) { };
      openssh.enable = bool false;
      openssh.hostKeys = opt (types.listOf hostKey) [
        {
          type = "rsa";
          bits = 4096;
          path = "/etc/ssh/ssh_host_rsa_key";
        }
        {
          type = "ed25519";
          path = "/etc/ssh/ssh_host_ed25519_key";
        }
      ];
      userborn.enable = bool false;
      userborn.passwordFilesLocation = opt types.path "/etc";
      btrfs.autoScrub.enable = bool false;
      btrfs.autoScrub.fileSystems = opt (types.listOf types.path) [ ];
    };
  };

  config = {
    # What every NixOS has. nscd and systemd-oom are there by default and have no
    # fixed ids: they are why impermanence warns where /var/lib/nixos is not kept.
    users.users = {
      root = {
        uid = 0;
        home = "/root";
        group = "root";
        isSystemUser = true;
      };
      nobody = {
        uid = 65534;
        isSystemUser = true;
        group = "nogroup";
      };
      nscd = {
        isSystemUser = true;
        group = "nscd";
      };
      systemd-oom = {
        isSystemUser = true;
        group = "systemd-oom";
      };
    };
    users.groups = {
      root.gid = 0;
      wheel.gid = 1;
      users.gid = 100;
      nogroup.gid = 65534;
      systemd-journal.gid = 62;
      nscd = { };
      systemd-oom = { };
    };
    boot.initrd.systemd.users = {
      root = { };
      nobody = { };
    };
    boot.initrd.systemd.groups = {
      root = { };
      nogroup = { };
      systemd-journal = { };
    };
    system.activationScripts = {
      users = "";
      groups.deps = [ "users" ];
      etc = "";
      specialfs = "";
    };

    assertions = [
      {
        assertion = lib.any (fs: fs.mountPoint == "/") (lib.attrValues cfg.fileSystems);
        message = "The 'fileSystems' option does not specify your root file system.";
      }
      {
        assertion = usesZfs -> cfg.networking.hostId != null;
        message = "ZFS requires networking.hostId to be set";
      }
      {
        assertion =
          !cfg.users.mutableUsers
          ->
            cfg.users.allowNoPasswordLogin
            || lib.any (
              u:
              (u.name == "root" || u.group == "wheel" || lib.elem "wheel" u.extraGroups)
              && (
                allowsLogin u.hashedPassword
                || u.password != null
                || u.hashedPasswordFile != null
                || u.openssh.authorizedKeys.keys != [ ]
                || u.openssh.authorizedKeys.keyFiles != [ ]
              )
            ) usersList;
        message = "Neither the root account nor any wheel user has a password or SSH authorized key.";
      }
    ]
    ++ lib.mapAttrsToList (n: fs: {
      assertion = fs.device != null;
      message = "No device specified for mount point '${n}'.";
    }) cfg.fileSystems
    ++ lib.concatMap (u: [
      {
        assertion = u.group != "";
        message = "users.users.${u.name}.group is unset.";
      }
      {
        assertion = u.group == "" || cfg.users.groups ? ${u.group};
        message = "The following users have a primary group that is undefined: ${u.name} (${u.group})";
      }
      {
        assertion =
          (u.isSystemUser || (u.uid != null && u.uid < 1000 && !u.isNormalUser)) != u.isNormalUser;
        message = "Exactly one of users.users.${u.name}.isSystemUser and users.users.${u.name}.isNormalUser must be set.";
      }
      {
        assertion = u.isNormalUser && u.uid != null -> u.uid >= 1000;
        message = "A user cannot have a users.users.${u.name}.uid set below 1000 and set users.users.${u.name}.isNormalUser.";
      }
    ]) usersList
    ++ lib.optionals cfg.boot.initrd.systemd.enable (
      map (name: {
        assertion = cfg.boot.initrd.${name} == "";
        message = ''
          systemd stage 1 does not support 'boot.initrd.${name}'. Please convert it to 'boot.initrd.systemd' units.
          Definitions:
          ${lib.concatMapStringsSep "\n" (
            d: "  - ${toString d.file}"
          ) options.boot.initrd.${name}.definitionsWithLocations}
        '';
      }) scripted
    );

    warnings =
      # Wording of NixOS 26.05.
      lib.optional (since "26.05" && !cfg.boot.initrd.systemd.enable)
        "Scripted initrd is deprecated and scheduled for removal in 26.11. See the NixOS 26.05 release notes."
      ++ lib.concatMap (
        u:
        lib.optional (
          lib.length (
            lib.filter (x: x != null) (
              [
                u.hashedPassword
                u.hashedPasswordFile
                u.password
              ]
              ++ lib.optionals cfg.users.mutableUsers [
                u.initialHashedPassword
                u.initialPassword
              ]
            )
          ) > 1
        ) "The user '${u.name}' has multiple of the password options set to a non-null value."
      ) usersList;
  };
}
