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
  if [[ $live_kind == link ]] && is_link_to "$live" "$text"; then
    if [[ $stored_kind != "$kind" ]]; then
      reason="it is linked, but the store has no $kind there: is the store mounted?"
    elif has_mount "$stored"; then
      reason="something is mounted in the store there"
    else
      action=back
      check_place
    fi
  elif [[ $live_kind == link ]]; then
    reason="it is a link to $(plain "$(readlink -- "$live")"), not to the store"
  elif is_link_to "$stored" "$text"; then
    action=finish
  elif [[ $live_kind == none && $stored_kind == "$kind" ]]; then
    reason="it is not linked, and its data is in the store; run link.sh first"
  else
    action=none
  fi
}

check_place() {
  local live_place
  place_of "${live%/*}"
  live_place=$reply
  place_of "${stored%/*}"
  [[ $reply == "$live_place" ]] || elsewhere+=("$path")
}

# Exchanges link and directory; then the store's place holds our link, which is all that is removed.
carry_out() {
  if [[ $action == back ]]; then
    exchange "$live" "$stored" || :
    [[ ! -L $live ]] || return 1
    sync -f -- "${live%/*}" "${stored%/*}"
  fi
  is_link_to "$stored" "$text" && rm -- "$stored"
}

say_text() {
  local said
  case $action in
    back) said='back to its place' ;;
    finish) said='is back; a left-over link in the store goes' ;;
    none) said='not linked' ;;
    refuse) said="REFUSED: $reason" ;;
  esac
  printf '  %-32s %s\n' "$(plain "$(short "$live")")" "$said"
}

say_json() {
  printf '%s{ "path": %s, "action": "%s", "reason": %s }' "$separator" "$(json "$path")" "$action" \
    "$(if [[ -n $reason ]]; then json "$reason"; else printf null; fi)"
  separator=', '
}

# The root links go when nothing is linked through them any more.
remove_root_links() {
  local i name link
  for i in "${!entry_paths[@]}"; do
    look_at "$i"
    is_link_to "$live" "$text" && return 0
  done
  for name in $(used_stores); do
    link=$home/${root_link["$me/$name"]}
    if is_link_to "$link" "${folder_in["$me/$name"]}"; then rm -- "$link"; fi
  done
}

main() {
  local i n path kind live stored text action reason separator=''
  local refused=0 changes=0 elsewhere=() chosen=() actions=() reasons=()
  options "$@"
  need_user
  settings
  check_only ${entry_paths[@]+"${entry_paths[@]}"}
  lock
  load_mounts
  for i in "${!entry_paths[@]}"; do
    wanted "${entry_paths[$i]}" || continue
    look_at "$i"
    decide
    case $action in
      refuse) refused=$((refused + 1)) ;;
      none) ;;
      *) changes=$((changes + 1)) ;;
    esac
    chosen+=("$i") actions+=("$action") reasons+=("$reason")
  done
  if ((${#elsewhere[@]} > 0)); then
    warn "The store is on another mount than the home, so these cannot move back in one step:"
    warn "$(printf '  ~/%s\n' "${elsewhere[@]}")"
    die 3 "nothing was touched"
  fi
  if ((changes > 0)); then find_exchanger; fi
  [[ $format == text ]] || printf '{ "version": 1, "dryRun": %s, "entries": [ ' "$([[ $dry_run == yes ]] && echo true || echo false)"
  for n in "${!chosen[@]}"; do
    look_at "${chosen[$n]}"
    action=${actions[$n]} reason=${reasons[$n]}
    if [[ $dry_run == no && ($action == back || $action == finish) ]]; then
      if carry_out; then
        journal "unlink ~/$path"
      else
        action=refuse reason="the exchange did not happen; all is as it was"
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
  ((refused == 0)) || exit 3
}

main "$@"
