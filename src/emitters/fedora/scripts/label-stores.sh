#!/usr/bin/env bash
# shellcheck disable=SC2154,SC2034 # stands between label-rules.sh and link.sh

# --- rules and labels for stores ----------------------------------------------------------------------------------

# The root part of link.sh: tells the policy of each store what it mirrors, and labels what is in them.
label_stores() {
  local n
  selinux_mode
  if [[ $reply == disabled ]]; then
    [[ $format == json ]] || say_labels
  else
    choose_rules
    for n in "${!rule_places[@]}"; do make_rule "${rule_places[$n]}" "${rule_likes[$n]}"; done
    for n in "${!label_trees[@]}"; do label_tree "$n"; done
  fi
  sum_up_labels
}

# The rule is written where semanage is not installed, as it would write it. What semanage writes everybody must be able
# to read, and it minds the umask.
add_rule() {
  local PATH=$PATH:/usr/sbin
  if command -v semanage >/dev/null; then
    (umask 022 && semanage fcontext -a -e "$2" "$1")
  else
    rules_file
    [[ -d ${reply%/*} ]] && change_rules "$reply" "$(cat -- "$reply" 2>/dev/null || :)" "$1 $2"
  fi
}

# Files of which the policy says something that it says of nothing else, below / and below a home.
probe_of() {
  reply=.ssh
  if [[ $1 == / ]]; then reply=etc/shadow; fi
}

make_rule() {
  local place=$1 like=$2 probe
  probe_of "$like"
  probe=$reply
  if [[ $place == *[[:blank:]]* ]]; then
    refuse_labels "$place" "SELinux can be told of no path with a blank in it"
  elif [[ $like != / ]] && ! is_known_home "$like"; then
    refuse_labels "$place" "the policy does not know the home"
  elif is_labelled_like "$place" "$like" "$probe" || has_rule "$place" "$like"; then
    row "$place" known "the policy knows that it mirrors $like"
  elif [[ $dry_run == yes ]]; then
    row "$place" add "the policy is told that it mirrors $like"
  else
    made_rules
    { make_state && printf '%s %s\n' "$place" "$like" >>"$reply"; } || die 2 "cannot write $reply"
    if add_rule "$place" "$like" && is_labelled_like "$place" "$like" "$probe"; then
      row "$place" add "the policy is told that it mirrors $like"
      journal "labels $selinux $place = $like"
    else
      refuse_labels "$place" "the policy could not be told that it mirrors $like; see above"
    fi
  fi
}

# Labels one tree of a store.
label_tree() {
  local owner=${label_owners[$1]} tree=${label_trees[$1]} like=${label_likes[$1]} probe='' uid=''
  if [[ $owner != - ]]; then
    probe=.ssh
    if ! home_now "$owner" || ! uid=$(id -u -- "$owner" 2>/dev/null); then
      row "$tree" absent "there is no $owner on this machine"
      return 0
    fi
    like=$reply
    [[ $tree == /* ]] || tree=$like/$tree
  fi
  tree=$(realpath -m -- "$tree")
  if [[ -n $uid ]] && ! is_known_home "$like"; then
    warn_of_unknown_home "$like"
    refuse_labels "$tree" "the policy does not know the home"
  elif [[ ! -d $tree ]]; then
    row "$tree" absent "it is not there yet"
  elif [[ $dry_run == yes ]]; then
    row "$tree" label "it would be labelled like $like"
  elif ! is_labelled_like "$tree" "$like" "$probe"; then
    refuse_labels "$tree" "the policy does not know that it mirrors $like, and would take all labels there"
  else
    label_parents "$tree"
    if [[ -n $uid ]]; then label_as_user "$owner" "$uid" "$like" "$tree"; else label_as_root "$tree"; fi
  fi
}

# The links in the home of a user, each ended by NUL.
links_of() {
  local me=$1 home=$2 entry_paths=() entry_kinds=() entry_stores=() entry_modes=()
  local i path kind mode live stored text root
  settings
  for i in "${!entry_paths[@]}"; do
    look_at "$i"
    if [[ -L $root ]]; then printf '%s\0' "$root"; fi
    if [[ -L $live ]]; then printf '%s\0' "$live"; fi
  done | sort -z -u
}

# as_user UID COMMAND…: in a directory of theirs a user can swap things while we look. As them it is at their cost alone.
as_user() {
  setpriv --reuid "$1" --regid "$(id -g -- "$1" 2>/dev/null || printf '%s' "$1")" --clear-groups -- \
    env -i PATH=/usr/bin:/usr/sbin "${@:2}" || warn "SELinux: not everything of user $1 could be labelled"
}

label_as_user() {
  local links=()
  mapfile -d '' links < <(links_of "$1" "$3")
  ((${#links[@]} == 0)) || as_user "$2" restorecon -- "${links[@]}"
  as_user "$2" restorecon -R -x -- "$4"
  row "$4" label "it is labelled like $3, and ${#links[@]} links to it"
}

# The directories above a tree that are part of the store and root's alone.
label_parents() {
  local store at
  for store in ${rule_places[@]+"${rule_places[@]}"}; do
    at=${1%/*}
    while [[ $at == "$store"/* || $at == "$store" ]]; do
      if is_trusted "$at" ''; then relabel "$at"; fi
      at=${at%/*}
    done
  done
}

# Labels a tree as root where only root can change it, and each part of it that is somebody else's as them.
label_as_root() {
  local tree=$1 uid path own=yes others=() leave=() n
  if ! is_trusted "${tree%/*}" ''; then
    refuse_labels "$tree" "others can change a directory above it, or it is a link"
    return 0
  fi
  while IFS= read -r -d '' uid && IFS= read -r -d '' path; do
    if [[ $path == "$tree" ]]; then own=no; fi
    leave+=(-e "$path")
    if ((uid == 0)); then
      warn "SELinux: others can change $(plain "$path") while it would be labelled, so it is left as it is"
    else
      others+=("$uid" "$path")
    fi
  done < <(find "$tree" -xdev -type d \( ! -user 0 -o -perm /022 \) -printf '%U\0%p\0' -prune)
  if [[ $own == yes ]]; then relabel_below ${leave[@]+"${leave[@]}"} "$tree"; fi
  for ((n = 0; n < ${#others[@]}; n += 2)); do as_user "${others[n]}" restorecon -R -x -- "${others[n + 1]}"; done
  row "$tree" label "it is labelled"
}
