#!/usr/bin/env bash
# shellcheck disable=SC2154 # follows common.sh, links.sh, looks.sh, states.sh, report.sh and the settings of a host

# --- verify.sh itself ---------------------------------------------------------------------------------------------

usage() {
  cat <<'END'
Shows whether everything that is kept is where it should be: each link and mount, what it leads to, owner, mode, label,
and the last backup. What is wrong is named, with the command to type next. Changes nothing.

  --quick           look at the places only, not for what is wrong inside of directories
  --only PATH...    only these
  --format FORMAT   text (default) or json
  --dry-run, --yes  accepted; nothing is changed or asked
  --help            this text

Exit codes: 0 all is well, 1 findings, 2 could not run.
END
}

quick=no
option() {
  [[ $1 == --quick ]] || return 1
  quick=yes
  taken=0
}

kept_paths=() kept_kinds=() kept_modes=() kept_owners=() kept_groups=()
# kept USER KIND PATH MODE OWNER GROUP: an entry that stays in its place. USER is - for the system, whose paths are
# absolute; MODE, OWNER and GROUP are - where nothing is asked for.
kept() {
  is_mine "$1" || return 0
  kept_kinds+=("$2")
  kept_paths+=("$3")
  kept_modes+=("$4")
  kept_owners+=("${5--}")
  kept_groups+=("${6--}")
}

# Decides about an entry in its place.
check_kept() {
  kind_of "$live"
  if [[ $reply == none ]]; then
    result=absent says='not there yet'
  elif [[ $reply == other ]]; then
    fault special "a $(stat -c %F -- "$live"), not a $kind"
  elif [[ $reply != "$kind" ]]; then
    fault kind "a $reply, not a $kind"
  else
    remark 'in its place'
    check_place "$live"
  fi
}

# --- stores -------------------------------------------------------------------------------------------------------

# True where an entry of a store is linked through its root link.
is_linked_through() {
  local i path kind mode live stored text root
  for i in "${!entry_paths[@]}"; do
    [[ ${entry_stores[$i]} == "$1" ]] || continue
    look_at "$i"
    if is_link_to "$live" "$text"; then return 0; fi
  done
  return 1
}

