#!/usr/bin/env bash
# shellcheck disable=SC2154,SC2034 # follows common.sh, backups.sh and the settings of a host

usage() {
  cat <<'END'
Backs up what is kept: run as a user what is kept of that home, run as root what is kept of the system. Paths are those
where the state really lies, so links and mounts do not matter. Secrets go only where they are encrypted. SQLite databases
are copied by sqlite3, where that is installed; other databases are whole only if nothing writes them meanwhile.

  --dry-run         list what would be backed up, how much it is, and what old archives would go
  --only PATH...    only these, beside the regular backups
  --init            restic: make the repository first
  --wait SECONDS    restic: how long to wait where another run is at work in the repository (default 300)
  --snapshot        root: from read-only btrfs snapshots, where what is saved lies on btrfs
  --for USER        root, with --snapshot: what is kept of that user's home; it is saved as that user
  --notify UNIT     say that a unit failed, and why, where people look
  --format FORMAT   text (default) or json
  --yes             accepted; nothing is asked
  --help            this text

Exit codes: 0 done, 2 could not run or a check of the backups failed, 3 refused because it would be unsafe, 4 something
changed while it was read or could not be read (the backup is there, but not complete), 75 another run is at work.
END
}

init=no wait_seconds=300 snapshot=no for_user='' notify=''
option() {
  taken=1
  case $1 in
    --init | --snapshot) taken=0 ;;
    --wait) [[ ${2-} =~ ^[0-9]{1,6}$ ]] || die 2 "--wait needs a number of seconds" ;;
    --for | --notify) [[ -n ${2-} && ${2-} != --* ]] || die 2 "$1 needs a name" ;;
    *) return 1 ;;
  esac
  case $1 in
    --init) init=yes ;;
    --snapshot) snapshot=yes ;;
    --wait) wait_seconds=$((10#$2)) ;;
    --for) for_user=$2 ;;
    --notify) notify=$2 ;;
  esac
}

# --- the result, for people and for verify.sh ---------------------------------------------------------------------

part='' due=no failure=''

# As that of common.sh; what is said is also the result of the run.
die() {
  failure=$2
  warn "${0##*/}: $2"
  exit "$1"
}

# At every end, whatever it is: the result is written, what was needed on the way goes.
finish() {
  local ended=$?
  if [[ $due == yes ]]; then note_result failed "${failure:-it stopped in the middle (exit code $ended)}"; fi
  if [[ -n $work ]]; then rm -rf -- "$work"; fi
  if [[ $snapshot == yes ]]; then remove_snapshots; fi
}

