#!/usr/bin/env bash
# shellcheck disable=SC2154,SC2034 # stands between swap.sh and restore.sh

# --- what came along in something else ----------------------------------------------------------------------------

kept_roots=()
# kept_here USER PATH PLACE: where this host keeps something that its own backup leaves out.
kept_here() {
  is_mine "$1" || return 0
  absolute "$3"
  kept_roots+=("$reply")
  live_name["$reply"]=$2
}

unwanted=() unwanted_patterns=()
# not_kept NAME OWNER path|pattern PLACE: a place in what that host has saved that is not kept here.
not_kept() {
  [[ $1 == "$other" ]] && is_mine "$2" || return 0
  unwanted+=("$4")
  unwanted_patterns+=("$3")
}

not_saved_names=()
# not_saved NAME OWNER PATH: what both hosts keep, and that one does not back up.
not_saved() {
  [[ $1 == "$other" ]] && is_mine "$2" || return 0
  not_saved_names+=("$3")
}

# Whoever moves must know what does not come along.
tell_not_saved() {
  local name left=()
  for name in ${not_saved_names[@]+"${not_saved_names[@]}"}; do
    wanted "$name" || continue
    absolute "$name"
    left+=("$(plain "$(short "$reply")")")
  done
  ((${#left[@]} > 0)) || return 0
  warn "kept on $other without a backup, so not in it; what you want of this you copy yourself: ${left[*]}"
}

apart=()
# Takes out of what is unpacked what is not to go where the rest of it goes. All of it is in the backup.
take_apart() {
  local n j inside_out=()
  [[ -n $other ]] || return 0
  # What lies in something is longer.
  mapfile -t inside_out < <(for n in "${!there_roots[@]}"; do
    printf '%s %s\n' "${#there_roots[$n]}" "$n"
  done | sort -rn | cut -d' ' -f2)
  for n in "${inside_out[@]}"; do
    for j in "${!stage_of[@]}"; do
      if [[ ${there_roots[$n]} == "${saved[$j]}"/* ]]; then take_out "$n" "$j"; fi
    done
  done
  for n in "${!unwanted[@]}"; do
    for j in "${!stage_of[@]}"; do drop_unwanted "$n" "$j"; done
  done
}

# take_out N NUMBER: what is saved at a root inside an entry goes to a folder of its own, if it is kept elsewhere. What
# is not asked for, or goes to another mount, is not needed here.
take_out() {
  local inner=${there_roots[$1]} staged i
  if find_place "${there_names[$1]}" && [[ $reply == "${finals[$2]}${inner#"${saved[$2]}"}" ]]; then return 0; fi
  staged_at "$2"
  staged=$reply${inner#"${saved[$2]}"}
  [[ -e $staged || -L $staged ]] || return 0
  for i in "${!stage_of[@]}"; do
    [[ ${saved[$i]} == "$inner" && ${stage_of[$i]} == "${stage_of[$2]}" && -z ${apart[$i]-} ]] || continue
    apart[i]=/.apart-$i
    staged_at "$i"
    mkdir -p -- "${reply%/*}"
    mv -nT -- "$staged" "$reply"
    return 0
  done
  rm -rf --one-file-system -- "$staged"
}

# drop_unwanted N NUMBER: where a place that is not kept here lies in an entry, it does not go with it.
drop_unwanted() {
  local rest=${unwanted[$1]#"${saved[$2]}"/} regex
  [[ $rest != "${unwanted[$1]}" ]] || return 0
  staged_at "$2"
  [[ -d $reply && ! -L $reply ]] || return 0
  if [[ ${unwanted_patterns[$1]} == path ]]; then
    rm -rf --one-file-system -- "${reply:?}/$rest"
    return
  fi
  regex=$(sed $'s/[].\\\\^$|()+{}[]/\\\\&/g; s/*/[^\\/]*/g; s/?/[^\\/\200-\277][\200-\277]*/g' <<<"$rest")
  (cd -- "$reply" && find . -regextype posix-extended -regex "\\./$regex" -prune -exec rm -rf --one-file-system -- {} +)
}

# What belongs to one machine and came along in something larger is put aside, unless it was asked for. It is known by its
# name in the manifest: the backup may have it in a store.
put_host_bound_aside() {
  local i live aside staged path
  for i in "${!stage_of[@]}"; do
    absolute "${entry_names[$i]}"
    live=$reply
    aside=${stage_in["${stage_of[$i]}"]}/of-one-machine
    staged_at "$i"
    [[ -d $reply && ! -L $reply ]] || continue
    while IFS= read -r -d '' staged; do
      path=$live${staged#"$reply"}
      if ! is_host_bound "$path" || is_asked_for "$path"; then continue; fi
      mkdir -p -- "$aside${path%/*}"
      mv -nT -- "$staged" "$aside$path"
      warn "$(plain "$(short "$path")") belongs to one machine: it is in $(short "${aside/.partial/}")"
    done < <(find "$reply" -type f -print0)
  done
}
