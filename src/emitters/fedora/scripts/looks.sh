#!/usr/bin/env bash
# shellcheck disable=SC2154,SC2034 # stands between links.sh and states.sh

# --- one look at many places --------------------------------------------------------------------------------------

declare -A seen_mode=() seen_owner=() seen_group=() seen_uid=() seen_time=() seen_link=()
# look_all PATH…: what each is, without following a link; one process for all, since one for each would take longest of all.
look_all() {
  local path mode owner group uid time link
  while IFS= read -r -d '' path && IFS= read -r -d '' mode && IFS= read -r -d '' owner && IFS= read -r -d '' group &&
    IFS= read -r -d '' uid && IFS= read -r -d '' time && IFS= read -r -d '' link; do
    seen_mode["$path"]=$mode seen_owner["$path"]=$owner seen_group["$path"]=$group
    seen_uid["$path"]=$uid seen_time["$path"]=${time%.*} seen_link["$path"]=$link
  done < <(find "$@" -maxdepth 0 -printf '%p\0%m\0%u\0%g\0%U\0%T@\0%l\0' 2>/dev/null || :)
}

declare -A inside_count=() inside_first=()
# look_inside PATH…: what must not be inside of kept directories, in one walk through all of them: directories that cannot be
# read, btrfs subvolumes, and what belongs to another person. Sets how many there are, and the first of each kind.
look_inside() {
  local what root path others=()
  (($# > 0)) || return 0
  # Numbers from 65536 on are those of containers, and theirs to have.
  if [[ -n $me ]]; then others=(',' ! -uid "$EUID" -uid -65536 -printf 'owner\0%H\0%p\0'); fi
  while IFS= read -r -d '' what && IFS= read -r -d '' root && IFS= read -r -d '' path; do
    [[ $root != "$path" ]] || continue
    # find does not know the file system of a subvolume.
    if [[ $what == nested && $(stat -f -c %T -- "$path") != btrfs ]]; then continue; fi
    inside_count["$what $root"]=$((${inside_count["$what $root"]-0} + 1))
    inside_first["$what $root"]=${inside_first["$what $root"]-$path}
  done < <(find "$@" -xdev -type d \( ! -readable -o ! -executable \) -printf 'unreadable\0%H\0%p\0' , \
    -type d -inum 256 -printf 'nested\0%H\0%p\0' ${others[@]+"${others[@]}"} 2>/dev/null || :)
}

# mount_below PATH: sets `reply` to a mount point below it.
mount_below() {
  for reply in ${mount_points[@]+"${mount_points[@]}"}; do
    [[ $reply == "$1"/* ]] && return 0
  done
  return 1
}

# The time of the newest thing in a tree, in seconds; of a directory itself only where nothing else is in it.
newest_in() {
  reply=$(find "$1" -xdev ! -type d -printf '%T@\n' 2>/dev/null | sort -n | tail -n 1) || :
  [[ -n $reply ]] || reply=$(stat -c %Y -- "$1")
  reply=${reply%.*}
}

# How long ago a time was, as a person says it.
ago() {
  local seconds=$((EPOCHSECONDS - $1)) number unit
  if ((seconds < 120)); then
    reply='just now'
    return
  elif ((seconds < 7200)); then
    number=$((seconds / 60)) unit=minutes
  elif ((seconds < 172800)); then
    number=$((seconds / 3600)) unit=hours
  else
    number=$((seconds / 86400)) unit=days
  fi
  reply="$number $unit ago"
}

# leads_in_a_circle PATH: true for a link that leads back to itself.
leads_in_a_circle() {
  [[ -L $1 && ! -e $1 && $(stat -L -- "$1" 2>&1) == *'Too many levels of symbolic links'* ]]
}

declare -A is_direct=()
# True where no step on the way to a path is a link; asked once for each directory, without a process.
is_reached_directly() {
  local parent
  existing "${1%/*}"
  parent=$reply
  if [[ -z ${is_direct["$parent"]-} ]]; then
    is_direct["$parent"]=no
    if [[ -d $parent ]] && cd -P -- "$parent" 2>/dev/null; then
      if [[ $PWD == "$parent" ]]; then is_direct["$parent"]=yes; fi
      cd /
    fi
  fi
  [[ ${is_direct["$parent"]} == yes ]]
}
