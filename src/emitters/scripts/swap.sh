#!/usr/bin/env bash
# shellcheck disable=SC2154,SC2034 # stands between unpack.sh and restore.sh

# --- stages -------------------------------------------------------------------------------------------------------

# What is restored lies in a folder that only we can enter, on the mount of its place, so that it gets there by one
# rename. The name says what may be done with it:
#
#   .remanence-restore-XXXXXX.partial       being unpacked, or not verified: nobody's data, and the next run deletes it
#   .remanence-restore-XXXXXX               whole and verified; what stays in it is for a person to look at
#   .remanence-restore-XXXXXX.incomplete    what came out of a damaged backup, for a person to look at

declare -A base_of=() stage_in=()
# The one directory for all, in a rehearsal.
one_base=
# Sets `reply` to the directory where the stage for a place is made: the home, or the topmost directory on the mount of
# the place that nobody else can change.
find_base() {
  local at where
  if [[ -n $one_base ]]; then
    reply=$one_base
    return
  fi
  existing "${1%/*}"
  at=$reply
  if [[ -n ${base_of["$at"]-} ]]; then
    reply=${base_of["$at"]}
    return
  fi
  where=$home
  if [[ -z $me ]]; then
    find_state
    existing "$state"
    where=$reply
  fi
  if ! is_same_mount "$where" "$at" || is_in_entry "$where"; then
    where=$at
    while [[ $where == /*/* && -w ${where%/*} ]] && is_same_mount "${where%/*}" "$at" && is_trusted "${where%/*}" ''; do
      where=${where%/*}
    done
  fi
  base_of["$at"]=$where
  reply=$where
}

# True where a directory is in something that is to be restored: what is replaced takes along what lies in it.
is_in_entry() {
  local final
  for final in "${finals[@]}"; do
    [[ $1 == "$final" || $1 == "$final"/* ]] && return 0
  done
  return 1
}

is_same_mount() {
  local one
  place_of "$1"
  one=$reply
  place_of "$2"
  [[ $reply == "$one" ]]
}

# A run that was killed may have left a stage in a directory: what is not verified goes, the rest is named.
sweep_stages() {
  local left
  for left in "$1"/.remanence-restore-??????.partial; do
    [[ -d $left && ! -L $left && -O $left ]] || continue
    warn "removing $(plain "$(short "$left")"): a run that was stopped did not finish it"
    remove "$left"
  done
  for left in "$1"/.remanence-restore-?????? "$1"/.remanence-restore-??????.incomplete; do
    [[ -d $left && ! -L $left && -O $left ]] || continue
    warn "$(plain "$(short "$left")") has what an earlier run restored and did not put in place; remove it when you need it no more"
  done
}

# remove PATH: also where directories in it may not be written, which is no protection from their owner.
remove() {
  rm -rf --one-file-system -- "$1" 2>/dev/null && return 0
  chmod -R u+rwx -- "$1" && rm -rf --one-file-system -- "$1"
}

make_stage() {
  stage_in["$1"]=$(mktemp -d --suffix=.partial -- "${1%/}/.remanence-restore-XXXXXX") || die 2 "cannot write in $(short "$1")"
}

# check_free BASE BYTES FILES: ends the run before anything is unpacked that has no room.
declare -A needed_on=()
check_free() {
  local device free need
  device=$(stat -c %d -- "$1")
  need=$(($2 + $2 / 20 + $3 * 4096 + ${needed_on["$device"]-0}))
  needed_on["$device"]=$need
  free=$(df --output=avail --block-size=1 -- "$1" | tail -n 1)
  ((need <= free)) || give_up "there is room for $(human "$free") in $(short "$1"), and $(human "$need") are needed"
  free=$(df --output=iavail -- "$1" | tail -n 1)
  # Where a file system has no fixed number of them it says 0 or -.
  if [[ $free == *[1-9]* ]] && (($3 > free)); then give_up "there is room for $((free)) files in $(short "$1"), and $3 are needed"; fi
}

# give_up MESSAGE [LOG]: could not run. Nothing was put in place. What came out of a damaged backup may be all there is, so
# it stays under a name that says what it is; what only had no room goes.
give_up() {
  local base left kept=''
  for base in "${!stage_in[@]}"; do
    left=${stage_in["$base"]}
    [[ -d $left ]] || continue
    if [[ $left == "${stage-}" && -n ${2-} && -z ${rehearsing-} && -n $(find "$left" ! -type d -print -quit) ]] &&
      ! grep -qiE 'no space left|quota exceeded|wrote only' "$2"; then
      kept=${left%.partial}.incomplete
      mv -T -n -- "$left" "$kept"
    else
      remove "$left"
    fi
  done
  die 2 "$1; nothing was put in place${kept:+; what came out of it is in $kept}"
}

# From here on a stage is whole: first on the disk, then by its name.
name_stages() {
  local base whole
  for base in "${!stage_in[@]}"; do
    whole=${stage_in["$base"]%.partial}
    put_on_disk "${stage_in["$base"]}"
    mv -T -n -- "${stage_in["$base"]}" "$whole"
    [[ -d $whole ]] || die 2 "cannot rename ${stage_in["$base"]}"
    stage_in["$base"]=$whole
  done
}

# The empty directories above what left a stage go; what was refused stays, and was named.
tidy_stages() {
  local i root above base
  for i in "${!stage_of[@]}"; do
    root=${stage_in["${stage_of[$i]}"]}
    above=${apart[$i]-}${saved[$i]}
    above=${above#/}
    [[ $above == */* && -d $root/${above%/*} ]] || continue
    (cd -- "$root" && rmdir -p --ignore-fail-on-non-empty -- "${above%/*}")
  done
  for base in "${!stage_in[@]}"; do rmdir --ignore-fail-on-non-empty -- "${stage_in["$base"]}"; done
}

# --- to its place -------------------------------------------------------------------------------------------------

# True where nobody but us and root can lead us elsewhere on the way to a place: `reply` says where somebody could.
is_safe_way() {
  local top='' parent
  existing "${1%/*}"
  parent=$reply
  is_real_directory "$parent" || return 1
  if [[ -n $me && $parent/ == "$home"/* ]]; then
    # Many homes have directories that the group may write, which is nobody but its user; to root that is not said.
    if ((EUID != 0)); then
      are_ours "$parent" "$home" 002
      return
    fi
    top=$home
  fi
  is_trusted "$parent" "$top"
}

# Makes the directories above a place one by one, and looks at each: where others may write too, one that appears just
# now may be theirs.
make_way() {
  local at rest
  existing "${1%/*}"
  at=$reply
  rest=${1%/*}
  rest=${rest#"${at%/}"}
  rest=${rest#/}
  while [[ -n $rest ]]; do
    at=${at%/}/${rest%%/*}
    if [[ $rest == */* ]]; then rest=${rest#*/}; else rest=; fi
    make_directory "$at" || return 1
  done
  is_safe_way "$1"
}

# What the manifest says of a directory holds where it is only on the way, too. A home is its user's own, and so is its
# folder in a store.
make_directory() {
  if [[ -n $me && ($me != root || $1 == "$home"/*) ]]; then
    mkdir -- "$1" || return 1
  else
    mkdir -m 0700 -- "$1" || return 1
    if [[ -n ${owner_of["$1"]-} ]]; then chown -h -- "${owner_of["$1"]}" "$1" || return 1; fi
    if [[ -n ${group_of["$1"]-} ]]; then chown -h -- ":${group_of["$1"]}" "$1" || return 1; fi
  fi
  if [[ -n ${mode_of["$1"]-} ]]; then
    chmod -- "${mode_of["$1"]}" "$1" || return 1
  elif [[ -z $me || ($me == root && $1 != "$home"/*) ]]; then
    chmod 0755 -- "$1" || return 1
  fi
}

# rename_into FROM PLACE: never over something, never by a copy, and in the very directory that was looked at.
rename_into() {
  (
    cd -- "${2%/*}/" && [[ $(pwd -P) == "${2%/*}" || ${2%/*} == '' ]] && is_safe_way "$2" || return 1
    # A directory that may not be written cannot change its parent.
    bits=
    if [[ -d $1 && ! -L $1 && ! -w $1 ]]; then
      bits=$(stat -c %a -- "$1")
      chmod u+w -- "$1" || return 1
    fi
    mv ${no_copy[@]+"${no_copy[@]}"} -n -T -- "$1" "./${2##*/}" || return 1
    if [[ -n $bits && ! -e $1 ]]; then chmod -- "$bits" "./${2##*/}"; fi
  ) && [[ ! -e $1 && ! -L $1 ]]
}
no_copy=()
# Newer versions of mv can be told not to copy where a rename fails.
find_no_copy() {
  if [[ $(mv --help) == *--no-copy* ]]; then no_copy=(--no-copy); fi
}

# put STAGED PLACE: where nothing is. Is called where a failure does not stop the script, so each step says what becomes
# of one.
put() {
  make_way "$2" || return 1
  # rmdir removes nothing but an empty directory.
  if is_empty_directory "$2"; then rmdir -- "$2" || return 1; fi
  rename_into "$1" "$2" || return 1
  renamed_in["${2%/*}/"]=1
}
# Where something was put: on the disk at the end, all at once. Until then it is there under one of its two names.
declare -A renamed_in=()

# While a place gets what was restored, a link beside it, whose text is a note (see links.sh), says what was there before:
# PLACE.remanence-replacing, about what is to become PLACE.remanence-original.
#
# replace STAGED PLACE: what was restored takes the name that the other is to have, then both are exchanged in one step:
# what was there is complete under PLACE or PLACE.remanence-original at every instant.
replace() {
  local original=$2.remanence-original replacing=$2.remanence-replacing old new
  identity_of "$2" && old=$reply
  identity_of "$1" && new=$reply
  note "$replacing" "$2" "$new" - || return 1
  if give_way "$1" "$2"; then
    rm -- "$replacing"
    return 0
  fi
  # Back to how it was.
  if is_thing "$original" "$new"; then rename_into "$original" "$1" || :; fi
  settle_replacing "$2" || :
  return 1
}

give_way() {
  if [[ $exchanger == none ]]; then
    rename_into "$2" "$original" && rename_into "$1" "$2" || return 1
  else
    rename_into "$1" "$original" || return 1
    put_on_disk "${2%/*}/"
    exchange "$2" "$original" || return 1
  fi
  is_thing "$2" "$new" && is_thing "$original" "$old" || return 1
  put_on_disk "${2%/*}/"
}

is_thing() {
  [[ -e $1 && ! -L $1 ]] && identity_of "$1" && [[ $reply == "$2" ]]
}

# settle_replacing PLACE: what a run left that was killed while it replaced something.
settle_replacing() {
  local original=$1.remanence-original replacing=$1.remanence-replacing new
  [[ -n $1 && -L $replacing ]] && is_safe_way "$1" || return 0
  if has_note "$replacing" "$1"; then
    # Not exchanged yet. What is restored is in the backup, and will be restored again.
    new=$reply
    if is_thing "$original" "$new"; then
      remove "$1.remanence-partial"
      rename_into "$original" "$1.remanence-partial" || return 1
    fi
    if is_thing "$1.remanence-partial" "$new"; then remove "$1.remanence-partial"; fi
  elif has_note "$replacing" "$original"; then
    if [[ ! -e $1 && ! -L $1 ]]; then rename_into "$original" "$1" || return 1; fi
  fi
  put_on_disk "${1%/*}/"
  rm -- "$replacing"
}

# The label follows from the place, where the policy knows what that mirrors: the one of the backup is dropped.
label_restored() {
  local live wanted
  selinux_mode
  [[ $reply != disabled ]] || return 0
  name_of "$1"
  live=$reply
  [[ $live == /* ]] || live=$home/$live
  expected_label "$live"
  wanted=$reply
  expected_label "$1"
  if [[ -n $reply && $reply != default_t && $reply == "$wanted" ]]; then
    relabel_below "$1"
  else
    warn "SELinux: the policy does not know what $(plain "$(short "$1")") mirrors, so it has no label of its place: run sudo link.sh once"
  fi
}
