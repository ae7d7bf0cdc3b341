#!/usr/bin/env bash
# shellcheck disable=SC2154,SC2034 # follows the other parts and the settings of a host

usage() {
  cat <<'END'
Copies what is kept from where it is now into its store, before the first boot with persistence.nix. Run it as root.

Each entry is copied, compared (names, owners, modes, times, ACLs, attributes, every byte), and only then gets its name in
the store, with the owner and mode that the manifest says. What was copied stays where it is. Run it again just before the
reboot: what changed meanwhile is copied anew, and what did not is left alone. What the store has of its own is never
overwritten, and what is mounted from the store already is left alone.

  --back DIR        the other way round: from the store to the root that is mounted at DIR, or to / once the machine has
                    booted without persistence.nix and wipe.nix. What is mounted from the store covers its place, and is
                    refused. The store keeps what it has
  --make-way        rename what was copied where a link is to be and nothing wipes (NAME.remanence-original): whoever
                    makes the link, home-manager for one, replaces nothing. With --back: rename what is in the way
  --in-use          also copy what programs have open. The copy is whole, but what they write later is not in it
  --dry-run         show what would happen, change nothing
  --only PATH...    only these (absolute, or as in the manifest)
  --format FORMAT   text (default) or json
  --yes             copy without asking
  --help            this text

Exit codes: 0 done or nothing to do, 2 could not run, 3 something was refused because it would be unsafe, 4 something is
in use, changed while it was copied, or has no room, 5 something has to be settled by hand, 75 another run is at work.
END
}

giving_way=no
option() {
  taken=0
  case $1 in
    --make-way) giving_way=yes ;;
    --in-use) may_be_open=yes ;;
    --back)
      [[ ${2-} == /* ]] || die 2 "--back needs the directory where the root to be is mounted"
      returning=yes top=${2%/} taken=1
      ;;
    *) return 1 ;;
  esac
}

store_mounts=() file_systems=() private_folders=()
# store_mount PATH: where the file system of a store is mounted.
store_mount() { store_mounts+=("$1"); }
# file_system PATH: another one that something kept lies on.
file_system() { file_systems+=("$1"); }

# private_folder PATH: one in a store that is around a single secret, and nobody else's business.
private_folder() { private_folders+=("$1"); }

# What is not mounted would be taken for a directory of the root, which is wiped.
check_file_systems() {
  local one
  for one in ${store_mounts[@]+"${store_mounts[@]}"}; do
    mountpoint -q -- "$one" || die 3 "$(plain "$one") is not mounted: what is copied there would be on the root"
  done
  [[ $returning == yes ]] || return 0
  is_real_directory "${top:-/}" || die 2 "there is no directory $(plain "$top"), or it is reached through a link"
  is_trusted "$top" '' || die 3 "others can change $(plain "$top") or a directory above it"

  for one in "${top:-/}" ${file_systems[@]+"${file_systems[@]/#/"$top"}"}; do
    mountpoint -q -- "$one" || die 3 "nothing is mounted at $(plain "$one"), and something that is kept lies on that file system"
    [[ $(stat -f -c %T -- "$one") != tmpfs ]] || die 3 "$(plain "$one") is in memory, and gone with the next boot"
  done
}

# All of it is part of every NixOS, but not of every rescue system.
check_tools() {
  local tool
  for tool in awk b2sum find findmnt flock getent mountpoint setpriv setsid tar unshare; do
    command -v "$tool" >/dev/null || die 2 "$tool is not installed"
  done
}

main() {
  options "$@"
  check_tools
  choose_user
  settings
  [[ $EUID == 0 && $home == "$own_home" ]] || die 2 "run this as root, in root's own home: sudo -H $0"
  check_file_systems
  run_as_root
}

main "$@"
