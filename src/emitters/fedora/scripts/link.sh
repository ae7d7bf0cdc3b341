#!/usr/bin/env bash
# shellcheck disable=SC2154 # follows common.sh, links.sh and the settings of a host

usage() {
  cat <<'END'
Moves what is kept into its store and puts a link in its place, each entry in one atomic step: at every instant the
data is complete either at its old place or in the store. Nothing is copied and nothing deleted. Undo: unlink.sh

  --dry-run         show what would happen, change nothing
  --only PATH...    only these (relative to the home)
  --format FORMAT   text (default) or json
  --yes             accepted; nothing is asked
  --help            this text

Exit codes: 0 done or nothing to do, 2 could not run, 3 something was refused because it would be unsafe,
75 another run is at work.
END
}

# What is to be done about an entry, decided from what is on disk: sets `action` and `reason`.
#   linked   nothing            move    exchange directory and link        place   put the link, the store has the data
#   create   new and empty      adopt   an empty directory gives way       refuse  see reason      absent  a file not there
decide() {
  local live_kind stored_kind
  action=refuse
  reason=
  kind_of "$live"
  live_kind=$reply
  kind_of "$stored"
  stored_kind=$reply
  # The marker of a run that was stopped before its exchange: a link in the store's place with our own text.
  if [[ $stored_kind == link ]] && is_link_to "$stored" "$text"; then stored_kind=none; fi
  case $live_kind/$stored_kind in
    link/*)
      if ! is_link_to "$live" "$text" && [[ $(realpath -m -- "$live") != "$stored" ]]; then
        reason="it is a link to $(plain "$(readlink -- "$live")")"
      elif [[ $stored_kind == "$kind" ]]; then
        action=linked
      elif [[ $stored_kind == none ]]; then
        action=create
        [[ $kind == directory ]] || action=absent
      else
        reason="the store has a $stored_kind there, not a $kind"
      fi
      ;;
    none/none)
      action=create
      [[ $kind == directory ]] || action=absent
      ;;
    none/"$kind") action=place ;;
    "$kind"/none) action=move ;;
    directory/directory)
      if is_empty_directory "$live"; then
        action=adopt
      elif is_empty_directory "$stored"; then
        action=move
      else
        reason="both here and in the store, and nothing says which is newer: here $(date -r "$live" +%F), store $(date -r "$stored" +%F)"
      fi
      ;;
    file/file) reason="both here and in the store, and nothing says which is newer" ;;
    *) reason="here is a $live_kind, in the store a $stored_kind; the manifest says $kind" ;;
  esac
  [[ $action == linked || $action == absent || $action == refuse ]] || check_way
}

# Refuses what a rename must not touch.
check_way() {
  local parent=${live%/*} stored_parent=${stored%/*}
  existing "$parent"
  if [[ $(cd -- "$reply" && pwd -P) != "$reply" ]]; then
    refuse "$(short "$reply") is reached through a link, from which the text of ours would lead elsewhere"
  elif has_mount "$live" || has_mount "$stored"; then
    refuse "something is mounted there or inside it"
  elif [[ $stored == "$live"/* || $live == "$stored"/* ]]; then
    refuse "the store lies inside it"
  elif [[ ! -w $reply ]]; then
    refuse "$(short "$reply") is not writable"
  fi
  existing "$stored_parent"
  if [[ $(cd -- "$reply" && pwd -P) != "$reply" ]]; then refuse "$(short "$reply") in the store is reached through a link"; fi
  [[ $action == move ]] || return 0
  if [[ $kind == directory ]] && has_subvolume "$live"; then
    refuse "there is a btrfs subvolume inside it"
    return 0
  fi
  local stored_place
  place_of "$reply"
  stored_place=$reply
  place_of "$parent"
  [[ $reply == "$stored_place" ]] || elsewhere+=("$path")
}

refuse() {
  action=refuse
  reason=$1
}

# Makes the directories above a path, private ones: a store mirrors a home.
make_parents() {
  [[ -d ${1%/*} ]] || mkdir -p -- "${1%/*}"
}

make_stored_directory() {
  local wanted_mode=$mode
  if [[ $wanted_mode == - ]]; then wanted_mode=0755; fi
  if [[ -L $stored ]]; then rm -- "$stored" || return 1; fi
  make_parents "$stored" && mkdir -m "$wanted_mode" -- "$stored"
}

place_link() {
  [[ -L $live ]] || { make_parents "$live" && ln -sT -- "$text" "$live"; }
}

# The one step: a link with our text takes the store's place, then both names are exchanged. Killed before the
# exchange, all is as it was but for that link; killed after it, all is done.
move() {
  make_parents "$stored" || return 1
  # rmdir removes nothing but an empty directory.
  if [[ -d $stored && ! -L $stored ]]; then rmdir -- "$stored" || return 1; fi
  [[ -L $stored ]] || ln -sT -- "$text" "$stored" || return 1
  exchange "$live" "$stored" || :
  if is_link_to "$live" "$text" && [[ ! -L $stored ]]; then
    sync -f -- "${live%/*}" "${stored%/*}"
    return 0
  fi
  if is_link_to "$stored" "$text"; then rm -- "$stored"; fi
  return 1
}

carry_out() {
  case $action in
    move) move ;;
    place) place_link ;;
    create) make_stored_directory && place_link ;;
    adopt) rmdir -- "$live" && place_link ;;
  esac
}

say_text() {
  local said size=
  case $action in
    linked) said='already linked' ;;
    move) said='move, then link' ;;
    place) said='link; the data is in the store' ;;
    create) said='new and empty in the store, then link' ;;
    adopt) said='empty here; link, the data is in the store' ;;
    absent) said='not there yet' ;;
    refuse) said="REFUSED: $reason" ;;
  esac
  if [[ $action == move ]]; then size=$(human "$bytes"); fi
  printf '  %-32s %10s   %s\n' "$(plain "$(short "$live")")" "$size" "$said"
}

say_json() {
  printf '%s{ "path": %s, "action": "%s", "bytes": %s, "reason": %s }' "$separator" "$(json "$path")" "$action" "$bytes" \
    "$(if [[ -n $reason ]]; then json "$reason"; else printf null; fi)"
  separator=', '
}

main() {
  local i path kind mode live stored text action reason bytes separator=''
  local refused=0 changes=0 moved=0 elsewhere=() chosen=() actions=() reasons=() sizes=()
  options "$@"
  need_user
  settings
  check_only ${entry_paths[@]+"${entry_paths[@]}"}
  lock
  load_mounts
  check_stores
  check_root_links
  for i in "${!entry_paths[@]}"; do
    wanted "${entry_paths[$i]}" || continue
    look_at "$i"
    decide
    bytes=0
    if [[ $action == move ]]; then
      size_of "$live"
      bytes=$reply
      moved=$((moved + bytes))
    fi
    case $action in
      refuse) refused=$((refused + 1)) ;;
      linked | absent) ;;
      *) changes=$((changes + 1)) ;;
    esac
    chosen+=("$i") actions+=("$action") reasons+=("$reason") sizes+=("$bytes")
  done
  if ((${#elsewhere[@]} > 0)); then
    warn "The store is on another mount than the home, so these cannot move in one step:"
    warn "$(printf '  ~/%s\n' "${elsewhere[@]}")"
    die 3 "nothing was touched. Place the store on the mount of the home (stores: { persist: ~/.persist })"
  fi
  if ((changes > 0)); then find_exchanger; fi
  if [[ $dry_run == no ]] && ((changes > 0)); then make_root_links; fi

  [[ $format == text ]] || printf '{ "version": 1, "dryRun": %s, "entries": [ ' "$([[ $dry_run == yes ]] && echo true || echo false)"
  local n
  for n in "${!chosen[@]}"; do
    look_at "${chosen[$n]}"
    action=${actions[$n]} reason=${reasons[$n]} bytes=${sizes[$n]}
    if [[ $dry_run == no && $action != linked && $action != absent && $action != refuse ]]; then
      if carry_out && is_link_to "$live" "$text" && [[ -e $live && $(realpath -- "$live") == "$(realpath -- "$stored")" ]]; then
        journal "link $action ~/$path"
        relabel "$live"
      else
        refuse "the exchange did not happen; all is as it was"
        refused=$((refused + 1)) changes=$((changes - 1))
      fi
    fi
    "say_$format"
  done
  if [[ $format == json ]]; then
    printf ' ], "refused": %s }\n' "$refused"
  else
    say ""
    local verb=were
    [[ $dry_run == no ]] || verb='would be'
    say "$changes of ${#chosen[@]} entries $verb linked, $(human "$moved") moved without a copy, nothing deleted. Undo: unlink.sh"
  fi
  ((refused == 0)) || exit 3
}

# A new link has the label of its place where SELinux is on; the moved data keeps its own.
relabel() {
  if command -v selinuxenabled >/dev/null && selinuxenabled && command -v restorecon >/dev/null; then
    restorecon -- "$1" 2>/dev/null || :
  fi
}

main "$@"
