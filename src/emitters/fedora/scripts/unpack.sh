#!/usr/bin/env bash
# shellcheck disable=SC2154,SC2034 # stands between backups.sh and restore.sh

# --- out of the backup --------------------------------------------------------------------------------------------

decrypt() {
  case $1 in
    *.age) age -d -i "$identity" -- "$1" ;;
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

# Finds what to restore from, before anything is made: sets `archive` and `source_name`.
find_tar() {
  need_tools tar zstd sha256sum
  archive=$from
  if [[ -z $archive ]]; then
    newest_archive
    archive=$reply
  fi
  [[ -f $archive ]] || die 2 "there is no archive $archive"
  case $archive in
    *.age)
      need_tools age
      [[ -n $identity ]] || die 2 "the archive is encrypted: --identity FILE"
      ;;
    *.gpg) need_tools gpg ;;
  esac
  source_name=${archive##*/}
  [[ -f $archive.sha256 ]] || return 0
  (cd -- "$(dirname -- "$archive")" && sha256sum --quiet -c -- "$source_name.sha256") >/dev/null 2>&1 ||
    die 2 "$archive is damaged: its checksum is wrong"
}
archive=

# Puts what was saved of the given roots below the folder `stage`.
unpack_tar() {
  local root members=()
  for root in "$@"; do members+=(".$root"); done
  extract "$stage" "${members[@]}" && return 0
  if grep -q 'Cannot hard link to' "$work/tar.log"; then unpack_whole "$@" && return 0; fi
  plain "$(cat -- "$work/tar.log")" >&2
  give_up "the archive could not be read"
}

# A chosen file may be a hard link to one that was not: all is unpacked, and the chosen part kept.
unpack_whole() {
  local root whole
  whole=$(mktemp -d -- "$home/.remanence-restore-XXXXXX")
  if ! extract "$whole"; then
    rm -rf --one-file-system -- "$whole"
    return 1
  fi
  rm -rf --one-file-system -- "$stage" && mkdir -- "$stage" || return 1
  for root in "$@"; do
    [[ -e $whole$root || -L $whole$root ]] || continue
    mkdir -p -- "$stage${root%/*}" && mv -T -- "$whole$root" "$stage$root" || return 1
  done
  rm -rf --one-file-system -- "$whole"
}

# extract FOLDER MEMBER…: tar says 2 when a member is not in the archive, which is an entry that was not there when it
# was made; and it warns of labels that are not ours to set.
extract() {
  local codes=(0 0 0) folder=$1
  shift
  if ! decrypt "$archive" | zstd -dcq | tar --extract --file=- -C "$folder" --preserve-permissions --acls --xattrs \
    --xattrs-include='*' --sparse --no-unquote --no-wildcards -- "$@" 2>"$work/tar.log"; then
    codes=("${PIPESTATUS[@]}")
  fi
  ((codes[0] == 0 && codes[1] == 0)) || return 1
  case ${codes[2]} in
    0) return 0 ;;
    2) ! grep -qv -e ': Not found in archive$' -e ": Cannot set '.*' extended attribute for file" \
      -e ': Exiting with failure status due to previous errors$' "$work/tar.log" ;;
    *) return 1 ;;
  esac
}

# give_up MESSAGE: could not run; a folder without any file in it goes.
give_up() {
  if [[ -z $(find "$stage" ! -type d -print -quit) ]]; then
    rm -rf --one-file-system -- "$stage"
    die 2 "$1"
  fi
  die 2 "$1; what came out of it is in $stage"
}

find_restic() {
  open_restic
  restic cat config >/dev/null 2>&1 || die 2 "no repository that opens with this password at $target"
  source_name=${from:-latest}
}

list_tar() {
  decrypt "$archive" | zstd -dcq | tar --list --file=- --quoting-style=literal | sed 's/^\.//'
}

unpack_restic() {
  local class i found includes options=(--target "$stage" --host "$host")
  if [[ $(restic restore --help) == *--sparse* ]]; then options+=(--sparse); fi
  for class in secret data config state; do
    includes=()
    for i in "${!chosen[@]}"; do
      [[ -n $from || ${chosen_classes[$i]} == "$class" ]] || continue
      restic_literal "${@:i+1:1}"
      includes+=(--include "$reply")
    done
    ((${#includes[@]} > 0)) || continue
    tags_of "$class"
    if [[ -n $from ]]; then
      restic restore "$from" "${options[@]}" "${includes[@]}" >/dev/null || give_up "restic failed"
      return 0
    fi
    # Of a class that was not there when the backup was made there is no snapshot.
    found=$(restic snapshots --json --host "$host" --tag "$reply") || give_up "restic failed"
    [[ $found == *'"id"'* ]] || continue
    restic restore latest "${options[@]}" --tag "$reply" "${includes[@]}" >/dev/null || give_up "restic failed"
  done
}

list_restic() {
  local class
  if [[ -n $from ]]; then
    restic ls "$from"
    return
  fi
  for class in secret data config state; do
    tags_of "$class"
    restic ls latest --host "$host" --tag "$reply" 2>/dev/null || :
  done
}

# Unpacks what was chosen. Where nothing of the home is in the backup, it may have been made when the home had another
# path: then that is looked for.
unpack() {
  local root was above old=() of_home=no
  "unpack_$engine" "${chosen[@]}"
  for root in "${chosen[@]}"; do
    [[ $root == "$home"/* ]] || continue
    of_home=yes
    if [[ -e $stage$root || -L $stage$root ]]; then return 0; fi
  done
  [[ $of_home == yes ]] || return 0
  find_former_home
  [[ -n $reply ]] || return 0
  was=$reply
  warn "this was saved when the home was $(plain "$was")"
  for root in "${chosen[@]}"; do
    if [[ $root == "$home"/* ]]; then old+=("$was${root#"$home"}"); else old+=("$root"); fi
  done
  rm -rf --one-file-system -- "$stage" && mkdir -- "$stage"
  "unpack_$engine" "${old[@]}"
  [[ -d $stage$was ]] || return 0
  mv -T -- "$stage$was" "$stage.home"
  if [[ $was == /*/* ]]; then
    above=${was%/*}
    (cd -- "$stage" && rmdir -p --ignore-fail-on-non-empty -- "${above#/}")
  fi
  mkdir -p -- "$stage${home%/*}"
  mv -T -- "$stage.home" "$stage$home"
}

# The path that the home had when the backup was made, or nothing: the one below which most of what was chosen is found.
find_former_home() {
  local root
  for root in "${chosen[@]}"; do
    if [[ $root == "$home"/* ]]; then printf '%s\n' "${root#"$home"/}"; fi
  done >"$work/wanted"
  reply=$("list_$engine" | awk '
    NR == FNR { wanted[$0] = 1; next }
    {
      rest = $0
      sub("/$", "", rest)
      for (at = length(rest); at > 1; at--) {
        if (substr(rest, at, 1) != "/" || !(substr(rest, at + 1) in wanted)) continue
        found[substr(rest, 1, at - 1)]++
      }
    }
    END {
      for (place in found) {
        if (found[place] < most || (found[place] == most && length(place) >= length(best))) continue
        best = place
        most = found[place]
      }
      print best
    }
  ' "$work/wanted" -) || reply=
}
