#!/usr/bin/env bash
# shellcheck disable=SC2154,SC2034 # stands between backups.sh and restore.sh

# --- what to restore from -----------------------------------------------------------------------------------------

from=
identity=
other=
repository=
own_password_file=

other_names=()
declare -A other_engine=() other_target=() other_password=()
# other_host NAME ENGINE TARGET PASSWORD_FILE: another host of the manifest, whose backup --host NAME reads.
other_host() {
  other_names+=("$1")
  other_engine["$1"]=$2
  other_target["$1"]=$3
  other_password["$1"]=${4#-}
}

there_names=() there_classes=() there_roots=() there_owners=()
# saved_on NAME OWNER CLASS PATH ROOT: what this host keeps at PATH (as in the manifest) that host has saved at ROOT.
saved_on() {
  [[ $1 == "$other" ]] && is_mine "$2" || return 0
  there_names+=("$4")
  there_classes+=("$3")
  there_roots+=("$5")
  there_owners+=("$2")
}

declare -A mode_of=() owner_of=() group_of=()
# owned USER PATH MODE OWNER GROUP: how an entry must be when it is back; - where nothing is asked for.
owned() {
  is_mine "$1" || return 0
  absolute "$2"
  mode_of["$reply"]=${3#-}
  owner_of["$reply"]=${4#-}
  group_of["$reply"]=${5#-}
}

# Settles host, engine and place of the backup, from the settings and from what was asked for.
settle_source() {
  if [[ -n $other ]]; then
    [[ -n ${other_engine["$other"]-} ]] ||
      die 2 "--host $(plain "$other"): that host saves nothing that is kept here; known: ${other_names[*]-none}"
    host=$other engine=${other_engine["$other"]} target=${other_target["$other"]} password_file=${other_password["$other"]}
  elif [[ -z $engine ]]; then
    die 2 "nothing is backed up on this host; --host NAME brings what another one saved: ${other_names[*]}"
  fi
  if [[ -n $repository ]]; then
    target=$repository
    if [[ $repository == *:* || -f $repository/config ]]; then engine=restic; else engine=tar; fi
  fi
  case $from in
    *.tar.zst | *.tar.zst.age | *.tar.zst.gpg) engine=tar ;;
  esac
  if [[ -n $own_password_file ]]; then
    unset RESTIC_PASSWORD RESTIC_PASSWORD_COMMAND
    RESTIC_PASSWORD_FILE=$own_password_file
  fi
}

# What a program said.
show_log() {
  local line
  while IFS= read -r line; do warn "$(plain "$line")"; done < <(head -n 20 -- "$1")
}

# --- archives -----------------------------------------------------------------------------------------------------

archive=
decrypt() {
  case $1 in
    *.age) age -d -i "$identity" -- "$1" ;;
    *.gpg) gpg --batch --decrypt -- "$1" ;;
    *) cat -- "$1" ;;
  esac
}

newest_archive() {
  local one newest=''
  part_name
  for one in "$target/remanence-$host-$reply-"[0-9][0-9][0-9][0-9]-*.tar.zst*; do
    [[ $one == *.part || $one == *.sha256 || ! -f $one ]] || newest=$one
  done
  [[ -n $newest ]] || die 2 "no archive of $host ($reply) in $target"
  # Where others can write to the folder, the newest may be one that somebody made for root to unpack.
  if [[ -z $me && $(stat -L -c %u -- "$newest") != 0 ]]; then
    die 3 "$(plain "$newest") does not belong to root: if you know who made it, name it with --from"
  fi
  if [[ -f $newest.sha256 ]] && grep -qxF '# incomplete' -- "$newest.sha256"; then
    warn "the newest archive is not complete: something could not be read when it was made; --from takes an earlier one"
  fi
  reply=$newest
}

# Finds what to restore from, before anything is made: sets `archive` and `source_name`.
find_tar() {
  need_tools tar zstd sha256sum
  archive=$from
  if [[ -z $archive ]]; then
    newest_archive
    archive=$reply
  fi
  [[ -f $archive ]] || die 2 "there is no archive $archive"
  case $archive in
    *.age)
      need_tools age
      [[ -n $identity ]] || die 2 "the archive is encrypted: --identity FILE"
      ;;
    *.gpg) need_tools gpg ;;
  esac
  source_name=${archive##*/}
  snapshots=('') snapshot_classes=('')
  [[ -f $archive.sha256 ]] || return 0
  (cd -- "$(dirname -- "$archive")" && sha256sum --quiet -c -- "$source_name.sha256") >/dev/null 2>&1 ||
    die 2 "$archive is damaged: its checksum is wrong"
}

