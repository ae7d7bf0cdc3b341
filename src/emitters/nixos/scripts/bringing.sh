#!/usr/bin/env bash
# shellcheck disable=SC2154,SC2034 # stands between migrating.sh and migrate.sh

# --- doing --------------------------------------------------------------------------------------------------------

carry_out_as_root() {
  find_ends
  reason=
  case $action in
    copy) make_home && hand bring_over ;;
    aside) hand put_original_aside ;;
    finish) hand finish ;;
    tidy) hand tidy ;;
  esac
}

# The folder of a home in the store, or in the root to be: root makes it, and it is the user's.
make_home() {
  local at
  [[ $user != - && ! -d $to_base ]] || return 0
  existing "$to_base"
  at=$reply
  if ! is_real_directory "$at" || ! is_trusted "$at" ''; then
    reason="others can change $(plain "$at") or a directory above it, or it is a link"
    return 1
  fi
  (umask 022 && mkdir -p -- "${to_base%/*}") && install -d -m 0700 -o "$uid" -g "$gid" -- "$to_base"
}

# The directories above the other end, with the modes of those here: whoever mounts makes the live ones like them.
make_way() {
  local rest=${path#/} at=$to_base like=$from_base bits
  while [[ $rest == */* ]]; do
    at+=/${rest%%/*} like+=/${rest%%/*}
    rest=${rest#*/}
    if [[ ! -d $at ]]; then
      bits=$(stat -c %a -- "$like") || return 1
      if is_private "$at"; then bits=0700; fi
      # At once: a run that is stopped must not leave a directory that nobody can enter.
      mkdir -m "$bits" -- "$at" || return 1
    fi
  done
}

is_private() {
  local one
  for one in ${private_folders[@]+"${private_folders[@]}"}; do
    [[ $one == "$1" ]] && return 0
  done
  return 1
}

# A run that was stopped may have put a copy in its place without its note.
settle_note() {
  has_note "$next" "$to" || return 0
  mv -T -f -- "$next" "$noting" && put_on_disk "${noting%/*}"
}

bring_over() {
  local print
  make_way && settle_note || return 1
  if ! copy "$from" "$partial" "$next"; then
    if [[ -z $reason ]]; then reason='no copy could be made: there is no room for all of it, or not all of it can be read' code=4; fi
    return 1
  fi
  if [[ $returning == no ]]; then make_as_asked || return 1; fi
  put_in_place || return 1
  put_on_disk "${to%/*}"
  finish
}

# Owner and mode as in the manifest: then the note is about what became of it.
make_as_asked() {
  local print
  [[ $mode$owner$group != --- ]] || return 0
  change_owner "$owner" && change_owner ":$group" || return 1
  if [[ $mode != - ]]; then chmod -- "$mode" "$partial" || return 1; fi
  print=$(fingerprint "$partial") && note "$next" "$partial" "$print" "$stamp"
}

change_owner() {
  [[ ${1#:} == - ]] || chown -h -- "$1" "$partial"
}

# What is in the way in a root, and no copy of ours, is renamed.
make_place() {
  [[ $returning == yes && $giving_way == yes && (-e $to || -L $to) ]] || return 0
  if is_empty_directory "$to" || has_note "$noting" "$to"; then return 0; fi
  [[ ! -e $original && ! -L $original ]] && mv -T -n -- "$to" "$original" && [[ ! -e $to && ! -L $to ]] || return 1
  put_on_disk "${to%/*}"
}

# An older copy of ours gives way in one step, and only as long as it is what was copied.
put_in_place() {
  local before
  make_place || return 1
  if is_empty_directory "$to"; then rmdir -- "$to" || return 1; fi
  if has_data "$to"; then
    stamp_of "$to" && before=$reply || return 1
    if ! has_note "$noting" "$to" || ! is_print "$to" "$reply"; then
      reason='what is at the other end is no copy of ours any more: look which of them you want' code=5
      return 1
    fi
    if [[ $exchanger == none ]]; then
      discard "$trash" && mv -T -n -- "$to" "$trash" && mv -T -n -- "$partial" "$to" || return 1
      stamp_of "$trash"
    else
      exchange "$to" "$partial" || return 1
      stamp_of "$partial"
    fi
    # Somebody wrote there in the last moment.
    if [[ $reply != "$before" ]]; then
      give_back
      return 1
    fi
  else
    mv -T -n -- "$partial" "$to" || return 1
  fi
  has_note "$next" "$to"
}

give_back() {
  if [[ $exchanger == none ]]; then
    mv -T -n -- "$to" "$partial" && mv -T -n -- "$trash" "$to"
  else
    exchange "$to" "$partial"
  fi || :
  reason='something wrote to what is at the other end just now: look which of them you want' code=5
}

# Where a link is to be, and nothing wipes what is there: whoever makes it refuses to replace anything.
put_original_aside() {
  local stamp
  has_our_note || return 1
  stamp=${noted[2]-}
  if ! is_unchanged "$live"; then
    reason='it changed since it was copied; run this again' code=4
    return 1
  fi
  mv -T -n -- "$live" "$original" && has_data "$original" && [[ ! -e $live ]] || return 1
  put_on_disk "${live%/*}"
}

finish() {
  settle_note && drop_note "$next" && discard "$partial" && discard "$trash"
}

# It is mounted: what is in the store counts now, and nothing is copied there any more.
tidy() {
  drop_note "$noting" && drop_note "$next" && discard "$partial" && discard "$trash"
}

drop_note() {
  if [[ -L $1 ]]; then rm -- "$1"; fi
}

# --- asking and saying --------------------------------------------------------------------------------------------

# Instead of that of relocate.sh: nothing moves here. What there is room for is looked at for all together.
agree_to_copy() {
  local n sum=0 count=0 answer='' device free
  local -A wanted_there=() place_there=()
  for n in "${!actions[@]}"; do
    [[ ${actions[$n]} == copy ]] || continue
    count=$((count + 1)) sum=$((sum + sizes[n]))
    settle_user "${bound_users["${chosen[$n]}"]}"
    look_at_bound "${chosen[$n]}" "$home"
    find_ends
    existing "${to%/*}"
    if [[ $user != - ]] && shares_blocks "$from" "$reply"; then continue; fi
    device=$(stat -c %d -- "$reply")
    place_there["$device"]=$reply
    wanted_there["$device"]=$((${wanted_there["$device"]-0} + sizes[n] + sizes[n] / 20))
  done
  reason=
  ((count > 0)) || return 0
  for device in "${!wanted_there[@]}"; do
    free=$(df --output=avail --block-size=1 -- "${place_there["$device"]}" | tail -n 1)
    ((wanted_there["$device"] <= free)) ||
      die 4 "there is room for $(human "$free") in $(plain "${place_there["$device"]}"), and $(human "${wanted_there["$device"]}") are needed; nothing was copied"
  done
  [[ $dry_run == no && $yes == no ]] || return 0
  if [[ $format == text && -t 0 && -t 2 ]]; then
    read -r -p "$count entries, $(human "$sum"), are copied; what is copied stays where it is. Do it? [y/N] " answer
    if [[ $answer == [yY]* ]]; then return 0; fi
  fi
  dry_run=yes
  warn "Nothing is touched; --yes does it."
}

said_of_action() {
  case $action in
    mounted) said='already mounted from the store' ;;
    tidy) said='already mounted from the store; the note about its copy goes' ;;
    finish) said='copied; what a stopped run left beside it goes' ;;
    copy)
      said="copy to $(plain "$to")"
      if [[ $returning == yes && $giving_way == yes ]]; then said+="; what was there stays as NAME.remanence-original"; fi
      ;;
    aside) said="gives way to a link; it stays as $(plain "$original")" ;;
    none) said=$reason ;;
    refuse) said="REFUSED: $reason" ;;
  esac
}

say_sum_as_root() {
  local verb=were waiting=0 n
  [[ $dry_run == no ]] || verb='would be'
  say ""
  say "$changes of ${#chosen[@]} entries $verb done, $(human "$moved") copied; nothing was moved or deleted."
  [[ $returning == no ]] || return 0
  for n in ${chosen[@]+"${chosen[@]}"}; do
    if [[ ${bound_units[$n]} == link ]]; then waiting=$((waiting + 1)); fi
  done
  if ((waiting > 0)) && [[ $giving_way == no ]]; then
    say "$waiting of them become links in a place that nothing wipes, which must be free by then: migrate.sh --make-way"
  fi
  say "What changes from now on is not in the store: run this again just before the reboot."
}

finish_as_root() {
  labels_json="\"to\": $(if [[ $returning == yes ]]; then json "${top:-/}"; else printf '"store"'; fi)"
}