# Decides about a store: a folder that is ours alone, and no link.
check_store() {
  local name=$1 top=''
  folder_of "$name"
  live=$reply
  path=$live
  if [[ $live == "$home"/* ]]; then path=${live#"$home"/} top=$home; fi
  if unmounted_above "$live"; then
    fault unmounted "$(plain "$(short "$reply")") is not mounted, and the store lies on it" "sudo mount ${reply@Q}"
  elif [[ ! -e $live && ! -L $live ]]; then
    if is_linked_through "$name"; then fault missing 'there is no store: is it mounted?'; fi
  elif ! is_real_directory "$live"; then
    fault store-link 'the store is reached through a link, or is no directory: link.sh refuses to work with it'
  elif ! is_trusted "$live" "$top"; then
    untrusted "$live" "$top"
    fault store-open "others can change $reply, and with it what your links lead to"
  fi
}

# untrusted PATH TOP: the deepest directory that others can change, with its mode.
untrusted() {
  local at=$1
  while [[ ${at%/*} != "$2" ]] && is_trusted "$at" "${at%/*}"; do at=${at%/*}; done
  reply="$(plain "$(short "$at")") ($(stat -c 'mode %04a, of %U' -- "$at"))"
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
  if [[ $reply == none && $is_needed == yes ]]; then
    fault missing 'the link to the store, through which all others go; run link.sh' link.sh
  elif [[ $reply == link ]] && leads_in_a_circle "$live"; then
    fault loop 'a link that leads in a circle, and not to the store; remove it, then run link.sh' "rm -- ${live@Q}" link.sh
  elif [[ $reply == link ]] && ! is_same_place "$live" "$folder"; then
    fault foreign "a link to $(plain "$(readlink -- "$live")"), not to the store; remove it, then run link.sh" "rm -- ${live@Q}" link.sh
  elif [[ $reply != link && $reply != none ]]; then
    fault replaced "a $reply stands in place of the link to the store; give it another name, then run link.sh"
  fi
}

# --- all of it ----------------------------------------------------------------------------------------------------

# Looks at all places at once, before any is judged.
look_around() {
  local i places=() inside=() path kind mode live stored text root
  for i in ${chosen[@]+"${chosen[@]}"}; do
    look_at "$i"
    places+=("$live" "$stored")
    if [[ $kind == directory ]]; then inside+=("$stored" "$live"); fi
  done
  look_around_bound
  for i in "${!kept_paths[@]}"; do
    wanted "${kept_paths[$i]}" || continue
    live=${kept_paths[$i]}
    [[ $live == /* ]] || live=$home/$live
    places+=("$live")
    if [[ ${kept_kinds[$i]} == directory ]]; then inside+=("$live"); fi
  done
  if ((${#places[@]} > 0)); then look_all "${places[@]}"; fi
  [[ $quick == no ]] || return 0
  places=()
  for live in ${inside[@]+"${inside[@]}"}; do
    if [[ -d $live && ! -L $live ]]; then places+=("$live"); fi
  done
  look_inside ${places[@]+"${places[@]}"}
}

look_around_bound() {
  local n user owner group unit partial back original copied returned other emptying
  for n in "${!bound_paths[@]}"; do
    if ! is_mine "${bound_users[$n]}" || ! wanted "${bound_paths[$n]}"; then continue; fi
    look_at_bound "$n" "$home"
    places+=("$live" "$stored") inside+=("$stored")
  done
}

# begin HOW: a new row
begin() {
  how=$1 result=ok says='' next=() newer='' stored='' kind=directory mode=- entry_owner=- entry_group=-
  label='' expected_label=''
}

show_stores() {
  local name
  for name in ${stores[@]+"${stores[@]}"}; do
    begin store
    check_store "$name"
    [[ $result == ok ]] || record
    begin link
    check_root_link "$name"
    [[ $result == ok ]] || record
  done
}

show_entries() {
  local i
  for i in ${chosen[@]+"${chosen[@]}"}; do
    begin link
    look_at "$i"
    entry_owner=${entry_owners[$i]} entry_group=${entry_groups[$i]}
    check_linked
    check_ssh
    record
  done
  for i in "${!kept_paths[@]}"; do
    path=${kept_paths[$i]}
    wanted "$path" || continue
    begin place
    kind=${kept_kinds[$i]} mode=${kept_modes[$i]} entry_owner=${kept_owners[$i]} entry_group=${kept_groups[$i]}
    live=$path
    [[ $path == /* ]] || live=$home/$path
    check_kept
    check_ssh
    record
  done
}

# What a unit mounts from a store; how it stands with that, mounts.sh knows.
show_bound() {
  local n user owner group unit emptying
  for n in "${!bound_paths[@]}"; do
    if ! is_mine "${bound_users[$n]}" || ! wanted "${bound_paths[$n]}"; then continue; fi
    begin mount
    look_at_bound "$n" "$home"
    entry_owner=$owner entry_group=$group
    check_bound
    if [[ $result == ok ]]; then
      check_place "$stored"
    elif [[ $result == foreign ]] && is_mount_point "$live"; then
      reply=$(findmnt -n -r -o SOURCE,FSTYPE -M "$live" | tail -n 1) || reply=
      remark "$(plain "$reply")"
    elif [[ $result != absent && $result != foreign ]]; then
      next=('sudo link.sh')
    fi
    check_ssh
    record
  done
}

main() {
  local path kind mode live stored text root partial back original copied returned other
  local sizes=() # of copies, which nothing here makes
  local how result says next newer entry_owner entry_group label expected_label has_labels=no separator='' findings=0
  options "$@"
  choose_user
  settings
  check_only ${entry_paths[@]+"${entry_paths[@]}"} ${kept_paths[@]+"${kept_paths[@]}"} ${own_bound_paths[@]+"${own_bound_paths[@]}"}
  find_state
  load_mounts
  choose_entries
  look_around
  selinux_mode
  if [[ $reply != disabled ]]; then has_labels=yes; fi
  [[ $format == text ]] || printf '{ "version": 1, "entries": [ '
  show_stores
  show_entries
  show_bound
  warn_of_policy
  check_backup
  if [[ $is_backup_fault == yes ]]; then findings=$((findings + 1)); fi
  "report_$format"
  ((findings == 0)) || exit 1
}

main "$@"