# note_result complete|incomplete|failed TEXT: of the last run. A run with --only says nothing about the whole.
note_result() {
  due=no
  ((${#only[@]} == 0)) || return 0
  mark "backup-$part.last" "$1 $(plain "$2")"
}

# From here on this run has a result. Should it be killed, that is what it left behind.
begin_result() {
  note_result failed "it began and has not ended, or was killed"
  due=yes
}

# --notify: to the journal, and to the desktop where there is one.
tell_failure() {
  local text last=''
  find_state
  if [[ $notify == remanence-backup.service && -r $state/backup-$part.last ]]; then
    IFS= read -r last <"$state/backup-$part.last" || :
  fi
  text="$notify failed.${last:+ Last backup of $part: $last.}"
  if command -v systemd-cat >/dev/null; then printf '%s\n' "$text" | systemd-cat -t remanence -p err || :; else warn "$text"; fi
  if [[ -n $me ]] && command -v notify-send >/dev/null; then notify-send --app-name=remanence --urgency=critical -- "Backup failed" "$text" || :; fi
}

# --- once a week --------------------------------------------------------------------------------------------------

# Reads what the backups hold, and says it loudly where it is not what it should be.
check_backups() {
  local when=''
  ((${#only[@]} == 0)) || return 0
  find_state
  if [[ -r $state/backup-$part.checked ]]; then read -r when _ <"$state/backup-$part.checked" || :; fi
  [[ ! $when > $(date -u -d '7 days ago' +%Y-%m-%dT%H:%M:%SZ) ]] || return 0
  if "check_$engine"; then
    mark "backup-$part.checked" "$engine"
  elif [[ $engine == restic && $fault == locked ]]; then
    warn "the backups were not checked: another run is at work in the repository; the next run does it"
  else
    die 2 "$(plain "$reply"). Keep what you have, and look at the disk they are on"
  fi
}

# Sets `chosen` and `chosen_classes`: the roots that are asked for and there, in the store or, not linked yet, in the
# home. A root that is not there yet is no fault, but where there is a link to it its store is not mounted.
choose_roots() {
  local i root
  for i in "${!root_paths[@]}"; do
    root=${root_paths[$i]}
    is_wanted_root "$root" || continue
    if [[ -n ${is_unlinked["$root"]-} ]]; then
      if [[ -L $root || ! -e $root ]] || is_in_store "$root"; then continue; fi
      warn "$(plain "$(short "$root")") is not linked; it is saved from where it is"
    fi
    if [[ -e $root || -L $root ]]; then
      chosen+=("$root") chosen_classes+=("${root_classes[$i]}")
      continue
    fi
    name_of "$root"
    if [[ $reply != /* && ! -L $home/$reply && -e $home/$reply ]]; then continue; fi
    missing=$((missing + 1))
    if [[ $reply != /* && -L $home/$reply ]]; then
      warn "$(plain "$(short "$root")") is not there, but its link is: is the store mounted?"
      code=4
    fi
  done
}

# True where a path leads through a link into a root, or is a mount of one.
is_in_store() {
  local real root
  for root in "${root_paths[@]}"; do
    if [[ $root != "$1" && $root -ef $1 ]]; then return 0; fi
  done
  real=$(realpath -- "$1")
  [[ $real != "$1" ]] || return 1
  for root in "${root_paths[@]}"; do
    if [[ $real == "$root" || $real == "$root"/* ]]; then return 0; fi
  done
  return 1
}

# The backup itself is no part of what it holds: it would grow with each run.
leave_out_target() {
  local place root
  place=${target/#\~\//"$home/"}
  place=${place#local:}
  [[ $place == /* ]] || return 0
  place=$(realpath -m -- "$place")
  for root in ${chosen[@]+"${chosen[@]}"}; do
    [[ $place == "$root"/* ]] || continue
    warn "$(plain "$(short "$place")") holds the backups, and is left out of them"
    left_out+=("$place") left_out_patterns+=(path)
    restic_literal "$place"
    restic_excludes+=("${reply//\$/\$\$}")
  done
}

# Says before anything is written what will go where, and how much that is at most: what is there already goes only once to
# a repository, and an archive is smaller.
announce() {
  [[ $format == text ]] || return 0
  measure walk_all
  say "${#chosen[@]} entries, at most $(human "$reply"), go to $(plain "$target") ($engine)."
}

list_roots() {
  local i total=0 separator='' name
  [[ $format == text ]] || printf '{ "version": 1, "entries": [ '
  for i in "${!chosen[@]}"; do
    measure walk "$i"
    total=$((total + reply))
    if [[ $format == json ]]; then
      printf '%s{ "path": %s, "class": "%s", "bytes": %s }' "$separator" "$(json "${chosen[$i]}")" "${chosen_classes[$i]}" "$reply"
      separator=', '
    else
      printf '  %-40s %10s   %s\n' "$(plain "$(short "${chosen[$i]}")")" "$(human "$reply")" "${chosen_classes[$i]}"
    fi
  done
  : >"$work/going"
  if [[ $engine == tar && ${#only[@]} == 0 ]]; then expendable >"$work/going"; fi
  if [[ $format == json ]]; then
    printf ' ], "bytes": %s, "withheld": [ ' "$total"
    json_list ${withheld_paths[@]+"${withheld_paths[@]}"}
    printf ' ], "caches": [ '
    json_list ${caches[@]+"${caches[@]}"}
    printf ' ], "gaps": [ '
    json_list ${gaps[@]+"${gaps[@]}"}
    printf ' ], "expendable": [ '
    mapfile -t going <"$work/going"
    json_list ${going[@]+"${going[@]}"}
    say ' ], "result": null }'
  else
    say ""
    say "${#chosen[@]} entries, $(human "$total"), would go to $target ($engine); ${#left_out[@]} places inside are left out, $missing entries are not there yet."
    while IFS= read -r name; do say "$name would be removed: it is older than what is to be kept."; done <"$work/going"
  fi
}

json_list() {
  local item between=''
  for item in "$@"; do
    printf '%s%s' "$between" "$(json "$item")"
    between=', '
  done
}

# What the manifest keeps, and this backup must not hold.
warn_of_withheld() {
  local path
  for path in ${withheld_paths[@]+"${withheld_paths[@]}"}; do
    if wanted "$path"; then warn "$(plain "$path") is a secret, and is left out: these archives are not encrypted"; fi
  done
}

tell_result() {
  local whole=true
  ((code == 0)) || whole=false
  if [[ $format == json ]]; then
    say "{ \"version\": 1, \"entries\": ${#chosen[@]}, \"result\": $(json "$result"), \"complete\": $whole }"
  else
    say "backed up ${#chosen[@]} entries: $result$([[ $whole == true ]] || printf ' (not complete: see above)'); $missing entries are not there yet"
  fi
}

# Backs up, and then looks after what is there: nothing old goes before something new is complete.
back_up() {
  "backup_$engine"
  if ((code == 0 && ${#only[@]} == 0)); then
    mark "backup-$part.good" "$(plain "$result")"
    "forget_$engine"
  fi
  check_backups
  if ((code == 0)); then note_result complete "$result"; else note_result incomplete "$result"; fi
  tell_result
}

# On the disk, since it holds copies of databases; what a run that was killed left there goes after a day.
make_work_on_disk() {
  local folder=${TMPDIR:-/var/tmp}
  find "$folder" -maxdepth 1 -type d -name 'remanence-backup-??????' -user "$EUID" -mmin +1440 \
    -exec rm -rf --one-file-system -- {} + 2>/dev/null || :
  work=$(mktemp -d -- "$folder/remanence-backup-XXXXXX")
}

# Whose part it is, and what that part is.
settle() {
  if [[ -n $for_user ]]; then
    [[ $snapshot == yes && $EUID == 0 ]] || die 2 "--for is for root, with --snapshot"
    choose_other
  else
    choose_user
  fi
  part_name
  part=$reply
  settings
  check_only_roots
}

main() {
  local chosen=() chosen_classes=() going=() missing=0 code=0 result=''
  options "$@"
  if [[ $snapshot == yes && $dry_run == no ]]; then enter_namespace "$@"; fi
  settle
  if [[ -n $notify ]]; then
    tell_failure
    return
  fi
  trap finish EXIT
  if [[ -z ${REMANENCE_HOME-} ]]; then lock; else heed_root; fi
  if [[ $dry_run == no && -z $for_user ]]; then begin_result; fi
  # What a user's own run says is said once.
  if [[ -n $for_user && $dry_run == no ]]; then choose_roots 2>/dev/null; else choose_roots; fi
  leave_out_target
  if ((${#chosen[@]} == 0)); then
    [[ $format == text ]] || say '{ "version": 1, "entries": [], "result": null }'
    warn "nothing to back up is there"
    if [[ $due == yes ]]; then note_result complete "nothing to back up is there"; fi
    exit "$code"
  fi
  make_work_on_disk
  if [[ $snapshot == yes && $dry_run == no ]]; then take_snapshots; fi
  if [[ -n $for_user && $dry_run == no ]]; then
    code=0
    run_as_other || code=$?
    exit "$code"
  fi
  warn_of_withheld
  survey
  if [[ $dry_run == yes ]]; then
    list_roots
    exit "$code"
  fi
  announce
  write_to_real_home
  back_up
  exit "$code"
}

main "$@"
