#!/usr/bin/env bash
# shellcheck disable=SC2154,SC2034 # stands between backups.sh and backup.sh

# --- a repository of restic ---------------------------------------------------------------------------------------

lock_options=() inside=()
fault=none
# restic_do WORDS…: runs restic, and waits where another run has locked the repository. Returns whether it did its work;
# sets `fault` to none, incomplete, locked, password, missing, full or other.
restic_do() {
  local rc until=$((SECONDS + wait_seconds)) pause=5
  ((wait_seconds >= pause)) || pause=1
  while :; do
    rc=0
    "${inside[@]}" restic "$@" ${lock_options[@]+"${lock_options[@]}"} 2>"$work/restic.log" || rc=$?
    find_fault "$rc"
    if [[ $fault != locked ]] || ((SECONDS >= until)); then break; fi
    sleep "$pause"
  done
  # That there is none yet is what --init is for.
  if [[ $fault != missing || $init == no ]]; then plain_lines <"$work/restic.log" >&2; fi
  [[ $fault == none ]]
}

# What a code of restic means: newer versions have one for each fault, and older ones only say it in words.
find_fault() {
  case $1 in
    0) fault=none ;;
    3) fault=incomplete ;;
    10) fault=missing ;;
    11) fault=locked ;;
    12) fault=password ;;
    *)
      fault=other
      case $(cat -- "$work/restic.log") in
        *'wrong password or no key found'*) fault=password ;;
        *'repository is already locked'*) fault=locked ;;
        *'Is there a repository at the following location'*) fault=missing ;;
        *'no space left on device'*) fault=full ;;
        *'directories/files do not exist'*) fault=incomplete ;;
      esac
      ;;
  esac
}

# give_up_restic WHAT: ends with what the person can do about the fault.
give_up_restic() {
  case $fault in
    locked) die 75 "$1: another run is at work in the repository $target (restic list locks --no-lock); try again later" ;;
    password) die 2 "$1: the password does not open the repository $target" ;;
    missing) die 2 "$1: there is no repository at $target: is it mounted? To make one: backup.sh --init" ;;
    full) die 2 "$1: there is no room left at $target; earlier backups are untouched" ;;
    *) die 2 "$1: restic failed; earlier backups are untouched" ;;
  esac
}

# A lock whose run is gone, or that nobody has renewed for half an hour, would stop all that follows. restic knows which
# those are; a lock of a run that is at work stays.
remove_stale_locks() {
  local before=$1 after
  ((before > 0)) || return 0
  restic unlock >/dev/null 2>&1 || return 0
  after=$(restic list locks --no-lock 2>/dev/null | wc -l)
  ((after >= before)) || warn "removed $((before - after)) stale locks that killed runs left in the repository"
}

# Opens the repository, or makes it where that was asked for.
prepare_restic() {
  open_restic
  if ! restic_do list locks --no-lock >"$work/locks"; then
    [[ $fault == missing && $init == yes ]] || give_up_restic "nothing was backed up"
    restic_do init --quiet >&2 || give_up_restic "no repository could be made"
    mark "backup-$part.checked" "a new repository"
  fi
  remove_stale_locks "$(wc -l <"$work/locks")"
  if [[ $(restic backup --help) == *--retry-lock* ]]; then lock_options=(--retry-lock "${wait_seconds}s"); fi
}

# Options for restic backup that not every version has.
choose_options() {
  local known
  known=$(restic backup --help)
  options=(--quiet --exclude-file "$work/exclude" --host "$host")
  # Without it each run adds a snapshot, also where nothing changed. The one before it must be one of ours.
  if [[ $known == *--skip-if-unchanged* && $known == *--group-by* && ${#only[@]} == 0 ]]; then
    options+=(--group-by "host,tags" --skip-if-unchanged)
  fi
  # A mark that the manifest overrules is all or nothing to restic; the others are in the exclude file all the same.
  if [[ $marked == no ]]; then options+=(--exclude-caches); fi
}

write_excludes() {
  local path
  printf '%s\n' ${restic_excludes[@]+"${restic_excludes[@]}"} >"$work/exclude"
  for path in ${left_behind[@]+"${left_behind[@]}"}; do
    restic_literal "$path"
    printf '%s.remanence-*\n' "${reply//\$/\$\$}" >>"$work/exclude"
  done
  for path in ${caches[@]+"${caches[@]}"}; do
    restic_literal "$path"
    printf '%s/*\n!%s/CACHEDIR.TAG\n' "${reply//\$/\$\$}" "${reply//\$/\$\$}" >>"$work/exclude"
  done
}

backup_restic() {
  local class i list options=() tags
  prepare_restic
  write_excludes
  choose_options
  copy_databases
  put_copies_in_place
  for class in secret data config state; do
    list=()
    for i in "${!chosen[@]}"; do
      if [[ ${chosen_classes[$i]} == "$class" ]]; then list+=("${chosen[$i]}"); fi
    done
    ((${#list[@]} > 0)) || continue
    printf '%s\0' "${list[@]}" >"$work/list"
    tags_of "$class"
    tags=$reply
    # What holds a part only must not be taken for the newest of all.
    ((${#only[@]} == 0)) || tags=${reply/#remanence,/remanence-part,}
    restic_do backup "${options[@]}" --files-from-raw "$work/list" --tag "$tags" || true
    case $fault in
      none) ;;
      incomplete) code=4 ;;
      *) give_up_restic "the backup could not be made" ;;
    esac
    # Older versions say nothing but a line of what vanished or could not be read.
    if grep -qF -e ' does not exist, skipping' -e 'error: ' -- "$work/restic.log"; then code=4; fi
  done
  inside=()
  # And some of a root that vanished not even that.
  for i in "${!chosen[@]}"; do
    if [[ ! -e ${chosen[$i]} && ! -L ${chosen[$i]} ]]; then code=4; fi
  done
  result="restic, $target"
}

# Forgets what is older than what is to be kept; the room comes back once a week, after the check.
forget_restic() {
  ((${#retain[@]} > 0)) || return 0
  part_name
  restic_do forget --quiet --tag "remanence,$reply" --host "$host" --group-by host,tags "${retain[@]}" && return 0
  [[ $fault == locked ]] || die 2 "the backup is there, but restic could not forget old ones"
  warn "old backups were not forgotten: another run is at work in the repository; the next run does it"
}

# Reads a tenth of the data each week, another one each time; what is no longer needed is removed only from a repository
# that is in order.
check_restic() {
  reply="THE WEEKLY CHECK OF THE BACKUPS FAILED: the repository $target may be damaged"
  restic_do check --quiet --read-data-subset "$(($(date +%s) / 604800 % 10 + 1))/10" >&2 || return 1
  ((${#retain[@]} == 0)) || restic_do prune --quiet >&2 || warn "the room of old backups could not be freed; the next check tries again"
}
