#!/usr/bin/env bash
# shellcheck disable=SC2154,SC2034 # stands between links.sh and the script itself

# --- what is mounted instead of linked ----------------------------------------------------------------------------

bound_users=() bound_kinds=() bound_paths=() bound_places=() bound_modes=() bound_owners=() bound_groups=() bound_units=()
# bound USER KIND PATH STORED MODE OWNER GROUP UNIT: an entry that lives in a store and is mounted at its place by a unit
# of the system. USER is - for the system; STORED is relative where it lies in the home.
bound() {
  bound_users+=("$1") bound_kinds+=("$2") bound_paths+=("$3") bound_places+=("$4")
  bound_modes+=("$5") bound_owners+=("$6") bound_groups+=("$7") bound_units+=("$8")
  if [[ $1 == "$me" ]]; then own_bound_paths+=("$3"); fi
}
own_bound_paths=()

# True where this run is root's own, for the mounts and labels of everybody.
is_for_root() {
  local n
  [[ $EUID == 0 && $home == "$own_home" ]] || return 1
  if [[ -z $me ]]; then return 0; fi
  [[ $me == root ]] || return 1
  for n in "${!bound_paths[@]}"; do
    if is_wanted_mount "$n"; then return 0; fi
  done
  return 1
}

# True where a mount was asked for, by its path or as in the manifest; `reply` is its path.
is_wanted_mount() {
  reply=${bound_paths[$1]}
  [[ $reply == /* ]] || reply=${home_of["${bound_users[$1]}"]}/$reply
  wanted "${bound_paths[$1]}" || wanted "$reply"
}

units=/etc/systemd/system

# look_at_bound NUMBER HOME: everything about such an entry, in a home: sets user, path, kind, mode, owner, group, unit,
# live and stored, and what may lie beside them.
look_at_bound() {
  user=${bound_users[$1]}
  path=${bound_paths[$1]}
  kind=${bound_kinds[$1]}
  mode=${bound_modes[$1]}
  owner=${bound_owners[$1]}
  group=${bound_groups[$1]}
  unit=${bound_units[$1]}
  live=$path
  [[ $live == /* ]] || live=$2/$path
  stored=${bound_places[$1]}
  [[ $stored == /* ]] || stored=$2/$stored
  look_beside
  # STORED.remanence-emptying: a link that says that what the mount covers was compared, and is being deleted.
  emptying=$stored.remanence-emptying
  # No link of ours belongs here.
  text=
}

# True where what the store keeps is mounted at its place.
is_bound() {
  is_mount_point "$live" && [[ $live -ef $stored ]]
}

# True where the unit is there and is started at boot.
is_enabled() {
  [[ -f $units/$unit && -e $units/local-fs.target.wants/$unit ]]
}

# check_bound: how it stands with a mount, for verify.sh: sets `result` (ok, absent or a finding) and `says`. Needs
# look_at_bound and load_mounts before it.
check_bound() {
  local live_kind stored_kind
  kind_of "$live"
  live_kind=$reply
  kind_of "$stored"
  stored_kind=$reply
  result=ok says='mounted from the store'
  if is_bound; then
    check_covering
  elif is_mount_point "$live"; then
    result=foreign says='something else is mounted there'
  elif has_note "$returned" "$live"; then
    result=unlinked says='brought back by unlink.sh; the store keeps what was there before, until sudo unlink.sh --commit'
  elif [[ $live_kind == link && $live -ef $stored ]]; then
    result=unlinked says='a link to the store, and is to be a mount; run sudo link.sh'
  elif [[ $live_kind == link ]]; then
    result=foreign says="a link to $(plain "$(readlink -- "$live")"), not a mount of the store"
  elif [[ $stored_kind == link ]]; then
    result=foreign says="the store has a link there, which is not mounted: $(plain "$(short "$stored")")"
  elif [[ $live_kind == none && $stored_kind == none ]]; then
    result=absent says='not there yet'
  elif [[ ($live_kind != none && $live_kind != "$kind") || ($stored_kind != none && $stored_kind != "$kind") ]]; then
    result=kind says="here $live_kind, in the store $stored_kind, and both should be a $kind"
  elif has_data "$partial" || has_data "$back" || [[ -L $emptying ]] || has_note "$copied" "$stored"; then
    result=interrupted says='a run of link.sh or unlink.sh was stopped here; run it again, as root'
  elif [[ $stored_kind == none ]] && is_enabled; then
    result=unmounted says='not mounted: the store has nothing there; is it mounted?'
  elif [[ $stored_kind == none ]]; then
    result=unlinked says='not in the store yet; run sudo link.sh'
  elif [[ $live_kind == none ]] || is_empty_directory "$live"; then
    result=unmounted says='not mounted, and its data is in the store; run sudo link.sh'
  else
    result=replaced
    says="not mounted, and data of its own is here: changed $(date -r "$live" +%F), the store's $(date -r "$stored" +%F)"
  fi
}

check_covering() {
  if ! is_enabled; then
    result=unit says='mounted, but not after the next boot; run sudo link.sh'
  elif has_data "$back"; then
    result=interrupted says='a run of unlink.sh was stopped here; run it again, as root'
  elif [[ -L $copied || -L $emptying ]]; then
    says+=', and the original is kept below the mount until sudo link.sh --commit'
  fi
}

# Says what is left for root, after a run for a home.
say_left_for_root() {
  local own count=0
  for own in ${own_bound_paths[@]+"${own_bound_paths[@]}"}; do
    if wanted "$own"; then count=$((count + 1)); fi
  done
  ((count == 0)) || warn "$count entries of this home are mounts, which need root: sudo $0"
}

# Says it where SELinux lets systemd mount nothing over a home: root may mount it now, and at the next boot it would fail.
warn_of_policy() {
  local PATH=$PATH:/usr/sbin name state
  selinux_mode
  [[ $reply != disabled && ${#bound_paths[@]} -gt 0 ]] || return 0
  # What it is called on Fedora, and on Debian.
  for name in mount_anyfile allow_mount_anyfile; do
    state=$(getsebool "$name" 2>/dev/null) || continue
    if [[ $state == *'> off'* ]]; then
      warn "SELinux lets systemd mount nothing over a directory of a home, so mounts will not be there after a boot: sudo setsebool -P $name on"
    fi
    return 0
  done
}
