#!/usr/bin/env bash
# shellcheck disable=SC2154 # follows common.sh, links.sh and the settings of a host

# --- link.sh itself -----------------------------------------------------------------------------------------------

usage() {
  cat <<'END'
Moves what is kept into its store and puts a link in its place.

Where the store is on the mount of the home, each entry moves in one atomic step: at every instant the data is complete
either at its old place or in the store; nothing is copied and nothing deleted. On another mount it is copied, compared
byte by byte, and then exchanged for the link; the original stays beside it, as NAME.remanence-original, until you say
--commit. Undo: unlink.sh

As root (sudo link.sh) it does what is mounted instead of linked, of all users and of the system, in the same way: the
data goes to its store, its unit to /etc/systemd/system, and it is mounted over its place. What a mount covers stays there
until --commit. Paths of --only may then be absolute. Where SELinux is on it also tells the policy what the stores mirror,
and labels them.

  --commit          delete the originals that were kept, each only if it is still what was copied
  --compare PATH    show what differs between what is here and what is in the store
  --take SIDE       with --only PATH: where both have data, link what is here (live) or what the store has (store); the
                    other side stays beside it, and nothing ever deletes it
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
  if [[ $1 != --commit ]]; then
    settle_option "$@"
    return
  fi
  committing=yes
  taken=0
}

