#!/usr/bin/env bash
# shellcheck disable=SC2154,SC2034 # stands between backups.sh and backup.sh

# --- what is in the chosen roots ----------------------------------------------------------------------------------

# A path as a regular expression of find, which matches whole paths; * and ? of a pattern stay in one component, and ?
# is a character, not a byte.
regex_of() {
  local text=$1 i c
  reply=
  for ((i = 0; i < ${#text}; i++)); do
    c=${text:i:1}
    case $2$c in
      'pattern*') reply+='[^/]*' ;;
      'pattern?') reply+=$'[^/\200-\277][\200-\277]*' ;;
      *[].\\^\$\|\(\)+{}[*?]) reply+=\\$c ;;
      *) reply+=$c ;;
    esac
  done
}

# True where a pattern can match something below a root.
can_match_in() {
  local fixed=${1%%[*?]*}
  fixed=${fixed%/*}
  [[ $fixed == "$2" || $fixed == "$2"/* || $2 == "$fixed"/* ]]
}

# prepare_walks: what of it depends on a root alone, once for all.
walk_words=() walk_starts=()
prepare_walks() {
  local n i root regexes=() behind=() roots=()
  for i in "${!left_out[@]}"; do
    regex_of "./${left_out[$i]#/}" "${left_out_patterns[$i]}"
    regexes+=("$reply")
  done
  for i in "${!left_behind[@]}"; do
    regex_of "./${left_behind[$i]#/}" path
    behind+=("$reply\\.remanence-[^/]*")
  done
  for i in "${!chosen[@]}"; do
    regex_of "./${chosen[$i]#/}" path
    roots+=("$reply")
  done
  for n in "${!chosen[@]}"; do
    root=${chosen[$n]}
    walk_starts+=("${#walk_words[@]}")
    for i in "${!left_out[@]}"; do
      if [[ ${left_out[$i]} == "$root" || ${left_out[$i]} == "$root"/* ]] ||
        { [[ ${left_out_patterns[$i]} == pattern ]] && can_match_in "${left_out[$i]}" "$root"; }; then
        walk_words+=(-o -regex "${regexes[$i]}")
      fi
    done
    for i in "${!left_behind[@]}"; do
      if [[ ${left_behind[$i]} == "$root"/* ]]; then walk_words+=(-o -regex "${behind[$i]}"); fi
    done
    for i in "${!chosen[@]}"; do
      if [[ ${chosen[$i]} == "$root"/* ]]; then walk_words+=(-o -regex "${roots[$i]}"); fi
    done
  done
  walk_starts+=("${#walk_words[@]}")
}

# walk NUMBER ACTION…: find's ACTION for what is below a chosen root and not left out, as ./path relative to /. It stays
# on one file system, and out of other roots: they are walked by themselves.
walk() {
  local root=${chosen[$1]} i prune=() expression=()
  prune=("${walk_words[@]:walk_starts[$1]:walk_starts[$1 + 1]-walk_starts[$1]}")
  shift
  for i in "${!caches[@]}"; do
    [[ ${caches[$i]} == "$root"/* ]] || continue
    regex_of "./${caches[$i]#/}" path
    prune+=(-o -regex "$reply/[^/]*" '!' -name CACHEDIR.TAG)
  done
  if ((${#prune[@]} > 0)); then
    regex_of "./${root#/}" path
    expression=('(' "${prune[@]:1}" ')' '!' -regex "$reply" -prune -o)
  fi
  (cd / && find "./${root#/}" -xdev -regextype posix-extended "${expression[@]}" "$@")
}

# The files of the chosen roots, each ended by NUL, but for those that something else takes the place of; 1 where something
# vanished meanwhile or could not be read.
list_files() {
  walk_all ! -type s -print0 | without_replaced
}

walk_all() {
  local n failed=0
  for n in "${!chosen[@]}"; do walk "$n" "$@" || failed=1; done
  return "$failed"
}

without_replaced() {
  if [[ -s $work/replaced ]]; then grep -zavxF -f "$work/replaced" || (($? == 1)); else cat; fi
}

# measure walk NUMBER|walk_all: what is not in directories, of a chosen root or of all, in bytes on the disk.
measure() {
  reply=$("$@" '!' -type d -printf '%b\n' 2>/dev/null | awk '{ sum += $1 } END { printf "%.0f", sum * 512 }') || :
  reply=${reply:-0}
}

# --- what a look at the roots shows -------------------------------------------------------------------------------

caches=() gaps=() marked=no
# Sets `caches`, the directories that are marked as such (CACHEDIR.TAG) and not kept by name, and `gaps`, where another file
# system begins, which must not pass in silence; nor must a link that stands where state should be, of which only the link
# is saved.
survey() {
  local n kind device inode path first
  prepare_walks
  for n in "${!chosen[@]}"; do
    if [[ -L ${chosen[$n]} ]]; then
      warn "$(plain "$(short "${chosen[$n]}")") is a link to $(plain "$(readlink -- "${chosen[$n]}")"): only the link is saved"
      code=4
      continue
    fi
    look_above "${chosen[$n]}"
    first=
    while IFS=' ' read -r -d '' kind device inode path; do
      path=${path#.}
      if [[ $kind == tag ]]; then
        note_cache "${path%/*}"
      elif [[ -z $first ]]; then
        first=$device
      elif [[ $device != "$first" ]] || is_hidden_here "$path" "$inode"; then
        gaps+=("$path")
      fi
    done < <(walk "$n" '(' -type d -printf 'directory %D %i %p\0' ')' -o \
      '(' -name CACHEDIR.TAG -type f -printf 'tag - - %p\0' ')' 2>/dev/null)
  done
  tell_gaps
}

tell_gaps() {
  local path inside=()
  for path in ${gaps[@]+"${gaps[@]}"}; do
    if is_in_cache "$path" || is_in_store "$path"; then continue; fi
    inside+=("$path")
    warn "$(plain "$path") is another file system: what is in it is not saved"
    code=4
  done
  gaps=(${inside[@]+"${inside[@]}"})
  ((${#caches[@]} == 0)) || warn "left out, as they are marked as caches: ${#caches[@]} directories with a CACHEDIR.TAG"
}

is_in_cache() {
  local cache
  for cache in ${caches[@]+"${caches[@]}"}; do
    [[ $1 == "$cache"/* ]] && return 0
  done
  return 1
}

bound=()
# True for what is read from a snapshot.
is_from_snapshot() {
  local base
  for base in ${bound[@]+"${bound[@]}"}; do
    [[ $1 == "$base" || $1 == "$base"/* ]] && return 0
  done
  return 1
}

# In a snapshot a subvolume is an empty directory with this number, and nothing is mounted.
is_hidden_here() {
  [[ $2 == 2 || -n ${was_mounted["$1"]-} ]] && is_from_snapshot "$1"
}
declare -A was_mounted=()

has_cache_mark() {
  local head=
  [[ -f $1/CACHEDIR.TAG && -r $1/CACHEDIR.TAG ]] || return 1
  IFS= read -r -N 43 head 2>/dev/null <"$1/CACHEDIR.TAG" || return 1
  [[ $head == 'Signature: 8a477f597d28d172789f06886806bc55' ]]
}

# A mark counts only where the manifest names neither the directory nor anything in it.
note_cache() {
  local path
  has_cache_mark "$1" || return 0
  for path in "${chosen[@]}" ${kept_inside[@]+"${kept_inside[@]}"}; do
    if [[ $path == "$1" || $path == "$1"/* ]]; then
      marked=yes
      return 0
    fi
  done
  caches+=("$1")
}

# Sets `marked` where a root lies in something that is marked.
look_above() {
  local above=${1%/*}
  while [[ -n $above ]]; do
    if has_cache_mark "$above"; then marked=yes; fi
    above=${above%/*}
  done
}
