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

decrypt() {
  case $1 in
    *.age)
      [[ -n $identity ]] || die 2 "the archive is encrypted: --identity FILE"
      age -d -i "$identity" -- "$1"
      ;;
    *.gpg) gpg --batch --decrypt -- "$1" ;;
    *) cat -- "$1" ;;
  esac
}

newest_archive() {
  local archive found=''
  part_name
  for archive in "$target/remanence-$host-$reply-"[0-9][0-9][0-9][0-9]-*.tar.zst*; do
    [[ $archive == *.part || $archive == *.sha256 || ! -f $archive ]] || found=$archive
  done
  [[ -n $found ]] || die 2 "no archive of $host ($reply) in $target"
  reply=$found
}

# Puts what was saved of the chosen roots below the folder `stage`.
unpack_tar() {
  local archive=$from codes members=() i
  need_tools tar zstd sha256sum
  if [[ -z $archive ]]; then
    newest_archive
    archive=$reply
  fi
  [[ -f $archive ]] || die 2 "there is no archive $archive"
  if [[ -f $archive.sha256 ]]; then
    (cd -- "$(dirname -- "$archive")" && sha256sum --quiet -c -- "$(basename -- "$archive").sha256") >/dev/null 2>&1 ||
      die 2 "$archive is damaged: its checksum is wrong"
  fi
  source_name=${archive##*/}
  [[ $dry_run == no ]] || return 0
  for i in "${!chosen[@]}"; do members+=(".${chosen[$i]}"); done
  set +e
  decrypt "$archive" | zstd -dcq | tar --extract --file=- -C "$stage" --preserve-permissions --acls --xattrs \
    --xattrs-include='*' --sparse --keep-old-files --no-wildcards -- "${members[@]}" 2>"$stage.log"
  codes=("${PIPESTATUS[@]}")
  set -e
  # tar says 2 when a member is not in the archive: an entry that was not there when it was made.
  if ((codes[0] != 0 || codes[1] != 0)) || { ((codes[2] != 0)) && grep -qv 'Not found in archive\|Exiting with failure' "$stage.log"; }; then
    plain "$(cat "$stage.log")" >&2
    die 2 "the archive could not be read; what came out of it is in $stage"
  fi
  rm -f -- "$stage.log"
}

unpack_restic() {
  local i includes=()
  need_tools restic
  export RESTIC_REPOSITORY=$target
  check_password_file
  source_name=${from:-latest}
  [[ $dry_run == no ]] || return 0
  for i in "${!chosen[@]}"; do
    restic restore --quiet "${from:-latest}" --host "$host" --tag "remanence,class-${chosen_classes[$i]}" \
      --include "$(restic_literal "${chosen[$i]}")" --target "$stage" >/dev/null || die 2 "restic failed; what came out of it is in $stage"
  done
}

restic_literal() {
  local text=${1//\\/\\\\}
  text=${text//\*/\\*}
  text=${text//\?/\\?}
  printf '%s' "${text//\[/\\[}"
}

# The mount that holds a path: a rename does not leave it.
mount_of() {
  while [[ ! -d $1 ]]; do set -- "$(dirname -- "$1")"; done
  reply="$(findmnt -n -o ID -T "$1" | tail -n 1) $(stat -c %d -- "$1")"
}

# Moves a restored tree to its place; a place on another mount gets a copy under a name that is never taken for data
# until it is complete.
place() {
  local staged=$1 final=$2 staged_mount
  mkdir -p -- "${final%/*}" || return 1
  if is_empty_directory "$final"; then rmdir -- "$final" || return 1; fi
  mount_of "${staged%/*}"
  staged_mount=$reply
  mount_of "${final%/*}"
  if [[ $reply != "$staged_mount" ]]; then
    rm -rf --one-file-system -- "$final.remanence-partial"
    cp -a --sparse=auto -T -- "$staged" "$final.remanence-partial" || return 1
    sync -f -- "$final.remanence-partial"
    mv -nT -- "$final.remanence-partial" "$final"
    [[ ! -e $final.remanence-partial ]] || return 1
  else
    sync -f -- "$staged"
    mv -nT -- "$staged" "$final"
    [[ ! -e $staged && ! -L $staged ]] || return 1
  fi
  sync -f -- "${final%/*}"
}

tell() {
  if [[ $format == json ]]; then
    printf '%s{ "path": %s, "action": "%s", "says": %s }' "$separator" "$(json "$1")" "$2" "$(json "$3")"
    separator=', '
  else
    printf '  %-40s %s\n' "$(plain "$(short "$1")")" "$3"
  fi
}

main() {
  local i final staged stage='' chosen=() chosen_classes=() refused=0 placed=0 separator='' source_name=''
  options "$@"
  choose_user
  settings
  lock
  for i in "${!root_paths[@]}"; do
    final=${root_paths[$i]}
    is_wanted_root "$final" || continue
    if is_host_bound "$final" && ((${#only[@]} == 0)); then continue; fi
    chosen+=("$final") chosen_classes+=("${root_classes[$i]}")
  done
  ((${#chosen[@]} > 0)) || die 2 "nothing of that name is backed up here"
  if [[ $dry_run == no ]]; then
    stage=$(mktemp -d -- "$home/.remanence-restore-XXXXXX")
  fi
  "unpack_$engine"
  [[ $format == text ]] || printf '{ "version": 1, "from": %s, "entries": [ ' "$(json "$source_name")"
  for i in "${!chosen[@]}"; do
    final=${chosen[$i]}
    staged=$stage$final
    if [[ $dry_run == yes ]]; then
      kind_of "$final"
      if [[ $reply == none ]] || is_empty_directory "$final"; then
        tell "$final" restore 'would be restored, if it is in the backup'
      else
        refused=$((refused + 1))
        tell "$final" refuse 'REFUSED: something is there, and stays'
      fi
      continue
    fi
    if [[ ! -e $staged && ! -L $staged ]]; then
      tell "$final" absent 'not in the backup'
    elif { [[ -e $final || -L $final ]] && ! is_empty_directory "$final"; } || ! place "$staged" "$final"; then
      refused=$((refused + 1))
      tell "$final" refuse "REFUSED: something is there, and stays; the restored copy is $(short "$staged")"
    else
      placed=$((placed + 1))
      journal "restore $final from $source_name"
      tell "$final" restore 'restored'
    fi
  done
  # Folders that are empty now; what was refused stays in them.
  if [[ -n $stage ]]; then find "$stage" -depth -type d -empty -delete; fi
  if [[ $format == json ]]; then
    printf ' ], "refused": %s }\n' "$refused"
  else
    say ""
    if [[ $dry_run == yes ]]; then
      say "from $source_name; nothing was changed."
    else
      say "$placed restored from $source_name, $refused refused. Put the links in place: link.sh"
    fi
  fi
  ((refused == 0)) || exit 3
}

main "$@"
