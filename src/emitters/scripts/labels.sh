#!/usr/bin/env bash
# shellcheck disable=SC2154,SC2034 # stands between links.sh and the script itself

# --- labels, where SELinux is on ----------------------------------------------------------------------------------

# A label follows from the place. The policy knows what a home holds, and nothing of a store: one rule says that the
# store's paths are to be labelled like the ones that they mirror. Without the rule nothing in a store is labelled here,
# since what the policy then says is wrong for all of it.

selinux=
# Sets `reply` to enforcing, permissive or disabled; disabled also where there is no SELinux at all.
selinux_mode() {
  local PATH=$PATH:/usr/sbin
  if [[ -z $selinux ]]; then
    selinux=disabled
    if command -v selinuxenabled >/dev/null && selinuxenabled; then
      selinux=permissive
      if [[ $(getenforce) == Enforcing ]]; then selinux=enforcing; fi
    fi
  fi
  reply=$selinux
}

# The type in a label, which is what the policy decides by.
type_in() {
  IFS=: read -r _ _ reply _ <<<"$1" || reply=
}

# Sets `reply` to the type that the policy wants for a path; empty where it wants none, or cannot be asked.
expected_label() {
  local PATH=$PATH:/usr/sbin label
  label=$(matchpathcon -n "$1" 2>/dev/null) || label=
  type_in "$label"
}

# Sets `reply` to the type that a path has, which is not followed; empty where it has none.
actual_label() {
  local label
  label=$(stat -c %C -- "$1" 2>/dev/null) || label=
  type_in "$label"
}

# True where the policy wants the same for something in a tree as for the same thing in another.
is_labelled_like() {
  local wanted
  expected_label "${2%/}${3:+/$3}"
  wanted=$reply
  expected_label "${1%/}${3:+/$3}"
  [[ -n $reply && $reply == "$wanted" ]]
}

# True where the policy knows that a directory is a home. Where it does not, a relabel would undo all labels in it.
is_known_home() {
  expected_label "$1/.ssh"
  [[ $reply == ssh_home_t ]]
}

warn_of_unknown_home() {
  warn "SELinux: labels of $1 are left as they are: the policy wants ${reply:-nothing} for its .ssh, so it does not know that this is a home."
  warn "  A relabel would break it. Where homes are in /var/home (Fedora Atomic) the policy's file_contexts.subs_dist must not map /var/home to /home."
}

# relabel PATH…: what the policy says, to each of them and nothing below; links are not followed.
relabel() {
  local PATH=$PATH:/usr/sbin
  restorecon -- "$@" || warn "SELinux: not everything could be labelled"
}

# relabel_below [-e PATH]… PATH…: the same to all that is below, on one file system. Not with -F: that would take the labels that containers gave.
relabel_below() {
  local PATH=$PATH:/usr/sbin
  restorecon -R -x "$@" || warn "SELinux: not everything could be labelled"
}

# label_links PATH…: gives paths of this home the labels of their places.
label_links() {
  if can_label "$@"; then relabel "$@"; fi
}

# label_back PATH…: the same to all that came back to this home.
label_back() {
  if can_label "$@"; then relabel_below "$@"; fi
}

# True where there is something to label, SELinux is on, and the policy knows this home.
can_label() {
  selinux_mode
  if [[ $reply == disabled ]] || (($# == 0)); then return 1; fi
  is_known_home "$home" && return 0
  warn_of_unknown_home "$home"
  return 1
}

# label_home STORED…: the labels of this home's links, which a run that was stopped may not have given, and of the data
# that this run moved to STORED.
label_home() {
  local i name path kind mode live stored text root links=() tops=() deep=() unknown=()
  can_label ${chosen[@]+"${chosen[@]}"} || return 0
  for name in ${stores[@]+"${stores[@]}"}; do
    if [[ -L $home/${root_link["$me/$name"]} ]]; then links+=("$home/${root_link["$me/$name"]}"); fi
    folder_of "$name"
    is_labelled_like "$reply" "$home" .ssh || unknown+=("$name")
  done
  for i in "${chosen[@]}"; do
    look_at "$i"
    if [[ ! -L $live ]] || ! is_ours; then continue; fi
    links+=("$live")
    if ! is_one_of "${entry_stores[$i]}" ${unknown[@]+"${unknown[@]}"} && [[ -e $stored ]]; then
      tops+=("$stored")
      if is_one_of "$stored" "$@"; then deep+=("$stored"); fi
    fi
  done
  if ((${#links[@]} + ${#tops[@]} > 0)); then relabel ${links[@]+"${links[@]}"} ${tops[@]+"${tops[@]}"}; fi
  if ((${#deep[@]} > 0)); then relabel_below "${deep[@]}"; fi
  if ((${#unknown[@]} > 0)); then
    warn "SELinux: the policy does not know what store ${unknown[*]} holds, and the next relabel would take all labels there: run sudo ${0##*/} once"
  fi
  if (($# > 0)); then journal "labels $selinux"; fi
}

is_one_of() {
  local word
  for word in "${@:2}"; do
    if [[ $word == "$1" ]]; then return 0; fi
  done
  return 1
}

# What is said of labels at the end of a run.
say_labels() {
  selinux_mode
  if [[ $reply == disabled ]]; then say "SELinux is off here: there are no labels to set."; fi
}
