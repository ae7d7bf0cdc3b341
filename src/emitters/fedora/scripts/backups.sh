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
  [[ $1 == "${me:--}" ]] || return 0
  absolute "$3"
  root_classes+=("$2")
  root_paths+=("$reply")
}

left_out=() left_out_patterns=()
# excluded USER path|pattern PATH: a place inside that is left out.
excluded() {
  [[ $1 == "${me:--}" ]] || return 0
  absolute "$3"
  left_out+=("$reply")
  left_out_patterns+=("$2")
}

absolute() {
  reply=$1
  [[ $reply == /* ]] || reply=$home/$reply
}

part_name() {
  if [[ -n $me ]]; then reply=user-$me; else reply=system; fi
}

# How a person names a root for --only: as it is in the manifest, or where it lies.
is_wanted_root() {
  wanted "$1" || wanted "${1#"$home"/}" || { [[ -n ${live_name["$1"]-} ]] && wanted "${live_name["$1"]}"; }
}
declare -A live_name=()
# named USER PATH LIVE: the name in the manifest of what lies elsewhere.
named() {
  [[ $1 == "${me:--}" ]] || return 0
  absolute "$2"
  live_name["$reply"]=$3
}

need_tools() {
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || die 2 "$tool is not installed"
  done
}

# Another program must not be able to read the password.
check_password_file() {
  local bits
  if [[ -n ${RESTIC_PASSWORD_FILE-} ]]; then password_file=$RESTIC_PASSWORD_FILE; fi
  if [[ -z $password_file ]]; then
    [[ -n ${RESTIC_PASSWORD_COMMAND-}${RESTIC_PASSWORD-} ]] ||
      die 2 "restic needs a password: password-file in the manifest, or RESTIC_PASSWORD_FILE"
    return 0
  fi
  # shellcheck disable=SC2088 # a leading ~/ of the manifest means this home, not a word for the shell
  if [[ $password_file == '~/'* ]]; then password_file=$home/${password_file:2}; fi
  [[ -r $password_file ]] || die 2 "cannot read the password file $password_file"
  bits=$(stat -L -c %a -- "$password_file")
  (((8#$bits & 8#077) == 0)) || die 3 "others can read $password_file: chmod 600 it"
  export RESTIC_PASSWORD_FILE=$password_file
}