# What is to be done about an entry, decided from what is on disk: sets `action` and `reason`.
#   linked   nothing            move    exchange directory and link        place   put the link, the store has the data
#   create   new and empty      adopt   an empty directory gives way       refuse  see reason      absent  a file not there
#   copy     to another mount, then exchange                          finish  a run was stopped after its exchange
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
      if has_note "$returned" "$live"; then
        reason="it was brought back, and the store has what was there before; unlink.sh --commit deletes that"
      elif has_note "$copied" "$stored"; then
        action=copy
      elif is_empty_directory "$live"; then
        action=adopt
      elif is_empty_directory "$stored"; then
        action=move
      else
        sides "both here and in the store, and nothing says which is newer: here $(date -r "$live" +%F), store $(date -r "$stored" +%F)"
      fi
      ;;
    */none) reason="here is a $live_kind; the manifest says $kind" ;;
    none/*) reason="in the store is a $stored_kind; the manifest says $kind" ;;
    *) sides "here is a $live_kind, in the store a $stored_kind; the manifest says $kind" ;;
  esac
  if [[ $action == create && $kind != directory ]]; then action=absent; fi
  case $action in
    linked) check_original ;;
    place) check_outdated ;;
  esac
  case $action in
    move | copy | place | create | adopt) check_change ;;
  esac
}

# A program that was not closed may have written to the original after all: every run looks.
check_original() {
  if has_data "$back"; then action=finish; fi
  has_data "$original" && has_note "$copied" "$stored" || return 0
  if ! is_as_before "$original"; then
    action=refuse code=5
    sides "$(short "$original") was changed after it was copied, and only there is what changed"
  elif ! is_noted_linked; then
    action=finish
  fi
}

# What was brought back and is gone since was newer than what the store has. (Unless a run was stopped in between.)
check_outdated() {
  [[ -L $returned ]] && ! has_note "$returned" "$back" || return 0
  action=refuse
  command_path "$path"
  reason="it was brought back, and what the store has is from before; to take that all the same: link.sh --only $reply --take store"
}

# Refuses what must not be touched, and settles whether a move is a copy.
check_change() {
  local way
  check_way
  if [[ -n $reason ]]; then
    :
  elif has_data "$original" && [[ $action != place ]]; then
    reason="what was here before a run is still in $(short "$original"): look which of them you want"
  elif [[ -e $live.remanence-trash && ! -L $live ]]; then
    reason="a --commit was stopped here, and the link is gone since: look whether you need $(short "$live").remanence-trash"
  elif [[ -L $original ]] && ! is_link_to "$original" "$text"; then
    reason="$(short "$original") is in the way"
  elif [[ $action == move || $action == copy ]]; then
    if [[ $kind == directory ]] && has_subvolume "$live"; then
      reason="there is a btrfs subvolume inside it"
    elif [[ $kind == directory && ! -w $live ]]; then
      reason="$(short "$live") is not writable"
    elif [[ $way == copy ]]; then
      action=copy
      size_of "$live"
      bytes=$reply
      check_copy "$live" "$stored"
    fi
  fi
  [[ -z $reason ]] || action=refuse
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

# True where the store has a finished copy of what is here. A copy of what was here before becomes a half one again; one
# that somebody changed is nothing that a script may decide about.
is_copied() {
  local print
  has_note "$copied" "$stored" && stamp_of "$live" || return 1
  print=${noted[1]-} stamp=$reply
  sleep 0.05
  if ! is_print "$stored" "$print"; then
    sides "the store has a copy that was changed since it was made" && code=5
  elif is_print "$live" "$print"; then
    return 0
  elif is_noted_linked; then
    sides "it was linked, and here is something else since" && code=5
  else
    discard "$partial" && mv -T -n -- "$stored" "$partial"
  fi
  return 1
}

# To another mount: a compared copy gets its name in the store.
bring_into_store() {
  if ! is_copied; then
    [[ -z $reason ]] || return 1
    # rmdir removes nothing but an empty directory.
    if has_data "$stored"; then rmdir -- "$stored" || return 1; fi
    if is_mark; then rm -- "$stored" || return 1; fi
    if ! copy "$live" "$partial" "$copied"; then
      if [[ -z $reason ]]; then reason="no copy could be made: the store cannot hold all of it, or not all of it can be read" code=4; fi
      return 1
    fi
    mv -T -n -- "$partial" "$stored" && has_note "$copied" "$stored" || return 1
    put_on_disk "${stored%/*}"
  fi
}

# Then link and original are exchanged.
relocate() {
  bring_into_store || return 1
  if is_link_to "$original" "$text"; then rm -- "$original" || return 1; fi
  ln -sT -- "$text" "$original" || return 1
  if ! is_unchanged "$live"; then
    rm -- "$original"
    reason="it changed while it was copied; close what uses it, then run this again" code=4
    return 1
  fi
  exchange_names "$live" "$original" || :
  if ! is_link_to "$live" "$text" || ! has_data "$original"; then return 1; fi
  put_on_disk "${live%/*}"
  note_link || return 1
  if ! is_unchanged "$original"; then
    reason="a program wrote to it in the last moment: what is newest is in $(short "$original")" code=5
    return 1
  fi
}

move_in() {
  if [[ $action == move ]] && move; then return 0; fi
  if [[ $action == copy ]] && relocate; then return 0; fi
  put_back
  return 1
}

# Removes what a stopped unlink.sh has left, and writes down what a stopped link.sh could not.
finish() {
  discard "$back" || return 1
  ! has_data "$original" || ! has_note "$copied" "$stored" || note_link
}

# Is called where a failure does not stop the script, so each step says what becomes of one.
carry_out() {
  reason=
  if [[ -n $aside ]] && ! put_aside; then return 1; fi
  case $action in
    move | copy) move_in ;;
    take) ;;
    settle) drop_notes ;;
    finish) finish ;;
    place) place_link ;;
    create) make_stored_directory && place_link ;;
    adopt) rmdir -- "$live" && place_link ;;
    commit) commit ;;
  esac || return 1
  kind_of "$stored"
  if [[ ! -L $live || $reply != "$kind" ]] || ! is_same_place "$live" "$stored"; then return 1; fi
  put_on_disk "${live%/*}" "${stored%/*}"
}

# What --commit is to do about an entry: sets `action` and `reason`.
decide_commit() {
  action=none
  reason=
  if ! is_ours || [[ ! -L $live ]]; then
    if has_data "$original"; then action=refuse reason="it is not linked to the store"; fi
  elif has_data "$original"; then
    action=refuse
    if has_mount "$original"; then
      reason="something is mounted in $(short "$original")"
    elif ! has_note "$copied" "$stored"; then
      reason="nothing says that the store has a copy of $(short "$original"): compare them, then remove it by hand"
    elif is_empty_directory "$stored"; then
      reason="what is in the store is empty"
    else
      action=commit
    fi
  elif [[ -e $live.remanence-trash ]] && is_empty_directory "$stored"; then
    action=refuse reason="what is in the store is empty: look whether you need $(short "$live").remanence-trash"
  elif [[ -e $live.remanence-trash || -L $copied ]]; then
    action=commit
  fi
}

# Deletes an original that has nothing that the copy did not have, or goes on with that.
commit() {
  if has_data "$original" && ! is_as_noted "$original" "$copied" "$stored"; then
    reason="$(short "$original") was changed after it was copied, and only there is what changed" code=5
    return 1
  fi
  put_on_disk "$stored"
  put_away "$original" "$live.remanence-trash" "$copied"
}

say_text() {
  local said size=
  case $action in
    linked | finish) said='already linked' ;;
    move) said='move, then link' ;;
    copy) said='copy to another mount, then link; the original is kept' ;;
    place) said='link; the data is in the store' ;;
    create) said='new and empty in the store, then link' ;;
    adopt) said='empty here; link, the data is in the store' ;;
    absent) said='not there yet' ;;
    commit) said='delete the original that was kept' ;;
    none) said='nothing was kept' ;;
    take) said="link to what the store has; what is here is kept as $(plain "$(short "$original")")" ;;
    settle) said="linked; $(plain "$(short "$original")") is yours to keep or remove" ;;
    refuse) said="REFUSED: $reason" ;;
  esac
  if [[ $action == @(linked|finish) ]] && has_data "$original"; then say_kept; fi
  if [[ $aside == store || $aside == link ]]; then said+="; what the store had is kept as $(plain "$(short "$other")")"; fi
  if ((bytes > 0)); then size=$(human "$bytes"); fi
  shown "$live"
  printf '  %-32s %10s   %s\n' "$reply" "$size" "$said"
}

say_kept() {
  if has_note "$copied" "$stored"; then
    said+='; the original is kept until link.sh --commit'
  else
    said+="; $(plain "$(short "$original")") is kept, and yours to remove"
  fi
}

say_json() {
  printf '%s{ "path": %s, "action": "%s", "bytes": %s, "reason": %s }' "$separator" "$(json "$path")" "$action" "$bytes" \
    "$(if [[ -n $reason ]]; then json "$reason"; else printf null; fi)"
  separator=', '
}

# Decides about all entries before anything is touched: what is found later cannot come from what was done before.
look_at_all() {
  local i
  for i in ${chosen[@]+"${chosen[@]}"}; do
    look_at "$i"
    look_beside
    bytes=0 code=3 aside=
    if [[ $committing == yes ]]; then decide_commit; elif [[ -n $take ]]; then decide_take; else decide; fi
    case $action/$aside in
      move/link) size_of "$original" ;;
      move/*) size_of "$live" ;;
      commit/*) sizes_of "$original" "$live.remanence-trash" ;;
      *) reply=$bytes ;;
    esac
    bytes=$reply
    if [[ $action == refuse ]]; then bytes=0 aside=; fi
    actions+=("$action") reasons+=("$reason") sizes+=("$bytes") codes+=("$code") asides+=("$aside")
  done
}

main() {
  local n path kind mode live stored text root partial back original copied returned other
  local action reason code bytes aside stamp separator='' refused=0 changes=0 worst=0 moved=0 freed=0
  local actions=() reasons=() sizes=() codes=() asides=() moved_to=()
  options "$@"
  choose_user
  settings
  if is_for_root; then
    [[ -z $take && $comparing == no ]] || die 2 "--take and --compare are about links: run them as the user whose home it is"
    run_as_root
  fi
  need_user
  check_only ${entry_paths[@]+"${entry_paths[@]}"} ${own_bound_paths[@]+"${own_bound_paths[@]}"}
  check_take
  if [[ $comparing == yes ]]; then
    choose_entries
    compare_all
    return
  fi
  lock
  load_mounts
  choose_entries
  check_stores
  check_root_links
  find_exchanger
  look_at_all
  agree_to_copy
  say_what_comes
  if [[ $dry_run == no && " ${actions[*]-} " == *\ @(linked|move|copy|place|create|adopt|take|settle)\ * ]]; then make_root_links; fi

  [[ $format == text ]] || printf '{ "version": 1, "dryRun": %s, "entries": [ ' "$([[ $dry_run == yes ]] && echo true || echo false)"
  for n in "${!chosen[@]}"; do
    look_at "${chosen[$n]}"
    look_beside
    action=${actions[$n]} reason=${reasons[$n]} bytes=${sizes[$n]} code=${codes[$n]} aside=${asides[$n]}
    case $action in
      move | copy | finish | place | create | adopt | take | settle | commit)
        if [[ $dry_run == yes ]] || carry_out; then
          changes=$((changes + 1))
          if [[ $action == commit ]]; then freed=$((freed + bytes)); else moved=$((moved + bytes)); fi
          if [[ $dry_run == no ]]; then
            journal "link $action${take:+ (--take $take)} ~/$path"
            moved_to+=("$stored")
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
  if [[ $me == root && $dry_run == no ]]; then format=json label_stores; fi
  if [[ $dry_run == no && $committing == no ]]; then label_home ${moved_to[@]+"${moved_to[@]}"}; fi
  if [[ $format == json ]]; then printf ' ], "refused": %s }\n' "$refused"; else say_summary; fi
  write_journal
  say_left_for_root
  exit "$worst"
}

say_summary() {
  local verb=were
  [[ $dry_run == no ]] || verb='would be'
  say ""
  if [[ $committing == yes ]]; then
    say "$changes of ${#chosen[@]} originals $verb deleted, $(human "$freed"); what is in the store stays."
  else
    say "$changes of ${#chosen[@]} entries $verb linked, $(human "$moved") moved, nothing deleted. Undo: unlink.sh"
    say_labels
  fi
}

# What root does besides mounting: the labels of all stores.
finish_as_root() {
  label_stores
  warn_of_policy
}

main "$@"
