#!/usr/bin/env bash
# shellcheck disable=SC2034 # what is set here is used by the part that follows
set -Eeuo pipefail
shopt -s inherit_errexit
export LC_ALL=C
umask 077
# What fails where nobody looks stops the run: "could not run", never "findings".
trap 'exit 2' ERR

# --- saying things ------------------------------------------------------------------------------------------------

say() { printf '%s\n' "$*"; }
warn() { printf '%s\n' "$*" >&2; }
# die CODE MESSAGE: 2 could not run, 3 refused because it would be unsafe, 75 another run holds the lock
die() {
  warn "${0##*/}: $2"
  exit "$1"
}

# Bytes for people.
human() {
  if [[ $1 -lt 1024 ]]; then printf '%sB\n' "$1"; else human_large "$1"; fi
}
human_large() { numfmt --to=iec-i --suffix=B --format='%.1f' -- "$1" | sed 's/\.0\([A-Z]\)/\1/'; }

# say_ahead COUNT WHAT MOVED COPIED DELETED: before the first action of a real run, what will happen to how many bytes.
say_ahead() {
  [[ $format == text && $dry_run == no && $1 -gt 0 ]] || return 0
  say "$1 $2: $(human "$3") to move, $(human "$4") to copy, $(human "$5") to delete."
}

