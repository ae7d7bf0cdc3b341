#!/usr/bin/env bash
# shellcheck disable=SC2154,SC2034 # stands between links.sh and the script itself

# --- what speaks against a copy -----------------------------------------------------------------------------------

# Sets `reply` to the kind of the file system that holds a path, and is true where its names can be relied on: on a
# network, through another program, or without links and owners they cannot.
is_reliable() {
  reply=$(stat -f -c %T -- "$1")
  case $reply in
    ext2/ext3 | btrfs | xfs | tmpfs | f2fs | zfs | bcachefs | jfs | nilfs | overlayfs) return 0 ;;
  esac
  return 1
}

# yes where it was said that what programs have open is copied all the same.
may_be_open=no
# Whose ids they are that were found last.
using=()
# The programs that have something open in a tree, as far as we may see them; `reply` is empty where there are none.
programs_in() {
  using=()
  local pattern link pid name
  local -A names=()
  pattern=${1//\\/\\\\}
  pattern=${pattern//\*/\\*}
  pattern=${pattern//\?/\\?}
  pattern=${pattern//\[/\\[}
  while IFS= read -r link; do
    pid=${link#/proc/}
    pid=${pid%%/*}
    if [[ $pid != "$$" && $pid != "$BASHPID" ]] && name=$(cat "/proc/$pid/comm" 2>/dev/null); then
      names["$name"]=1
      using+=("$pid")
    fi
  done < <(
    find /proc/[0-9]*/fd /proc/[0-9]*/cwd \( -lname "$pattern" -o -lname "$pattern/*" \) 2>/dev/null
    grep -lsF -- " $1/" /proc/[0-9]*/maps
  )
  reply=
  for name in "${!names[@]}"; do reply+="${reply:+, }$(plain "$name")"; done
}

# Sets `reason` where a copy by us would not be the same: what we may not read, and owners that we may not give away.
check_rights() {
  local found group mine=()
  # What is mounted is copied where the ids of others are known.
  [[ $EUID != 0 && -z $user ]] || return 0
  for group in $(id -G); do mine+=(${mine[@]+-o} -gid "$group"); done
  # Of a directory that cannot be read, find says so as well.
  found=$(
    find "$1" -xdev \( ! -type l \( ! -readable -o -type d ! -executable \) -o ! -uid "$EUID" -o ! \( "${mine[@]}" \) -o -type b -o -type c \) \
      -print -quit 2>/dev/null
  ) || :
  [[ -z $found ]] || reason="a copy would not be the same: you may not read $(plain "$(short "$found")"), or not give its like to its owner"
}

# Says what a copy cannot keep: the other name of a file that is outside of the tree, and who listens at a socket.
warn_of_losses() {
  local links=0 sockets=0
  read -r links sockets < <(
    find "$1" -xdev \( -type s -printf 'socket\n' -o -type f -links +1 -printf '%i %n\n' \) | sort | uniq -c |
      awk '$2 == "socket" { sockets = $1; next } $1 != $3 { links += 1 } END { print links + 0, sockets + 0 }'
  )
  ((links == 0)) || warn "$(plain "$(short "$1")"): $links files have a second name elsewhere, which keeps the original's content"
  ((sockets == 0)) || warn "$(plain "$(short "$1")"): $sockets sockets lead nowhere in a copy, until their program makes them anew"
}

declare -A needed=() needed_files=()
# check_copy FROM TO: what is in use, has no room or no name there: sets `reason` and `code`. `bytes` is the size.
check_copy() {
  local name=${1##*/}
  existing "${2%/*}"
  if ((${#name} > 230)); then
    reason="its name is too long for a name beside it"
  elif [[ $(stat -f -c %T -- "$1") == overlayfs || $(stat -f -c %T -- "$reply") == overlayfs ]]; then
    reason="an overlay file system is nothing to copy data on: its directories cannot always be renamed"
  elif [[ $(stat -c %w -- "$reply") == - ]]; then
    reason="$(short "$reply") is on a file system that does not know when a file was made, so that a copy could be mistaken for another"
  else
    check_rights "$1"
  fi
  [[ -z $reason ]] || return 0
  if [[ $may_be_open == no ]]; then programs_in "$1"; else reply=; fi
  if [[ -n $reply ]]; then
    reason="in use by $reply" code=4
    return
  fi
  check_room "$1" "${2%/*}"
  [[ -n $reason ]] || warn_of_losses "$1"
}

# check_room FROM FOLDER: with what else is to be copied to the same place.
check_room() {
  local need free device
  existing "$2"
  device=$(stat -c %d -- "$reply")
  free=$(df --output=iavail -- "$reply" | tail -n 1)
  need=$(($(du -s --inodes -- "$1" | cut -f1) + ${needed_files["$device"]-0}))
  needed_files["$device"]=$need
  # Where a file system has no fixed number of them it says 0 or -.
  if [[ $free == *[1-9]* ]] && ((need > free)); then
    reason="there is room for $((free)) files there, and $need are needed"
    return
  fi
  ! shares_blocks "$1" "$reply" || return 0
  free=$(df --output=avail --block-size=1 -- "$reply" | tail -n 1)
  need=$((bytes + bytes / 20 + ${needed["$device"]-0}))
  if ((need > free)); then
    reason="there is room for $(human "$free") there, and $(human "$need") are needed"
    return
  fi
  needed["$device"]=$need
}

# True on one btrfs: a copy in another subvolume takes no room.
shares_blocks() {
  local one other
  [[ $(stat -f -c %T -- "$1") == btrfs && $(stat -f -c %T -- "$2") == btrfs ]] || return 1
  one=$(findmnt -n -o MAJ:MIN -T "$1" | tail -n 1) && other=$(findmnt -n -o MAJ:MIN -T "$2" | tail -n 1)
  [[ -n $one && $one == "$other" ]]
}
