#!/usr/bin/env bash
# shellcheck disable=SC2154,SC2034 # stands between common.sh and backup.sh or restore.sh

# --- what is backed up --------------------------------------------------------------------------------------------

engine=
target=
password_file=
encrypt_tool=
encrypt_to=
host=

root_paths=() root_classes=()
# included USER CLASS PATH: a tree or file that is backed up, where it really lies; relative where that is in the home.
included() {
  is_mine "$1" || return 0
  absolute "$3"
  root_classes+=("$2")
  root_paths+=("$reply")
  if [[ $1 == - ]]; then is_systems["$reply"]=yes; fi
}
# Those of them that belong to no user: root may be one, and then keeps both.
declare -A is_systems=()

declare -A is_unlinked=()
# unlinked USER CLASS PATH: where something is as long as link.sh has not linked it.
unlinked() {
  is_mine "$1" || return 0
  included "$@"
  is_unlinked["${root_paths[-1]}"]=yes
}

left_out=() left_out_patterns=()
# excluded USER path|pattern PATH: a place inside that is left out, and what a move of it leaves beside it.
excluded() {
  is_mine "$1" || return 0
  absolute "$3"
  left_out+=("$reply")
  left_out_patterns+=("$2")
  if [[ $2 == path ]]; then left_behind+=("$reply"); fi
}
left_behind=()

kept_inside=()
# inner USER PATH: what is named by itself inside a root; that something marks it as a cache changes nothing there.
inner() {
  is_mine "$1" || return 0
  absolute "$2"
  kept_inside+=("$reply")
}

databases=()
# database USER PATH: where programs keep databases, of which a copy made while they write may be of no use.
database() {
  is_mine "$1" || return 0
  absolute "$2"
  databases+=("$reply")
}

withheld_paths=()
# withheld USER PATH: a secret that only the want of encryption keeps out.
withheld() {
  is_mine "$1" || return 0
  withheld_paths+=("$2")
}

absolute() {
  reply=$1
  [[ $reply == /* ]] || reply=$home/$reply
}

part_name() {
  if [[ -n $me ]]; then reply=user-$me; else reply=system; fi
}

# A path as a pattern of restic.
restic_literal() {
  reply=${1//\\/\\\\}
  reply=${reply//\*/\\*}
  reply=${reply//\?/\\?}
  reply=${reply//\[/\\[}
}

restic_excludes=()
# restic_exclude USER yes|no PATTERN: a line of restic's exclude file; yes takes back what a line above leaves out.
restic_exclude() {
  is_mine "$1" || return 0
  local line=$3
  restic_literal "$home"
  [[ $line == /* ]] || line=${reply//\$/\$\$}/$line
  if [[ $2 == yes ]]; then line=!$line; fi
  restic_excludes+=("$line")
}

# How many snapshots to keep, as options for restic.
retain=()

# yes where what all users and the system keep is saved together, as backup.nix does it.
together=no

declare -A live_name=()
# named USER PATH LIVE: the name in the manifest of what lies elsewhere.
named() {
  is_mine "$1" || return 0
  absolute "$2"
  live_name["$reply"]=$3
}

# The name of a root in the manifest.
name_of() {
  reply=${live_name["$1"]-${1#"$home"/}}
}

# Every --only must name a root, as it is in the manifest or where it lies.
check_only_roots() {
  local root known=()
  for root in ${root_paths[@]+"${root_paths[@]}"}; do
    name_of "$root"
    known+=("$reply" "${root#"$home"/}")
  done
  check_only ${known[@]+"${known[@]}"}
}
is_wanted_root() {
  name_of "$1"
  wanted "$reply" || wanted "${1#"$home"/}"
}

need_tools() {
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || die 2 "$tool is not installed"
  done
}

# A folder of our own for what a run needs on the way; it goes with the run.
make_work() {
  work=$(mktemp -d)
  trap 'rm -rf -- "$work"' EXIT
}
work=

# Settles what restic asks for: the repository, and the password, which nobody else must be able to read.
open_restic() {
  local bits owner
  need_tools restic
  unset RESTIC_REPOSITORY_FILE
  # A leading ~/ of the manifest means this home.
  export RESTIC_REPOSITORY=${target/#\~\//"$home/"}
  if [[ -n ${RESTIC_PASSWORD_COMMAND-}${RESTIC_PASSWORD-} ]]; then return 0; fi
  RESTIC_PASSWORD_FILE=${RESTIC_PASSWORD_FILE:-${password_file/#\~\//"$home/"}}
  [[ -n $RESTIC_PASSWORD_FILE ]] || die 2 "restic needs a password: password-file in the manifest, or RESTIC_PASSWORD_FILE"
  [[ -r $RESTIC_PASSWORD_FILE ]] || die 2 "cannot read the password file $RESTIC_PASSWORD_FILE"
  read -r bits owner < <(stat -L -c '%a %u' -- "$RESTIC_PASSWORD_FILE")
  (((8#$bits & 8#077) == 0)) || die 3 "others can read $RESTIC_PASSWORD_FILE: chmod 600 it"
  [[ $owner == 0 || $owner == "$EUID" ]] || die 3 "$RESTIC_PASSWORD_FILE belongs to another user"
  export RESTIC_PASSWORD_FILE
}

# The tags of our snapshots of a class: those of another user of this host are not ours to forget or to restore.
tags_of() {
  part_name
  reply="remanence,$reply,class-$1"
}
