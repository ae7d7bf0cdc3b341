#!/usr/bin/env bash
# shellcheck disable=SC2154 # stands between links.sh and the script itself

# --- to another mount and back ------------------------------------------------------------------------------------

# note FILE PATH FINGERPRINT: in one step, and before it what it is about is on the disk.
note() {
  local identity
  identity_of "$2" || return 1
  identity=$reply
  put_on_disk "${2%/*}"
  if [[ -L $1 ]]; then rm -- "$1" || return 1; fi
  ln -sT -- "$identity $3" "$1" || return 1
  put_on_disk "${1%/*}"
}

# Prints a hash over the whole of a tree or file: names, kinds, owners, modes, times, links, hard links, ACLs, extended
# attributes, and every byte. Not the label, which follows from the place, nor sockets, which no copy keeps. Fails where
# something cannot be read or changes meanwhile.
fingerprint() {
  local where=$1 what=. more=(--xattrs --xattrs-include='user.*' --xattrs-include=security.capability)
  if [[ ! -d $1 ]]; then
    where=${1%/*}
    what=./${1##*/}
    more+=(--transform 's/.*/x/')
  fi
  # Several attributes of one file come in any order: they are listed by themselves where something can.
  if command -v getfattr >/dev/null; then more=("${more[@]:3}"); fi
  {
    tar --create --file=- --directory="$where" --sort=name --format=posix --numeric-owner --acls \
      --pax-option='exthdr.name=x,delete=atime,delete=ctime' --warning=no-file-ignored ${more[@]+"${more[@]}"} -- "$what" &&
      attributes "$where" "$what"
  } | b2sum --length=256 | cut -d' ' -f1
}

attributes() {
  command -v getfattr >/dev/null || return 0
  (
    cd -- "$1"
    find "$2" -print0 | xargs -0 getfattr -h -d -e hex -m '^(user\.|security\.capability$)' |
      awk -v single="$([[ $2 == . ]] || printf yes)" '/^# file: / { file = single ? "x" : $0; next } NF { print file, $0 }' | sort
  )
}

# True where two trees are the same in all that; `reply` is the fingerprint.
is_same_tree() {
  local other pipe
  exec {pipe}< <(fingerprint "$2")
  reply=$(fingerprint "$1") || reply=
  read -r other <&"$pipe" || other=
  exec {pipe}<&-
  [[ -n $reply && $reply == "$other" ]]
}

# copy_tree FROM TO: a service may change its part of the system while root copies it, and put a link where a directory
# was. cp would go through it by its path; tar holds each directory that it is in, and the copy is shut until it is whole.
copy_tree() {
  if [[ ${user-} != - ]]; then
    cp -a --reflink=auto --sparse=auto -T -- "$1" "$2"
    return
  fi
  local all=(--numeric-owner --acls --xattrs --xattrs-include='*')
  mkdir -m 0700 -- "$2" &&
    tar --create --file=- --directory="$1" --format=posix --sparse --warning=no-file-ignored "${all[@]}" . |
    tar --extract --file=- --directory="$2" --preserve-permissions --same-owner "${all[@]}"
}

# copy FROM TO NOTE: a copy that is the same in all things, on the disk, and noted. TO is a name that means nothing yet.
# Sets `since`, from when on a change of FROM is not in it.
copy() {
  local try
  for try in 1 2 3; do
    rm -rf --one-file-system -- "$2" && make_parents "$2" || return 1
    copy_tree "$1" "$2" || return 1
    # The clock of a file system lags by up to a hundredth of a second.
    since=$EPOCHREALTIME
    sleep 0.05
    if is_same_tree "$1" "$2"; then
      note "$3" "$2" "$reply"
      return
    fi
    ((try == 3)) || warn "$(plain "$(short "$1")") changed while it was copied, or the copy is not the same: again"
  done
  return 1
}

# True where something in a tree changed since then, or was made or removed there. (A rename changes its root too, but not
# the time of its content.)
has_changed() {
  local found
  found=$(find "$1" -xdev -maxdepth 0 -newermt "@$since" -printf x && find "$1" -xdev -mindepth 1 -newerct "@$since" -printf x -quit) ||
    return 0
  [[ -n $found ]]
}

