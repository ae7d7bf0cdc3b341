#!/bin/sh
# shellcheck disable=SC2154 # device, subvolume and retain_seconds stand above this text in the generated module
# Runs in the initrd, under bash in that of systemd and under ash in the scripted one, where there are coreutils, mount and
# btrfs, and nothing else.
set -eu

top=$(mktemp -d /run/remanence-wipe-XXXXXX) # one of its own: another wipe may be at work
archive=$top/$subvolume-old

# True for a btrfs subvolume: its root directory has inode 256 and no other directory has.
is_subvolume() {
  [ -d "$1" ] && [ ! -L "$1" ] && [ "$(stat -c %i -- "$1")" = 256 ]
}

# Gives a name to something else only where nothing has it: mv would move it inside of a directory that is there.
move() {
  [ ! -e "$2" ] && [ ! -L "$2" ] && mv -- "$1" "$2"
}

# Deletes a subvolume of the archive and those inside it; anything else stays.
delete_old() {
  case $1 in
    "$archive"/?*) is_subvolume "$1" || return 0 ;;
    *) return 0 ;;
  esac
  btrfs subvolume list -o "$1" | while IFS= read -r line; do
    case $top/${line#* path } in
      "$1"/?*) delete_old "$top/${line#* path }" ;;
    esac
  done
  btrfs subvolume delete "$1"
}

mount -t btrfs -o subvolid=5 -- "$device" "$top"
trap 'umount "$top" && rmdir "$top"' EXIT

# 1. The old root moves into the archive in one step.
now=$(date +%s)
archived=
if is_subvolume "$top/$subvolume"; then
  mkdir -p "$archive"
  name=$(date -u -d "@$now" +%Y-%m-%dT%H-%M-%SZ)
  while [ -e "$archive/$name" ]; do name=$name+; done
  move "$top/$subvolume" "$archive/$name"
  archived=$archive/$name
fi

# 2. An empty one takes its place, also where a boot stopped between these two steps. Where that fails (a full disk), the
# old one comes back: without any the machine would not boot.
if [ -e "$top/$subvolume" ]; then
  echo "$subvolume is no subvolume: nothing was wiped" >&2
  exit 1
fi
if ! btrfs subvolume create "$top/$subvolume"; then
  [ -z "$archived" ] || move "$archived" "$top/$subvolume"
  echo "no empty $subvolume could be made: nothing was wiped" >&2
  exit 1
fi

# 3. Roots older than the limit go. A failure here must not stop the boot: the new root is there.
limit=$(date -u -d "@$((now - retain_seconds))" +%Y-%m-%dT%H-%M-%SZ)
for old in "$archive"/*; do
  case ${old##*/} in
    ????-??-??T??-??-??Z*)
      # Names are dates: a later one is greater. With a clock that was set back none is older than the limit.
      # shellcheck disable=SC3012 # ash, bash and dash know `<`
      if [ "${old##*/}" \< "$limit" ]; then
        delete_old "$old" || echo "could not delete $old" >&2
      fi
      ;;
  esac
done
