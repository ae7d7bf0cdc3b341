#!/usr/bin/env bash
# shellcheck disable=SC2154 # follows common.sh, links.sh and the settings of a host

usage() {
  cat <<'END'
Shows whether everything that is kept is where it should be. Changes nothing.

  --only PATH...    only these
  --format FORMAT   text (default) or json
  --dry-run, --yes  accepted; nothing is changed or asked
  --help            this text

Exit codes: 0 all is well, 1 findings, 2 could not run.
END
}

kept_paths=() kept_kinds=() kept_modes=()
# kept USER KIND PATH MODE: an entry that stays in its place. USER is - for the system, whose paths are absolute.
kept() {
  is_mine "$1" || return 0
  kept_kinds+=("$2")
  kept_paths+=("$3")
  kept_modes+=("$4")
}

# Decides about a linked entry: sets `result` (ok, absent or a finding) and `says`.
check_link() {
  local live_kind stored_kind
  kind_of "$live"
  live_kind=$reply
  kind_of "$stored"
  stored_kind=$reply
  result=ok says='link to the store'
  look_beside
  if has_note "$returned" "$live"; then
    result=unlinked says='brought back by unlink.sh; the store keeps what was there before, until unlink.sh --commit'
  elif is_half_done; then
    result=interrupted says='a run of link.sh or unlink.sh was stopped here; run it again'
  elif [[ $live_kind == none && $stored_kind == none ]] && has_data "$original"; then
    result=missing says="neither here nor in the store; what was here before link.sh is in $(plain "$(short "$original")")"
  elif [[ $live_kind == link ]] && ! is_ours; then
    result=foreign says="a link to $(plain "$(readlink -- "$live")"), not to the store"
  elif [[ $live_kind == link && ($stored_kind == none || $stored_kind == link) ]]; then
    result=dangling says='the link is there, but the store has nothing: is it mounted?'
  elif [[ $live_kind == link && $stored_kind != "$kind" ]]; then
    result=kind says="the store has a $stored_kind, not a $kind"
  elif [[ $live_kind == link ]]; then
    if has_data "$original"; then says+=', and the original is kept until link.sh --commit'; fi
    check_mode "$stored"
  elif [[ $live_kind == none && $stored_kind == none ]]; then
    result=absent says='not there yet'
  elif [[ $live_kind == none ]]; then
    result=unlinked says='the data is in the store, but there is no link; run link.sh'
  elif [[ $stored_kind == none && $live_kind == "$kind" ]]; then
    result=unlinked says='not linked yet; run link.sh'
  elif [[ $stored_kind == none ]]; then
    result=kind says="a $live_kind, not a $kind"
  else
    result=replaced
    says="a $live_kind stands in place of the link: changed $(date -r "$live" +%F), the store's copy $(date -r "$stored" +%F)"
  fi
}

# True where a run was stopped in the middle of an entry.
is_half_done() {
  if [[ -e $partial || -L $back ]] || has_data "$back"; then return 0; fi
  [[ $live_kind != link ]] || return 1
  is_mark || { [[ $live_kind == "$kind" ]] && has_note "$copied" "$stored" && ! has_data "$original"; }
}

# Decides about an entry in its place.
check_kept() {
  kind_of "$live"
  result=ok says='in its place'
  if [[ $reply == none ]]; then
    result=absent says='not there yet'
  elif [[ $reply != "$kind" ]]; then
    result=kind says="a $reply, not a $kind"
  else
    check_mode "$live"
  fi
}

# A finding where more people are let in than the manifest says.
check_mode() {
  [[ $mode != - ]] || return 0
  local actual
  printf -v actual '%04o' "$((8#$(stat -c %a -- "$1") & 8#777))"
  says+=", mode $actual"
  if (((8#$actual & ~8#$mode) != 0)); then
    result=mode says="mode $actual, and should be $mode: chmod $mode $(short "$1")"
  fi
}

record() {
  case $result in
    ok | absent) ;;
    *) findings=$((findings + 1)) ;;
  esac
  if [[ $format == json ]]; then
    printf '%s{ "path": %s, "result": "%s", "says": %s }' "$separator" "$(json "$path")" "$result" "$(json "$says")"
    separator=', '
  else
    shown "$live"
    printf '  %-12s %-34s %s\n' "$result" "$reply" "$says"
  fi
}

# True where an entry of a store is linked through its root link.
is_linked_through() {
  local i
  for i in "${!entry_paths[@]}"; do
    [[ ${entry_stores[$i]} == "$1" ]] || continue
    look_at "$i"
    if is_link_to "$live" "$text"; then return 0; fi
  done
  return 1
}

# Decides about the root link of a store: without it all links through it lead nowhere.
check_root_link() {
  local is_needed=no folder
  if is_linked_through "$1"; then is_needed=yes; fi
  folder_of "$1"
  folder=$reply
  path=${root_link["$me/$1"]}
  live=$home/$path
  kind_of "$live"
  result=ok says='link to the store'
  if [[ $reply == none && $is_needed == yes ]]; then
    result=missing says='the link to the store, through which all others go; run link.sh'
  elif [[ $reply == link ]] && ! is_same_place "$live" "$folder"; then
    result=foreign says="a link to $(plain "$(readlink -- "$live")"), not to the store"
  elif [[ $reply != link && $reply != none ]]; then
    result=replaced says="a $reply stands in place of the link to the store"
  fi
}

# What the last run of backup.sh left behind.
last_backup() {
  local part=system when outcome
  [[ -z $me ]] || part=user-$me
  [[ -r $state/backup-$part.last ]] || return 1
  read -r when outcome <"$state/backup-$part.last"
  reply="last: $(plain "$when"), $(plain "$outcome")"
}

main() {
  local i name path kind mode live stored text root result says separator='' findings=0
  options "$@"
  choose_user
  settings
  check_only ${entry_paths[@]+"${entry_paths[@]}"} ${kept_paths[@]+"${kept_paths[@]}"} ${own_bound_paths[@]+"${own_bound_paths[@]}"}
  find_state
  choose_entries
  [[ $format == text ]] || printf '{ "version": 1, "entries": [ '
  for name in ${stores[@]+"${stores[@]}"}; do
    check_root_link "$name"
    [[ $result == ok ]] || record
  done
  for i in ${chosen[@]+"${chosen[@]}"}; do
    look_at "$i"
    check_link
    record
  done
  for i in "${!kept_paths[@]}"; do
    path=${kept_paths[$i]} kind=${kept_kinds[$i]} mode=${kept_modes[$i]}
    wanted "$path" || continue
    live=$path
    [[ $path == /* ]] || live=$home/$path
    check_kept
    record
  done
  load_mounts
  check_all_bound
  local backup=none
  if last_backup; then backup=$reply; fi
  if [[ $format == json ]]; then
    printf ' ], "backup": %s, "findings": %s }\n' "$(json "$backup")" "$findings"
  else
    printf '  %-12s %s\n' backup "$backup"
    say "$findings finding$([[ $findings == 1 ]] || printf s)."
  fi
  ((findings == 0)) || exit 1
}

main "$@"
