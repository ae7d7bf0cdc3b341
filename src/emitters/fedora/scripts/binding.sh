#!/usr/bin/env bash
# shellcheck disable=SC2154,SC2034 # stands between hands.sh and link.sh

# --- link.sh as root ----------------------------------------------------------------------------------------------

# What is to be done about a mount: sets `action` and `reason`.
#   mounted  nothing              unit     mounted, but its unit is not in place     adopt   mount, the store has the data
#   move     exchange with a new empty directory, then mount        copy    to another mount, then mount over the original
#   create   new and empty, then mount       convert  our link gives way to a mount       refuse  see reason
#   note     mounted, but a stopped run could not say in the note of the copy that it is
look_as_root() {
  if [[ $committing == yes ]]; then
    look_at_covered
    return 0
  fi
  if is_bound && is_enabled && cmp -s -- "$here/systemd/system/$unit" "$units/$unit"; then
    action=mounted
    is_note_finished || action=note
    return 0
  fi
  if hand look_to_bind; then
    IFS='|' read -r action bytes foreign <<<"$answer"
    [[ $bytes =~ ^[0-9]+$ ]] || bytes=0
    check_unit
  else
    reason=${reason:-one cannot look at it}
  fi
  if [[ -z $reason && ($action == move || $action == copy) ]]; then
    # root sees the programs of everybody
    programs_in "$live"
    [[ -z $reply ]] || reason="in use by $reply" code=4
  fi
  if [[ -z $reason && $foreign == yes && $action == copy ]] && ! grep -qs "^$me:\|^$uid:" /etc/subuid; then
    reason="files in it belong to others, and /etc/subuid has no ids for $me: move them as their owner, or keep it in its place"
  fi
}

is_note_finished() {
  [[ ! -L $copied-new ]] || return 1
  ! has_note "$copied" "$stored" || is_noted_linked
}

finish_note() {
  rm -f -- "$copied-new"
  ! has_note "$copied" "$stored" || note_link
}

# As the owner: looks, and says action, bytes, and whether files of others are in it.
look_to_bind() {
  local action=refuse foreign=no
  bytes=0
  decide_mount
  [[ $action != refuse ]] || return 1
  case $action in
    move | copy | adopt)
      size_of "$live"
      if [[ $action != adopt ]]; then bytes=$reply; fi
      if has_foreign "$live"; then foreign=yes; fi
      ;;
  esac
  answer="$action|$bytes|$foreign"
}

decide_mount() {
  local live_kind stored_kind
  reason=
  kind_of "$live"
  live_kind=$reply
  kind_of "$stored"
  stored_kind=$reply
  if is_bound; then
    action=unit
    return 0
  fi
  if [[ $stored_kind == none ]] && is_enabled; then
    reason="its unit is in place, but the store has nothing there: is it mounted?"
    return 0
  fi
  case $live_kind/$stored_kind in
    link/directory)
      if [[ $live -ef $stored ]]; then action=convert; else reason="it is a link to $(plain "$(readlink -- "$live")")"; fi
      ;;
    link/*) reason="it is a link to $(plain "$(readlink -- "$live")"), and the store has no directory there" ;;
    none/none) action=create ;;
    none/directory) action=adopt ;;
    directory/none) action=move ;;
    directory/directory) decide_between ;;
    */none) reason="here is a $live_kind; the manifest says directory" ;;
    *) reason="here is a $live_kind, in the store a $stored_kind; the manifest says directory" ;;
  esac
  if [[ $action == adopt ]]; then check_outdated_mount; fi
  if [[ -z $reason ]]; then check_places; fi
  [[ -z $reason ]] || action=refuse
}

# Both are there: a run was stopped, a new system meets an old store, or somebody made two of it.
decide_between() {
  if has_note "$returned" "$live"; then
    reason="it was brought back, and the store has what was there before; sudo unlink.sh --commit deletes that"
  elif [[ -L $emptying ]] || is_empty_directory "$live"; then
    action=adopt
  elif has_note "$copied" "$stored"; then
    action=copy
    if is_noted_linked && is_as_before "$live"; then action=adopt; fi
  elif is_empty_directory "$stored"; then
    action=move
  else
    reason="both here and in the store, and nothing says which is newer: here $(date -r "$live" +%F), store $(date -r "$stored" +%F)"
  fi
}

# What was brought back and is gone since was newer than what the store has. (Unless a run was stopped in between.)
check_outdated_mount() {
  [[ -L $returned ]] && ! has_note "$returned" "$back" || return 0
  reason="it was brought back and is gone since, and what the store has is from before; to take that all the same, remove the note $(short "$returned")"
}