# A path as a person knows it.
short() {
  if [[ $1 == "$home" || $1 == "$home"/* ]]; then printf '~%s' "${1#"$home"}"; else printf '%s' "$1"; fi
}

# Text without control characters: names of files are somebody's data, and a terminal obeys them.
plain() {
  local text=${1//[$'\001'-$'\037\177']/?}
  printf '%s' "${text//$'\302'[$'\200'-$'\237']/?}"
}

# Sets `reply` to both of it: for lists, where a subshell for each line would be slow.
shown() {
  reply=$1
  if [[ $reply == "$home" || $reply == "$home"/* ]]; then reply="~${reply#"$home"}"; fi
  reply=${reply//[$'\001'-$'\037\177']/?}
  reply=${reply//$'\302'[$'\200'-$'\237']/?}
}

# Sets `reply` to a path as it is written in a command.
command_path() {
  reply=$1
  if [[ $reply == -* ]]; then reply=./$reply; fi
  [[ $reply =~ ^[A-Za-z0-9_./+,:@%-]+$ ]] || reply="'${reply//\'/\'\\\'\'}'"
}

# Sets `reply` to a JSON string; bytes that are no UTF-8 are left out.
json_of() {
  local text=$1
  if [[ $text == *[$'\200'-$'\377']* ]]; then text=$(printf '%s' "$text" | iconv -c -f UTF-8 -t UTF-8) || :; fi
  text=${text//\\/\\\\}
  text=${text//\"/\\\"}
  text=${text//$'\n'/\\n}
  text=${text//$'\t'/\\t}
  reply="\"${text//[$'\001'-$'\037']/?}\""
}

json() {
  json_of "$1"
  printf '%s' "$reply"
}

# --- options ------------------------------------------------------------------------------------------------------

dry_run=no
yes=no
format=text
only=()

# options "$@": reads what all scripts take; what one of them takes besides goes to its own `option NAME`.
options() {
  while (($# > 0)); do
    case $1 in
      --dry-run) dry_run=yes ;;
      --yes) yes=yes ;;
      --help)
        usage
        exit 0
        ;;
      --format)
        [[ ${2-} == text || ${2-} == json ]] || die 2 "--format is text or json"
        format=$2
        shift
        ;;
      --only)
        [[ -n ${2-} && ${2-} != --* ]] || die 2 "--only needs a path"
        while [[ -n ${2-} && ${2-} != --* ]]; do
          only+=("$2")
          shift
        done
        ;;
      *)
        option "$@" || die 2 "unknown option $(plain "$1"); --help lists them"
        shift "$taken"
        ;;
    esac
    shift
  done
}
taken=0
option() { return 1; }

# What was asked for, as the manifest writes it: relative to the home.
settle_only() {
  local i asked before
  for i in "${!only[@]}"; do
    asked=${only[$i]#./}
    while [[ $asked == ?*/ ]]; do asked=${asked%/}; done
    for before in "$home" "$HOME" '~'; do asked=${asked#"${before%/}"/}; done
    only[i]=$asked
  done
}

# True where PATH (as in the manifest) was asked for: named itself, or in a directory that was named.
wanted() {
  ((${#only[@]} == 0)) && return 0
  local path=$1 asked
  for asked in "${only[@]}"; do
    [[ $path == "$asked" || $path == "$asked"/* ]] && return 0
  done
  return 1
}

# Every --only must name something, or it was misspelt.
check_only() {
  local asked path found
  for asked in ${only[@]+"${only[@]}"}; do
    found=no
    for path in "$@"; do
      if [[ $path == "$asked" || $path == "$asked"/* ]]; then found=yes; fi
    done
    [[ $found == yes ]] || die 2 "--only $(plain "$asked"): nothing of that name is kept here"
  done
}

# --- whose state --------------------------------------------------------------------------------------------------

users=()
declare -A home_of=()
# user NAME HOME
user() {
  users+=("$1")
  home_of["$1"]=$2
}

me=
home=
own_home=
# Sets `me`, the user of the plan whose state this is, `home`, their home with no link in its path, and `own_home`, that
# of the account. Empty `me` means the system part: root, in root's own home.
choose_user() {
  local account name
  [[ -n ${HOME-} && $HOME == /* && -d $HOME ]] || die 2 "HOME is not set to a directory"
  home=$(cd -- "$HOME" 2>/dev/null && pwd -P) || die 2 "cannot enter $(plain "$HOME")"
  [[ $home != / && $home != *[[:cntrl:]]* ]] || die 2 "HOME cannot be $(plain "$HOME")"
  account=$(id -un 2>/dev/null) || account=$EUID
  own_home=$(getent passwd "$EUID" | cut -d: -f6) || own_home=
  if [[ -d $own_home ]]; then own_home=$(cd -- "$own_home" && pwd -P) || :; fi
  for name in ${users[@]+"${users[@]}"}; do
    if [[ $name == "$account" ]]; then me=$name; fi
  done
  if [[ -z $me ]]; then
    # Another account with the home of one of them, or a home that is no account's: a test, or a rescue system. There USER
    # says who it is where several could be meant.
    for name in ${users[@]+"${users[@]}"}; do
      if [[ ${home_of["$name"]} == "${HOME%/}" || ${home_of["$name"]} == "$home" ]]; then me=$name; fi
    done
    for name in ${users[@]+"${users[@]}"}; do
      if [[ -z $me && $name == "${USER-}" && $home != "$own_home" ]]; then me=$name; fi
    done
    if [[ -z $me && ${#users[@]} == 1 && $home != "$own_home" ]]; then me=${users[0]}; fi
  fi
  if [[ -n $me && ! -O $home ]]; then die 3 "$home does not belong to $account: run this as $me"; fi
  [[ -n $me || $EUID == 0 ]] || die 2 "this is for ${users[*]} and root, and you are $account"
  settle_only
}

# For scripts that only know homes.
need_user() {
  choose_user
  [[ -n $me ]] || die 2 "this is for ${users[*]}: run it as one of them, without sudo"
}

# True where what belongs to OWNER (a user, or - for the system) is the business of this run. Where root is a user of the
# plan, the system goes with root's home.
is_mine() {
  [[ $1 == "${me:--}" || ($1 == - && $me == root) ]]
}

# --- one run at a time --------------------------------------------------------------------------------------------

# Takes the lock, which is on the home itself: it makes no file, and is gone with the last process of the run.
lock() {
  [[ $dry_run == no ]] || return 0
  exec 9<"$home"
  local code=0
  flock -n -E 75 9 || code=$?
  ((code != 75)) || die 75 "another run is at work"
  ((code == 0)) || die 2 "cannot lock $home"
}

state=
# The folder for journals and marks.
find_state() {
  state=/var/lib/remanence
  if [[ -n $me ]]; then
    state=$home/.local/state/remanence
    if [[ ${XDG_STATE_HOME-} == /* ]]; then state=$XDG_STATE_HOME/remanence; fi
  fi
}

# make_state: the folder is made only when there is something to write, after all that moves: it may lie in a directory
# that does. That a note is lost stops nothing.
make_state() {
  find_state
  mkdir -p -- "$state"
}

now() {
  date -u +%Y-%m-%dT%H:%M:%SZ
}

# mark FILE TEXT: when something was last done, and how it went.
mark() {
  { make_state && printf '%s %s\n' "$(now)" "$2" >"$state/$1"; } || warn "cannot write $state/$1"
}

deeds=()
# journal WORDS…: what was done, for the person who wonders; write_journal adds the time.
journal() {
  deeds+=("$*")
}
write_journal() {
  ((${#deeds[@]} > 0)) || return 0
  { make_state && printf "$(now) %s\n" "${deeds[@]}" >>"$state/journal"; } || warn "cannot write $state/journal"
}

# --- looking ------------------------------------------------------------------------------------------------------

# Functions that find something out put it into `reply`: a subshell for each would make long lists slow.
reply=

# none, link, directory, file or other: what a path is, without following a link.
kind_of() {
  if [[ -L $1 ]]; then
    reply='link'
  elif [[ -d $1 ]]; then
    reply='directory'
  elif [[ -f $1 ]]; then
    reply='file'
  elif [[ -e $1 ]]; then
    reply='other'
  else
    reply='none'
  fi
}

is_empty_directory() {
  local content
  [[ -d $1 && ! -L $1 ]] && content=$(find "$1" -mindepth 1 -maxdepth 1 -print -quit 2>/dev/null) && [[ -z $content ]]
}

# The nearest thing at or above a path that is there, be it a link that leads nowhere.
existing() {
  reply=$1
  while [[ ! -e $reply && ! -L $reply ]]; do
    reply=${reply%/*}
    reply=${reply:-/}
  done
}

# True where a path is a directory, and no step on the way to it is a link.
is_real_directory() {
  [[ -d $1 && $(cd -- "$1" 2>/dev/null && pwd -P) == "$1" ]]
}

# True where a directory and all above it, up to TOP, can be changed by nobody but us and root. (In a directory with the
# sticky bit others cannot rename what is ours.)
is_trusted() {
  are_ours "$1" "$2" 022
}

# are_ours PATH TOP BITS: as above; BITS are those that let somebody else write.
are_ours() {
  local at=$1 bits owner steps=() seen=0
  while [[ $at != "$2" ]]; do
    [[ ! -L $at ]] || return 1
    steps+=("$at")
    at=${at%/*}
  done
  ((${#steps[@]} > 0)) || return 0
  while read -r bits owner; do
    [[ $owner == 0 || $owner == "$EUID" ]] || return 1
    (((8#$bits & 8#$3) == 0 || (8#$bits & 8#1000) != 0)) || return 1
    seen=$((seen + 1))
  done < <(stat -c '%a %u' -- "${steps[@]}")
  ((seen == ${#steps[@]}))
}

mount_points=()
# Reads what is mounted where, once a run.
load_mounts() {
  local point
  while read -r point; do
    # mountinfo writes blanks and the like as \040
    printf -v point '%b' "${point//\\/\\0}"
    mount_points+=("$point")
  done < <(cut -d' ' -f5 /proc/self/mountinfo)
}

# True where something is mounted at a path itself.
is_mount_point() {
  local point
  for point in ${mount_points[@]+"${mount_points[@]}"}; do
    [[ $point == "$1" ]] && return 0
  done
  return 1
}

# The mount that holds a path, by number: two mounts of one file system are two. And the device: each btrfs subvolume
# has its own. A rename works only where both are the same.
place_of() {
  reply="$(findmnt -n -o ID -T "$1" | tail -n 1) $(stat -c %d -- "$1")"
}

size_of() {
  reply=$(du -s --block-size=1 -- "$1" 2>/dev/null | cut -f1) || :
  reply=${reply:-0}
}

# sizes_of PATH…: what there is of these, in sum.
sizes_of() {
  local one sum=0
  for one in "$@"; do
    if [[ ! -e $one || -L $one ]]; then continue; fi
    size_of "$one"
    sum=$((sum + reply))
  done
  reply=$sum
}
