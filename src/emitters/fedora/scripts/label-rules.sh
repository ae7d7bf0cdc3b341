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
  [[ -f $reply ]] && grep -qxF -- "$1 $2" "$reply"
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

refuse_labels() {
  row "$1" refuse "REFUSED: $2"
  worst_of "$worst" 3
  worst=$reply
}
