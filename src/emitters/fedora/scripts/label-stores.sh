#!/usr/bin/env bash
# shellcheck disable=SC2154,SC2034 # stands between labels.sh and the script itself

# --- labels: what only root can do --------------------------------------------------------------------------------

rule_stores=()
# mirror STORE: a store outside of the homes, which mirrors /.
mirror() {
  rule_stores+=("$1")
}

label_owners=() label_trees=() label_likes=()
# labelled OWNER TREE LIKE: a tree in a store that is labelled like another place. OWNER is - for the system. A TREE of a
# user may be relative to the home, and LIKE is - for the home.
labelled() {
  label_owners+=("$1")
  label_trees+=("$2")
  label_likes+=("$3")
}

# Sets `reply` to the home of a user of the plan, as it is now and with no link in its path.
home_now() {
  local place
  place=$(getent passwd "$1" | cut -d: -f6) || place=
  [[ -d $place ]] || place=${home_of["$1"]}
  reply=$(cd -- "$place" 2>/dev/null && pwd -P)
}

rule_places=() rule_likes=()
# Sets `rule_places` and `rule_likes`: the rules that are needed, paths with no link in them.
choose_rules() {
  local i place
  for place in ${rule_stores[@]+"${rule_stores[@]}"}; do
    rule_places+=("$(realpath -m -- "$place")")
    rule_likes+=(/)
  done
  for i in "${!label_trees[@]}"; do
    [[ ${label_owners[$i]} != - && ${label_trees[$i]} != /* ]] || continue
    home_now "${label_owners[$i]}" || continue
    rule_places+=("$reply/${label_trees[$i]}")
    rule_likes+=("$reply")
  done
}

# The file in which local rules stand, by which selabel_file(5) means this form, and which semanage writes too.
rules_file() {
  local kind
  kind=$(sed -n 's/^SELINUXTYPE=//p' /etc/selinux/config | tail -n 1) || kind=
  reply=/etc/selinux/${kind:-targeted}/contexts/files/file_contexts.subs
}

has_rule() {
  rules_file
  [[ -f $reply ]] && awk -v place="$1" -v like="$2" '$1 == place && $2 == like { found = 1 } END { exit !found }' "$reply"
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

take_rule() {
  local PATH=$PATH:/usr/sbin
  if command -v semanage >/dev/null; then
    (umask 022 && semanage fcontext -d -e "$2" "$1")
  else
    rules_file
    change_rules "$reply" "$(awk -v place="$1" '$1 != place' "$reply")"
  fi
}

# change_rules FILE LINES…: the file has these lines from now on, in one step.
change_rules() {
  printf '%s\n' "${@:2}" | sed '/^$/d' >"$1.remanence" && chmod 0644 -- "$1.remanence" && sync -- "$1.remanence" &&
    mv -T -- "$1.remanence" "$1" && relabel "$1"
}

# Which rules link.sh made: unlink.sh takes back no others.
made_rules() {
  find_state
  reply=$state/label-rules
}

# row PLACE ACTION REASON: a line of the report on rules.
row() {
  if [[ $format == json ]]; then
    label_rows+=("{ \"path\": $(json "$1"), \"action\": \"$2\", \"reason\": $([[ -n $3 ]] && json "$3" || printf null) }")
  else
    shown "$1"
    printf '  %-32s %10s   %s\n' "$reply" '' "labels: ${3:-$2}"
  fi
}
label_rows=()
labels_json=

# Sets `labels_json`: the same for --format json.
sum_up_labels() {
  local IFS=,
  labels_json="\"selinux\": \"$selinux\", \"labels\": [${label_rows[*]-}]"
}

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

refuse_labels() {
  row "$1" refuse "REFUSED: $2"
  worst_of "$worst" 3
  worst=$reply
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

# The root part of unlink.sh: takes back the rules that link.sh made, of stores that hold nothing any more.
unlabel_stores() {
  local place like
  selinux_mode
  if [[ $reply == disabled ]]; then [[ $format == json ]] || say_labels; fi
  choose_rules
  made_rules
  if [[ -f $reply ]]; then
    while read -r place like; do unmake_rule "$place" "$like"; done < <(sort -u -- "$reply")
  fi
  sum_up_labels
}

unmake_rule() {
  local n
  has_rule "$1" "$2" || return 0
  if ! is_one_of "$1" ${rule_places[@]+"${rule_places[@]}"}; then
    row "$1" keep "the rule for it stays: it is no store of the manifest any more; semanage fcontext -d -e $2 $1"
    return 0
  fi
  for n in "${!label_trees[@]}"; do
    if is_in_use "$n" "$1"; then
      row "$1" keep "the rule for it stays: $(short "$reply") is in use"
      return 0
    fi
  done
  if [[ $dry_run == yes ]]; then
    row "$1" remove "the rule that it mirrors $2 goes"
  elif take_rule "$1" "$2"; then
    made_rules
    awk -v place="$1" '$1 != place' "$reply" >"$reply.new" && mv -T -- "$reply.new" "$reply"
    row "$1" remove "the rule that it mirrors $2 goes"
    journal "unlink labels $1 = $2"
  else
    refuse_labels "$1" "the rule could not be taken back; see above"
  fi
}

# True where a tree at or below a place still holds something, or a home has links to it; `reply` is what.
is_in_use() {
  local owner=${label_owners[$1]} tree=${label_trees[$1]} name
  if [[ $owner != - ]]; then
    home_now "$owner" || return 1
    [[ $tree == /* ]] || tree=$reply/$tree
    [[ $tree == "$2" || $tree == "$2"/* ]] || return 1
    for name in "${!root_link[@]}"; do
      [[ $name == "$owner"/* && (${folder_in["$name"]} == "${label_trees[$1]}") && -L $reply/${root_link["$name"]} ]] || continue
      reply=$reply/${root_link["$name"]}
      return 0
    done
  fi
  reply=$tree
  [[ $tree == "$2" || $tree == "$2"/* ]] && ! has_only_directories "$tree"
}
