#!/usr/bin/env bash
# shellcheck disable=SC2154,SC2034 # stands between looks.sh and verify.sh

# --- what is wrong with an entry ----------------------------------------------------------------------------------

# fault CODE TEXT [COMMAND…]: the first that is found is what the state is called, and says what to do; the others are said.
fault() {
  if [[ $result == ok || $result == absent ]]; then
    result=$1 says=$2
    next=("${@:3}")
  else
    says+="; $2"
  fi
}

# remark TEXT: what is to be known, and is no fault.
remark() {
  says+="${says:+, }$1"
}

# this COMMAND OPTION…: a command of ours about the entry.
this() {
  command_path "$path"
  reply="${1//PATH/$reply}"
}

# The state of a linked entry: sets `result` (ok, absent or what is wrong), `says` and `next`.
check_linked() {
  local live_kind stored_kind where=''
  kind_of "$live"
  live_kind=$reply
  kind_of "$stored"
  stored_kind=$reply
  look_beside
  if ! is_reached_directly "$live"; then
    fault detour "$(plain "$(short "$reply")") is reached through a link, so this lies elsewhere; give the directory its place back"
  elif [[ $stored == "$live"/* || $live == "$stored"/* ]]; then
    fault inside 'the store lies inside it, or it inside of the store'
  elif is_mount_point "$live"; then
    check_mount_over
  elif has_note "$returned" "$live"; then
    fault unlinked 'brought back by unlink.sh; the store keeps what was there before, until unlink.sh --commit'
  elif is_half_done; then
    this "link.sh --only PATH"
    if [[ -e $back || -L $back ]]; then this "unlink.sh --only PATH"; fi
    fault interrupted 'a run of link.sh or unlink.sh was stopped here; run it again' "$reply"
  elif [[ $live_kind == link ]]; then
    check_own_link
  elif [[ $live_kind == none ]]; then
    check_no_live
  elif [[ $live_kind == other || $stored_kind == other ]]; then
    check_special
  else
    check_data
  fi
  check_beside
  if [[ $result == ok ]]; then where=$stored; elif [[ $live_kind != none ]] && has_data "$live"; then where=$live; fi
  if [[ -n $where ]]; then check_place "$where"; fi
}

# True where a run was stopped in the middle of an entry.
is_half_done() {
  if [[ -L $back ]] || has_data "$back"; then return 0; fi
  [[ $live_kind != link ]] || return 1
  if has_data "$partial"; then return 0; fi
  is_mark || is_link_to "$original" "$text" || {
    [[ $live_kind == "$kind" ]] && has_note "$copied" "$stored" && [[ ${noted[3]-} != linked ]] && ! has_data "$original"
  }
}

# Something is mounted at the place of the link: what is below cannot be seen.
check_mount_over() {
  if [[ $live -ef $stored ]]; then
    fault mounted 'the store is mounted over it, where a link is asked for; unmount it, then run link.sh' "sudo umount ${live@Q}"
  else
    reply=$(findmnt -n -r -o SOURCE,FSTYPE -M "$live" | tail -n 1) || reply=
    fault mounted "something else is mounted over it: $(plain "$reply"); what lies below is hidden" "sudo umount ${live@Q}"
  fi
}

check_own_link() {
  local target=${seen_link["$live"]-}
  if is_ours && [[ $stored_kind == "$kind" && ! -e $live ]]; then
    fault dangling "the data is in the store, but the link leads nowhere: $(plain "$(short "$root")") is missing; run link.sh" 'link.sh'
  elif is_ours && [[ $stored_kind == "$kind" ]]; then
    remark 'link to the store'
    check_text "$target"
    check_hollow
  elif leads_in_a_circle "$live"; then
    fault loop "a link that leads in a circle, $(plain "$target"); there is no data behind it"
    say_original
  elif ! is_ours; then
    check_foreign_link "$target"
  elif [[ $stored_kind == none ]]; then
    check_dangling
  elif [[ $stored_kind == link ]]; then
    fault stored-link "the store has a link there, to $(plain "$(readlink -- "$stored")"), and not the data: it is in no backup"
  elif [[ $stored_kind == other ]]; then
    check_special
  else
    fault kind "the store has a $stored_kind, not a $kind"
  fi
}

check_foreign_link() {
  local name folder where
  where=$(realpath -m -- "$live" 2>/dev/null) || where=$1
  for name in "${!folder_in[@]}"; do
    [[ $name == "$me"/* ]] || continue
    folder_of "${name#"$me/"}"
    folder=$reply
    if [[ $where == "$folder"/* && $folder/$path != "$stored" ]]; then
      this "link.sh --only PATH"
      fault other-store "a link into the store ${name#"$me/"}, and the manifest says ${entry_stores[$i]}; move the data there, remove the link" "$reply"
      return
    fi
  done
  this "link.sh --only PATH"
  fault foreign "a link to $(plain "$1"), not to the store; remove the link if it is not wanted" "$reply"
}

check_dangling() {
  folder_of "${entry_stores[$i]}"
  if unmounted_above "$reply"; then
    fault unmounted "the link is there, but $(plain "$(short "$reply")") is not mounted" "sudo mount ${reply@Q}"
  else
    fault dangling 'the link is there, but the store has nothing: is it mounted?'
    this "restore.sh --only PATH     # if it is lost"
    if [[ -n $schedule ]]; then next+=("$reply"); fi
  fi
  say_original
}

say_original() {
  if has_data "$original"; then remark "what was here before link.sh is in $(plain "$(short "$original")")"; fi
}

# Any text does that leads to the store and not through a link of somebody else, who may change it.
check_text() {
  local target=$1
  [[ $target != "$text" ]] || return 0
  if [[ $target == /nix/store/*-home-manager-files/"$path" ]]; then
    remark "home-manager's"
    return
  fi
  if [[ $target != /* ]]; then target=${live%/*}/$target; else remark 'an absolute one'; fi
  if [[ $target == "${HOME%/}"/* ]]; then target=$home/${target#"${HOME%/}"/}; fi
  target=$(realpath -ms -- "$target")
  if [[ $target != "$stored" && $target != "$root/$path" ]]; then
    fault indirect "a link to the store by way of $(plain "$(short "$target")"), which is another link" "ln -sfnT ${text@Q} ${live@Q}"
  fi
}

# An empty store where the original is full is nothing that link.sh has made.
check_hollow() {
  [[ $kind == directory ]] && has_data "$original" || return 0
  if is_empty_directory "$stored" && ! is_empty_directory "$original"; then
    this "link.sh --only PATH --take live"
    fault empty-store "what is in the store is empty; what was here before is in $(plain "$(short "$original")")" "$reply"
  fi
}

check_no_live() {
  if [[ $stored_kind == none ]] && has_data "$original"; then
    fault missing "neither here nor in the store; what was here before link.sh is in $(plain "$(short "$original")")" \
      "mv -nT ${original@Q} ${live@Q}"
  elif [[ $stored_kind == none ]]; then
    result=absent says='not there yet'
  elif [[ $stored_kind != "$kind" ]]; then
    fault kind "the store has a $stored_kind, not a $kind"
  elif [[ -L $returned ]]; then
    this "link.sh --only PATH --take store"
    fault outdated 'it was brought back and is gone since; what the store has is from before' "$reply"
  else
    this "link.sh --only PATH"
    fault unlinked 'the data is in the store, but there is no link; run link.sh' "$reply"
  fi
}

check_special() {
  if [[ $live_kind == other ]]; then
    fault special "$(stat -c %F -- "$live") stands in its place, not a $kind: a program that runs may need it"
  else
    fault special "the store has a $(stat -c %F -- "$stored"), not a $kind"
  fi
}

# Data is here and no link.
check_data() {
  if [[ $stored_kind == none && $live_kind == "$kind" ]] && has_data "$original"; then
    fault original "not linked, and what was here before a run is in $(plain "$(short "$original")"): look which of them you want"
  elif [[ $stored_kind == none && $live_kind == "$kind" ]]; then
    this "link.sh --only PATH"
    fault unlinked 'not linked yet; run link.sh' "$reply"
  elif [[ $stored_kind == none ]]; then
    fault kind "a $live_kind, not a $kind"
  elif [[ $live_kind == directory ]] && is_empty_directory "$live" && [[ $stored_kind == "$kind" ]]; then
    this "link.sh --only PATH"
    fault empty-here 'an empty directory stands in place of the link; the data is in the store; run link.sh' "$reply"
  elif [[ $stored_kind == directory && $live_kind == "$kind" ]] && is_empty_directory "$stored"; then
    this "link.sh --only PATH"
    fault unlinked 'not linked, and what is in the store is empty; run link.sh' "$reply"
  else
    check_two_sides
  fi
}

# Both here and in the store: an application put something new in place of the link.
check_two_sides() {
  local here there size date_here date_there code=replaced
  if [[ $live_kind != "$kind" || $stored_kind != "$kind" ]]; then code=kind; fi
  newest_in "$live"
  here=$reply
  newest_in "$stored"
  there=$reply
  printf -v date_here '%(%F %H:%M)T' "$here"
  printf -v date_there '%(%F %H:%M)T' "$there"
  newer=same
  if ((here > there)); then newer=here; elif ((here < there)); then newer='store'; fi
  size_of "$live"
  size=$(human "$reply")
  size_of "$stored"
  fault "$code" "a $live_kind stands in place of the link: changed $date_here, $size; the store's $stored_kind $date_there, $(human "$reply")"
  case $newer in
    here) remark 'newer data on this side' ;;
    store) remark "the store's is newer" ;;
  esac
  this "link.sh --compare PATH"
  next+=("$reply")
  if [[ $live_kind == "$kind" ]]; then
    this "link.sh --only PATH --take live"
    next+=("$reply     # keeps what is here; the store's stays beside it")
  fi
  if [[ $stored_kind == "$kind" ]]; then
    this "link.sh --only PATH --take store"
    next+=("$reply    # keeps the store's; what is here stays beside it")
  fi
}

# What runs and people left beside it.
check_beside() {
  local note
  if [[ $live_kind == link && $result == @(ok|indirect) ]] && has_data "$original"; then check_original; fi
  if has_data "$other"; then remark "what the store had before is kept in $(plain "$(short "$other")")"; fi
  if has_data "$partial" && [[ $result != interrupted ]]; then
    fault leftover "half a copy, and no data, is in $(plain "$(short "$partial")")" "rm -r -- ${partial@Q}"
  fi
  if [[ -e $live.remanence-trash ]]; then
    if [[ $live_kind == link ]]; then
      fault interrupted "link.sh --commit was stopped here; run it again" 'link.sh --commit'
    else
      fault interrupted "link.sh --commit was stopped here, and the link is gone since: look whether you need $(plain "$(short "$live")").remanence-trash"
    fi
  fi
  if [[ -e $stored.remanence-trash ]]; then fault interrupted 'unlink.sh --commit was stopped here; run it again' 'unlink.sh --commit'; fi
  note=$copied
  if is_stale "$copied" "$stored" "$partial"; then check_note; fi
  note=$returned
  if is_stale "$returned" "$live" "$back"; then check_note; fi
}

# is_stale NOTE PATH PATH: true where a note is about neither.
is_stale() {
  if [[ ! -L $1 ]]; then
    [[ -e $1 ]]
    return
  fi
  ! has_note "$1" "$2" && ! has_note "$1" "$3"
}

check_note() {
  if [[ -L $note ]]; then
    fault note "the note $(plain "$(short "$note")") is about something that is not there any more" "rm -- ${note@Q}"
  else
    fault note "$(plain "$(short "$note")") has the name of a note of link.sh, and is none"
  fi
}

# An original counts until --commit, and what was written to it since is nowhere else.
check_original() {
  if ! has_note "$copied" "$stored"; then
    remark "what was here before is kept in $(plain "$(short "$original")"), and yours to remove"
  elif ! is_as_before "$original"; then
    this "link.sh --compare PATH"
    fault late "newer data on this side: a program wrote to $(plain "$(short "$original")") after it was copied, and only there is what it wrote" "$reply"
    this "link.sh --only PATH --take store"
    next+=("$reply    # when you have copied by hand what is missing in the store")
    this "link.sh --only PATH --take live"
    next+=("$reply     # keeps the original; the store's stays beside it")
  else
    remark 'and the original is kept until link.sh --commit'
  fi
}

# --- owner, mode, label, inside -----------------------------------------------------------------------------------

# check_place PATH: who can do what with the data itself, and what is inside.
check_place() {
  [[ -n ${seen_mode["$1"]-} ]] || return 0
  check_owner "$1"
  check_mode "$1"
  check_label "$1"
  if [[ -d $1 && ! (-r $1 && -x $1) ]]; then fault unreadable "$(plain "$(short "$1")") cannot be read by you"; fi
  if mount_below "$1" || { [[ $live != "$1" ]] && mount_below "$live"; }; then
    fault nested "something is mounted inside it, at $(plain "$(short "$reply")"): no backup has it, and it does not move"
  fi
  check_inside "$1"
}

check_owner() {
  local owner=${seen_owner["$1"]} group=${seen_group["$1"]} wanted_owner=$entry_owner
  if [[ $wanted_owner == - && -n $me ]]; then
    if ((${seen_uid["$1"]} != EUID)); then
      fault owner "belongs to $owner, not to you" "sudo chown -hR $EUID: -- ${1@Q}"
    fi
  elif [[ $wanted_owner != - && $owner != "$wanted_owner" ]]; then
    fault owner "belongs to $owner, and should to $wanted_owner" "sudo chown -h $wanted_owner -- ${1@Q}"
  fi
  if [[ $entry_group != - && $group != "$entry_group" ]]; then
    fault owner "has the group $group, and should have $entry_group" "sudo chgrp -h $entry_group -- ${1@Q}"
  fi
}

# A finding where more people are let in than the manifest says.
check_mode() {
  local mode_now
  [[ $mode != - ]] || return 0
  printf -v mode_now '%04o' "$((8#${seen_mode["$1"]} & 8#777))"
  if (((8#$mode_now & ~8#$mode) != 0)); then
    fault mode "mode $mode_now, and should be $mode" "chmod $mode ${1@Q}"
  fi
}

# What SELinux calls it, and what the policy would; a link counts for itself, since who may not read it gets nowhere.
check_label() {
  local of_link
  [[ $has_labels == yes ]] || return 0
  actual_label "$1"
  label=$reply
  expected_label "$1"
  expected_label=$reply
  if [[ -n $expected_label && $label != "$expected_label" ]]; then
    fault label "has the label ${label:-none}, and should have $expected_label" 'sudo link.sh'
  fi
  [[ -L $live ]] || return 0
  actual_label "$live"
  of_link=$reply
  expected_label "$live"
  if [[ -n $reply && $of_link != "$reply" ]]; then
    fault label "the link has the label ${of_link:-none}, and should have $reply" "restorecon -- ${live@Q}"
  fi
}

check_inside() {
  local count first
  count=${inside_count["unreadable $1"]-0}
  first=${inside_first["unreadable $1"]-}
  if ((count > 0)); then
    fault unreadable "$count directories in it cannot be read by you, so they are in no backup: $(plain "$(short "$first")")"
  fi
  count=${inside_count["nested $1"]-0}
  first=${inside_first["nested $1"]-}
  if ((count > 0)); then
    fault nested "there is a btrfs subvolume inside it, which no backup has: $(plain "$(short "$first")")"
  fi
  count=${inside_count["owner $1"]-0}
  first=${inside_first["owner $1"]-}
  if ((count > 0)); then
    remark "$count files in it belong to others, the first is $(plain "$(short "$first")")"
  fi
}

# --- sshd ---------------------------------------------------------------------------------------------------------

# sshd takes no key where anybody else can change a directory between the keys and the home, or / where they lie elsewhere.
check_ssh() {
  local at bits owner
  [[ -n $me && $path == .ssh && -d $live ]] || return 0
  at=$(realpath -e -- "$live" 2>/dev/null) || return 0
  if [[ -f $at/authorized_keys ]]; then at=$(realpath -e -- "$at/authorized_keys"); fi
  while :; do
    read -r bits owner < <(stat -c '%a %u' -- "${at:-/}") || return 0
    if [[ $owner != 0 && $owner != "$EUID" ]]; then
      fault ssh "sshd takes no key while $(plain "$(short "${at:-/}")") belongs to somebody else"
    elif (((8#$bits & 8#022) != 0)); then
      fault ssh "sshd takes no key while others can change $(plain "$(short "${at:-/}")"), mode $bits" "chmod go-w -- ${at@Q}"
    fi
    [[ -n $at && $at != "$home" ]] || return 0
    at=${at%/*}
  done
}
