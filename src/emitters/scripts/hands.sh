#!/usr/bin/env bash
# shellcheck disable=SC2154,SC2034 # stands between mounts.sh and binding.sh, unbinding.sh or migrating.sh

# --- what root does for others ------------------------------------------------------------------------------------
#
# A user may change anything in the home, at any instant, also while root is at work there. So whatever reads, copies,
# compares, renames or deletes there runs as that user, and leads nowhere where that user could not go. Root itself
# installs the unit and mounts, and holds both directories by then.

# What a step is told of its entry.
told=(
  told home me uid gid user foreign path kind mode owner group unit units live stored partial back original copied returned
  emptying text exchanger mount_points stamp may_be_open
)

# hand STEP…: does it as whom the entry belongs to. `answer` is what it found out. Where it fails, `reason` and `code` say
# why; both are words of somebody else.
hand() {
  local output last line fd
  open_text "$@" || return 1
  output=$(as_owner <&"$fd" 2>&1) || :
  exec {fd}<&-
  last=${output##*$'\n'}
  # Where it came to no end, its last line is a message as well.
  [[ $last == *$'\037'* ]] || output+=$'\n'
  if [[ $output == *$'\n'* ]]; then
    while IFS= read -r line; do warn "$(plain "$line")"; done <<<"${output%$'\n'*}"
  fi
  heard "$last"
}

# heard LINE: what a step said in the end.
heard() {
  local said
  IFS=$'\037' read -r said answer reason stamp <<<"$1" || :
  [[ $stamp =~ ^[0-9a-f]+$ ]] || stamp=
  [[ $said != 'done' ]] || return 0
  code=3
  if [[ $said == failed && $answer == [345] ]]; then code=$answer; fi
  reason=$(plain "${reason:0:400}")
  answer=
  return 1
}

# open_text STEP…: a script that knows what this one knows, and does one thing, as the open file `fd`. (From a pipe bash
# reads a script byte by byte.)
open_text() {
  local file
  file=$(mktemp) && step_text "$@" >"$file" && exec {fd}<"$file" && rm -- "$file"
}
step_text() {
  local name
  for name in "${told[@]}"; do if [[ -v $name ]]; then declare -p "$name"; fi; done
  declare -f
  printf 'set -euo pipefail\nshopt -s inherit_errexit\nexport LC_ALL=C\numask 077\n'
  printf '{ run_step %s; exit; } </dev/null\n' "${*@Q}"
}

run_step() {
  local reason='' code=3 answer=''
  if "$@"; then
    printf 'done\037%s\037\037%s\n' "$answer" "${stamp-}"
  else
    printf 'failed\037%s\037%s\037\n' "$code" "$(plain "$reason")"
  fi
}

# A shell for the text on its input, as whom the entry belongs to. It has no terminal of ours, and keeps the lock if
# this script is killed.
as_owner() {
  local as=(setsid -w env -i PATH="$PATH" HOME="$home" USER="$me" LOGNAME="$me")
  if [[ $user == - ]]; then
    bash -s
  elif [[ $foreign == yes ]]; then
    with_ids "${as[@]}" setpriv --reuid "$uid" --regid "$gid" --init-groups -- unshare --user -- bash
  else
    "${as[@]}" setpriv --reuid "$uid" --regid "$gid" --init-groups -- bash -s
  fi
}

# with_ids COMMAND…: as the user, and yet able to handle files of the subordinate ids that are that user's (those of
# rootless containers): in a user namespace that knows them and no others, whose root the user is.
with_ids() {
  local pid
  # It is root in there once the ids are known.
  "$@" -c 'until read -r _ </proc/self/uid_map; do sleep 0.01; done 2>/dev/null; exec bash -s' <&0 &
  pid=$!
  while [[ -d /proc/$pid && $(readlink "/proc/$pid/ns/user") == "$(readlink /proc/self/ns/user)" ]]; do sleep 0.01; done
  if ! ids_of /etc/subgid "$gid" >"/proc/$pid/gid_map" || ! ids_of /etc/subuid "$uid" >"/proc/$pid/uid_map"; then
    kill "$pid"
  fi
  wait "$pid"
}

# ids_of FILE ID: lines for a map of ids, which the kernel wants in one piece: the user's own is 0, the subordinate ones
# follow.
ids_of() {
  awk -F: -v name="$me" -v uid="$uid" -v id="$2" '
    BEGIN { print 0, id, 1; free = 1 }
    $1 == name || $1 == uid { print free, $2, $3; free += $3 }' "$1"
}

# True where files of others are in a tree, or what they let nobody see.
has_foreign() {
  [[ $EUID != 0 ]] || return 1
  [[ -n $(find "$1" -xdev \( ! -uid "$EUID" -o -type d ! -readable \) -print -quit 2>/dev/null) ]]
}

# --- accounts and places ------------------------------------------------------------------------------------------

declare -A fault_of=() real_home=() uid_of=() gid_of=()
# Finds out about the user of an entry: sets me, home, uid and gid, or `reason`.
settle_user() {
  local entry real
  me=$1 home=/root uid=0 gid=0
  [[ $1 != - ]] || return 0
  if [[ ${fault_of["$1"]-not yet} == 'not yet' ]]; then
    fault_of["$1"]=
    entry=$(getent passwd -- "$1") || entry=
    IFS=: read -r _ _ uid gid _ home _ <<<"$entry"
    real=$(cd -- "${home_of["$1"]}" 2>/dev/null && pwd -P) || real=
    if [[ -z $entry ]]; then
      fault_of["$1"]="there is no account $1 here"
    elif [[ -z $real || $(cd -- "$home" 2>/dev/null && pwd -P) != "$real" ]]; then
      fault_of["$1"]="the home of $1 is $(plain "$home") here, and ${home_of["$1"]} in the manifest"
    elif [[ $uid == 0 || $(stat -c %u -- "$real") != "$uid" ]]; then
      fault_of["$1"]="$real does not belong to $1"
    else
      lock_home "$real"
    fi
    real_home["$1"]=$real uid_of["$1"]=$uid gid_of["$1"]=$gid
  fi
  home=${real_home["$1"]} uid=${uid_of["$1"]} gid=${gid_of["$1"]} reason=${fault_of["$1"]}
}

# Nobody else may be at work in that home.
lock_home() {
  local fd
  [[ $dry_run == no ]] || return 0
  exec {fd}<"$1"
  flock -n "$fd" || die 75 "another run is at work in $1"
}

# --- the run ------------------------------------------------------------------------------------------------------

here=
# run_as_root: all entries that are mounts, of all users and of the system; the script says what is to be done about one.
run_as_root() {
  local n user path kind mode owner group unit live stored partial back original copied returned emptying
  local action reason code bytes stamp='' way='' foreign=no answer='' uid gid separator='' refused=0 changes=0 worst=0 moved=0
  local chosen=() actions=() reasons=() sizes=() codes=() foreigns=()
  local root_home=$home root_name=$me
  here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
  lock
  load_mounts
  find_exchanger
  choose_bound
  for n in ${chosen[@]+"${chosen[@]}"}; do
    action=refuse reason='' code=3 bytes=0 foreign=no
    settle_user "${bound_users[$n]}"
    look_at_bound "$n" "$home"
    [[ -n $reason ]] || look_as_root
    if [[ -n $reason && $action != none && $action != mounted ]]; then action=refuse bytes=0; fi
    actions+=("$action") reasons+=("$reason") sizes+=("$bytes") codes+=("$code") foreigns+=("$foreign")
  done
  agree_to_copy
  say_what_comes
  [[ $format == text ]] || printf '{ "version": 1, "dryRun": %s, "entries": [ ' "$([[ $dry_run == yes ]] && echo true || echo false)"
  for n in "${!chosen[@]}"; do
    action=${actions[$n]} reason=${reasons[$n]} bytes=${sizes[$n]} code=${codes[$n]} foreign=${foreigns[$n]}
    settle_user "${bound_users["${chosen[$n]}"]}"
    look_at_bound "${chosen[$n]}" "$home"
    reason=${reasons[$n]}
    do_as_root
    say_as_root
  done
  home=$root_home me=$root_name
  finish_as_root
  if [[ $format == json ]]; then
    printf ' ], %s, "refused": %s }\n' "$labels_json" "$refused"
  elif ((${#chosen[@]} > 0)); then
    say_sum_as_root
  elif ((${#bound_paths[@]} == 0)); then
    say "Nothing is mounted here, and links are made by whose home it is: run ${0##*/} as ${users[*]}."
  fi
  write_journal
  say_left_for_links
  exit "$worst"
}

do_as_root() {
  case $action in
    refuse | none | mounted) ;;
    *)
      if [[ $dry_run == yes ]] || carry_out_as_root; then
        changes=$((changes + 1)) moved=$((moved + bytes))
        [[ $dry_run == yes ]] || journal "${0##*/} $action $live"
      else
        action=refuse reason=${reason:-that did not work, and no data is lost}
      fi
      ;;
  esac
  [[ $action == refuse ]] || return 0
  refused=$((refused + 1))
  worst_of "$worst" "$code"
  worst=$reply
}

# Puts the numbers of the entries that were asked for into `chosen`: by their path or as in the manifest.
choose_bound() {
  local n spelt=()
  for n in "${!bound_paths[@]}"; do
    if is_wanted_mount "$n"; then chosen+=("$n"); fi
    spelt+=("${bound_paths[$n]}" "$reply")
  done
  check_only ${spelt[@]+"${spelt[@]}"} ${entry_paths[@]+"${entry_paths[@]}"}
}

# Where root is a user of the plan, the links of root's own home are a run of their own.
say_left_for_links() {
  local path reply left=''
  for path in ${entry_paths[@]+"${entry_paths[@]}"}; do
    if wanted "$path"; then
      command_path "$path"
      left+=" $reply"
    fi
  done
  [[ -z $left ]] || warn "What is linked in root's own home needs a run of its own: ${0##*/} --only$left"
}

say_as_root() {
  local said size=
  said_of_action
  if [[ $format == json ]]; then
    printf '%s{ "user": %s, "path": %s, "action": "%s", "bytes": %s, "reason": %s }' "$separator" \
      "$(if [[ $user == - ]]; then printf null; else json "$user"; fi)" "$(json "$path")" "$action" "$bytes" \
      "$(if [[ -n $reason ]]; then json "$reason"; else printf null; fi)"
    separator=', '
    return 0
  fi
  if ((bytes > 0)); then size=$(human "$bytes"); fi
  printf '  %-40s %10s   %s\n' "$(plain "$live")" "$size" "$said"
}
