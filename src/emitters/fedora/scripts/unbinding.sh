#!/usr/bin/env bash
# shellcheck disable=SC2154,SC2034 # stands between hands.sh and unlink.sh

# --- unlink.sh as root --------------------------------------------------------------------------------------------

# What is to be done about a mount: sets `action` and `reason`.
#   back    unmount, exchange with the store     copy    copy back, unmount, then exchange with what was below
#   finish  it is back; the unit goes             none    not mounted      commit  delete what is left in the store
look_as_root() {
  local step=look_to_unbind
  if [[ $committing == yes ]]; then step=look_to_commit; fi
  if hand "$step"; then
    IFS='|' read -r action bytes foreign reason <<<"$answer"
    [[ $bytes =~ ^[0-9]+$ ]] || bytes=0
  else
    action=refuse reason=${reason:-one cannot look at it}
  fi
  if [[ $action != none && $action != refuse && $action != commit ]]; then check_in_use; fi
}

check_in_use() {
  if [[ -e $units/$unit ]] && ! is_our_unit "$units/$unit"; then
    reason="its unit is not of Remanence: $(plain "$units/$unit")"
    return 0
  fi
  programs_in "$live"
  if [[ -z $reply && $action == copy ]]; then programs_in "$stored"; fi
  [[ -z $reply ]] || reason="in use by $reply" code=4
}

# As the owner: looks, and says action, bytes, whether files of others are in it, and what there is to say.
look_to_unbind() {
  local action=none foreign=no
  bytes=0
  decide_unmount
  [[ $action != refuse ]] || return 1
  if [[ $action == copy ]] && has_foreign "$stored"; then foreign=yes; fi
  answer="$action|$bytes|$foreign|$reason"
}

decide_unmount() {
  local live_kind stored_kind
  reason=
  kind_of "$live"
  live_kind=$reply
  kind_of "$stored"
  stored_kind=$reply
  if has_note "$returned" "$live"; then
    reason="what is in the store is kept until sudo unlink.sh --commit"
    if is_enabled || has_data "$back"; then action=finish reason=; fi
  elif is_bound || { [[ $stored_kind == directory ]] && ! is_mount_point "$live" && is_uncovered; }; then
    decide_way_back
  elif [[ $stored_kind != directory ]] || is_empty_directory "$stored"; then
    if is_enabled || [[ $stored_kind == directory && $live_kind == directory ]]; then action=finish; fi
  else
    action=refuse reason="it is not mounted, and here is a $live_kind, in the store a $stored_kind; run sudo link.sh first"
  fi
}

# True where a run was stopped after it had unmounted, or there never was a mount: nothing here but a place for it, or what
# the copy that is to come back was made beside.
is_uncovered() {
  [[ $live_kind == none ]] || is_empty_directory "$live" || has_note "$returned" "$back"
}

decide_way_back() {
  local place
  action=refuse
  existing "${live%/*}"
  if ! is_real_directory "$reply"; then
    reason="$(short "$reply") is reached through a link, or is no directory"
    return 0
  fi
  place_of "$reply"
  place=$reply
  place_of "${stored%/*}"
  if [[ $reply == "$place" && $exchanger != none ]]; then action=back; fi
  size_of "$stored"
  bytes=$reply
  [[ $action != back ]] || return 0
  has_note "$returned" "$back" || check_copy "$stored" "$live"
  [[ -n $reason ]] || action='copy'
}

look_to_commit() {
  local action text=
  decide_commit
  [[ $action != refuse ]] || return 1
  bytes=0
  case $action in
    commit | sweep)
      size_to_delete
      bytes=$reply
      ;;
  esac
  foreign=no
  if [[ -e $stored ]] && has_foreign "$stored"; then foreign=yes; fi
  answer="$action|$bytes|$foreign|$reason"
}

