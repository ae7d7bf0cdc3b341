#!/usr/bin/env bash
# shellcheck disable=SC2154,SC2034 # stands between backups.sh and backup.sh

# --- from btrfs snapshots -----------------------------------------------------------------------------------------
#
# Root makes a read-only snapshot of each subvolume, and binds what is saved from it over its own path, in a mount namespace
# that only this run sees: so paths in the backup are always the same. Nothing is bound at a path that anybody but root
# could lead elsewhere. A user's part is then saved by that user.

# A place of our own in that namespace.
run=/run/remanence

# Goes on in a mount namespace of its own.
enter_namespace() {
  [[ $EUID == 0 ]] || die 2 "--snapshot is for root"
  local outer
  outer=$(readlink /proc/self/ns/mnt)
  # Set by what follows, in the namespace around.
  if [[ -n ${REMANENCE_NAMESPACE-} && $REMANENCE_NAMESPACE != "$outer" ]]; then return 0; fi
  need_tools unshare mount findmnt btrfs setpriv
  REMANENCE_NAMESPACE=$outer exec unshare --mount --propagation private -- "$BASH" "$0" "$@"
}

# Sets `me` and `home` for the user whose part root has saved.
choose_other() {
  local name known=no entry owner
  for name in ${users[@]+"${users[@]}"}; do
    if [[ $name == "$for_user" ]]; then known=yes; fi
  done
  [[ $known == yes ]] || die 2 "--for: nothing is kept of $(plain "$for_user") here"
  entry=$(getent passwd -- "$for_user") || die 2 "there is no user $for_user here"
  IFS=: read -r _ _ uid gid _ home _ <<<"$entry"
  home=$(cd -- "$home" 2>/dev/null && pwd -P) || die 2 "the home of $for_user is not there"
  [[ $home != / && $home != *[[:cntrl:]]* ]] || die 2 "a home cannot be $(plain "$home")"
  owner=$(stat -c %u -- "$home")
  [[ $owner == "$uid" ]] || die 3 "$home does not belong to $for_user"
  me=$for_user
  settle_only
}
uid='' gid=''

