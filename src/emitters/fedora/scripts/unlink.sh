#!/usr/bin/env bash
# shellcheck disable=SC2154 # follows common.sh, links.sh and the settings of a host

# --- unlink.sh itself ---------------------------------------------------------------------------------------------

usage() {
  cat <<'END'
Undoes link.sh: moves what is kept out of its store, back to its place.

Where the store is on the mount of the home, each entry moves in one atomic step; nothing is copied and nothing deleted
but links. From another mount it is copied back, compared byte by byte, and then exchanged for the link; what is in the
store stays there until you say --commit.

As root (sudo unlink.sh) it unmounts what is mounted instead of linked, of all users and of the system, takes the units
away, and brings the data back in the same way.

  --commit          delete what brought-back entries left in the store, each only if it is still what was brought back
  --dry-run         show what would happen, change nothing
  --only PATH...    only these (relative to the home)
  --format FORMAT   text (default) or json
  --yes             copy to another mount without asking
  --help            this text

Exit codes: 0 done or nothing to do, 2 could not run, 3 something was refused because it would be unsafe, 4 something is
in use or changed while it was copied, 5 something has to be settled by hand, 75 another run is at work.
END
}

committing=no
option() {
  [[ $1 == --commit ]] || return 1
  committing=yes
}

# What is to be done about an entry: sets `action` and `reason`.
#   back    exchange link and store       copy    copy back, then exchange     finish  a run was stopped after its exchange
#   finish-copy  a run was stopped with the copy in its hand     none  not linked     refuse  see reason
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
    decide_way
  elif is_mark || is_left_over || has_half_link; then
    action=finish
  elif [[ $live_kind == none && $stored_kind == "$kind" ]] && has_note "$returned" "$back" && is_as_before "$stored"; then
    action=finish-copy
  elif [[ $live_kind == none && $stored_kind == "$kind" ]]; then
    reason="it is not linked, and its data is in the store; run link.sh first"
  else
    action=none
    if has_note "$returned" "$live"; then
      check_left
    elif [[ $stored_kind != none ]]; then
      reason="the store has a $stored_kind of its own, $(short "$stored")"
    fi
  fi
}

# A program that was not closed may have written to what is left in the store after all: every run looks.
check_left() {
  reason="what is in the store is kept until unlink.sh --commit"
  if has_data "$stored" && ! is_as_before "$stored"; then
    action=refuse code=5
    reason="$(short "$stored") was changed after it was brought back, and only there is what changed"
  fi
}

decide_way() {
  local way
  check_way
  if [[ -n $reason ]]; then
    :
  elif [[ -L $back ]]; then
    reason="$(short "$back") is in the way"
  elif [[ $kind == directory ]] && has_subvolume "$stored"; then
    reason="there is a btrfs subvolume inside it"
  elif [[ $way == copy ]]; then
    size_of "$stored"
    bytes=$reply
    check_copy "$stored" "$live"
    [[ -n $reason ]] || action='copy'
  elif [[ $kind == directory && ! -w $stored ]]; then
    reason="$(short "$stored") is not writable"
  else
    action='back'
  fi
}

# True where `back` is the link that stood at `live`.
is_left_over() {
  is_link_to "$back" "$text" || is_link_to "$back" "$stored"
}

# True where link.sh was stopped before its exchange.
has_half_link() {
  [[ $live_kind == "$kind" ]] && { is_link_to "$original" "$text" || [[ -e $partial ]]; }
}

# Removes what stopped runs have left: links of ours, and a copy that is half.
finish() {
  if is_mark; then rm -- "$stored" || return 1; fi
  if is_left_over; then rm -- "$back" || return 1; fi
  if is_link_to "$original" "$text"; then rm -- "$original" || return 1; fi
  discard "$partial"
}

# Exchanges link and directory; then the store's place holds our link, which is all that is removed.
give_back() {
  exchange "$live" "$stored" || :
  kind_of "$live"
  if [[ $reply != "$kind" ]] || ! is_mark; then return 1; fi
  put_on_disk "${live%/*}" "${stored%/*}"
  rm -- "$stored"
}

# From another mount: a compared copy and the link are exchanged. What is in the store stays until --commit.
bring_back() {
  if ! is_brought_back; then
    if ! copy "$stored" "$back" "$returned"; then
      if [[ -z $reason ]]; then reason="no copy could be made: the home cannot hold all of it, or not all of it can be read" code=4; fi
      return 1
    fi
  fi
  if ! is_unchanged "$stored"; then
    reason="it changed while it was copied; close what uses it, then run this again" code=4
    return 1
  fi
  exchange_names "$live" "$back" || :
  has_note "$returned" "$live" || return 1
  if is_left_over; then rm -- "$back" || return 1; fi
  put_on_disk "${live%/*}"
  if ! is_unchanged "$stored"; then
    reason="a program wrote to it in the last moment: what is newest is in $(short "$stored")" code=5
    return 1
  fi
}

# True where a stopped run has left a copy of just what is in the store.
is_brought_back() {
  local print
  has_note "$returned" "$back" && stamp_of "$stored" || return 1
  print=${noted[1]-} stamp=$reply
  sleep 0.05
  is_print "$back" "$print" && is_print "$stored" "$print"
}

carry_out() {
  reason=
  case $action in
    back) give_back ;;
    copy) bring_back ;;
    finish-copy) mv -T -n -- "$back" "$live" && has_note "$returned" "$live" && put_on_disk "${live%/*}" ;;
    finish) finish ;;
    commit) commit ;;
    sweep) discard "$stored.remanence-trash" ;;
  esac
}

