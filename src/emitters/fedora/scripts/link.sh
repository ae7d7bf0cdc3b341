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
  if is_mark; then stored_kind=none; fi
  case $live_kind/$stored_kind in
    link/*)
      if ! is_ours; then
        reason="it is a link to $(plain "$(readlink -- "$live")")"
      elif [[ $stored_kind == "$kind" ]]; then
        action=linked
      elif [[ $stored_kind == none ]]; then
        action=create
      else
        reason="the store has a $stored_kind there, not a $kind"
      fi
      ;;
    none/none) action=create ;;
    none/"$kind") action=place ;;
    "$kind"/none) action=move ;;
    "$kind"/"$kind")
      if is_empty_directory "$live"; then
        action=adopt
      elif is_empty_directory "$stored"; then
        action=move
      else
        reason="both here and in the store, and nothing says which is newer: here $(date -r "$live" +%F), store $(date -r "$stored" +%F)"
      fi
      ;;
    */none) reason="here is a $live_kind; the manifest says $kind" ;;
    none/*) reason="in the store is a $stored_kind; the manifest says $kind" ;;
    *) reason="here is a $live_kind, in the store a $stored_kind; the manifest says $kind" ;;
  esac
  if [[ $action == create && $kind != directory ]]; then action=absent; fi
  case $action in
    move | place | create | adopt) check_change ;;
  esac
}

# Refuses what a rename must not touch.
check_change() {
  check_way
  if [[ -z $reason && $action == move && $kind == directory ]]; then
    if has_subvolume "$live"; then
      reason="there is a btrfs subvolume inside it"
    elif [[ ! -w $live ]]; then
      reason="$(short "$live") is not writable"
    fi
  fi
  [[ -z $reason ]] || action=refuse
}

# Makes the directories above a path, private ones: a store mirrors a home.
make_parents() {
  [[ -d ${1%/*} ]] || mkdir -p -- "${1%/*}"
}

make_stored_directory() {
  local wanted_mode=$mode
  if [[ $wanted_mode == - ]]; then wanted_mode=0755; fi
  if is_mark; then rm -- "$stored" || return 1; fi
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
  if is_mark; then rm -- "$stored" || return 1; fi
  ln -sT -- "$text" "$stored" || return 1
  kind_of "$live"
  if [[ $reply == "$kind" ]] && is_link_to "$stored" "$text"; then exchange "$live" "$stored" || :; fi
  kind_of "$stored"
  if is_link_to "$live" "$text" && [[ $reply == "$kind" ]]; then return 0; fi
  if is_link_to "$stored" "$text"; then rm -- "$stored"; fi
  return 1
}

# Is called where a failure does not stop the script, so each step says what becomes of one.
carry_out() {
  case $action in
    move) move ;;
    place) place_link ;;
    create) make_stored_directory && place_link ;;
    adopt) rmdir -- "$live" && place_link ;;
  esac || return 1
  kind_of "$stored"
  if [[ ! -L $live || $reply != "$kind" ]] || ! is_same_place "$live" "$stored"; then return 1; fi
  put_on_disk "${live%/*}" "${stored%/*}"
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
  local i n path kind mode live stored text root action reason bytes separator=''
  local refused=0 changes=0 moved=0 exchanges=no links=no actions=() reasons=() sizes=()
  options "$@"
  need_user
  settings
  check_only ${entry_paths[@]+"${entry_paths[@]}"}
  lock
  load_mounts
  choose_entries
  check_stores
  check_root_links
  for i in ${chosen[@]+"${chosen[@]}"}; do
    look_at "$i"
    decide
    bytes=0
    if [[ $action == move ]]; then
      exchanges=yes
      size_of "$live"
      bytes=$reply
      moved=$((moved + bytes))
    fi
    case $action in
      refuse) refused=$((refused + 1)) ;;
      linked) links=yes ;;
      absent) ;;
      *) links=yes changes=$((changes + 1)) ;;
    esac
    actions+=("$action") reasons+=("$reason") sizes+=("$bytes")
  done
  stop_where_elsewhere
  if [[ $exchanges == yes ]]; then find_exchanger; fi
  if [[ $dry_run == no && $links == yes ]]; then make_root_links; fi

  [[ $format == text ]] || printf '{ "version": 1, "dryRun": %s, "entries": [ ' "$([[ $dry_run == yes ]] && echo true || echo false)"
  for n in "${!chosen[@]}"; do
    look_at "${chosen[$n]}"
    action=${actions[$n]} reason=${reasons[$n]} bytes=${sizes[$n]}
    case $dry_run/$action in
      no/move | no/place | no/create | no/adopt)
        if carry_out; then
          journal "link $action ~/$path"
          relabel "$live"
        else
          action=refuse reason="that did not work, and no data moved"
          refused=$((refused + 1)) changes=$((changes - 1)) moved=$((moved - bytes))
        fi
        ;;
    esac
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
  write_journal
  ((refused == 0)) || exit 3
}

# A new link has the label of its place where SELinux is on; the moved data keeps its own.
relabel() {
  if command -v selinuxenabled >/dev/null && selinuxenabled && command -v restorecon >/dev/null; then
    restorecon -- "$1" 2>/dev/null || :
  fi
}

main "$@"
