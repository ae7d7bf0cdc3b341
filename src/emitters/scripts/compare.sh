#!/usr/bin/env bash
# shellcheck disable=SC2154,SC2034 # stands between choose.sh and restore.sh

# --- the same or not ----------------------------------------------------------------------------------------------

# describe TREE: for each thing at and below it a line of its kind, mode, owner, size, time and link, and one of its
# content, each ended by NUL. `//` ends the path: no path has it.
describe() {
  find "$1" -xdev ! -type s '(' -type f -printf '%P//f %m %U %G %s %T@\0' -o -printf '%P//%y %m %U %G %l\0' ')'
  if [[ -d $1 && ! -L $1 ]]; then
    find "$1" -xdev -type f -printf '%P\0' | (cd -- "$1" && xargs -0 -r sha256sum -z --) | sed -z 's/^\([0-9a-f]*\)  \(.*\)$/\2\/\/\1/'
  elif [[ -f $1 && ! -L $1 ]]; then
    printf '//%s\0' "$(sha256sum <"$1")"
  fi
}

# Writes expressions for what is not compared below a place: what backups leave out, what belongs to one machine, and
# entries of their own.
write_ignored() {
  local i rest
  {
    for i in "${!left_out[@]}"; do
      rest=${left_out[$i]#"$1"/}
      [[ $rest != "${left_out[$i]}" ]] || continue
      if [[ ${left_out_patterns[$i]} == pattern ]]; then
        printf '%s\n' "$rest" | sed $'s/[].\\\\^$|()+{}[]/\\\\&/g; s/*/[^\\/]*/g; s/?/[^\\/\200-\277][\200-\277]*/g'
      else
        literally "$rest"
      fi
    done
    for i in "${!root_paths[@]}"; do
      if [[ ${root_paths[$i]} == "$1"/* ]]; then literally "${root_paths[$i]#"$1"/}"; fi
    done
    if [[ $host_bound == no && $1 == */.config ]]; then echo 'monitors\.xml'; fi
    if [[ $host_bound == no ]]; then echo '(.*/)?\.config/monitors\.xml'; fi
    if [[ $host_bound == no && $1 == */.config* ]]; then echo '(chezmoi/)?chezmoistate\.boltdb'; fi
    if [[ $host_bound == no && $1 == /etc/ssh ]]; then echo 'ssh_host_.*'; fi
    if [[ $host_bound == no && $1 == /var/lib/systemd ]]; then echo 'random-seed'; fi
  } | sed 's/.*/^&(\/.*)?\/\//' >"$work/ignored"
}

literally() { printf '%s\n' "$1" | sed 's/[].\\^$|()+{}*?[]/\\&/g'; }

# True where what is restored and what is here are the same, but for what is not compared. Else `changed`, `missing` and
# `new` say of how many paths: other here, not here, only here.
is_same_as() {
  write_ignored "$2"
  describe "$1" | grep -zvEf "$work/ignored" | sort -z >"$work/then" || :
  describe "$2" | grep -zvEf "$work/ignored" | sort -z >"$work/here" || :
  cmp -s -- "$work/then" "$work/here" && return 0
  paths_only "$work/then" "$work/here" -23 >"$work/only-then"
  paths_only "$work/then" "$work/here" -13 >"$work/only-here"
  changed=$(comm -z -12 "$work/only-then" "$work/only-here" | count)
  missing=$(comm -z -23 "$work/only-then" <(paths_only "$work/here" /dev/null -23) | count)
  new=$(comm -z -13 <(paths_only "$work/then" /dev/null -23) "$work/only-here" | count)
  return 1
}
changed=0 missing=0 new=0

paths_only() { comm -z "$3" -- "$1" "$2" | sed -z 's|//.*||' | sort -zu; }
count() { tr -dc '\0' | wc -c; }

# --- a rehearsal --------------------------------------------------------------------------------------------------

# Restores everything to where nothing is, verifies it, and compares it with what is here. Changes nothing, and ends with
# 1 where something is not as it is in the backup.
rehearse() {
  local i findings=0 result staged bytes=0
  announce
  for i in "${order[@]}"; do bytes=$((bytes + sizes[i])); done
  find_rehearsal_base "$bytes"
  unpack_all
  [[ $format == text ]] || printf '{ "version": 1, "from": %s, "entries": [ ' "$(json "$source_name")"
  for i in "${order[@]}"; do
    compare_entry "$i"
    [[ $result == same || $result == nothing ]] || findings=$((findings + 1))
    tell_compared "$i"
  done
  for i in "${!stage_in[@]}"; do remove "${stage_in["$i"]}"; done
  if [[ $format == json ]]; then
    printf ' ], "findings": %s }\n' "$findings"
  else
    say ""
    say "$(plain "$source_name") was restored and verified, and is deleted again; $findings of ${#order[@]} entries are not as they are in it."
  fi
  if ((findings > 0)); then exit 1; fi
}

# The home, or the state of the system; another disk where there is no room.
find_rehearsal_base() {
  local at
  for at in "$home" /var/tmp; do
    one_base=$at
    if (($(df --output=avail --block-size=1 -- "$at" | tail -n 1) > $1 + $1 / 20)); then return 0; fi
  done
}

# Sets `result` to same, differs, missing (here), absent (in the backup), refuse, or nothing (neither here nor there).
compare_entry() {
  local final=${finals[$1]}
  changed=0 missing=0 new=0
  case ${actions[$1]} in
    refuse) result=refuse ;;
    absent) if [[ -e $final || -L $final ]]; then result=absent; else result=nothing; fi ;;
    *)
      staged_at "$1"
      staged=$reply
      if [[ ! -e $final && ! -L $final ]]; then
        result=missing
      elif is_same_as "$staged" "$final"; then
        result=same
      else
        result=differs
      fi
      ;;
  esac
}

tell_compared() {
  local i=$1 bytes=${sizes[$1]} said
  case $result in
    same) said='the same' ;;
    differs) said="differs since: $changed changed, $missing gone, $new new here" ;;
    missing) said='not here' ;;
    absent) said='not in the backup' ;;
    nothing) said='neither here nor in the backup' ;;
    refuse) said="could not be restored: ${reasons[$i]}" ;;
  esac
  if [[ $format == json ]]; then
    printf '%s{ "path": %s, "result": "%s", "bytes": %s, "changed": %s, "missing": %s, "new": %s, "says": %s }' "$separator" \
      "$(json "${finals[$i]}")" "$result" "$bytes" "$changed" "$missing" "$new" "$(json "$said")"
    separator=', '
  else
    shown "${finals[$i]}"
    printf '  %-40s %10s   %s\n' "$reply" "$(human "$bytes")" "$said"
  fi
}