has_content() {
  has_data "$1" && ! is_empty_directory "$1"
}

# What --commit is to do about an entry: sets `action` and `reason`.
decide_commit() {
  local trash=$stored.remanence-trash
  action=none
  reason=
  if has_note "$returned" "$live" && { ! is_empty_directory "$live" || ! { has_content "$stored" || has_content "$trash"; }; }; then
    action=commit
  elif [[ -L $returned && ! -L $live && -e $live ]]; then
    action=refuse reason="what is here is not what was brought back: look which of the two you want"
  elif has_content "$trash" && { [[ ! -e $live ]] || is_empty_directory "$live"; }; then
    action=refuse reason="here is nothing: look whether you need $(short "$trash")"
  elif [[ -e $trash ]]; then
    action=sweep
  fi
}

size_to_delete() {
  sizes_of "$stored" "$stored.remanence-trash" "$original" "$live.remanence-trash"
}

# Deletes what has nothing that was not brought back: the original from before link.sh, and the store's copy.
commit() {
  if has_content "$original" && is_empty_directory "$live"; then
    reason="what was brought back is empty, and $(short "$original") is not: look whether you need it" code=5
    return 1
  fi
  if has_data "$original" && ! is_as_noted "$original" "$copied" "$stored"; then
    reason="$(short "$original") was changed after it was copied, or nothing is known of it: look whether you need it" code=5
    return 1
  fi
  if has_data "$stored" && ! is_as_noted "$stored" "$returned" "$live"; then
    reason="$(short "$stored") was changed after it was brought back, and only there is what changed" code=5
    return 1
  fi
  put_on_disk "${live%/*}"
  put_away "$original" "$live.remanence-trash" "$copied" && put_away "$stored" "$stored.remanence-trash" "$returned"
}

say_text() {
  local said size=
  case $action in
    back) said='back to its place' ;;
    copy) said='copy back to its place; what is in the store is kept' ;;
    finish) said='is at its place; what a stopped run has left goes' ;;
    finish-copy) said='the copy that was brought back, to its place' ;;
    none) said="not linked${reason:+; $reason}" ;;
    commit | sweep) said='delete what is left in the store' ;;
    refuse) said="REFUSED: $reason" ;;
  esac
  if ((bytes > 0)); then size=$(human "$bytes"); fi
  shown "$live"
  printf '  %-32s %10s   %s\n' "$reply" "$size" "$said"
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

look_at_all() {
  local i
  for i in ${chosen[@]+"${chosen[@]}"}; do
    look_at "$i"
    look_beside
    bytes=0 code=3
    if [[ $committing == yes ]]; then decide_commit; else decide; fi
    case $action in
      back) size_of "$stored" ;;
      commit | sweep) size_to_delete ;;
      *) reply=$bytes ;;
    esac
    bytes=$reply
    if [[ $action == refuse ]]; then bytes=0; fi
    actions+=("$action") reasons+=("$reason") sizes+=("$bytes") codes+=("$code")
  done
}

main() {
  local n path kind mode live stored text root partial back original copied returned
  local action reason code bytes stamp separator='' refused=0 changes=0 worst=0 freed=0
  local actions=() reasons=() sizes=() codes=() moved_to=()
  options "$@"
  choose_user
  settings
  if is_for_root; then run_as_root; fi
  need_user
  check_only ${entry_paths[@]+"${entry_paths[@]}"} ${own_bound_paths[@]+"${own_bound_paths[@]}"}
  lock
  load_mounts
  choose_entries
  find_exchanger
  look_at_all
  agree_to_copy
  say_what_comes
  [[ $format == text ]] || printf '{ "version": 1, "dryRun": %s, "entries": [ ' "$([[ $dry_run == yes ]] && echo true || echo false)"
  for n in "${!chosen[@]}"; do
    look_at "${chosen[$n]}"
    look_beside
    action=${actions[$n]} reason=${reasons[$n]} bytes=${sizes[$n]} code=${codes[$n]}
    case $action in
      back | copy | finish | finish-copy | commit | sweep)
        if [[ $dry_run == yes ]] || carry_out; then
          changes=$((changes + 1))
          if [[ $action == commit ]]; then freed=$((freed + bytes)); fi
          if [[ $dry_run == no ]]; then
            journal "unlink $action ~/$path"
            if [[ $action == back || $action == copy ]]; then moved_to+=("$live"); fi
          fi
        else
          action=refuse reason=${reason:-that did not work, and no data is lost}
        fi
        ;;
    esac
    if [[ $action == refuse ]]; then
      refused=$((refused + 1))
      worst_of "$worst" "$code"
      worst=$reply
    fi
    "say_$format"
  done
  [[ $dry_run == yes ]] || remove_root_links
  label_back ${moved_to[@]+"${moved_to[@]}"}
  if [[ $format == json ]]; then printf ' ], "refused": %s }\n' "$refused"; else say_summary; fi
  write_journal
  say_left_for_root
  exit "$worst"
}

say_summary() {
  local verb=are
  [[ $dry_run == no ]] || verb='would be'
  say ""
  if [[ $committing == yes ]]; then
    say "$changes of ${#chosen[@]} entries $verb deleted from the store, $(human "$freed"); what is in the home stays."
  else
    say "$changes of ${#chosen[@]} entries $verb back at their place, nothing deleted. Link again: link.sh"
  fi
}

# What root does besides: the rules for labels of stores that are empty.
finish_as_root() {
  unlabel_stores
}

main "$@"
