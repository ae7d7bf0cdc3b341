# Types of NixOS' systemd unit options (services, mounts, targets, ...)
# with the same option names and types as nixos/lib/systemd-unit-options.nix, so
# that an unknown unit option or a malformed unit name is the error NixOS gives.
# Arguments: { lib, stage } where stage is 1 (initrd) or 2.
{ lib, stage }:
let
  inherit (lib) mkOption types;

  unitName = types.strMatching "[a-zA-Z0-9@%:_.\\-]+[.](service|socket|device|mount|automount|swap|target|path|timer|scope|slice)";

  # A single value, or lists that are joined; never a mix.
  unitValue = lib.mkOptionType {
    name = "systemd option";
    merge =
      loc: defs:
      let
        kept = lib.filterOverrides defs;
      in
      if lib.isList (lib.head kept).value then
        lib.concatMap (
          d:
          if lib.isList d.value then
            d.value
          else
            throw "The definitions of `${lib.showOption loc}' mix lists and non-lists."
        ) kept
      else
        lib.mergeEqualOption loc kept;
  };
  section = types.attrsOf unitValue;

  names =
    attrs:
    lib.genAttrs attrs (
      _:
      mkOption {
        type = types.listOf unitName;
        default = [ ];
      }
    );
  bool =
    default:
    mkOption {
      type = types.bool;
      inherit default;
    };
  lines = mkOption {
    type = types.lines;
    default = "";
  };

  common = {
    options =
      names [
        "requiredBy"
        "upheldBy"
        "wantedBy"
        "aliases"
        "requires"
        "wants"
        "upholds"
        "after"
        "before"
        "bindsTo"
        "partOf"
        "conflicts"
        "requisite"
        "onFailure"
        "onSuccess"
      ]
      // {
        enable = bool true;
        overrideStrategy = mkOption {
          type = types.enum [
            "asDropinIfExists"
            "asDropin"
          ];
          default = "asDropinIfExists";
        };
        description = mkOption {
          type = types.singleLineStr;
          default = "";
        };
        documentation = mkOption {
          type = types.listOf types.str;
          default = [ ];
        };
        unitConfig = mkOption {
          type = section;
          default = { };
        };
        startLimitBurst = mkOption {
          type = types.nullOr types.int;
          default = null;
        };
        startLimitIntervalSec = mkOption {
          type = types.nullOr types.int;
          default = null;
        };
      }
      // lib.optionalAttrs (stage == 2) {
        restartTriggers = mkOption {
          type = types.listOf types.unspecified;
          default = [ ];
        };
        reloadTriggers = mkOption {
          type = types.listOf unitValue;
          default = [ ];
        };
      };
  };

  serviceTypes = [
    "exec"
    "simple"
    "forking"
    "oneshot"
    "dbus"
    "notify"
    "notify-reload"
    "idle"
  ];
  restarts = [
    "no"
    "on-success"
    "on-failure"
    "on-abnormal"
    "on-abort"
    "on-watchdog"
    "always"
  ];
  serviceSection = types.addCheck section (
    s:
    let
      ok = key: values: !(s ? ${key}) || !lib.isString s.${key} || lib.elem s.${key} values;
    in
    ok "Type" serviceTypes && ok "Restart" restarts
  );

  service = {
    imports = [ common ];
    options = {
      environment = mkOption {
        type =
          with types;
          attrsOf (
            nullOr (oneOf [
              str
              path
              package
            ])
          );
        default = { };
      };
      path = mkOption {
        type =
          with types;
          listOf (oneOf [
            package
            str
          ]);
        default = [ ];
      };
      serviceConfig = mkOption {
        type = serviceSection;
        default = { };
      };
      script = lines;
      scriptArgs = mkOption {
        type = types.str;
        default = "";
      };
      preStart = lines;
      postStart = lines;
      reload = lines;
      preStop = lines;
      postStop = lines;
      enableStrictShellChecks = bool false;
    }
    // lib.optionalAttrs (stage == 2) {
      restartIfChanged = bool true;
      reloadIfChanged = bool false;
      stopIfChanged = bool true;
      notSocketActivated = bool false;
      startAt = mkOption {
        type = with types; either str (listOf str);
        default = [ ];
      };
    };
  };

  withSection = name: {
    imports = [ common ];
    options.${name} = mkOption {
      type = section;
      default = { };
    };
  };

  mount = {
    imports = [ (withSection "mountConfig") ];
    options = {
      what = mkOption { type = types.str; };
      where = mkOption { type = types.str; };
      type = mkOption {
        type = types.str;
        default = "";
      };
      options = mkOption {
        type = types.commas;
        default = "";
      };
    };
  };

  attrs = m: types.attrsOf (types.submodule m);
  option =
    type: default:
    mkOption {
      inherit type default;
    };
in
{
  sectionType = section;
  services = option (attrs service) { };
  targets = option (attrs common) { };
  timers = option (attrs (withSection "timerConfig")) { };
  paths = option (attrs (withSection "pathConfig")) { };
  mounts = option (types.listOf (types.submodule mount)) [ ];
  suppressedUnits = option (types.listOf types.str) [ ];
}