carry_out_as_root() {
  reason=
  case $action in
    commit) hand commit ;;
    sweep) hand sweep_store ;;
    finish) remove_unit && hand settle_both ;;
    back) take_away && hand exchange_from_store ;;
    copy) hand bring_copy && take_away && hand exchange_copy ;;
  esac
}

# What is below comes to light, and the unit goes: from here on it must not be mounted over what comes back.
take_away() {
  if is_covered; then uncover || return 1; fi
  if is_covered; then return 1; fi
  thaw
  remove_unit
}

exchange_from_store() {
  local identity
  identity_of "$stored"
  identity=$reply
  if [[ ! -e $live ]]; then make_parents "$live" && mkdir -- "$live" || return 1; fi
  exchange "$live" "$stored" || :
  identity_of "$live"
  [[ $reply == "$identity" ]] || return 1
  put_on_disk "${live%/*}" "${stored%/*}"
  put_aside "$stored"
}

# put_aside PATH: what was below the mount. Nearly always it is empty; else it is what was here before the mount.
put_aside() {
  if [[ -L $emptying ]]; then sweep_rest "$1" || return 1; fi
  if is_empty_directory "$1"; then
    rmdir -- "$1"
    return
  fi
  if ! has_data "$original"; then
    mv -T -n -- "$1" "$original" && has_data "$original" && put_on_disk "${original%/*}"
    return
  fi
  reason="what was below the mount is in $(plain "$(short "$1")"): look whether you need it" code=5
  return 1
}

# What a --commit was deleting; what was written since is not of that.
sweep_rest() {
  local how=0
  sweep "$1" 1 || how=$?
  ((how == 0 || how == 5)) && rm -- "$emptying"
}

# From another mount: a compared copy beside its place.
bring_copy() {
  if ! is_brought_back && ! copy "$stored" "$back" "$returned"; then
    if [[ -z $reason ]]; then reason="no copy could be made: the home cannot hold all of it, or not all of it can be read" code=4; fi
    return 1
  fi
  is_unchanged "$stored" && return 0
  reason="it changed while it was copied; close what uses it, then run this again" code=4
  return 1
}

exchange_copy() {
  if [[ ! -e $live ]]; then
    mv -T -n -- "$back" "$live"
  elif [[ $exchanger != none ]]; then
    exchange "$live" "$back"
  else
    put_aside "$live" && mv -T -n -- "$back" "$live"
  fi || :
  has_note "$returned" "$live" || return 1
  put_on_disk "${live%/*}"
  settle_below || return 1
  [[ -n ${stamp-} ]] && is_unchanged "$stored" && return 0
  reason="a program wrote to it in the last moment: what is newest is in $(short "$stored")" code=5
  return 1
}

# It is back; what was below the mount may still have the name of the copy.
settle_below() {
  if has_data "$back" && has_note "$returned" "$live"; then put_aside "$back"; fi
}

# A run that was stopped after it had exchanged left in the store what was below the mount.
settle_both() {
  settle_below || return 1
  ! is_empty_directory "$stored" || has_note "$returned" "$live" || put_aside "$stored"
}

sweep_store() {
  discard "$stored.remanence-trash"
}

said_of_action() {
  case $action in
    back) said='unmount, then back to its place' ;;
    copy) said='copy back to its place and unmount; what is in the store is kept' ;;
    finish) said='is back; its unit goes' ;;
    none) said="not mounted${reason:+; $reason}" ;;
    commit | sweep) said='delete what is left in the store' ;;
    refuse) said="REFUSED: $reason" ;;
  esac
}

say_sum_as_root() {
  local verb=are
  [[ $dry_run == no ]] || verb='would be'
  say ""
  if [[ $committing == yes ]]; then
    say "$changes of ${#chosen[@]} entries $verb deleted from the store, $(human "$moved"); what is at its place stays."
  else
    say "$changes of ${#chosen[@]} entries $verb back at their place, nothing deleted. Mount again: sudo link.sh"
  fi
}
