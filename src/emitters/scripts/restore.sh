#!/usr/bin/env bash
# shellcheck disable=SC2154,SC2034 # follows the other parts and the settings of a host

usage() {
  cat <<'END'
Brings back what backup.sh saved, or backup.nix on NixOS. It is unpacked to a folder of its own on the disk of its place
and verified there; then each entry moves to its place in one step if nothing is there. What is there already stays, and
the restored copy stays in that folder, unless you say --replace. Run it as a user for that home, as root for the system.
Then, on Fedora, run link.sh; on NixOS the next boot mounts what is in the store.

  --rehearse        restore everything to a temporary folder, verify it, compare it with what is here, delete it
  --replace         exchange what is there for what is restored; what was there stays, as NAME.remanence-original
  --only PATH...    only these (as in the manifest)
  --class CLASS     only this class (secret, data, config, state); may be said again
  --host-bound      also what belongs to one machine (machine-id, host keys, monitors.xml …); or name it with --only
  --from WHAT       an archive, or a snapshot of restic (default: the newest of this host)
  --host NAME       the backup of another host of the manifest; its entries go where this host keeps them
  --repository DIR  where the backups are now: a folder of archives, or a repository of restic
  --password-file FILE  restic: what the repository opens with
  --identity FILE   age: the key that decrypts
  --dry-run         show what would happen, change nothing
  --format FORMAT   text (default) or json
  --yes             ask nothing
  --help            this text

Exit codes: 0 done, 1 the rehearsal found a difference, 2 could not run, 3 something was refused because it would be
unsafe, 4 something is in use, 75 another run is at work.
END
}

# What is left to do.
next_step='Put the links in place: link.sh'

replace_asked=no
rehearsing=
host_bound=no
option() {
  taken=0
  case $1 in
    --replace) replace_asked=yes ;;
    --rehearse) rehearsing=yes ;;
    --host-bound) host_bound=yes ;;
    *)
      valued "$1" "${2-}" || return 1
      [[ -n ${2-} ]] || die 2 "$1 needs a value"
      taken=1
      ;;
  esac
}

valued() {
  case $1 in
    --from) from=$2 ;;
    --identity) identity=$2 ;;
    --host) other=$2 ;;
    --repository) repository=$2 ;;
    --password-file) own_password_file=$2 ;;
    --class)
      [[ $2 == @(secret|data|config|state|) ]] || die 2 "--class is secret, data, config or state"
      classes+=("$2")
      ;;
    *) return 1 ;;
  esac
}

# --- doing --------------------------------------------------------------------------------------------------------

# Unpacks what was decided about: for each mount of a place by itself, so that it gets there by one rename.
unpack_all() {
  local i base bytes files
  local -A groups=()
  for i in "${order[@]}"; do
    [[ ${actions[$i]} == @(restore|replace|keep) ]] || continue
    find_base "${finals[$i]}"
    groups["$reply"]+=" $i"
  done
  for base in "${!groups[@]}"; do
    make_way "${base%/}/x" || die 2 "cannot make $(short "$base")"
    sweep_stages "$base"
    bytes=0 files=0
    for i in ${groups["$base"]}; do
      bytes=$((bytes + sizes[i])) files=$((files + counts[i]))
      stage_of[i]=$base
    done
    check_free "$base" "$bytes" "$files"
  done
  for base in "${!groups[@]}"; do make_stage "$base"; done
  for base in "${!groups[@]}"; do
    # shellcheck disable=SC2086 # numbers
    unpack "${stage_in["$base"]}" ${groups["$base"]}
  done
  take_apart
  put_host_bound_aside
  for i in "${!stage_of[@]}"; do make_as_asked "$i"; done
}

staged_at() {
  reply=${stage_in["${stage_of[$1]}"]}${apart[$1]-}${saved[$1]}
}

# Mode and owner as in the manifest. Nobody but us can reach a stage, so what is looked at stays what it is.
make_as_asked() {
  local final=${finals[$1]} staged
  staged_at "$1"
  staged=$reply
  [[ -e $staged && ! -L $staged ]] || return 0
  if [[ ${entry_owners[$1]} == system ]]; then
    if [[ -n ${owner_of["$final"]-} ]]; then change_owner "${owner_of["$final"]}" "$staged"; fi
    if [[ -n ${group_of["$final"]-} ]]; then change_owner ":${group_of["$final"]}" "$staged"; fi
  fi
  if [[ -n ${mode_of["$final"]-} ]]; then chmod -- "${mode_of["$final"]}" "$staged"; fi
}

# What becomes of the entry of a number, now that it is restored and verified: sets `says`.
carry_out() {
  local final=${finals[$1]} staged copy
  staged_at "$1"
  staged=$reply
  if [[ ! -e $staged && ! -L $staged ]]; then
    # It left with what is around it.
    if came_with_another "$final"; then action=restore says='restored with the directory around it'; else action=absent; fi
    return
  fi
  if is_free "$final" && can_give_way "$final"; then
    if put "$staged" "$final"; then action=restore; else action=refuse reason='it cannot be put there'; fi
  elif [[ ! -L $final ]] && is_same_as "$staged" "$final"; then
    action=same
    remove "$staged"
  elif [[ $action == replace ]]; then
    why_not_replace "$final"
    if [[ -n $reason ]] || ! replace "$staged" "$final"; then action=refuse reason=${reason:-it cannot be put there}; fi
  else
    action=refuse reason=${reason:-something is there, and stays}
  fi
  if [[ $action == refuse ]]; then
    if [[ -e $staged || -L $staged ]]; then reason+="; the restored copy is $(short "$staged")"; fi
  fi
}

# --- saying -------------------------------------------------------------------------------------------------------

