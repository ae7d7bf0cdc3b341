#!/usr/bin/env bash
# shellcheck disable=SC2154 # follows common.sh and the settings of a host

usage() {
  cat <<'END'
Lets what is discarded go when it is old: caches and logs that nothing has changed for the time that the manifest says.
Works only on real directories of this user, never through a link; what is kept inside stays. systemd-tmpfiles does the
work, by modification time.

  --dry-run         show how much would go, change nothing
  --only PATH...    only these
  --format FORMAT   text (default) or json
  --yes             accepted; nothing is asked
  --help            this text

Exit codes: 0 done or nothing to do, 2 could not run, 75 another run is at work.
END
}

aged=() aged_patterns=() aged_ages=() aged_what=()
# aged USER path|pattern PATH AGE all|files: a place whose content may go; files: its directories stay.
aged() {
  [[ $1 == "$me" ]] || return 0
  aged_patterns+=("$2")
  aged+=("$3")
  aged_ages+=("$4")
  aged_what+=("$5")
}

spared=()
# spared USER PATH: a place inside that stays as it is.
spared() {
  [[ $1 == "$me" ]] || return 0
  if [[ $2 == /* ]]; then spared+=("$2"); else spared+=("$home/$2"); fi
}

# The directories that PATH means, into `found`: each step a real directory of ours, no link on the way.
expand() {
  local rest=$1 at=$home part candidate
  found=()
  if [[ $rest == /* ]]; then
    at=
    rest=${rest#/}
  fi
  step "$at" "$rest" "$2"
}

step() {
  local at=$1 rest=$2 how=$3 part candidate pattern
  part=${rest%%/*}
  if [[ $rest == */* ]]; then rest=${rest#*/}; else rest=; fi
  if [[ $how == pattern && $part == *[*?]* ]]; then
    # Of a shell's pattern only * and ? are meant.
    pattern=${part//\\/\\\\}
    pattern=${pattern//\[/\\[}
    for candidate in "$at"/*; do
      # shellcheck disable=SC2053 # it is a pattern
      if [[ ${candidate##*/} == $pattern ]]; then enter "$candidate" "$rest" "$how"; fi
    done
  else
    enter "$at/$part" "$rest" "$how"
  fi
}

enter() {
  [[ -d $1 && ! -L $1 ]] || return 0
  if [[ -n $2 ]]; then
    step "$1" "$2" "$3"
  elif [[ -O $1 && $(realpath -- "$1") == "$1" ]]; then
    found+=("$1")
  fi
}

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

# find's own count of what would go: `files` and `bytes`.
count() {
  local dir=$1 age=$2 number=${2%?} minutes skip=() place
  case $age in
    *h) minutes=$((number * 60)) ;;
    *d) minutes=$((number * 1440)) ;;
    *w) minutes=$((number * 10080)) ;;
  esac
  for place in ${spared[@]+"${spared[@]}"}; do skip+=(! -path "$(find_literal "$place")" ! -path "$(find_literal "$place")/*"); done
  read -r files bytes < <(find "$dir" -xdev -mindepth 1 ! -type d ${skip[@]+"${skip[@]}"} -mmin "+$minutes" -printf '%b\n' |
    awk '{ n += 1; b += $1 * 512 } END { printf "%d %d\n", n, b }')
}

find_literal() {
  local text=${1//\\/\\\\}
  text=${text//\*/\\*}
  text=${text//\?/\\?}
  printf '%s' "${text//\[/\\[}"
}

main() {
  local i found dir files bytes total=0 all=0 lines='' separator='' what
  shopt -s nullglob dotglob
  options "$@"
  need_user
  settings
  check_only ${aged[@]+"${aged[@]}"}
  lock
  [[ $format == text ]] || printf '{ "version": 1, "dryRun": %s, "entries": [ ' "$([[ $dry_run == yes ]] && echo true || echo false)"
  for i in "${!aged[@]}"; do
    wanted "${aged[$i]}" || continue
    expand "${aged[$i]}" "${aged_patterns[$i]}"
    for dir in ${found[@]+"${found[@]}"}; do
      count "$dir" "${aged_ages[$i]}"
      total=$((total + bytes)) all=$((all + files))
      tmpfiles_path "$dir"
      what=mM
      if [[ ${aged_what[$i]} == files ]]; then what=m; fi
      lines+="e $reply - - - $what:${aged_ages[$i]}"$'\n'
      if [[ $format == json ]]; then
        printf '%s{ "path": %s, "age": "%s", "files": %s, "bytes": %s }' "$separator" "$(json "$dir")" "${aged_ages[$i]}" "$files" "$bytes"
        separator=', '
      elif ((files > 0)); then
        printf '  %-44s %8s files %10s   older than %s\n' "$(plain "$(short "$dir")")" "$files" "$(human "$bytes")" "${aged_ages[$i]}"
      fi
    done
  done
  for dir in ${spared[@]+"${spared[@]}"}; do
    tmpfiles_path "$dir"
    lines+="x $reply"$'\n'
  done
  if [[ $dry_run == no && $all -gt 0 ]]; then
    command -v systemd-tmpfiles >/dev/null || die 2 "systemd-tmpfiles is not installed"
    printf '%s' "$lines" >"$state/clean.conf"
    systemd-tmpfiles --user --clean "$state/clean.conf" || die 2 "systemd-tmpfiles failed"
    journal "clean $all files, $total bytes"
  fi
  if [[ $format == json ]]; then
    printf ' ], "files": %s, "bytes": %s }\n' "$all" "$total"
  else
    say "$all files, $(human "$total"), $([[ $dry_run == yes ]] && printf 'would go' || printf 'went')."
  fi
}

main "$@"
