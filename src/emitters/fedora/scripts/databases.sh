#!/usr/bin/env bash
# shellcheck disable=SC2154,SC2034 # stands between backups.sh and backup.sh

# --- databases ----------------------------------------------------------------------------------------------------
#
# A database that is copied while a program writes may be of no use. In a snapshot all files are of one instant. Without
# one, SQLite itself makes a copy, which takes the place of the database in the backup: restored, it is the database.

# Of the places with databases those that a chosen root holds, or that hold one.
places_below() {
  local place
  places=()
  for place in ${databases[@]+"${databases[@]}"}; do
    if [[ $place == "$1" || $place == "$1"/* || $1 == "$place"/* ]]; then places+=("$place"); fi
  done
  ((${#places[@]} > 0))
}

is_sqlite() {
  local head=
  IFS= read -r -N 15 head 2>/dev/null <"$1" && [[ $head == 'SQLite format 3' ]]
}

# Copies each SQLite database into $work/consistent, under its own path, and lists those in $work/consistent.list; and in
# $work/replaced the files whose place the copies take.
copy_databases() {
  local n file place places=() failed=()
  mkdir -- "$work/consistent"
  : >"$work/consistent.list"
  : >"$work/replaced"
  for n in "${!chosen[@]}"; do
    if is_from_snapshot "${chosen[$n]}" || ! places_below "${chosen[$n]}"; then continue; fi
    if command -v sqlite3 >/dev/null; then
      while IFS= read -r -d '' file; do
        file=${file#.}
        if is_in_places "$file" && is_sqlite "$file"; then copy_database "$file" || failed+=("$file"); fi
      done < <(walk "$n" -type f -size +0 -print0 2>/dev/null)
    fi
    for place in "${places[@]}"; do warn_of_use "$place"; done
  done
}

is_in_places() {
  local place
  for place in "${places[@]}"; do
    [[ $1 == "$place" || $1 == "$place"/* ]] && return 0
  done
  return 1
}

# What a program keeps beside a database until it is in it.
sqlite_helpers=(-wal -shm -journal)

copy_database() {
  local helper
  # A line of a list could not hold it.
  [[ $1 != *$'\n'* ]] || return 1
  rm -f -- "$work/copy"
  # In one transaction: else it begins anew whenever a program commits, and never ends.
  (
    cd -- "$work" &&
      timeout 300 sqlite3 -batch -bail -readonly "$1" '.timeout 10000' begin 'select 1 from sqlite_master' '.backup copy'
  ) >/dev/null 2>&1 </dev/null || return 1
  is_sqlite "$work/copy" || return 1
  mkdir -p -- "$work/consistent${1%/*}"
  cp --attributes-only --preserve=all -- "$1" "$work/copy" 2>/dev/null || return 1
  mv -T -- "$work/copy" "$work/consistent$1" || return 1
  printf '.%s\0' "$1" >>"$work/consistent.list"
  printf '.%s\n' "$1" >>"$work/replaced"
  for helper in "${sqlite_helpers[@]}"; do printf '.%s%s\n' "$1" "$helper" >>"$work/replaced"; done
}

# Says what is in use and has no such copy, by the program that has it open.
warn_of_use() {
  local file name pid
  local -A files=() programs=()
  restic_literal "$1"
  while read -r pid file; do
    pid=${pid#/proc/}
    pid=${pid%%/*}
    if [[ $pid == "$$" || $pid == "$BASHPID" || ! -f $file || ! -s $file ]] || is_replaced "$file"; then continue; fi
    files["$file"]=1
    if name=$(cat "/proc/$pid/comm" 2>/dev/null); then programs["$name"]=1; fi
  done < <(find /proc/[0-9]*/fd '(' -lname "$reply" -o -lname "$reply/*" ')' -printf '%p %l\n' 2>/dev/null)
  ((${#files[@]} > 0)) || return 0
  warn "$(plain "$(short "$1")") is in use ($(plain "${!programs[*]}")): what is saved of its databases may not fit together;" \
    "close the program first, or save from a btrfs snapshot (sudo backup.sh --snapshot)"
}

is_replaced() {
  [[ -s $work/replaced ]] && grep -qxF -e ".$1" -- "$work/replaced"
}

# --- in their places, for restic ----------------------------------------------------------------------------------

# restic saves a file under the path it finds it at. So the copies are bound over the databases, where only restic sees it:
# in a mount namespace, for which an ordinary user needs a user namespace. There other users' files would seem to be nobody's.
put_copies_in_place() {
  local gap
  inside=()
  if [[ ! -s $work/consistent.list ]]; then
    options+=(--one-file-system)
    return 0
  fi
  if ! can_bind; then
    options+=(--one-file-system)
    warn "the databases are saved as they are, which may not fit together: save them from a btrfs snapshot" \
      "(sudo backup.sh --snapshot), or with their programs closed"
    return 0
  fi
  # The copies are on another file system, so those to leave out are named.
  for gap in ${gaps[@]+"${gaps[@]}"}; do
    restic_literal "$gap"
    printf '%s/*\n' "${reply//\$/\$\$}" >>"$work/exclude"
  done
  exclude_helpers
}

exclude_helpers() {
  local file helper
  while IFS= read -r -d '' file; do
    restic_literal "${file#.}"
    for helper in "${sqlite_helpers[@]}"; do printf '%s%s\n' "${reply//\$/\$\$}" "$helper" >>"$work/exclude"; done
  done <"$work/consistent.list"
}

# Sets `inside`, the words before restic, where that can be done here.
can_bind() {
  local way=(unshare --mount --propagation private) file
  if [[ $EUID == 0 ]]; then
    # Root binds nothing where somebody else could lead it to another place.
    while IFS= read -r -d '' file; do
      file=${file#.}
      is_trusted "${file%/*}" '' || return 1
    done <"$work/consistent.list"
  else
    ! has_others || return 1
    way+=(--map-current-user --keep-caps)
  fi
  "${way[@]}" true 2>/dev/null || return 1
  printf '%s\n' "$bind_and_run" >"$work/bind"
  inside=("${way[@]}" bash "$work/bind" "$work")
}

bind_and_run='set -euo pipefail
work=$1
shift
while IFS= read -r -d "" file; do mount --bind -- "$work/consistent/$file" "/$file"; done <"$work/consistent.list"
exec setpriv --inh-caps=-all --ambient-caps=-all -- "$@"'

# True where something that is saved is not of this user and group alone.
has_others() {
  local n
  for n in "${!chosen[@]}"; do
    [[ -z $(walk "$n" '!' '(' -uid "$EUID" -gid "$(id -g)" ')' -print -quit 2>/dev/null) ]] || return 0
  done
  return 1
}
