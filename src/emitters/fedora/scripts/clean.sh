#!/usr/bin/env bash
# shellcheck disable=SC2154 # follows common.sh and the settings of a host

# --- clean.sh itself ----------------------------------------------------------------------------------------------

usage() {
  cat <<'END'
Lets what is discarded go when it is old: caches and logs that nothing has changed for the time that the manifest says.
Works only on real directories of this user, never through a link or on a mount inside the home; what is kept inside
stays. systemd-tmpfiles does the work, by modification time.

  --dry-run         show how much would go, change nothing
  --only PATH...    only these
  --format FORMAT   text (default) or json
  --yes             accepted; nothing is asked
  --help            this text

Exit codes: 0 done or nothing to do, 2 could not run, 75 another run is at work.
END
}

aged=() aged_patterns=() aged_ages=() aged_what=()
# aged USER path|pattern PATH AGE all|files: a place whose content may go; files: its directories stay. What never ages
# is only kept out of the others.
aged() {
  [[ $1 == "$me" ]] || return 0
  aged_patterns+=("$2")
  aged+=("$3")
  aged_ages+=("$4")
  aged_what+=("$5")
}

spared=()
# spared USER PATH: a place inside that stays as it is, and what link.sh and unlink.sh keep beside it.
spared() {
  [[ $1 == "$me" ]] || return 0
  local path=$2 place
  [[ $path == /* ]] || path=$home/$path
  for place in "$path" "$path.remanence-original" "$path.remanence-back" "$path.remanence-other"; do
    spared+=("$place")
    decided["$place"]=yes
  done
}

declare -A is_store=()
# apart USER FOLDER: a store. A pattern from outside does not lead into it: there everything lies at another depth, and
# it would find what it does not mean.
apart() {
  [[ $1 == "$me" ]] || return 0
  is_store["$home/$2"]=yes
}

# The directories that PATH means, into `found`: each step a real directory of ours, no link on the way.
expand() {
  local rest=$1 at=$home whole
  found=()
  if [[ $rest == /* ]]; then
    at=
    rest=${rest#/}
  fi
  whole=$at/$rest
  step "$at" "$rest" "$2"
}

step() {
  local at=$1 rest=$2 how=$3 part candidate
  part=${rest%%/*}
  if [[ $rest == */* ]]; then rest=${rest#*/}; else rest=; fi
  if [[ $how == pattern && $part == *[*?]* ]]; then
    for candidate in "$at"/*; do
      if matches "${candidate##*/}" "$part"; then enter "$candidate" "$rest" "$how"; fi
    done
  else
    enter "$at/$part" "$rest" "$how"
  fi
}

# True where a name is one that a pattern of one component means: only * and ? are special, and ? is a character, not a
# byte.
matches() {
  local i c regex=^
  for ((i = 0; i < ${#2}; i++)); do
    c=${2:i:1}
    case $c in
      '*') regex+='.*' ;;
      '?') regex+=$'[^\200-\277][\200-\277]*' ;;
      [].\\^\$\|\(\)+{}[]) regex+=\\$c ;;
      *) regex+=$c ;;
    esac
  done
  [[ $1 =~ $regex$ ]]
}