# Refuses places that are not what they seem, and settles whether a move is a copy.
check_places() {
  local store=${stored%/"${path#/}"}
  if unmounted_above "$stored"; then
    reason="$(short "$reply") is not mounted"
  elif [[ $stored != "$home"/* && ! -d $store ]]; then
    reason="there is no $store. As root: install -d -m $([[ $user == - ]] && printf 0755 || printf '0700 -o %s' "$user") ${store@Q}"
  fi
  [[ -z $reason ]] || return 0
  check_way
  [[ -z $reason ]] || return 0
  existing "${stored%/*}"
  is_trusted "$reply" '' || reason="others can change $(short "$reply") or a directory above it, or it is a link"
  existing "${live%/*}"
  is_trusted "$reply" '' || reason="others can change $(short "$reply") or a directory above it, or it is a link"
  [[ -z $reason && ($action == move || $action == copy) ]] || return 0
  if has_subvolume "$live"; then
    reason="there is a btrfs subvolume inside it"
  elif [[ $way == copy ]]; then
    action=copy
    size_of "$live"
    bytes=$reply
    check_copy "$live" "$stored"
  else
    action=move
  fi
}

carry_out_as_root() {
  local frozen=no
  reason=
  case $action in
    move) hand exchange_into_store ;;
    copy) hand bring_into_store ;;
    adopt) hand take_place ;;
    create) make_bound_directory && hand make_mount_point ;;
    convert) hand replace_link ;;
    unit)
      install_unit
      return
      ;;
    note)
      hand finish_note
      return
      ;;
    commit)
      privately empty_covered
      return
      ;;
  esac || return 1
  if [[ $action != copy ]] && freeze; then frozen=yes; fi
  # What changed since it was copied must not vanish below the mount.
  if [[ $action == copy ]] && ! hand stays_unchanged "$live"; then return 1; fi
  install_unit || return 1
  if ! cover || ! is_covered; then
    reason="${reason:-it could not be mounted: another directory is there than a moment ago, or the kernel refuses}"
    return 1
  fi
  # From now on what is in the store counts, and what is below the mount is not what was copied, should it come to light.
  if [[ $action == copy ]]; then hand note_link || return 1; fi
  [[ $frozen == yes ]] || privately look_below
}

# One step: the store gets the data, and here is what was new and empty.
exchange_into_store() {
  local identity
  identity_of "$live"
  identity=$reply
  if has_data "$stored"; then rmdir -- "$stored" || return 1; fi
  make_parents_of "$stored" && mkdir -- "$stored" || return 1
  exchange "$live" "$stored" || :
  identity_of "$stored"
  if [[ $reply != "$identity" ]]; then
    rmdir -- "$stored"
    return 1
  fi
  put_on_disk "${live%/*}" "${stored%/*}"
}

# What the system keeps is reached by everybody, as far as its own mode lets them.
make_parents_of() {
  if [[ $EUID == 0 && $user == - ]]; then (umask 022 && make_parents "$1"); else make_parents "$1"; fi
}

# What is to be below the mount: nothing, or still what was copied when it was mounted first.
take_place() {
  is_as_copied || make_mount_point
}

is_as_copied() {
  has_data "$live" && has_note "$copied" "$stored" && is_noted_linked && stamp_of "$live" || return 1
  stamp=$reply
  is_print "$live" "${noted[1]}"
}

make_mount_point() {
  if [[ -L $emptying ]]; then empty_rest || return 1; fi
  if [[ ! -e $live && ! -L $live ]]; then
    make_parents_of "$live" && mkdir -- "$live" || return 1
  fi
  is_empty_directory "$live" && forget_emptying
}

make_bound_directory() {
  if [[ $user != - ]]; then
    hand make_stored_directory
    return
  fi
  local as=()
  [[ $owner == - ]] || as+=(-o "$owner")
  [[ $group == - ]] || as+=(-g "$group")
  make_parents_of "$stored" && install -d -m "${mode/#-/0755}" ${as[@]+"${as[@]}"} -- "$stored"
}

# The link that link.sh made before the manifest asked for a mount.
replace_link() {
  [[ -L $live && $live -ef $stored ]] && rm -- "$live" && make_mount_point
}

stays_unchanged() {
  if [[ -n ${stamp-} ]] && is_unchanged "$1"; then return 0; fi
  reason="it changed while it was copied; close what uses it, then run this again" code=4
  return 1
}

said_of_action() {
  case $action in
    mounted) said='already mounted' ;;
    note) said='mounted; that is noted beside its copy' ;;
    unit) said='mounted; its unit is put in place, for the next boot' ;;
    move) said='move to the store, then mount' ;;
    copy) said='copy to another mount, then mount over it; the original is kept below' ;;
    adopt) said='mount; the data is in the store' ;;
    create) said='new and empty in the store, then mount' ;;
    convert) said='a mount in place of the link' ;;
    commit) said='delete the original below the mount' ;;
    none) said='nothing was kept' ;;
    refuse) said="REFUSED: $reason" ;;
  esac
}

say_sum_as_root() {
  local verb=were
  [[ $dry_run == no ]] || verb='would be'
  say ""
  if [[ $committing == yes ]]; then
    say "$changes of ${#chosen[@]} originals $verb deleted; what is in the store stays."
  else
    say "$changes of ${#chosen[@]} entries $verb mounted, $(human "$moved") moved, nothing deleted. Undo: sudo unlink.sh"
  fi
}
