#!/usr/bin/env bash
# shellcheck disable=SC2154,SC2034 # stands between hands.sh and bringing.sh

# --- from one end to the other ------------------------------------------------------------------------------------
#
# What is copied stays where it is, and whatever is stopped: the source is whole. So names say less here than when
# something moves:
#
#   TO.remanence-partial             on its way; may be half
#   TO.remanence-trash               an older copy of ours that gave way to a newer one
#   STORED.remanence-copied          a note (see links.sh) about the copy at STORED: it is ours, and of what
#   STORED.remanence-returned        the same about the copy in the root that --back names
#   NOTE-2                           the note of the next copy, until that one has its place

# Where the root to be is mounted, for --back; nothing for / itself.
returning=no top=
told+=(returning top from to from_base to_base noting next trash giving_way private_folders)

# Both ends of an entry, and what lies beside them.
find_ends() {
  from=$live to=$stored noting=$copied
  if [[ $returning == yes ]]; then
    from=$stored to=$top$live noting=$returned original=$to.remanence-original
  fi
  # Short: with it a name of 230 bytes has 255.
  next=$noting-2
  partial=$to.remanence-partial trash=$to.remanence-trash
  from_base=${from%"/${path#/}"} to_base=${to%"/${path#/}"}
}

# --- looking ------------------------------------------------------------------------------------------------------

# What is to be done about an entry: sets `action` and `reason`.
#   copy      to the other end, or once more, since it changed     none    nothing, see reason
#   mounted   nothing, the store is at its place already           tidy    the same, and a note has no use any more
#   aside     the original gives way to a link                     finish  a run was stopped after the copy
#   refuse    see reason
look_as_root() {
  find_ends
  if [[ $returning == yes ]] && is_covering; then
    reason='it is mounted from the store, over that place: boot without persistence.nix, then --back /'
    return 0
  elif [[ $returning == no ]] && is_bound; then
    action=mounted
    if [[ -L $noting || -L $next ]]; then action=tidy; fi
    return 0
  fi
  if hand look_to_copy; then
    IFS='|' read -r action bytes foreign reason <<<"$answer"
    [[ $bytes =~ ^[0-9]+$ ]] || bytes=0
  else
    reason=${reason:-one cannot look at it}
  fi
  if [[ $action == @(copy|aside) && $may_be_open == no ]]; then check_use; fi
  if [[ $action == copy && -z $reason && $returning == no ]]; then check_accounts; fi
  if [[ $action == copy && -z $reason && $foreign == yes ]] && ! grep -qs "^$me:\|^$uid:" /etc/subuid; then
    reason="files in it belong to others, and /etc/subuid has no ids for $me: copy them as root, by hand"
  fi
}

