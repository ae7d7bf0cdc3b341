#!/usr/bin/env bash
# shellcheck disable=SC2154,SC2034 # stands between former.sh and restore.sh

# --- what goes where ----------------------------------------------------------------------------------------------

# Of each entry: its name in the manifest, its class, where it belongs now, where it is in the backup and in which snapshot.
entry_names=() entry_classes=() finals=() saved=() sources=()
# And whether it is of a home, where everything belongs to its user, or of the system.
entry_owners=()
# Where the backup may have an entry: where it is in the store, and where it is as long as it is not linked.
may_be=() may_be_too=()

classes=()
is_wanted_class() {
  local class
  ((${#classes[@]} > 0)) || return 0
  for class in "${classes[@]}"; do
    [[ $1 == "$class" ]] && return 0
  done
  return 1
}

# What belongs to one machine comes back only when it is asked for. (chezmoi remembers what it laid there, and would ask
# about all of it here. Owners come back by name, with the numbers of here, which is what /var/lib/nixos must go on saying.)
is_host_bound() {
  case $1 in
    /var/lib/nixos | /var/lib/nixos/*) return 0 ;;
    /etc/machine-id | /etc/ssh/ssh_host_* | /var/lib/systemd/random-seed | */.config/monitors.xml | */.config/chezmoi/chezmoistate.boltdb) return 0 ;;
    *) return 1 ;;
  esac
}

is_named() {
  local asked
  for asked in ${only[@]+"${only[@]}"}; do
    [[ ${1#"$home"/} == "$asked" ]] && return 0
  done
  return 1
}

is_asked_for() {
  ! is_host_bound "$1" || [[ $host_bound == yes ]] || is_named "$1"
}

# Collects what is asked for, on this host or on the one of --host.
choose() {
  local i root
  local -A stored_of=()
  if [[ -n $other ]]; then
    check_only ${there_names[@]+"${there_names[@]}"}
    for i in "${!there_names[@]}"; do
      if wanted "${there_names[$i]}" && find_place "${there_names[$i]}"; then
        add "${there_names[$i]}" "${there_classes[$i]}" "$reply" "${there_roots[$i]}" '' "${there_owners[$i]}"
      fi
    done
    return
  fi
  check_only_roots
  for root in "${!live_name[@]}"; do
    absolute "${live_name["$root"]}"
    if [[ -n ${is_unlinked["$reply"]-} ]]; then stored_of["$reply"]=$root; fi
  done
  for i in "${!root_paths[@]}"; do
    root=${root_paths[$i]}
    is_wanted_root "$root" || continue
    # Not linked is another place of the same entry.
    [[ -z ${stored_of["$root"]-} ]] || continue
    name_of "$root"
    absolute "$reply"
    if [[ -z ${is_unlinked["$reply"]-} || $reply == "$root" ]]; then reply=; fi
    add "${live_name["$root"]-${root#"$home"/}}" "${root_classes[$i]}" "$root" "$root" "$reply" "${is_systems["$root"]+-}"
  done
}

# add NAME CLASS FINAL MAY_BE MAY_BE_TOO OWNER
add() {
  is_wanted_class "$2" || return 0
  if [[ -z $other && ! -e $3 && -n $5 ]]; then
    # Data that is not linked yet is what there is of it.
    if [[ -e $5 && ! -L $5 ]] && ! is_empty_directory "$5"; then set -- "$1" "$2" "$5" "$4" "$5" "$6"; fi
  fi
  absolute "$1"
  is_asked_for "$reply" || {
    of_one_machine+=("$3")
    return 0
  }
  entry_names+=("$1") entry_classes+=("$2") finals+=("$3") may_be+=("$4") may_be_too+=("$5")
  if [[ $6 == - ]]; then entry_owners+=(system); else entry_owners+=(home); fi
}
of_one_machine=()

# Where this host keeps what the manifest calls PATH: at a root of its own, or inside one.
find_place() {
  local root live want best=
  absolute "$1"
  want=$reply
  reply=
  for root in ${root_paths[@]+"${root_paths[@]}"} ${kept_roots[@]+"${kept_roots[@]}"}; do
    live=${live_name["$root"]-$root}
    [[ $live == /* ]] || live=$home/$live
    if [[ $want == "$live" ]]; then
      # Linked or not: where it is now.
      if [[ -z ${is_unlinked["$root"]-} || (-e $root && ! -L $root) ]]; then best=$want reply=$root; fi
    elif [[ $want == "$live"/* && ${#live} -gt ${#best} && -z ${is_unlinked["$root"]-} ]]; then
      best=$live
      reply=$root${want#"$live"}
    fi
  done
  [[ -n $reply ]]
}

# Finds out where in the backup each entry is.
locate() {
  local i
  find_homes
  write_wanted
  survey
  find_former_homes
  if [[ -n $reply ]]; then
    write_wanted
    survey
  fi
  local again=("${!entry_names[@]}")
  for i in "${again[@]}"; do
    then_at "${may_be[$i]}"
    pick "$reply" "${entry_classes[$i]}" "$i" || :
    [[ -n ${may_be_too[$i]} ]] || continue
    then_at "${may_be_too[$i]}"
    if [[ -z ${saved[$i]} ]]; then
      pick "$reply" "${entry_classes[$i]}" "$i" || :
      # It was not linked; nor is it now, if there is nothing of it.
      if [[ -n ${saved[$i]} && ! -e ${finals[$i]} && ! -L ${may_be_too[$i]} ]]; then finals[i]=${may_be_too[$i]}; fi
    elif [[ -n $(there_in "$reply") ]]; then
      # Both were there, and nobody knows which is meant: each to its own place.
      finals[i]=${may_be[$i]}
      entry_names+=("${entry_names[$i]}") entry_classes+=("${entry_classes[$i]}") finals+=("${may_be_too[$i]}")
      may_be+=("${may_be_too[$i]}") may_be_too+=('') entry_owners+=("${entry_owners[$i]}")
      pick "$reply" "${entry_classes[$i]}" "$((${#entry_names[@]} - 1))"
    fi
  done
}

write_wanted() {
  local path
  for path in "${may_be[@]}" "${may_be_too[@]}"; do
    [[ -n $path ]] || continue
    then_at "$path"
    printf '%s\n' "$reply"
  done >"$work/wanted"
}

# The snapshots that have something at a path.
there_in() {
  local n
  for n in "${!snapshots[@]}"; do
    if [[ -n ${saved_files["$n $1"]-} ]]; then printf '%s ' "$n"; fi
  done
}

# pick PATH CLASS NUMBER: from the snapshot of that class, or, since a manifest changes, from one that has it.
pick() {
  local n found=
  saved[$3]='' sources[$3]=''
  for n in $(there_in "$1"); do
    if [[ -z $found || ${snapshot_classes[$n]} == "$2" ]]; then found=$n; fi
  done
  [[ -n $found ]] || return 1
  saved[$3]=$1 sources[$3]=$found
}

# --- deciding -----------------------------------------------------------------------------------------------------

is_free() {
  [[ ! -e $1 && ! -L $1 ]] || is_empty_directory "$1"
}

# True where something that was put in its place already holds this.
came_with_another() {
  local one
  for one in ${restored[@]+"${restored[@]}"}; do
    [[ $1 == "$one"/* ]] && return 0
  done
  return 1
}

# What is to be done about the entry of a number: sets `action` and, for `refuse`, `reason` and `code`.
#   absent   not in the backup       restore   to its free place       replace   what is there gives way
#   keep     something is there, and stays unless it is the same
decide() {
  local final=${finals[$1]}
  action=refuse reason='' code=3
  if [[ -z ${saved[$1]} ]]; then
    action=absent
  elif ! is_safe_way "$final"; then
    reason="others can change $(short "$reply") or a directory above it, or it is reached through a link"
  elif [[ ${entry_owners[$1]} == system ]] && find_strangers "$1" && [[ -n $reply ]]; then
    reason="it belongs to $(plain "$reply"), unknown here: install what makes that user, or add one"
  elif is_free "$final"; then
    action=restore
    if [[ -z $rehearsing ]] && ! can_give_way "$final"; then action=keep; fi
  elif [[ -n $rehearsing ]]; then
    action=keep
  elif [[ -L $final ]]; then
    action=keep reason="there is a link, to $(plain "$(readlink -- "$final")")"
  elif [[ $replace_asked == no ]]; then
    action=keep reason='something is there, and stays'
  else
    why_not_replace "$final"
    if [[ -z $reason ]]; then action=replace; else action=keep; fi
  fi
}

# What speaks against putting something in place of what is at PLACE: sets `reason` and `code`, or leaves them.
why_not_replace() {
  local root
  programs_in "$1"
  if [[ -n $reply ]]; then
    reason="in use by $reply" code=4
  elif [[ ${1%/*} == '' ]]; then
    reason='it lies in the root directory'
  elif [[ -e $1.remanence-original || -L $1.remanence-original ]]; then
    reason="what was there before is still in $(short "$1").remanence-original: look which of them you want"
  elif why_not_move "$1" && [[ -n $reason ]]; then
    return
  elif [[ -d $1 ]] && has_subvolume "$1"; then
    reason='there is a btrfs subvolume inside it, of which the backup has nothing'
  else
    for root in "${root_paths[@]}"; do
      if [[ $root == "$1"/* && -e $root && ! -L $root ]] && ! is_chosen "$root"; then
        reason="$(plain "$(short "$root")") lies inside it and was not asked for: ask for both"
      fi
    done
  fi
}

# Where a mount is at stake: it follows what it shows, and not the name.
why_not_move() {
  mount_points=()
  load_mounts
  if has_mount "$1"; then
    reason='something is mounted there or inside it'
  elif is_mounted_elsewhere "$1"; then
    reason="it is what is mounted at $(plain "$(short "$reply")"), and would go on being that: unmount that first" code=4
  fi
}

# True but for a mount in what is free: an empty directory gives way as well.
can_give_way() {
  local before=$reason
  [[ -d $1 ]] || return 0
  reason=
  why_not_move "$1"
  [[ -z $reason ]] || return 1
  reason=$before
}

# True where a mount shows a directory at another place, as a bind mount does.
is_mounted_elsewhere() {
  for reply in "${mount_points[@]}"; do
    [[ $reply != "$1" && $reply -ef $1 ]] && return 0
  done
  return 1
}

is_chosen() {
  local i
  for i in "${!finals[@]}"; do
    [[ ${finals[$i]} == "$1" && -n ${saved[$i]} ]] && return 0
  done
  return 1
}
