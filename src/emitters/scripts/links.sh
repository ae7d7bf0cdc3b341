#!/usr/bin/env bash
# shellcheck disable=SC2154,SC2034 # stands between common.sh and the script itself

# --- stores and links ---------------------------------------------------------------------------------------------

declare -A folder_in=() root_link=()
# store USER NAME LINK FOLDER: the folder of a user's home in a store, and the link in the home that leads to it.
# FOLDER is relative where it lies in the home.
store() {
  folder_in["$1/$2"]=$4
  root_link["$1/$2"]=$3
}

entry_paths=() entry_kinds=() entry_stores=() entry_modes=() entry_owners=() entry_groups=()
# linked USER KIND PATH STORE MODE [OWNER GROUP]: an entry that lives in a store and is linked; - where nothing is asked for.
linked() {
  [[ $1 == "$me" ]] || return 0
  entry_kinds+=("$2")
  entry_paths+=("$3")
  entry_stores+=("$4")
  entry_modes+=("$5")
  entry_owners+=("${6--}")
  entry_groups+=("${7--}")
}

folder_of() {
  reply=${folder_in["$me/$1"]}
  [[ $reply == /* ]] || reply=$home/$reply
}

# Text of the link at a path of the home: through the root link, relative, the same that chezmoi writes.
text_of() {
  local rest=$1 up=
  while [[ $rest == */* ]]; do
    up+=../
    rest=${rest#*/}
  done
  reply=$up${root_link["$me/$2"]}/$1
}

# Everything about the entry of a number: sets path, kind, mode, live, stored, text, and root: its store's root link.
look_at() {
  path=${entry_paths[$1]}
  kind=${entry_kinds[$1]}
  mode=${entry_modes[$1]}
  live=$home/$path
  folder_of "${entry_stores[$1]}"
  stored=$reply/$path
  text_of "$path" "${entry_stores[$1]}"
  text=$reply
  root=$home/${root_link["$me/${entry_stores[$1]}"]}
}

chosen=()
# Puts the numbers of the entries that were asked for into `chosen`, and their stores into `stores`.
choose_entries() {
  local i
  local -A seen=()
  for i in "${!entry_paths[@]}"; do
    wanted "${entry_paths[$i]}" || continue
    chosen+=("$i")
    seen["${entry_stores[$i]}"]=1
  done
  stores=("${!seen[@]}")
}
stores=()

is_link_to() {
  [[ -L $1 && $(readlink -- "$1") == "$2" ]]
}

# True where two paths are one place in the end, whatever links lead there and whether it is there or not.
is_same_place() {
  local one
  [[ ! $1 -ef $2 ]] || return 0
  one=$(realpath -m -- "$1" 2>/dev/null) && [[ $one == "$(realpath -m -- "$2" 2>/dev/null)" ]]
}

# True where `stored` is the mark that a stopped run leaves in the store's place: our own link, before the exchange or,
# undoing it, after.
is_mark() {
  is_link_to "$stored" "$text" || is_link_to "$stored" "$stored"
}

# True where the link at `live` is ours: it leads to `stored`, or will as soon as the root link is there again.
is_ours() {
  is_same_place "$live" "$stored" && return 0
  [[ ! -e $root && ! -L $root ]] && is_link_to "$live" "$text" && is_real_directory "${live%/*}"
}

# What lies beside an entry that moves across mounts. Across mounts a move is a copy, and what is what is said by names
# alone, so that a run that was stopped anywhere is understood by the next. Only the first two of these may be half:
#
#   STORED.remanence-partial    on its way into the store
#   LIVE.remanence-back         on its way back
#   LIVE.remanence-original     what was at LIVE before the link: complete, and kept until --commit
#   STORED.remanence-copied     a link whose text is no path but a note: IDENTITY FINGERPRINT of the compared copy at STORED,
#                               STAMP of what it was copied from, and "linked" as soon as the link is in its place
#   STORED.remanence-returned   the same about what came back to LIVE: what is at STORED is out of date since
#   STORED.remanence-copied-new the note while it is written anew; means nothing
#   STORED.remanence-other     what the store had where a person took what was at LIVE: complete, and nothing deletes it
#   LIVE.remanence-trash, STORED.remanence-trash    was decided about, and is being deleted
look_beside() {
  partial=$stored.remanence-partial
  back=$live.remanence-back
  original=$live.remanence-original
  copied=$stored.remanence-copied
  returned=$stored.remanence-returned
  other=$stored.remanence-other
}

# What a directory or file stays however it is renamed: its inode and when that was born. (Inodes are used again, at once.)
identity_of() {
  reply=$(TZ=UTC0 stat -c %i_%w -- "$1")
  reply=${reply// /_}
}

noted=()
# has_note NOTE PATH: true where a note is about what is at a path; `reply` is the fingerprint in it, `noted` its words.
has_note() {
  [[ -L $1 && -e $2 && ! -L $2 ]] || return 1
  read -r -a noted <<<"$(readlink -- "$1")"
  identity_of "$2"
  [[ ${noted[0]-} == "$reply" ]] || return 1
  reply=${noted[1]-}
}

# True where data is at a path, and no link.
has_data() {
  [[ -e $1 && ! -L $1 ]]
}

# True where a mount point lies at or below a path.
has_mount() {
  local point
  for point in "${mount_points[@]}"; do
    [[ $point == "$1" || $point == "$1"/* ]] && return 0
  done
  return 1
}

# True where a btrfs subvolume lies below a directory (its root has inode 256, and nothing else there has).
has_subvolume() {
  [[ $(stat -f -c %T -- "$1") == btrfs ]] || return 1
  [[ -n $(find "$1" -xdev -mindepth 1 -type d -inum 256 -print -quit) ]]
}

# --- the exchange -------------------------------------------------------------------------------------------------

exchanger=
# Finds a program that can exchange two names in one step (renameat2 with RENAME_EXCHANGE): mv of coreutils 9.5, exch of
# util-linux 2.40, python3 or perl. Where there is none, a move is a copy.
find_exchanger() {
  local names
  names=$(mv --help)
  if [[ $names == *--exchange* ]]; then
    exchanger='mv'
  elif command -v exch >/dev/null; then
    exchanger='exch'
  elif command -v python3 >/dev/null; then
    exchanger='python3'
  elif command -v perl >/dev/null; then
    exchanger='perl'
  else
    exchanger='none'
  fi
}

# exchange A B: both names in one step, or nothing; never copies. The caller looks at the result, not at the code alone.
# (mv refuses a link before the directory that it leads to, but takes them the other way round.)
exchange() {
  if [[ -L $1 ]]; then set -- "$2" "$1"; fi
  case $exchanger in
    mv) mv -T --exchange -- "$1" "$2" ;;
    exch) exch -- "$1" "$2" ;;
    python3)
      python3 -I -c '
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
a, b = (os.fsencode(name) for name in sys.argv[1:])
if libc.renameat2(-100, a, -100, b, 2) != 0:
    sys.exit("exchange: " + os.strerror(ctypes.get_errno()))
' "$1" "$2"
      ;;
    perl)
      perl -e '
my %number = (x86_64 => 316, aarch64 => 276, riscv64 => 276, ppc64le => 357, s390x => 347);
my ($machine, $one, $other) = @ARGV;
defined $number{$machine} or die "exchange: unknown machine $machine\n";
syscall($number{$machine}, -100, $one, -100, $other, 2) == 0 or die "exchange: $!\n";
' "$(uname -m)" "$1" "$2"
      ;;
  esac
}

# --- before anything ----------------------------------------------------------------------------------------------

# The folder of the home in each store must be there, or be ours to make in the home; the store itself is never made
# where it should have been mounted.
check_stores() {
  local name folder
  for name in ${stores[@]+"${stores[@]}"}; do
    folder_of "$name"
    folder=$reply
    ! unmounted_above "$folder" || die 3 "store $name: $(short "$reply") is not mounted"
    existing "$folder"
    if [[ $folder == "$home"/* ]]; then
      is_real_directory "$reply" || die 3 "store $name: $(short "$reply") is not a directory, or is reached through a link"
      is_trusted "$reply" "$home" || die 3 "store $name: others can change $(short "$reply"), or a directory above it"
    else
      [[ -d $folder ]] || die 3 "store $name: there is no $folder. As root: install -d -m 0700 -o $me ${folder@Q}"
      is_trusted "$folder" '' || die 3 "store $name: others can change $folder or a directory above it, or it is a link"
    fi
    [[ -w $reply ]] || die 3 "store $name: $(short "$reply") is not writable"
  done
}

# True where fstab wants a file system at or above a path, and it is not mounted; `reply` says where.
unmounted_above() {
  reply=$1
  while [[ -n $reply ]]; do
    if findmnt --fstab --noheadings --mountpoint "$reply" >/dev/null 2>&1 && ! mountpoint -q -- "$reply"; then return 0; fi
    reply=${reply%/*}
  done
  return 1
}

# The link in the home through which all others go must lead to the store or not be there yet.
check_root_links() {
  local name link folder
  for name in ${stores[@]+"${stores[@]}"}; do
    link=$home/${root_link["$me/$name"]}
    folder_of "$name"
    folder=$reply
    kind_of "$link"
    case $reply in
      none) ;;
      link)
        is_same_place "$link" "$folder" ||
          die 3 "$(short "$link") leads elsewhere, to $(plain "$(readlink -- "$link")"): is it the store of before? Then run the unlink.sh of before first"
        ;;
      *) die 3 "$(short "$link") is in the way: it must be the link to $(short "$folder")" ;;
    esac
  done
}

# Makes the directories above a path, private ones: a store mirrors a home.
make_parents() {
  [[ -d ${1%/*} ]] || mkdir -p -- "${1%/*}"
}

make_root_links() {
  local name link
  for name in ${stores[@]+"${stores[@]}"}; do
    link=$home/${root_link["$me/$name"]}
    folder_of "$name"
    mkdir -p -- "$reply"
    [[ -L $link ]] || ln -sT -- "${folder_in["$me/$name"]}" "$link"
  done
}

# What stands in the way between `live` and `stored`: sets `reason`, or leaves it empty; and `way`: rename where both
# are on one mount and something can exchange names there, else copy.
check_way() {
  local parent stored_parent live_place
  way=copy
  if [[ $path == *.remanence-* ]]; then
    reason="its name is one that would say something else here"
    return
  fi
  existing "${live%/*}"
  parent=$reply
  existing "${stored%/*}"
  stored_parent=$reply
  if ! is_real_directory "$parent"; then
    reason="$(short "$parent") is reached through a link, from which the text of ours would lead elsewhere, or is no directory"
  elif ! is_real_directory "$stored_parent"; then
    reason="$(short "$stored_parent") in the store is reached through a link, or is no directory"
  elif has_mount "$live" || has_mount "$stored"; then
    reason="something is mounted there or inside it"
  elif [[ $stored == "$live"/* || $live == "$stored"/* ]]; then
    reason="the store lies inside it"
  elif ! is_reliable "$parent" || ! is_reliable "$stored_parent"; then
    reason="a $reply file system is nothing to move data on: its names cannot be relied on"
  elif [[ ! -w $parent ]]; then
    reason="$(short "$parent") is not writable"
  elif [[ ! -w $stored_parent ]]; then
    reason="$(short "$stored_parent") is not writable"
  elif [[ $exchanger != none ]]; then
    place_of "$parent"
    live_place=$reply
    place_of "$stored_parent"
    if [[ $reply == "$live_place" ]]; then way=rename; fi
  fi
}

# put_on_disk PATH…: what was renamed in these directories must not be lost with the power.
put_on_disk() {
  sync -f -- "$@" || die 2 "the disk reports an error; see: journalctl -k"
}