# True where what is mounted from the store covers the place that it is to come back to, seen through whatever other mount.
is_covering() {
  is_bound && [[ -d ${live%/*} && ${live%/*} -ef ${to%/*} ]]
}

# Whom the manifest gives it to.
check_accounts() {
  if [[ $owner != - && $user != - ]]; then
    reason="it is in the home of $user and is to belong to $owner: copy it as root, by hand"
  elif [[ $owner != - ]] && ! getent passwd -- "$owner" >/dev/null; then
    reason="it is to belong to $owner, unknown here: install what makes that user, or copy it later"
  elif [[ $group != - ]] && ! getent group -- "$group" >/dev/null; then
    reason="it is to belong to the group $group, unknown here: install what makes it, or copy it later"
  fi
}

# root sees the programs of everybody, and which services they are of.
check_use() {
  local pid unit how='' stop=''
  local -A units=()
  programs_in "$from"
  if [[ -z $reply && $returning == yes ]]; then programs_in "$to"; fi
  [[ -n $reply ]] || return 0
  for pid in "${using[@]}"; do
    unit=$(sed -n 's/.*\/system\.slice\/\(.*\/\)*\([^/]*\.service\)$/\2/p' "/proc/$pid/cgroup" 2>/dev/null | head -n 1) || unit=
    if [[ -n $unit ]]; then units["$unit"]=1; fi
  done
  for unit in "${!units[@]}"; do
    if [[ $unit == systemd-journald.service ]]; then how='journalctl --relinquish-var'; else stop+=" $unit"; fi
  done
  [[ -z $stop ]] || how+="${how:+; }systemctl stop$stop"
  reason="in use by $reply; ${how:-close it}, or --in-use" code=4
}

# As the owner: looks, and says action, bytes, whether files of others are in it, and why nothing is done.
look_to_copy() {
  local action=refuse foreign=no
  bytes=0 reason=
  decide
  if [[ $action == copy ]]; then
    check_ends
    if has_foreign "$from"; then foreign=yes; fi
  fi
  if [[ $action == refuse || ($action == copy && -n $reason) ]]; then return 1; fi
  answer="$action|$bytes|$foreign|$reason"
}

decide() {
  local from_kind to_kind
  kind_of "$from"
  from_kind=$reply
  kind_of "$to"
  to_kind=$reply
  case $from_kind/$to_kind in
    link/*)
      if is_link_to "$from" "$to" || [[ $from -ef $to ]]; then
        action=none reason='a link to the store already'
      else
        reason="there is a link, to $(plain "$(readlink -- "$from")")"
      fi
      ;;
    none/none) action=none reason='not there yet' ;;
    none/*) action=none reason='only at the other end' ;;
    "$kind"/none) action=copy ;;
    "$kind"/"$kind") decide_again ;;
    "$kind"/link) decide_taken "at the other end is a link, to $(plain "$(readlink -- "$to")")" ;;
    "$kind"/*) reason="at the other end is a $to_kind; the manifest says $kind" ;;
    *) reason="there is a $from_kind; the manifest says $kind" ;;
  esac
}

# True where what is at the other end is a copy of ours; then `noted` is about it.
has_our_note() {
  has_note "$next" "$to" || has_note "$noting" "$to"
}

# What a run that was stopped leaves beside a copy that is in its place.
has_leftovers() {
  [[ -L $next || -e $partial || -e $trash ]]
}

# Both are there: it was copied before, or the other end has something of its own.
decide_again() {
  local stamp
  if has_our_note; then
    stamp=${noted[2]-}
    if is_unchanged "$from"; then
      action=none reason='copied, and the same since'
      if has_leftovers; then
        action=finish reason=
      elif [[ $giving_way == yes && $unit == link ]]; then
        decide_aside
      fi
    elif is_print "$to" "${noted[1]-}"; then
      action=copy
    else
      reason="it changed here and at the other end since it was copied: look which of them you want" code=5
    fi
  elif is_empty_directory "$to"; then
    action=copy
  elif is_empty_directory "$from"; then
    action=none reason='empty here, and the other end has data'
  else
    decide_taken "both here and at the other end, and nothing says which is newer: $(plain "$(short "$from")") $(date -r "$from" +%F), $(plain "$(short "$to")") $(date -r "$to" +%F)"
  fi
}

# decide_taken REASON: what is in the way in a root gives way where that was asked for; what a store has, never.
decide_taken() {
  reason=$1
  if [[ $returning == no ]]; then
    :
  elif [[ $giving_way == no ]]; then
    reason+='; --make-way renames what is there'
  else
    decide_aside
    if [[ $action == aside ]]; then action=copy; fi
  fi
}

decide_aside() {
  action=aside reason=
  if [[ -e $original || -L $original ]]; then
    action=refuse reason="$(short "$original") is there already: look whether you need it, and give it another name"
  fi
}

# What speaks against a copy: sets `reason`, or leaves it empty, and `bytes`.
check_ends() {
  local one
  if [[ $path == *.remanence-* ]]; then
    reason='its name is one that would say something else here'
  elif [[ $to == "$from"/* || $from == "$to"/* ]]; then
    reason='the store lies inside it'
  fi
  for one in "$from" "$to"; do
    existing "${one%/*}"
    if [[ -n $reason ]]; then
      return 0
    elif ! is_real_directory "$reply"; then
      reason="$(short "$reply") is reached through a link, or is no directory"
    elif ! is_trusted "$reply" ''; then
      reason="others can change $(short "$reply") or a directory above it"
    elif has_mount "$one"; then
      reason='something is mounted there or inside it'
    elif [[ $one == "$to" && -d $to_base && ! -w $reply ]]; then
      reason="$(short "$reply") is not writable for $me, whose it should be"
    elif ! is_reliable "$reply"; then
      reason="a $reply file system is nothing to copy data on: its names cannot be relied on"
    fi
  done
  [[ -z $reason ]] || return 0
  if [[ $kind == directory ]] && has_subvolume "$from"; then
    reason='there is a btrfs subvolume inside it'
    return 0
  fi
  size_of "$from"
  bytes=$reply
  check_copy "$from" "$to"
}