# The programs that have something open in a tree, as far as we may see them; `reply` is empty where there are none.
programs_in() {
  local pattern link pid name
  local -A names=()
  pattern=${1//\\/\\\\}
  pattern=${pattern//\*/\\*}
  pattern=${pattern//\?/\\?}
  pattern=${pattern//\[/\\[}
  while IFS= read -r link; do
    pid=${link#/proc/}
    pid=${pid%%/*}
    if [[ $pid != "$$" && $pid != "$BASHPID" ]] && name=$(cat "/proc/$pid/comm" 2>/dev/null); then names["$name"]=1; fi
  done < <(
    find /proc/[0-9]*/fd /proc/[0-9]*/cwd \( -lname "$pattern" -o -lname "$pattern/*" \) 2>/dev/null
    grep -lsF -- " $1/" /proc/[0-9]*/maps
  )
  reply=
  for name in "${!names[@]}"; do reply+="${reply:+, }$(plain "$name")"; done
}

# exchange_names LIVE OTHER: both names in one step, or, where nothing here can do that, in two: then LIVE is missing for
# an instant, and the next run finds what belongs there.
exchange_names() {
  if [[ $exchanger != none ]]; then
    exchange "$1" "$2"
  elif [[ -L $1 ]]; then
    rm -- "$1" && mv -T -n -- "$2" "$1"
  else
    rm -- "$2" && mv -T -n -- "$1" "$2" && ln -sT -- "$text" "$1"
  fi
}

# Says where a copy cuts a hard link: the other name of a file is outside of the tree.
warn_of_hard_links() {
  local count
  count=$(find "$1" -xdev -type f -links +1 -printf '%i %n\n' | sort | uniq -c | awk '$1 != $3 { n += 1 } END { print n + 0 }')
  ((count == 0)) || warn "$(plain "$(short "$1")"): $count files have a second name elsewhere, which keeps the original's content"
}

declare -A needed=()
# check_copy FROM TO: what is in use, has no room or no name there: sets `reason` and `code`. `bytes` is the size.
check_copy() {
  local need free name=${1##*/} device
  if ((${#name} > 230)); then
    reason="its name is too long for a name beside it"
    return
  fi
  programs_in "$1"
  if [[ -n $reply ]]; then
    reason="in use by $reply" code=4
    return
  fi
  existing "${2%/*}"
  free=$(df --output=avail --block-size=1 -- "$reply" | tail -n 1)
  device=$(stat -c %d -- "$reply")
  need=$((bytes + bytes / 20 + ${needed["$device"]-0}))
  if ((need > free)); then
    reason="there is room for $(human "$free") there, and $(human "$need") are needed"
    return
  fi
  needed["$device"]=$need
  free=$(df --output=iavail -- "$reply" | tail -n 1)
  need=$(du -s --inodes -- "$1" 2>/dev/null | cut -f1) || : # what others let nobody see is not in it
  # Where a file system has no fixed number of them it says 0 or -.
  if [[ $free == *[1-9]* ]] && ((need > free)); then reason="there is room for $((free)) files there, and $need are needed"; fi
}

# put_away PATH TRASH NOTE: what was decided about gets a name that says so, then the note goes by which it was decided,
# and only then the first file. While the note is there, so is what it was about, under one of the two names.
put_away() {
  if has_data "$1"; then
    rm -rf --one-file-system -- "$2" && mv -T -n -- "$1" "$2" && [[ ! -e $1 ]] || return 1
    put_on_disk "${1%/*}"
  fi
  if [[ -L $3 ]]; then
    rm -- "$3" || return 1
    put_on_disk "${3%/*}"
  fi
  rm -rf --one-file-system -- "$2"
}

# is_as_noted PATH NOTE ABOUT: true where the note is about ABOUT, and what is at PATH is still what it says.
is_as_noted() {
  local noted
  has_note "$2" "$3" || return 1
  noted=$reply
  [[ $(fingerprint "$1") == "$noted" ]]
}

# A copy needs an answer: it takes room, and what was copied stays until somebody says --commit. Without one nothing is
# done; the rest is shown, as with --dry-run.
agree_to_copy() {
  local n sum=0 count=0 answer=
  [[ $dry_run == no && $yes == no ]] || return 0
  for n in "${!actions[@]}"; do
    if [[ ${actions[$n]} == copy ]]; then count=$((count + 1)) sum=$((sum + sizes[n])); fi
  done
  ((count > 0)) || return 0
  if [[ $format == text && -t 0 && -t 2 ]]; then
    read -r -p "$count entries must be copied from one mount to another, $(human "$sum"); what is copied is kept. Do it? [y/N] " answer
    if [[ $answer == [yY]* ]]; then return 0; fi
  fi
  dry_run=yes
  for n in "${!actions[@]}"; do
    if [[ ${actions[$n]} == copy ]]; then
      actions[n]=refuse
      reasons[n]="not on one mount, so it would have to be copied; --yes does that, and keeps what is copied"
      if [[ $exchanger == none ]]; then reasons[n]+=" (on one mount: with coreutils 9.5, util-linux 2.40, python3 or perl)"; fi
    fi
  done
  warn "Home and store are on another mount each, or nothing here can exchange two names. Nothing is touched."
}

# The worse of two exit codes: what has to be settled by hand, what is unsafe, what is in use.
worst_of() {
  case $1/$2 in
    5/* | */5) reply=5 ;;
    3/* | */3) reply=3 ;;
    4/* | */4) reply=4 ;;
    *) reply=0 ;;
  esac
}
