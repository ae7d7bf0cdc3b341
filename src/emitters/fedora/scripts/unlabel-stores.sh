#!/usr/bin/env bash
# shellcheck disable=SC2154,SC2034 # stands between label-rules.sh and unlink.sh

# --- rules that go ------------------------------------------------------------------------------------------------

# The root part of unlink.sh: takes back the rules that link.sh made, of stores that hold nothing any more.
unlabel_stores() {
  local place like
  selinux_mode
  if [[ $reply == disabled ]]; then [[ $format == json ]] || say_labels; fi
  choose_rules
  # Some of it may have been unmounted just now.
  mount_points=()
  load_mounts
  made_rules
  if [[ -f $reply ]]; then
    while read -r place like; do unmake_rule "$place" "$like" </dev/null; done < <(sort -u -- "$reply")
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
    without "$1 $2" "$reply" >"$reply.new" && mv -T -- "$reply.new" "$reply"
    row "$1" remove "the rule that it mirrors $2 goes"
    journal "unlink labels $1 = $2"
  else
    refuse_labels "$1" "the rule could not be taken back; see above"
  fi
}

# True where a tree at or below a place still holds something, or a home still has a way to it; `reply` is what.
is_in_use() {
  local owner=${label_owners[$1]} tree=${label_trees[$1]} home=''
  if [[ $owner != - ]]; then
    home_now "$owner" || return 1
    home=$reply
    [[ $tree == /* ]] || tree=$home/$tree
  fi
  [[ $tree == "$2" || $tree == "$2"/* ]] || return 1
  has_root_link "$owner" "${label_trees[$1]}" "$home" && return 0
  has_mounts "$owner" "$home" && return 0
  reply=$tree
  ! has_only_directories "$tree"
}

# has_root_link USER FOLDER HOME: user link.sh puts it there with the first link, and unlink.sh takes it away with the last.
has_root_link() {
  local name
  for name in "${!root_link[@]}"; do
    reply=$3/${root_link["$name"]}
    if [[ $name == "$1"/* && ${folder_in["$name"]} == "$2" && -L $reply ]]; then return 0; fi
  done
  return 1
}

has_mounts() {
  local n
  for n in "${!bound_paths[@]}"; do
    [[ ${bound_users[$n]} == "$1" ]] || continue
    reply=${bound_paths[$n]}
    [[ $reply == /* ]] || reply=$2/$reply
    if is_mount_point "$reply"; then return 0; fi
  done
  return 1
}

# without LINE FILE: the other lines of it.
without() {
  grep -vxF -- "$1" "$2" || :
}

take_rule() {
  local PATH=$PATH:/usr/sbin
  if command -v semanage >/dev/null; then
    (umask 022 && semanage fcontext -d -e "$2" "$1")
  else
    rules_file
    change_rules "$reply" "$(without "$1 $2" "$reply")"
  fi
}
