#!/usr/bin/env bash
# shellcheck disable=SC2154,SC2034 # follows common.sh, backups.sh and the settings of a host

usage() {
  cat <<'END'
Brings back what backup.sh saved, to a folder of its own first; from there each entry moves to its place in one step if
nothing is there. What is there already stays, and the restored copy stays in that folder. Then run link.sh.

  --from WHAT       an archive, or a snapshot of restic (default: the newest of this host)
  --identity FILE   age: the key that decrypts
  --dry-run         show what would happen, change nothing
  --only PATH...    only these; also needed for what belongs to one machine (machine-id, host keys)
  --format FORMAT   text (default) or json
  --yes             accepted; nothing is asked
  --help            this text

Exit codes: 0 done, 2 could not run, 3 something was refused because it would be unsafe, 75 another run is at work.
END
}

from=
identity=
option() {
  case $1 in
    --from) from=${2-} ;;
    --identity) identity=${2-} ;;
    *) return 1 ;;
  esac
  [[ -n ${2-} ]] || die 2 "$1 needs a value"
  taken=1
}

# What belongs to one machine comes back only when it is asked for by name.
is_host_bound() {
  case $1 in
    /etc/machine-id | /etc/ssh/ssh_host_* | /var/lib/systemd/random-seed | */.config/monitors.xml) return 0 ;;
    *) return 1 ;;
  esac
}

# What belongs to one machine and came along in something larger is put aside, unless it was asked for by name.
put_host_bound_aside() {
  local staged path
  while IFS= read -r -d '' staged; do
    path=${staged#"$stage"}
    is_host_bound "$path" || continue
    if is_named "$path"; then continue; fi
    mkdir -p -- "$stage/of-one-machine${path%/*}"
    mv -nT -- "$staged" "$stage/of-one-machine$path"
    warn "$(plain "$(short "$path")") belongs to one machine: it is in $(short "$stage")/of-one-machine"
  done < <(find "$stage" -type f -print0)
}

is_named() {
  local asked
  for asked in ${only[@]+"${only[@]}"}; do
    [[ ${1#"$home"/} == "$asked" ]] && return 0
  done
  return 1
}

# Moves a restored tree to its place; a place on another mount gets a copy under a name that is never taken for data
# until it is complete. Is called where a failure does not stop the script.
place() {
  local staged=$1 final=$2 staged_place mv_options=()
  # Newer versions of mv can be told not to copy where a rename fails.
  if [[ $(mv --help) == *--no-copy* ]]; then mv_options=(--no-copy); fi
  if [[ -n $me ]]; then mkdir -p -- "${final%/*}" || return 1; else (umask 022 && mkdir -p -- "${final%/*}") || return 1; fi
  if is_empty_directory "$final"; then rmdir -- "$final" || return 1; fi
  place_of "${staged%/*}"
  staged_place=$reply
  place_of "$(realpath -- "${final%/*}")"
  if [[ $reply != "$staged_place" ]]; then
    rm -rf --one-file-system -- "$final.remanence-partial" || return 1
    cp -a --sparse=auto -T -- "$staged" "$final.remanence-partial" || return 1
    sync -f -- "$final.remanence-partial" || return 1
    mv -nT -- "$final.remanence-partial" "$final"
    [[ ! -e $final.remanence-partial && ! -L $final.remanence-partial ]] || return 1
    sync -f -- "${final%/*}" || return 1
    rm -rf --one-file-system -- "$staged"
  else
    sync -f -- "$staged" || return 1
    mv "${mv_options[@]}" -nT -- "$staged" "$final"
    [[ ! -e $staged && ! -L $staged ]] || return 1
    sync -f -- "${final%/*}"
  fi
}

tell() {
  if [[ $format == json ]]; then
    printf '%s{ "path": %s, "action": "%s", "says": %s }' "$separator" "$(json "$1")" "$2" "$(json "$3")"
    separator=', '
  else
    printf '  %-40s %s\n' "$(plain "$(short "$1")")" "$3"
  fi
}

is_free() {
  [[ ! -e $1 && ! -L $1 ]] || is_empty_directory "$1"
}

# True where a root that was restored already holds this one.
came_with_another() {
  local other
  for other in ${restored[@]+"${restored[@]}"}; do
    [[ $1 == "$other"/* ]] && return 0
  done
  return 1
}

restore_entry() {
  local final=$1 staged=$stage$1
  # A second place of the same entry counts only where the backup has it there.
  if [[ -n ${is_unlinked["$final"]-} ]] && [[ $dry_run == yes || (! -e $staged && ! -L $staged) ]]; then return 0; fi
  if [[ $dry_run == yes ]]; then
    if is_free "$final"; then
      tell "$final" restore 'would be restored, if it is in the backup'
    else
      refused=$((refused + 1))
      tell "$final" refuse 'REFUSED: something is there, and stays'
    fi
  elif [[ ! -e $staged && ! -L $staged ]]; then
    if came_with_another "$final"; then
      tell "$final" restore 'restored with the directory around it, if it is in the backup'
    else
      tell "$final" absent 'not in the backup'
    fi
  elif ! is_free "$final"; then
    refused=$((refused + 1))
    tell "$final" refuse "REFUSED: something is there, and stays; the restored copy is $(short "$staged")"
  elif ! place "$staged" "$final"; then
    refused=$((refused + 1))
    tell "$final" refuse "REFUSED: it cannot be put there; the restored copy is $(short "$staged")"
  else
    restored+=("$final")
    journal "restore $final from $source_name"
    tell "$final" restore 'restored'
  fi
}

# The empty directories above what left the stage go; what was refused stays.
tidy_stage() {
  local root above
  for root in "${chosen[@]}"; do
    above=${root#/}
    [[ $above == */* && -d $stage/${above%/*} ]] || continue
    (cd -- "$stage" && rmdir -p --ignore-fail-on-non-empty -- "${above%/*}")
  done
  rmdir --ignore-fail-on-non-empty -- "$stage"
}

main() {
  local i final stage='' chosen=() chosen_classes=() restored=() refused=0 separator='' source_name=''
  options "$@"
  choose_user
  settings
  check_only_roots
  lock
  for i in "${!root_paths[@]}"; do
    final=${root_paths[$i]}
    is_wanted_root "$final" || continue
    if is_host_bound "$final" && ((${#only[@]} == 0)); then continue; fi
    chosen+=("$final") chosen_classes+=("${root_classes[$i]}")
  done
  ((${#chosen[@]} > 0)) || die 2 "nothing is backed up here"
  make_work
  "find_$engine"
  if [[ $dry_run == no ]]; then
    stage=$(mktemp -d -- "$home/.remanence-restore-XXXXXX")
    unpack
    put_host_bound_aside
  fi
  [[ $format == text ]] || printf '{ "version": 1, "from": %s, "entries": [ ' "$(json "$source_name")"
  for i in "${!chosen[@]}"; do restore_entry "${chosen[$i]}"; done
  [[ -z $stage ]] || tidy_stage
  write_journal
  if [[ $format == json ]]; then
    printf ' ], "refused": %s }\n' "$refused"
  else
    say ""
    if [[ $dry_run == yes ]]; then
      say "from $source_name; nothing was changed."
    else
      say "${#restored[@]} restored from $source_name, $refused refused. Put the links in place: link.sh"
    fi
  fi
  ((refused == 0)) || exit 3
  [[ $dry_run == yes ]] || ((${#restored[@]} > 0)) || die 2 "nothing of this is in $source_name"
}

main "$@"
