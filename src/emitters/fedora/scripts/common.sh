#!/usr/bin/env bash
# shellcheck disable=SC2034 # what is set here is used by the part that follows
set -Eeuo pipefail
shopt -s inherit_errexit
export LC_ALL=C
umask 077

# --- saying things ------------------------------------------------------------------------------------------------

say() { printf '%s\n' "$*"; }
warn() { printf '%s\n' "$*" >&2; }
# die CODE MESSAGE: 2 could not run, 3 refused because it would be unsafe, 75 another run holds the lock
die() {
  warn "${0##*/}: $2"
  exit "$1"
}

# Bytes for people.
human() { numfmt --to=iec-i --suffix=B --format='%.1f' -- "$1" | sed 's/\.0\([A-Z]\)/\1/'; }

# A path as a person knows it.
short() {
  if [[ $1 == "$home" || $1 == "$home"/* ]]; then printf '~%s' "${1#"$home"}"; else printf '%s' "$1"; fi
}

# Text without control characters: names of files are somebody's data, and a terminal obeys them.
plain() {
  local text=$1
  printf '%s' "${text//[$'\001'-$'\037\177']/?}"
}

# A JSON string.
json() {
  local text=$1
  text=${text//\\/\\\\}
  text=${text//\"/\\\"}
  text=${text//$'\n'/\\n}
  text=${text//$'\t'/\\t}
  printf '"%s"' "${text//[$'\001'-$'\037']/?}"
}

# --- options ------------------------------------------------------------------------------------------------------

dry_run=no
format=text
only=()

# options "$@": reads what all scripts take; what one of them takes besides goes to its own `option NAME`.
options() {
  while (($# > 0)); do
    case $1 in
      --dry-run) dry_run=yes ;;
      --yes) : ;;
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

# True where PATH (as in the manifest) was asked for: named itself, or in a directory that was named.
wanted() {
  ((${#only[@]} == 0)) && return 0
  local path=$1 asked
  for asked in "${only[@]}"; do
    asked=${asked%/}
    asked=${asked#"$home"/}
    asked=${asked#"~"/}
    [[ $path == "$asked" || $path == "$asked"/* ]] && return 0
  done
  return 1
}

# Every --only must name something, or it was misspelt.
check_only() {
  local asked path found
  for asked in ${only[@]+"${only[@]}"}; do
    found=no
    asked=${asked%/}
    asked=${asked#"$home"/}
    asked=${asked#"~"/}
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
# Sets `me`, the user of the plan whose state this is, and `home`, their home with no link in its path. Empty `me`
# means the system part: root, in root's own home.
choose_user() {
  local account name own_home
  [[ -n ${HOME-} && $HOME == /* && -d $HOME ]] || die 2 "HOME is not set to a directory"
  home=$(cd -- "$HOME" && pwd -P)
  account=$(id -un)
  own_home=$(getent passwd "$(id -u)" | cut -d: -f6) || own_home=
  for name in "${users[@]}"; do
    if [[ $name == "$account" ]]; then me=$name; fi
  done
  if [[ -z $me ]]; then
    # Another account with the home of one of them, or a home that is no account's: a test, or a rescue system.
    for name in "${users[@]}"; do
      if [[ ${home_of["$name"]} == "$HOME" || ${home_of["$name"]} == "$home" ]]; then me=$name; fi
    done
    if [[ -z $me && ${#users[@]} == 1 && $HOME != "$own_home" ]]; then me=${users[0]}; fi
  fi
  if [[ -n $me && ! -O $home ]]; then die 3 "$home does not belong to $account: run this as $me"; fi
}

# For scripts that only know homes.
need_user() {
  choose_user
  [[ -n $me ]] || die 2 "this is for ${users[*]}: run it as one of them, without sudo"
}

# --- one run at a time --------------------------------------------------------------------------------------------

state=
# The folder for journals and marks.
find_state() {
  if [[ -n $me ]]; then state=${XDG_STATE_HOME:-$home/.local/state}/remanence; else state=/var/lib/remanence; fi
}

# Takes the lock; it is gone with the process.
lock() {
  find_state
  [[ $dry_run == no ]] || return 0
  mkdir -p -- "$state" || die 2 "cannot make $state"
  exec 9>"$state/lock"
  flock -n 9 || die 75 "another run is at work"
}

# journal WORDS…: what was done and when, for the person who wonders.
journal() {
  printf '%s %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$*" >>"$state/journal"
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
  [[ -d $1 && ! -L $1 ]] && [[ -z $(find "$1" -mindepth 1 -maxdepth 1 -print -quit) ]]
}

size_of() {
  reply=$(du -s --block-size=1 -- "$1" 2>/dev/null | cut -f1) || :
  reply=${reply:-0}
}