# The longest beginning of a path up to which nobody but root can change a name; empty where a link is on the way.
unchanging_part() {
  local rest=${1#/} at='' bits owner
  reply=
  while [[ -n $rest ]]; do
    read -r bits owner < <(stat -c '%a %u' -- "${at:-/}") || return 0
    [[ $owner == 0 && $((8#$bits & 8#022)) == 0 ]] || return 0
    at=$at/${rest%%/*}
    if [[ -L $at ]]; then
      reply=
      return 0
    fi
    reply=$at
    if [[ $rest != */* ]]; then return 0; fi
    rest=${rest#*/}
  done
}

tops=() snapshots=()
declare -A top_of=() snapshot_of=()

# What there is to save on btrfs comes from snapshots from here on; what is not is saved as it is, and that is said.
take_snapshots() {
  local root reason
  local -A without=()
  [[ -d $run ]] || mkdir -m 0711 -- "$run"
  mount -t tmpfs -o mode=0711,size=1m,nosuid,nodev tmpfs "$run"
  [[ -z $for_user ]] || keep_real_home
  note_mounts
  for root in "${chosen[@]}"; do
    snapshot_root "$root"
    if [[ -n $reply ]]; then without["$reply"]=$((${without["$reply"]-0} + 1)); fi
  done
  for reason in "${!without[@]}"; do warn "not from a snapshot: ${without["$reason"]} entries, since $reason"; done
}

# What is mounted inside, and no other name of something that is saved: in a snapshot it cannot be seen any more.
note_mounts() {
  local point root
  load_mounts
  for point in "${mount_points[@]}"; do
    for root in "${chosen[@]}"; do
      [[ $point == "$root"/* ]] || continue
      is_in_store "$point" || was_mounted["$point"]=yes
    done
  done
}

# snapshot_root ROOT: binds it, or what is around it and unchanging, from a snapshot; or sets `reply` to why that cannot be.
snapshot_root() {
  local root=$1 base place
  unchanging_part "$root"
  base=$reply
  for place in ${bound[@]+"${bound[@]}"}; do
    [[ $root == "$place" || $root == "$place"/* ]] || continue
    # It would be an empty directory there.
    is_on_same "$root" "$place" || [[ ! -e $root ]] || die 2 "$(plain "$root") is a mount inside $place: save it without --snapshot"
    reply=
    return 0
  done
  if [[ -L $root ]]; then
    reply='they are links'
  elif [[ -z $base ]]; then
    reply='a link is on the way to them'
  elif [[ $(stat -f -c %T -- "$base") != btrfs ]]; then
    reply='they are not on btrfs'
  elif ! is_on_same "$root" "$base"; then
    reply="they are mounts inside $base"
  elif is_written_in "$base"; then
    reply='the backup itself writes there'
  else
    bind_snapshot "$base"
    reply=
  fi
}

is_on_same() {
  local one other
  place_of "$1"
  one=$reply
  place_of "$2"
  other=$reply
  [[ $one == "$other" ]]
}

# True where the system's part would write below a path while it is read. (A user's part writes by another way.)
is_written_in() {
  local place
  [[ -z $for_user ]] || return 1
  for place in /var/lib/remanence "${RESTIC_CACHE_DIR:-${XDG_CACHE_HOME:-$home/.cache}}" "${target/#\~\//"$home/"}" "$work"; do
    [[ $place == "$1" || $place == "$1"/* ]] && return 0
  done
  return 1
}

bind_snapshot() {
  local base=$1 device inside at subvolume top
  device=$(findmnt -n -v -o SOURCE -T "$base" | tail -n 1)
  inside=$(findmnt -n -o FSROOT -T "$base" | tail -n 1)
  at=$(findmnt -n -o TARGET -T "$base" | tail -n 1)
  open_top "$device"
  top=$reply
  inside=$top${inside%/}${base#"${at%/}"}
  [[ $(stat -c '%d %i' -- "$inside") == "$(stat -c '%d %i' -- "$base")" ]] || die 2 "cannot find $base in $device"
  subvolume=$inside
  until [[ $(stat -c %i -- "$subvolume") == 256 ]]; do
    [[ $subvolume == "$top"/* ]] || die 2 "$device is no btrfs"
    subvolume=${subvolume%/*}
  done
  if [[ -z ${snapshot_of["$subvolume"]-} ]]; then make_snapshot "$top" "$subvolume"; fi
  mount --bind -- "${snapshot_of["$subvolume"]}${inside#"$subvolume"}" "$base"
  bound+=("$base")
}

# The whole file system of a device, seen from its top; in it a folder for snapshots that only root can enter.
open_top() {
  local folder old
  reply=${top_of["$1"]-}
  [[ -z $reply ]] || return 0
  reply=$run/top${#tops[@]}
  mkdir -m 0700 -- "$reply"
  mount -t btrfs -o subvolid=5,nosuid,nodev -- "$1" "$reply"
  tops+=("$reply")
  top_of["$1"]=$reply
  folder=$reply/.remanence-snapshots
  [[ -e $folder || -L $folder ]] || mkdir -m 0700 -- "$folder"
  [[ ! -L $folder && -d $folder && $(stat -c '%u %a' -- "$folder") == '0 700' ]] || die 3 "$folder at the top of $1 is not root's alone"
  # A run that was killed left them: this one holds the lock of this part.
  for old in "$folder/$part-"[0-9]*; do
    if is_our_snapshot "$old"; then
      btrfs subvolume delete -- "$old" >/dev/null
      warn "removed a snapshot that a run which was killed left behind"
    fi
  done
}

is_our_snapshot() {
  [[ ! -L $1 && -d $1 && $(stat -c %i -- "$1") == 256 && $(btrfs property get -ts "$1" ro) == 'ro=true' ]]
}

make_snapshot() {
  local name=$1/.remanence-snapshots/$part-${#snapshots[@]}
  btrfs subvolume snapshot -r -- "$2" "$name" >/dev/null
  snapshots+=("$name")
  snapshot_of["$2"]=$name
}

# Is done at every end of a run, also one that failed.
remove_snapshots() {
  local i
  for ((i = ${#bound[@]} - 1; i >= 0; i--)); do umount -l -- "${bound[$i]}" || :; done
  for i in "${!snapshots[@]}"; do
    btrfs subvolume delete -- "${snapshots[$i]}" >/dev/null || warn "the snapshot ${snapshots[$i]##*/} could not be removed; the next run does it"
  done
  for i in "${!tops[@]}"; do rmdir --ignore-fail-on-non-empty -- "${tops[$i]}/.remanence-snapshots" || :; done
  bound=() snapshots=() tops=()
}

# The user's part, by that user, who sees the snapshots; what is written (the result, caches, an archive in the home) goes to
# the real home, by another way.
run_as_other() {
  local rc=0 args=(--yes --format "$format" --wait "$wait_seconds")
  [[ $init == no ]] || args+=(--init)
  ((${#only[@]} == 0)) || args+=(--only "${only[@]}")
  : >"$run/mounts"
  ((${#was_mounted[@]} == 0)) || printf '%s\n' "${!was_mounted[@]}" >"$run/mounts"
  : >"$run/bound"
  ((${#bound[@]} == 0)) || printf '%s\n' "${bound[@]}" >"$run/bound"
  chmod 0644 -- "$run/mounts" "$run/bound"
  setsid --wait setpriv --reuid="$uid" --regid="$gid" --init-groups --reset-env -- env "HOME=$home" "REMANENCE_HOME=$run/home" \
    "XDG_STATE_HOME=$run/home/.local/state" "XDG_CACHE_HOME=$run/home/.cache" \
    "$BASH" "$0" "${args[@]}" </dev/null || rc=$?
  return "$rc"
}

# The other way into the home, before anything is bound over it.
keep_real_home() {
  mkdir -- "$run/home"
  mount --bind -- "$home" "$run/home"
}

# What root settled for the user's part.
heed_root() {
  local point
  [[ -n ${REMANENCE_HOME-} ]] || return 0
  while IFS= read -r point; do bound+=("$point"); done <"$run/bound"
  while IFS= read -r point; do was_mounted["$point"]=yes; done <"$run/mounts"
}

# The folder or repository in the home is written by the other way.
write_to_real_home() {
  [[ -n ${REMANENCE_HOME-} ]] || return 0
  target=${target/#\~\//"$home/"}
  if [[ $target == "$home"/* ]]; then target=$REMANENCE_HOME${target#"$home"}; fi
}