# Writes what is in the archive: bytes, owner/group, path. A sparse file is no larger than what lies between its block and
# the next one.
list_tar() {
  decrypt "$archive" | zstd -dcq | tar --list --verbose --block-number --file=- --quoting-style=literal --sparse | awk '
    function done() {
      if (path == "") return
      stored = (at - block) * 512
      printf "%.0f\t%s\t%s\n", size < stored ? size : stored, owner, path
      path = ""
    }
    { at = $2 + 0; done() }
    $1 == "block" && match($0, / [0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9] [0-9:]+ \.\//) {
      block = at
      owner = $4
      size = $5 + 0
      path = substr($0, RSTART + RLENGTH - 1)
      sub(/ link to \.\/.*$/, "", path)
      if ($3 ~ /^l/) sub(/ -> .*$/, "", path)
      sub(/\/$/, "", path)
    }
    END { at = block; done() }
  '
}

# --- snapshots of restic ------------------------------------------------------------------------------------------

# What to read, and of which class each is; one of no class may hold anything.
snapshots=() snapshot_classes=()
restic_read() { restic ${restic_options[@]+"${restic_options[@]}"} "$@"; }
restic_options=()

find_restic() {
  local class said
  open_restic
  # A disk that is mounted for reading takes no lock.
  if [[ -d $RESTIC_REPOSITORY/locks && ! -w $RESTIC_REPOSITORY/locks ]]; then restic_options=(--no-lock); fi
  said=$(restic_read snapshots --json --host "$host" --tag remanence 2>"$work/restic.log") || cannot_open
  source_name=${from:-latest}
  if [[ -n $from ]]; then
    [[ $(restic_read snapshots --json "$from" 2>/dev/null) == *'"id":"'* ]] ||
      die 2 "there is no snapshot $(plain "$from") in the repository at $(plain "$target")"
    snapshots=("$from") snapshot_classes=('')
    return
  fi
  part_name
  for class in secret data config state; do
    newest_of "$said" "$reply" "$class"
    [[ -n $found ]] || continue
    snapshots+=("$found")
    snapshot_classes+=("$class")
  done
  ((${#snapshots[@]} > 0)) || die 2 "no snapshot of $host in the repository at $(plain "$target")"
}

cannot_open() {
  ! grep -q 'already locked' "$work/restic.log" ||
    die 2 "the repository is locked, so something works on it; if nothing does: restic unlock"
  ! grep -q 'wrong password' "$work/restic.log" || die 2 "the repository at $(plain "$target") does not open with this password"
  show_log "$work/restic.log"
  die 2 "no repository that opens with this password at $(plain "$target")"
}

# newest_of SNAPSHOTS PART CLASS: sets `found` to the newest snapshot of that part, or nothing. NixOS saves all users and
# the system together. restic lists the oldest first; times as it writes them, each in its own zone, say nothing.
newest_of() {
  local whole=$together
  [[ -z $other ]] || whole=yes
  found=$(printf '%s\n' "$1" | sed 's/},{"time":/}\n{"time":/g' | awk -v part="\"$2\"" -v class="\"class-$3\"" -v whole="$whole" '
    match($0, /"tags":\[[^]]*\]/) {
      tags = substr($0, RSTART, RLENGTH)
      if (!index(tags, class)) next
      if (!index(tags, part) && (whole == "no" || tags ~ /"(user-[^"]*|system)"/)) next
      if (!match($0, /"id":"[0-9a-f]*"/)) next
      id = substr($0, RSTART + 6, RLENGTH - 7)
    }
    END { print id }
  ')
}
found=

# Text of JSON as it is meant, as far as restic writes it.
unescape='
  function meant(text) {
    gsub(/\\u003c/, "<", text)
    gsub(/\\u003e/, ">", text)
    gsub(/\\u0026/, "\\&", text)
    gsub(/\\"/, "\"", text)
    gsub(/\\\\/, "\\", text)
    return text
  }
  function field(name, pattern) {
    if (!match($0, "\"" name "\":" pattern)) return ""
    return substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 3)
  }
  function text(name, found) {
    found = field(name, "\"([^\"\\\\]|\\\\.)*\"")
    return meant(substr(found, 2, length(found) - 2))
  }'

# list_restic SNAPSHOT: the same as list_tar. Names of owners only `find` tells, and only the system asks for them.
list_restic() {
  if [[ ${entry_owners[*]} != *system* ]]; then
    restic_read ls --json "$1"
  else
    restic_read find --json --snapshot "$1" '*' | sed 's/{"path":"/\n{"path":"/g'
  fi | awk "$unescape"'
    /"path":"/ && /"type":"/ {
      owner = text("user"); group = text("group")
      if (owner == "") owner = field("uid", "[0-9]+")
      if (group == "") group = field("gid", "[0-9]+")
      printf "%.0f\t%s/%s\t%s\n", field("size", "[0-9]+"), owner, group, text("path")
    }'
}