said_of() {
  case $action in
    absent) reply='not in the backup' ;;
    same) reply='the same as in the backup' ;;
    refuse) reply="REFUSED: $reason" ;;
    restore | replace)
      reply=${action}d
      if [[ $dry_run == yes ]]; then reply="would be $reply"; fi
      [[ $action == restore ]] || reply+="; what was there stays, as ${1##*/}.remanence-original"
      ;;
    keep) reply="REFUSED: $reason" ;;
  esac
}

tell() {
  local i=$1 bytes=${sizes[$1]} said=$action
  if [[ $action == keep ]]; then said=refuse; fi
  if [[ -z $says ]]; then
    said_of "${finals[$i]}"
    says=$reply
  fi
  if [[ $format == json ]]; then
    printf '%s{ "path": %s, "action": "%s", "bytes": %s, "says": %s }' "$separator" "$(json "${finals[$i]}")" "$said" "$bytes" "$(json "$says")"
    separator=', '
  else
    shown "${finals[$i]}"
    printf '  %-40s %10s   %s\n' "$reply" "$(human "$bytes")" "$says"
  fi
}

# Says before anything is unpacked what will become of how much.
announce() {
  local i bytes=0 count=0 giving_way=0
  for i in "${order[@]}"; do
    [[ ${actions[$i]} == @(restore|replace|keep) ]] || continue
    count=$((count + 1)) bytes=$((bytes + sizes[i]))
    if [[ ${actions[$i]} == replace ]]; then giving_way=$((giving_way + 1)); fi
  done
  if [[ $format == text ]]; then
    say "from $(plain "$source_name"): $count entries, $(human "$bytes"), are unpacked and verified; $giving_way replace what is there."
  fi
}

# What belongs to one machine is asked for on a terminal; without one it stays where it is, and that is said.
ask_for_host_bound() {
  local answer=
  ((${#of_one_machine[@]} > 0)) || return 0
  if [[ $yes == no && $dry_run == no && $format == text && -t 0 && -t 2 ]]; then
    read -r -p "${of_one_machine[*]} belong to one machine. Restore them here too? [y/N] " answer
  fi
  if [[ $answer == [yY]* ]]; then
    host_bound=yes entry_names=() entry_classes=() entry_owners=() finals=() may_be=() may_be_too=()
    choose
  else
    warn "left where they are, since they belong to one machine (--host-bound): ${of_one_machine[*]}"
  fi
}

summary() {
  tell_not_saved
  if [[ $format == json ]]; then
    printf ' ], "refused": %s }\n' "$refused"
    return
  fi
  say ""
  if [[ $dry_run == yes ]]; then
    say "from $(plain "$source_name"); nothing was changed."
  else
    say "${#restored[@]} restored from $(plain "$source_name"), $same the same already, $refused refused. $next_step"
  fi
}

main() {
  local i one action reason code says order=() actions=() reasons=() codes=() sizes=() counts=() stage_of=() restored=()
  local refused=0 same=0 worst=0 separator='' source_name=''
  options "$@"
  choose_user
  settings
  settle_source
  choose
  lock
  ask_for_host_bound
  ((${#entry_names[@]} > 0)) || die 2 "nothing of this is backed up here"
  make_work
  load_mounts
  find_exchanger
  find_no_copy
  "find_$engine"
  if [[ $dry_run == yes ]]; then rehearsing=; fi
  if [[ $dry_run == no && -z $rehearsing ]]; then
    for one in "${may_be[@]}" "${may_be_too[@]}" "${finals[@]}"; do
      settle_replacing "$one" || warn "what a stopped run left beside $(plain "$(short "$one")") could not be settled"
    done
  fi
  locate
  # What is around something comes before it.
  mapfile -t order < <(for i in "${!finals[@]}"; do printf '%s\t%s\n' "${finals[$i]}" "$i"; done | sort | sed 's/.*\t//')
  for i in "${order[@]}"; do
    decide "$i"
    actions[i]=$action reasons[i]=$reason codes[i]=$code
    sizes[i]=${saved_bytes["${sources[$i]} ${saved[$i]}"]-0} counts[i]=${saved_files["${sources[$i]} ${saved[$i]}"]-0}
  done
  if [[ -n $rehearsing ]]; then
    rehearse
    return
  fi
  if [[ $dry_run == no ]]; then
    announce
    unpack_all
    name_stages
  fi
  [[ $format == text ]] || printf '{ "version": 1, "from": %s, "entries": [ ' "$(json "$source_name")"
  for i in "${order[@]}"; do finish "$i"; done
  if ((${#renamed_in[@]} > 0)); then put_on_disk "${!renamed_in[@]}"; fi
  if [[ $dry_run == no ]]; then tidy_stages; fi
  write_journal
  summary
  ((worst == 0)) || exit "$worst"
  [[ $dry_run == yes ]] || ((${#restored[@]} + same > 0)) || die 2 "nothing of this is in $source_name"
}

finish() {
  local i=$1
  action=${actions[$i]} reason=${reasons[$i]} code=${codes[$i]} says=
  # A second place of the same entry counts only where the backup has it there.
  if [[ $dry_run == no && $action == @(restore|replace|keep) ]]; then carry_out "$i"; fi
  case $action in
    restore | replace)
      restored+=("${finals[$i]}")
      if [[ $dry_run == no ]]; then
        label_restored "${finals[$i]}"
        journal "$action ${finals[$i]} from $source_name"
      fi
      ;;
    same) same=$((same + 1)) ;;
    refuse | keep)
      refused=$((refused + 1))
      worst_of "$worst" "$code"
      worst=$reply
      ;;
  esac
  tell "$i"
}

main "$@"
