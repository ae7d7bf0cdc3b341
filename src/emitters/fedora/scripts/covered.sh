#!/usr/bin/env bash
# shellcheck disable=SC2154,SC2034 # stands between binding.sh and link.sh

# --- below the mount ----------------------------------------------------------------------------------------------

# privately STEP: in a mount namespace of its own, where the mount is taken away and what it covers is at its place.
# Nobody else sees that.
privately() {
  local output fd
  open_text below "$@" || return 1
  output=$(unshare --mount --propagation private -- bash -s <&"$fd") || :
  exec {fd}<&-
  heard "${output##*$'\n'}"
}

below() {
  uncover || return 1
  if [[ $live -ef $stored ]]; then return 1; fi
  case $1 in
    empty_covered)
      hand empty_covered || return 1
      freeze || :
      hand forget_emptying
      ;;
    *) hand "$@" ;;
  esac
}

# A program that had something open may have written in the last moment.
look_below() {
  if is_empty_directory "$live"; then return 0; fi
  if [[ -n ${stamp-} ]] && is_unchanged "$live"; then return 0; fi
  reason="a program wrote to it in the last moment; what is newest is below the mount: sudo unlink.sh puts it beside what comes back" code=5
  return 1
}

# What --commit is to do: sets `action` and `reason`.
look_at_covered() {
  action=none
  if hand has_covered; then
    foreign=$answer
    if ! is_bound; then
      action=refuse reason="it is not mounted"
    else
      action=commit
      if privately measure_covered && [[ $answer =~ ^[0-9]+$ ]]; then bytes=$answer; else reason=''; fi
    fi
  fi
}
has_covered() {
  [[ -L $copied || -L $emptying ]] || has_data "$original" || return 1
  answer=no
  if has_foreign "$stored"; then answer=yes; fi
}

measure_covered() {
  sizes_of "$live" "$live.remanence-trash" "$original"
  answer=$reply
}

# As the owner, below the mount: deletes what has nothing that was not copied. What was decided about is noted before the
# first file goes, and the note by which it was decided is taken away.
empty_covered() {
  if [[ ! -L $emptying || -L $copied ]]; then
    if ! has_note "$copied" "$stored"; then
      reason="nothing says that the store has a copy of it: look below the mount"
    elif is_empty_directory "$stored"; then
      reason="what is in the store is empty"
    elif has_data "$original"; then
      is_as_noted "$original" "$copied" "$stored" || reason="$(short "$original") was changed after it was copied" code=5
    elif ! is_empty_directory "$live" && ! is_as_noted "$live" "$copied" "$stored"; then
      reason="what is below the mount was changed after it was copied, and only there is what changed" code=5
    fi
    [[ -z $reason ]] || return 1
    put_on_disk "$stored"
    if has_data "$original"; then
      put_away "$original" "$live.remanence-trash" "$copied"
      return
    fi
    rm -f -- "$emptying" && ln -sT -- 'was compared, and is being deleted' "$emptying" || return 1
    put_on_disk "${emptying%/*}"
    rm -- "$copied" || return 1
    put_on_disk "${copied%/*}"
  fi
  empty_rest
}

# Goes on with that, but never with what was written since.
empty_rest() {
  local how=0
  (cd -P -- "$live" && [[ ! . -ef $stored ]] && sweep . 0) || how=$?
  if is_empty_directory "$live"; then return 0; fi
  reason="not all could be deleted of what a --commit is deleting"
  if ((how == 5)); then reason="something was written to what a --commit was deleting: look whether you need it" code=5; fi
  return 1
}

forget_emptying() {
  rm -f -- "$emptying"
}
