#!/usr/bin/env bash
# shellcheck disable=SC2154 # stands between links.sh and the script itself

# --- to another mount and back ------------------------------------------------------------------------------------

# Whose mount is being made, of those that root makes; empty for one's own links.
user=

# note FILE PATH FINGERPRINT STAMP: in one step, and before it what it is about is on the disk.
note() {
  local identity
  identity_of "$2" || return 1
  identity=$reply
  put_on_disk "${2%/*}"
  write_note "$1" "$identity $3 $4"
}

write_note() {
  rm -f -- "$1-new" && ln -sT -- "$2" "$1-new" && mv -T -f -- "$1-new" "$1" || return 1
  put_on_disk "${1%/*}"
}

# From now on what is in the store counts, and what is at LIVE, should the link be gone, is not what was copied.
note_link() {
  has_note "$copied" "$stored" || return 1
  is_noted_linked || write_note "$copied" "${noted[*]} linked"
}

is_noted_linked() {
  [[ ${noted[3]-} == linked ]]
}

# discard PATH: deletes what a name says is half, or was decided about. What is mounted in it is not entered, and
# directories that nobody may write to do not stop it.
discard() {
  [[ -e $1 || -L $1 ]] || return 0
  mount_points=()
  load_mounts
  ! has_mount "$1" || return 1
  if [[ -d $1 && ! -L $1 && $EUID != 0 ]]; then
    find "$1" -xdev -type d ! -perm -0700 -exec chmod u+rwx -- {} \; || return 1
  fi
  rm -rf --one-file-system -- "$1"
}

# Sets `reply` to what changes with every change in a tree and not when it is read: cheap, and told by no clock, which may
# be set back. (A rename touches the root, but not the time of its content.)
stamp_of() {
  reply=$(
    {
      find "$1" -xdev -maxdepth 0 -printf '%i %s %m %U %G %T@\0' &&
        find "$1" -xdev -mindepth 1 -printf '%P\0%i %s %T@ %C@\0'
    } | b2sum --length=128 | cut -d' ' -f1
  )
}

# True where a tree is what it was at the stamp that is in `stamp`.
is_unchanged() {
  stamp_of "$1" && [[ $reply == "$stamp" ]]
}

# True where what is at a path is still what was copied, as has_note has just read it: nothing touched it, or every byte is
# the same.
is_as_before() {
  local print=${noted[1]-} stamp=${noted[2]-}
  is_unchanged "$1" || is_print "$1" "$print"
}

is_print() {
  [[ -n $2 ]] && reply=$(fingerprint "$1") && [[ $reply == "$2" ]]
}

# Prints a hash over the whole of a tree or file: names, kinds, owners, modes, times, links, hard links, ACLs, extended
# attributes, and every byte. Not the label, which follows from the place, nor sockets, which mean nothing without their
# program. Fails, and prints nothing, where something cannot be read or changes meanwhile.
fingerprint() {
  local print where=$1 what=. more=(--xattrs --xattrs-include='user.*' --xattrs-include=security.capability)
  if [[ ! -d $1 ]]; then
    where=${1%/*}
    what=./${1##*/}
    more+=(--transform 's/.*/x/')
  fi
  # Several attributes of one file come in any order: they are listed by themselves where something can.
  if command -v getfattr >/dev/null; then more=("${more[@]:3}"); fi
  print=$(
    {
      tar --create --file=- --directory="$where" --sort=name --format=posix --numeric-owner --acls \
        --pax-option='exthdr.name=x,delete=atime,delete=ctime' --warning=no-file-ignored ${more[@]+"${more[@]}"} -- "$what" &&
        attributes "$where" "$what"
    } | b2sum --length=256 | cut -d' ' -f1
  ) || return 1
  printf '%s\n' "$print"
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
  if [[ $user != - || ! -d $1 ]]; then
    cp -a --reflink=auto --sparse=auto -T -- "$1" "$2"
    return
  fi
  local all=(--numeric-owner --acls --xattrs --xattrs-include='*')
  mkdir -m 0700 -- "$2" &&
    tar --create --file=- --directory="$1" --format=posix --sparse --warning=no-file-ignored "${all[@]}" . |
    tar --extract --file=- --directory="$2" --preserve-permissions --same-owner "${all[@]}"
}

# copy FROM TO NOTE: a copy that is the same in all things, on the disk, and noted. TO is a name that means nothing yet.
# Sets `stamp`: while FROM has it, the copy holds all that is there.
copy() {
  local try before=
  for try in 1 2 3; do
    discard "$2" && make_parents "$2" || return 1
    copy_tree "$1" "$2" || return 1
    stamp_of "$1" || return 1
    stamp=$reply
    # A file written twice within one tick of the clock has one time.
    sleep 0.05
    if is_same_tree "$1" "$2"; then
      note "$3" "$2" "$reply" "$stamp"
      return
    fi
    if [[ $stamp == "$before" ]]; then
      reason="a copy there is not the same: $(difference "$1" "$2")" code=3
      return 1
    fi
    before=$stamp
    ((try == 3)) || warn "$(plain "$(short "$1")") changed while it was copied, or the copy is not the same: again"
  done
  reason="it changes all the time; close what uses it" code=4
  return 1
}

# Says the first thing in which two trees differ, as far as names, owners, modes and times tell.
difference() {
  local list='%y %m %U:%G %P -> %l\n' found
  found=$(
    { diff <(find "$1" -xdev ! -type s -printf "$list" | sort) <(find "$2" -xdev ! -type s -printf "$list" | sort) || :; } |
      grep -m 1 '^[<>]'
  ) || found='times, ACLs, attributes or content'
  plain "$found"
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

# put_away PATH TRASH NOTE: what was decided about gets a name that says so, then the note goes by which it was decided,
# and only then the first file. While the note is there, so is what it was about, under one of the two names.
put_away() {
  if has_data "$1"; then
    discard "$2" && mv -T -n -- "$1" "$2" && [[ ! -e $1 ]] || return 1
    put_on_disk "${1%/*}"
  fi
  if [[ -L $3 ]]; then
    rm -- "$3" || return 1
    put_on_disk "${3%/*}"
  fi
  # Before a later note goes: without power, the trash would be back, and nothing would say that it is.
  discard "$2" && put_on_disk "${2%/*}"
}

# is_as_noted PATH NOTE ABOUT: true where the note is about ABOUT, and what is at PATH is in every byte what it says.
is_as_noted() {
  has_note "$2" "$3" && is_print "$1" "$reply"
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

# From what was decided: what will happen.
say_what_comes() {
  local n count=0 moving=0 copying=0 deleting=0
  for n in "${!actions[@]}"; do
    case ${actions[$n]} in
      linked | mounted | absent | none | refuse) continue ;;
      copy) copying=$((copying + sizes[n])) ;;
      commit | sweep) deleting=$((deleting + sizes[n])) ;;
      *) moving=$((moving + sizes[n])) ;;
    esac
    count=$((count + 1))
  done
  say_ahead "$count" entries "$moving" "$copying" "$deleting"
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
