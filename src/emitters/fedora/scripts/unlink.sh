#!/usr/bin/env bash
# shellcheck disable=SC2154 # follows common.sh, links.sh and the settings of a host

usage() {
  cat <<'END'
Undoes link.sh: moves what is kept out of its store, back to its place, each entry in one atomic step. Nothing is
copied and nothing deleted but links.

  --dry-run         show what would happen, change nothing
  --only PATH...    only these (relative to the home)
  --format FORMAT   text (default) or json
  --yes             accepted; nothing is asked
  --help            this text

Exit codes: 0 done or nothing to do, 2 could not run, 3 something was refused because it would be unsafe,
75 another run is at work.
END
}

# What is to be done about an entry: sets `action` and `reason`.
#   back  exchange link and store     finish  a run was stopped after its exchange     none  not linked     refuse  see reason
decide() {
  local live_kind stored_kind
  action=refuse
  reason=
  kind_of "$live"
  live_kind=$reply
  kind_of "$stored"
  stored_kind=$reply
  if [[ $live_kind == link ]] && ! is_ours; then
    reason="it is a link to $(plain "$(readlink -- "$live")"), not to the store"
  elif [[ $live_kind == link && $stored_kind != "$kind" ]]; then
    reason="it is linked, but the store has no $kind there: is the store mounted?"
  elif [[ $live_kind == link ]] && ! is_link_to "$live" "$text" && ! is_link_to "$live" "$stored"; then
    reason="the link is not one of link.sh; make it one with: ln -sfnT ${text@Q} ${live@Q}"
  elif [[ $live_kind == link ]]; then
    check_way
    if [[ -z $reason && $kind == directory && ! -w $stored ]]; then reason="$(short "$stored") is not writable"; fi
    [[ -n $reason ]] || action=back
  elif is_mark; then
    action=finish
  elif [[ $live_kind == none && $stored_kind == "$kind" ]]; then
    reason="it is not linked, and its data is in the store; run link.sh first"
  else
    action=none
    if [[ $stored_kind != none ]]; then reason="the store has a $stored_kind of its own, $(short "$stored")"; fi
  fi
}

# Exchanges link and directory; then the store's place holds our link, which is all that is removed.
carry_out() {
  if [[ $action == back ]]; then
    exchange "$live" "$stored" || :
    kind_of "$live"
    if [[ $reply != "$kind" ]] || ! is_mark; then return 1; fi
    put_on_disk "${live%/*}" "${stored%/*}"
  fi
  is_mark && rm -- "$stored"
}

say_text() {
  local said
  case $action in
    back) said='back to its place' ;;
    finish) said='is back; a left-over link in the store goes' ;;
    none) said="not linked${reason:+; $reason}" ;;
    refuse) said="REFUSED: $reason" ;;
  esac
  printf '  %-32s %s\n' "$(plain "$(short "$live")")" "$said"
}

say_json() {
  printf '%s{ "path": %s, "action": "%s", "reason": %s }' "$separator" "$(json "$path")" "$action" \
    "$(if [[ -n $reason ]]; then json "$reason"; else printf null; fi)"
  separator=', '
}

# The root link of a store goes when nothing is linked through it any more: no entry, and nothing that was one once,
# whose data would still be there.
remove_root_links() {
  local i name link
  for i in "${!entry_paths[@]}"; do
    look_at "$i"
    if [[ -L $live ]]; then return 0; fi
  done
  for name in ${stores[@]+"${stores[@]}"}; do
    link=$home/${root_link["$me/$name"]}
    folder_of "$name"
    is_link_to "$link" "${folder_in["$me/$name"]}" || continue
    if has_only_directories "$reply"; then rm -- "$link"; fi
  done
}

has_only_directories() {
  local found
  [[ -e $1 ]] || return 0
  found=$(find "$1" ! -type d -print -quit) && [[ -z $found ]]
}

main() {
  local i n path kind mode live stored text root action reason separator=''
  local refused=0 changes=0 actions=() reasons=()
  options "$@"
  need_user
  settings
  check_only ${entry_paths[@]+"${entry_paths[@]}"}
  lock
  load_mounts
  choose_entries
  for i in ${chosen[@]+"${chosen[@]}"}; do
    look_at "$i"
    decide
    case $action in
      refuse) refused=$((refused + 1)) ;;
      none) ;;
      *) changes=$((changes + 1)) ;;
    esac
    actions+=("$action") reasons+=("$reason")
  done
  stop_where_elsewhere
  if ((changes > 0)); then find_exchanger; fi
  [[ $format == text ]] || printf '{ "version": 1, "dryRun": %s, "entries": [ ' "$([[ $dry_run == yes ]] && echo true || echo false)"
  for n in "${!chosen[@]}"; do
    look_at "${chosen[$n]}"
    action=${actions[$n]} reason=${reasons[$n]}
    if [[ $dry_run == no && ($action == back || $action == finish) ]]; then
      if carry_out; then
        journal "unlink ~/$path"
      else
        action=refuse reason="that did not work, and no data moved"
        refused=$((refused + 1)) changes=$((changes - 1))
      fi
    fi
    "say_$format"
  done
  [[ $dry_run == yes ]] || remove_root_links
  if [[ $format == json ]]; then
    printf ' ], "refused": %s }\n' "$refused"
  else
    say ""
    local verb=are
    [[ $dry_run == no ]] || verb='would be'
    say "$changes of ${#chosen[@]} entries $verb back at their place, nothing copied, nothing deleted. Link again: link.sh"
  fi
  write_journal
  ((refused == 0)) || exit 3
}

main "$@"
