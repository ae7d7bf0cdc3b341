#!/usr/bin/env bash
# shellcheck disable=SC2154,SC2034 # stands between apart.sh and choose.sh

# --- where it was when the backup was made ------------------------------------------------------------------------

# The folders of this home in stores outside it, and last the home itself: where each is now, where it was then, and the
# store, whose path does not change with the home's.
homes=() homes_then=() home_stores=()
find_homes() {
  local root folder
  local -A listed=()
  for root in "${!live_name[@]}"; do
    folder=${root%"/${live_name["$root"]}"}
    if [[ $folder == "$root" || $folder/ == "$home"/* || -n ${listed["$folder"]-} ]]; then continue; fi
    listed["$folder"]=yes
    homes+=("$folder")
    home_stores+=("${folder%"${home_of["$me"]-}"}")
  done
  homes+=("$home") home_stores+=('')
  homes_then=("${homes[@]}")
}

# A path of now as it was then.
then_at() {
  local n
  reply=$1
  for n in "${!homes[@]}"; do
    if [[ $1 == "${homes[$n]}"/* ]]; then reply=${homes_then[$n]}${1#"${homes[$n]}"}; fi
  done
}

# Where the backup has nothing at all of one of these, the home had another path then, or its user another name. Sets
# `homes_then`, and `reply` to nothing where all is as it was.
find_former_homes() {
  local n changed=
  : >"$work/taken"
  for n in "${!homes[@]}"; do
    if [[ -n $me && -z $other ]] && ! is_in_backup "${homes[$n]}"; then
      find_former "$n"
      [[ -n $reply ]] || continue
      changed=yes homes_then[n]=$reply
      if [[ -z ${home_stores[$n]} ]]; then
        warn "this was saved when the home was $(plain "$reply")"
      else
        warn "this was saved when what is in $(plain "${homes[$n]}") now was in $(plain "$reply")"
      fi
    fi
    printf '%s\n' "${homes_then[$n]}" >>"$work/taken"
  done
  reply=$changed
}

# True where something below a folder was looked for and found.
is_in_backup() {
  local key
  for key in "${!saved_files[@]}"; do
    [[ ${key#* } == "$1"/* ]] && return 0
  done
  return 1
}

# find_former NUMBER: sets `reply` to the folder below which most of what a home keeps is found, or to nothing. All that it
# keeps is looked for, not only what was asked for: one name alone may be found anywhere. A home in a store is found in that
# store; the home itself in none of those, which have the same names in them.
find_former() {
  local path
  for path in "${root_paths[@]}"; do
    if [[ $path == "${homes[$1]}"/* ]]; then printf '%s\n' "${path#"${homes[$1]}"/}"; fi
  done >"$work/names"
  reply=$(cut -f 3- -- "$work"/list-* | NOW=${homes[$1]} STORE=${home_stores[$1]} awk '
    function is_possible(place,  one) {
      if (ENVIRON["STORE"] != "" && index(place, ENVIRON["STORE"] "/") != 1) return 0
      for (one in taken) if (index(place "/", one "/") == 1) return 0
      return 1
    }
    kind == "name" { kept[$0] = 1; next }
    kind == "taken" { taken[$0] = 1; next }
    {
      rest = $0
      sub(/^\.\//, "/", rest)
      for (at = length(rest); at > 1; at--) {
        if (substr(rest, at, 1) != "/" || !(substr(rest, at + 1) in kept)) continue
        found[substr(rest, 1, at - 1)]++
      }
    }
    END {
      if (ENVIRON["NOW"] in found) exit
      for (place in found) {
        if (found[place] < most || (found[place] == most && length(place) >= length(best))) continue
        if (!is_possible(place)) continue
        best = place
        most = found[place]
      }
      print best
    }
  ' kind=name "$work/names" kind=taken "$work/taken" kind= -) || reply=
}
