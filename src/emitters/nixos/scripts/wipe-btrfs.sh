#!/usr/bin/env bash
# shellcheck disable=SC2154 # device, subvolume and retain_seconds stand above this text in the generated unit
# Runs in the initrd, where there are bash, coreutils, mount and btrfs, and nothing else.
set -euo pipefail

top=$(mktemp -d /run/remanence-wipe-XXXXXX) # one of its own: another wipe may be at work
archive=$top/$subvolume-old

# True for a btrfs subvolume: its root directory has inode 256 and no other directory has.
is_subvolume() {
  [[ -d $1 && ! -L $1 && $(stat -c %i -- "$1") == 256 ]]
}

# Deletes a subvolume of the archive and those inside it; anything else stays.
delete_old() {
  local path=$1 line inner
  [[ $path == "$archive"/?* ]] && is_subvolume "$path" || return 0
  while IFS= read -r line; do
    inner=$top/${line#* path }
    [[ $line == *" path "* && $inner == "$path"/?* ]] && delete_old "$inner"
  done < <(btrfs subvolume list -o "$path")
  btrfs subvolume delete "$path"
}

mount -o subvolid=5 -- "$device" "$top"
trap 'umount "$top" && rmdir "$top"' EXIT

# 1. The old root moves into the archive in one step.
now=$(date +%s)
archived=
if is_subvolume "$top/$subvolume"; then
  mkdir -p "$archive"
  name=$(date -u -d "@$now" +%Y-%m-%dT%H-%M-%SZ)
  while [[ -e $archive/$name ]]; do name+=+; done
  mv -T -- "$top/$subvolume" "$archive/$name"
  archived=$archive/$name
fi

# 2. An empty one takes its place, also where a boot stopped between these two steps. Where that fails (a full disk), the
# old one comes back: without any the machine would not boot.
if [[ -e $top/$subvolume ]]; then
  echo "$subvolume is no subvolume: nothing was wiped" >&2
  exit 1
fi
if ! btrfs subvolume create "$top/$subvolume"; then
  [[ -z $archived ]] || mv -T -- "$archived" "$top/$subvolume"
  echo "no empty $subvolume could be made: nothing was wiped" >&2
  exit 1
fi

# 3. Roots older than the limit go. A failure here must not stop the boot: the new root is there.
if [[ -d $archive ]]; then
  limit=$(date -u -d "@$((now - retain_seconds))" +%Y-%m-%dT%H-%M-%SZ)
  for old in "$archive"/*; do
    # Names are dates: a later one is greater. With a clock that was set back none is older than the limit.
    if [[ ${old##*/} == ????-??-??T??-??-??Z* && ${old##*/} < $limit ]]; then
      delete_old "$old" || echo "could not delete $old" >&2
    fi
  done
fi
