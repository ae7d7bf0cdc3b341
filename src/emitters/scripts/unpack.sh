#!/usr/bin/env bash
# shellcheck disable=SC2154,SC2034 # stands between sources.sh and restore.sh

# --- out of the backup --------------------------------------------------------------------------------------------

declare -A saved_bytes=() saved_files=() saved_owners=()
# Counts what the backup has of the paths in the file `wanted`: each file counts for the deepest of them that holds it.
survey() {
  local n bytes files owners path
  for n in "${!snapshots[@]}"; do
    [[ -f $work/list-$n ]] || "list_$engine" "${snapshots[$n]}" >"$work/list-$n" ||
      die 2 "$(plain "$source_name") cannot be read: it is damaged$([[ $archive != *.@(age|gpg) ]] || printf ', or this is not the key to it')"
    while IFS=$'\t' read -r bytes files owners path; do
      saved_bytes["$n $path"]=$bytes
      saved_files["$n $path"]=$files
      saved_owners["$n $path"]=$owners
    done < <(awk -F '\t' '
      NR == FNR { wanted[$0] = 1; next }
      {
        path = substr($0, length($1) + length($2) + 3)
        sub(/^\.\//, "/", path)
        at = path
        while (at != "" && !(at in wanted)) sub(/\/[^\/]*$/, "", at)
        if (at == "") next
        bytes[at] += $1
        files[at]++
        if (!((at, $2) in seen)) owners[at] = owners[at] " " $2
        seen[at, $2] = 1
      }
      END { for (at in files) printf "%.0f\t%d\t%s\t%s\n", bytes[at], files[at], owners[at], at }
    ' "$work/wanted" "$work/list-$n")
  done
}

# unpack STAGE NUMBER…: puts what was saved of the entries of these numbers below a stage, and verifies it there: what
# is wrong in any way ends the run.
unpack() {
  local n i
  stage=$1
  shift
  for n in "${!snapshots[@]}"; do
    local own=() by_name=() by_number=()
    for i in "$@"; do
      [[ ${sources[$i]} == "$n" ]] || continue
      if [[ ${entry_owners[$i]} == home ]]; then
        own+=("${saved[$i]}")
      elif keeps_numbers "${entry_names[$i]}"; then
        by_number+=("${saved[$i]}")
      else
        by_name+=("${saved[$i]}")
      fi
    done
    if ((${#own[@]} > 0)); then "unpack_$engine" "${snapshots[$n]}" home "${own[@]}"; fi
    if ((${#by_name[@]} > 0)); then "unpack_$engine" "${snapshots[$n]}" name "${by_name[@]}"; fi
    if ((${#by_number[@]} > 0)); then "unpack_$engine" "${snapshots[$n]}" number "${by_number[@]}"; fi
  done
  # Of directories above an entry the backup may know modes of its own.
  chmod 0700 -- "$stage"
}
stage=

# keeps_numbers NAME: what containers keep belongs to numbers; a name that one of them has here says nothing.
keeps_numbers() {
  [[ $1 == @(/var/lib/docker|/var/lib/containers|/var/lib/machines)?(/*) ]]
}

# Users and groups that own something of an entry in the backup, or shall own it, and whom this machine does not know;
# `reply` names them.
find_strangers() {
  local pair pairs=("${owner_of["${finals[$1]}"]:-0}/${group_of["${finals[$1]}"]:-0}")
  local -A strangers=()
  if ! keeps_numbers "${entry_names[$1]}"; then
    read -r -a pairs <<<"${pairs[0]} ${saved_owners["${sources[$1]} ${saved[$1]}"]}"
  fi
  for pair in "${pairs[@]}"; do
    is_known passwd "${pair%%/*}" || strangers["${pair%%/*}"]=1
    is_known group "${pair#*/}" || strangers["${pair#*/}"]=1
  done
  reply=${!strangers[*]}
}

is_known() {
  [[ $2 == +([0-9]) ]] || getent "$1" "$2" >/dev/null
}

# --- archives -----------------------------------------------------------------------------------------------------

unpack_tar() {
  local root members=() how=(--same-owner)
  if [[ $2 == home ]]; then how=(--no-same-owner); elif [[ $2 == number ]]; then how+=(--numeric-owner); fi
  # To tar what lies in another member is no member of its own.
  for root in "${@:3}"; do is_inside "$root" "${@:3}" || members+=(".$root"); done
  if ! extract "$stage" "${members[@]}"; then
    grep -q 'Cannot hard link to' "$work/tar.log" || give_up_tar
    unpack_whole "${@:3}" || give_up_tar
    return 0
  fi
  compare_tar "$stage" "${members[@]}" || give_up_tar
}

is_inside() {
  local one
  for one in "${@:2}"; do
    [[ $1 == "$one"/* ]] && return 0
  done
  return 1
}

give_up_tar() {
  show_log "$work/tar.log"
  give_up "what came out of $(plain "$source_name") is not what is in it" "$work/tar.log"
}

# A chosen file may be a hard link to one that was not: all is unpacked and verified, and the chosen part kept.
unpack_whole() {
  local root whole=$stage/.whole
  mkdir -- "$whole" && extract "$whole" && compare_tar "$whole" || return 1
  for root in "$@"; do
    remove "$stage$root" && mkdir -p -- "$stage${root%/*}" && mv -T -- "$whole$root" "$stage$root" || return 1
  done
  remove "$whole"
}

# extract FOLDER MEMBER…: labels follow from the place, so they stay out; what only root may set, only root tries to. A
# file system that has no attributes is no reason to bring nothing back.
extract() {
  local codes=(0 0 0) attributes=(--xattrs-include='*' --xattrs-exclude='security.selinux' --xattrs-exclude='trusted.SGI_ACL*')
  if ((EUID != 0)); then attributes=(--xattrs-include='user.*'); fi
  if ! decrypt "$archive" | zstd -dcq | tar --extract --file=- -C "$1" --preserve-permissions --delay-directory-restore \
    "${how[@]}" --acls --xattrs "${attributes[@]}" --sparse --no-unquote --no-wildcards -- "${@:2}"; then
    codes=("${PIPESTATUS[@]}")
  fi 2>"$work/tar.log"
  [[ ${codes[*]} != '0 0 0' ]] || return 0
  [[ ${codes[0]} == 0 && ${codes[1]} == 0 ]] && grep -q ": Cannot set '.*' extended attribute" "$work/tar.log" &&
    ! grep -qv -e ": Cannot set '.*' extended attribute" -e ': Exiting with failure status' "$work/tar.log" || return 1
  warn "$(grep -c ": Cannot set '" "$work/tar.log") extended attributes of the backup cannot be set here, and are left away"
}

# Compares what was unpacked with the archive itself. In a home everything belongs to its user, whoever saved it.
compare_tar() {
  local codes=(0 0 0)
  if ! decrypt "$archive" | zstd -dcq | tar --compare --file=- -C "$1" "${how[@]:1}" --no-unquote --no-wildcards -- "${@:2}"; then
    codes=("${PIPESTATUS[@]}")
  fi >"$work/tar.log" 2>&1
  [[ ${codes[*]} != '0 0 0' ]] || return 0
  [[ ${how[0]} == --no-same-owner && ${codes[*]} == '0 0 1' ]] && ! grep -qv ': [UG]id differs$' "$work/tar.log"
}

# --- snapshots of restic ------------------------------------------------------------------------------------------

unpack_restic() {
  local root help options=(--target "$stage" --verify)
  help=$(restic restore --help)
  if [[ $help == *--sparse* ]]; then options+=(--sparse); fi
  if [[ $help == *--exclude-xattr* ]]; then options+=(--exclude-xattr security.selinux); fi
  for root in "${@:3}"; do
    restic_literal "$root"
    options+=(--include "$reply")
  done
  if [[ $2 == name && $help == *--ownership-by-name* ]]; then options+=(--ownership-by-name); fi
  restic_read restore "$1" "${options[@]}" >/dev/null 2>"$work/restic.log" || forgive_restic
  if [[ $2 == home ]]; then
    # Even root's home, and a home that was another user's, is its user's own.
    give_to_owner "${@:3}"
  elif [[ $2 == name && $help != *--ownership-by-name* ]]; then
    own_by_name "$1" "${@:3}"
  fi
}

# Older versions of restic fail where a label may not be set, which follows from the place anyway.
forgive_restic() {
  if grep -q 'security\.selinux' "$work/restic.log" &&
    ! grep -qv -e 'security\.selinux' -e 'There were [0-9]* errors$' "$work/restic.log"; then
    warn "labels of the backup could not be set here; this restic leaves other attributes of such files away as well"
    return
  fi
  show_log "$work/restic.log"
  give_up "restic could not bring back all of it" "$work/restic.log"
}

# change_owner WHO PATH…: and what the kernel takes away with it, the bits that make a program run as its owner.
change_owner() {
  local path bits
  for path in "${@:2}"; do
    bits=$(stat -c %a -- "$path")
    chown -h -- "$1" "$path" || return 1
    if [[ ! -L $path && ${#bits} -gt 3 ]]; then chmod -- "$bits" "$path"; fi
  done
}

give_to_owner() {
  local root path uid gid
  uid=$EUID
  gid=$(id -g)
  for root in "$@"; do
    [[ -e $stage$root || -L $stage$root ]] || continue
    while IFS= read -r -d '' path; do
      change_owner "$uid:$gid" "$path"
    done < <(find "$stage$root" '(' '!' -uid "$uid" -o '!' -gid "$gid" ')' -print0)
  done
}

# own_by_name SNAPSHOT ROOT…: older versions of restic only know numbers, and those of daemons differ from machine to machine.
own_by_name() {
  local root user group uid gid path
  local -A users_by=() groups_by=()
  while IFS=$'\t' read -r uid user gid group; do
    users_by["$uid"]=${user#-}
    groups_by["$gid"]=${group#-}
  done < <(restic_read find --json --snapshot "$1" '*' | sed 's/{"path":"/\n{"path":"/g' | awk "$unescape"'
    /"path":"/ { printf "%s\t-%s\t%s\t-%s\n", field("uid", "[0-9]+"), text("user"), field("gid", "[0-9]+"), text("group") }' | sort -u)
  for root in "${@:2}"; do
    # A name may end in a blank, so nothing may be cut off.
    while IFS=/ read -r -d '' uid gid path; do
      user=${users_by["$uid"]:-$uid} group=${groups_by["$gid"]:-$gid}
      if [[ $user:$group != "$uid:$gid" ]]; then change_owner "$user:$group" "$path"; fi
    done < <(find "$stage$root" -printf '%U/%G/%p\0')
  done
}