# True for a place of the home that is on a mount of its own, which may be the same as something that is kept.
is_mounted() {
  local point
  for point in ${mount_points[@]+"${mount_points[@]}"}; do
    [[ $point == "$home"/* && ($1 == "$point" || $1 == "$point"/*) ]] && return 0
  done
  return 1
}

# A name with a line break or the like cannot stand in a rule, and what must stay or was met already is none.
enter() {
  [[ (-d $1 || ($files_too == yes && -z $2 && -e $1)) && ! -L $1 && $1 != *[[:cntrl:]]* ]] || return 0
  if [[ -n ${is_store["$1"]-} && $whole != "$1"/* ]]; then return 0; fi
  if [[ -n $2 ]]; then
    step "$1" "$2" "$3"
  elif [[ -z ${decided["$1"]-} && -O $1 && $(realpath -- "$1") == "$1" ]]; then
    decided["$1"]=yes
    if [[ $files_too == no ]] && is_mounted "$1"; then
      warn "$(short "$1") is on a mount of its own, and left alone"
    else
      found+=("$1")
    fi
  fi
}
declare -A decided=()

# A path as the first field of a tmpfiles.d line, where words are unescaped, % expands and e and x take patterns.
tmpfiles_path() {
  local text=$1 i c
  reply=
  for ((i = 0; i < ${#text}; i++)); do
    c=${text:i:1}
    case $c in
      '*' | '?' | '[' | ']' | '{' | '}') reply+=\\\\$c ;;
      \\) reply+=$c$c$c$c ;;
      '"') reply+='\"' ;;
      %) reply+=%% ;;
      *) reply+=$c ;;
    esac
  done
  reply=\"$reply\"
}

# What systemd-tmpfiles leaves alone besides: directories that a program has locked, and sockets that somebody listens at.
locked=() listening=()
load_busy() {
  local line
  while read -r line; do locked+=(-o -inum "$line"); done < <(sed -n 's/^[0-9]*: *FLOCK .* [0-9a-f]*:[0-9a-f]*:\([0-9]*\) [0-9]* EOF$/\1/p' /proc/locks)
  while IFS= read -r line; do listening+=("$line"); done < <(sed -n 's/^[^/]* \(\/.*\)$/\1/p' /proc/net/unix)
}

# find's own count of what would go from a directory: `files` and `bytes`. Where a file has another name that stays, no
# bytes are freed.
count() {
  local dir=$1 number=${2%?} seconds skip=() busy=() place
  case $2 in
    *h) seconds=$((number * 3600)) ;;
    *d) seconds=$((number * 86400)) ;;
    *w) seconds=$((number * 604800)) ;;
  esac
  for place in ${spared[@]+"${spared[@]}"} "${dirs[@]}" ${mount_points[@]+"${mount_points[@]}"} ${listening[@]+"${listening[@]}"}; do
    [[ $place == "$dir"/* ]] || continue
    place=$(find_literal "$place")
    skip+=(! -path "$place" ! -path "$place/*")
  done
  if ((${#locked[@]} > 0)); then busy=(-mindepth 1 -type d '(' "${locked[@]:1}" ')' -prune -o); fi
  # Device nodes stay, and what has the sticky bit.
  read -r files bytes < <(find "$dir" -xdev -mindepth 1 ${busy[@]+"${busy[@]}"} ! -type d ! -type b ! -type c \
    '(' -type l -o ! -perm -1000 ')' ${skip[@]+"${skip[@]}"} ! -newermt "@$((EPOCHSECONDS - seconds))" -printf '%i %n %b\n' |
    awk '{ n += 1; names[$1] += 1; if (names[$1] == $2) b += $3 * 512 } END { printf "%d %d\n", n, b }')
}

find_literal() {
  local text=${1//\\/\\\\}
  text=${text//\*/\\*}
  text=${text//\?/\\?}
  printf '%s' "${text//\[/\\[}"
}

# All directories that age, into `dirs`, `ages` and `what`, and which of them were asked for; what was not is spared.
find_directories() {
  local i dir found files_too
  for i in "${!aged[@]}"; do
    files_too=no
    if [[ ${aged_ages[$i]} == never ]]; then files_too=yes; fi
    expand "${aged[$i]}" "${aged_patterns[$i]}"
    for dir in ${found[@]+"${found[@]}"}; do
      if [[ ${aged_ages[$i]} == never ]]; then
        spared+=("$dir")
      elif wanted "${aged[$i]}"; then
        dirs+=("$dir") ages+=("${aged_ages[$i]}") what+=("${aged_what[$i]}")
      else
        spared+=("$dir")
      fi
    done
  done
}

# The rules for systemd-tmpfiles: e ages what is in a directory, by m for files and M for directories; x spares.
rules() {
  local i dir
  for i in "${!dirs[@]}"; do
    tmpfiles_path "${dirs[$i]}"
    printf 'e %s - - - %s:%s\n' "$reply" "$([[ ${what[$i]} == files ]] && printf m || printf mM)" "${ages[$i]}"
  done
  for dir in ${spared[@]+"${spared[@]}"}; do
    tmpfiles_path "$dir"
    printf 'x %s\n' "$reply"
  done
}

main() {
  local i files bytes total=0 all=0 separator='' dirs=() ages=() what=()
  shopt -s nullglob dotglob
  options "$@"
  need_user
  settings
  check_only ${aged[@]+"${aged[@]}"}
  lock
  load_mounts
  load_busy
  find_directories
  [[ $format == text ]] || printf '{ "version": 1, "dryRun": %s, "entries": [ ' "$([[ $dry_run == yes ]] && echo true || echo false)"
  for i in "${!dirs[@]}"; do
    count "${dirs[$i]}" "${ages[$i]}"
    total=$((total + bytes)) all=$((all + files))
    if [[ $format == json ]]; then
      printf '%s{ "path": %s, "age": "%s", "files": %s, "bytes": %s }' "$separator" "$(json "${dirs[$i]}")" "${ages[$i]}" "$files" "$bytes"
      separator=', '
    elif ((files > 0)); then
      printf '  %-44s %8s files %10s   older than %s\n' "$(plain "$(short "${dirs[$i]}")")" "$files" "$(human "$bytes")" "${ages[$i]}"
    fi
  done
  if [[ $dry_run == no && $all -gt 0 ]]; then
    command -v systemd-tmpfiles >/dev/null || die 2 "systemd-tmpfiles is not installed"
    say_ahead "$all" files 0 0 "$total"
    rules | systemd-tmpfiles --user --clean - || die 2 "systemd-tmpfiles failed"
    journal "clean $all files, $total bytes"
    write_journal
  fi
  if [[ $format == json ]]; then
    printf ' ], "files": %s, "bytes": %s }\n' "$all" "$total"
  else
    say "$all files, $(human "$total"), $([[ $dry_run == yes ]] && printf 'would go' || printf 'went')."
  fi
}

main "$@"
