#!/usr/bin/env bash
# shellcheck disable=SC2154,SC2034 # follows common.sh, backups.sh and the settings of a host

usage() {
  cat <<'END'
Backs up what is kept: run as a user what is kept of that home, run as root what is kept of the system. Paths are those
where the state really lies, so links and mounts do not matter. Secrets go only where they are encrypted.

  --dry-run         list what would be backed up, and how much it is
  --only PATH...    only these
  --init            restic: make the repository first
  --format FORMAT   text (default) or json
  --yes             accepted; nothing is asked
  --help            this text

Exit codes: 0 done, 2 could not run, 3 refused because it would be unsafe, 4 something changed while it was read or
could not be read (the backup is there, but not complete), 75 another run is at work.
END
}

init=no
option() {
  [[ $1 == --init ]] || return 1
  init=yes
  taken=0
}

# A path as a regular expression of find, which matches whole paths; * and ? of a pattern stay in one component, and ?
# is a character, not a byte.
regex_of() {
  local text=$1 i c
  reply=
  for ((i = 0; i < ${#text}; i++)); do
    c=${text:i:1}
    case $2$c in
      'pattern*') reply+='[^/]*' ;;
      'pattern?') reply+=$'[^/\200-\277][\200-\277]*' ;;
      *[].\\^\$\|\(\)+{}[*?]) reply+=\\$c ;;
      *) reply+=$c ;;
    esac
  done
}

# True where a place that is left out can lie below a root.
can_reach() {
  local fixed=$1
  if [[ $2 == pattern ]]; then
    fixed=${fixed%%[*?]*}
    fixed=${fixed%/*}
  fi
  [[ $fixed == "$3" || $fixed == "$3"/* || ($2 == pattern && $3 == "$fixed"/*) ]]
}

# walk NUMBER ACTION…: find's ACTION for what is below a chosen root and not left out, as ./path relative to /. It stays
# on one file system, and out of other roots: they are walked by themselves.
walk() {
  local root=${chosen[$1]} i prune=() expression=()
  shift
  for i in "${!left_out[@]}"; do
    can_reach "${left_out[$i]}" "${left_out_patterns[$i]}" "$root" || continue
    regex_of "./${left_out[$i]#/}" "${left_out_patterns[$i]}"
    prune+=(-o -regex "$reply")
  done
  for i in "${!chosen[@]}"; do
    [[ ${chosen[$i]} == "$root"/* ]] || continue
    regex_of "./${chosen[$i]#/}" path
    prune+=(-o -regex "$reply")
  done
  if ((${#prune[@]} > 0)); then
    regex_of "./${root#/}" path
    expression=('(' "${prune[@]:1}" ')' '!' -regex "$reply" -prune -o)
  fi
  (cd / && find "./${root#/}" -xdev -regextype posix-extended "${expression[@]}" "$@")
}

# The files of the chosen roots, each ended by NUL; 1 where something vanished meanwhile or could not be read.
list_files() {
  local n failed=0
  for n in "${!chosen[@]}"; do walk "$n" ! -type s -print0 || failed=1; done
  return "$failed"
}

# Other file systems below the roots are not in the backup, and that must not pass in silence; nor must a link that
# stands where state should be, of which only the link is saved.
warn_of_gaps() {
  local n directory
  for n in "${!chosen[@]}"; do
    if [[ -L ${chosen[$n]} ]]; then
      warn "$(plain "$(short "${chosen[$n]}")") is a link to $(plain "$(readlink -- "${chosen[$n]}")"): only the link is saved"
      code=4
      continue
    fi
    while read -r directory; do
      if is_in_store "$directory"; then continue; fi
      warn "$(plain "$directory") is another file system: what is in it is not saved"
      code=4
    done < <(walk "$n" -type d -printf '%D %p\n' 2>/dev/null | other_devices)
  done
}

# Of lines "DEVICE ./PATH" the paths that are not on the device of the first one.
other_devices() {
  local device path first=
  while read -r device path; do
    if [[ -z $first ]]; then first=$device; fi
    if [[ $device != "$first" ]]; then printf '%s\n' "${path#.}"; fi
  done
}

encrypt() {
  case $encrypt_tool in
    '') cat ;;
    age) age -r "$encrypt_to" ;;
    gpg) gpg --batch --yes --trust-model always --encrypt --recipient "$encrypt_to" --output - ;;
  esac
}

backup_tar() {
  local name out suffix='' codes=(0 0 0 0)
  need_tools tar zstd sha256sum
  [[ -z $encrypt_tool ]] || need_tools "$encrypt_tool"
  [[ -d $target ]] || die 2 "$target is not there: is it mounted?"
  [[ -w $target ]] || die 2 "$target is not writable"
  [[ -z $encrypt_tool ]] || suffix=.$encrypt_tool
  part_name
  while :; do
    name=remanence-$host-$reply-$(date -u +%Y-%m-%dT%H-%M-%SZ).tar.zst$suffix
    out=$target/$name
    [[ -e $out || -L $out || -e $out.part || -L $out.part ]] || break
    sleep 1 # a name is taken once
  done
  warn_of_gaps
  # What cannot be read, or is gone when its turn comes, is said and left out; tar itself would give up.
  if ! list_files | tar --create --file=- -C / --null --no-recursion --verbatim-files-from --files-from=- --format=posix \
    --acls --xattrs --xattrs-include='*' --sparse --ignore-failed-read --warning=no-file-changed 2>"$work/tar.log" |
    zstd -q -T0 -3 | encrypt >"$out.part"; then
    codes=("${PIPESTATUS[@]}")
  fi
  cat -- "$work/tar.log" >&2
  if ((codes[1] > 1 || codes[2] != 0 || codes[3] != 0)); then
    rm -f -- "$out.part"
    die 2 "the archive could not be written; earlier ones are untouched"
  fi
  # tar says 1 when a file changed while it was read, find when one vanished or was not readable.
  if ((codes[0] != 0 || codes[1] != 0)) || [[ -s $work/tar.log ]]; then code=4; fi
  sync -- "$out.part"
  [[ -n $encrypt_tool ]] || zstd -tq -- "$out.part" || die 2 "the archive is damaged; it is left as $out.part"
  (cd -- "$target" && sha256sum -- "$name.part" | sed 's/\.part$//' >"$name.sha256")
  mv -T -- "$out.part" "$out"
  sync -f -- "$target"
  result="$name, $(human "$(stat -c %s -- "$out")")"
}

backup_restic() {
  local class i rc list
  open_restic
  if ! restic cat config >/dev/null 2>&1; then
    [[ $init == yes ]] || die 2 "no repository that opens with this password at $target; to make one: backup.sh --init"
    restic init || die 2 "no repository could be made at $target"
  fi
  warn_of_gaps
  printf '%s\n' ${restic_excludes[@]+"${restic_excludes[@]}"} >"$work/exclude"
  for class in secret data config state; do
    list=()
    for i in "${!chosen[@]}"; do
      if [[ ${chosen_classes[$i]} == "$class" ]]; then list+=("${chosen[$i]}"); fi
    done
    ((${#list[@]} > 0)) || continue
    printf '%s\0' "${list[@]}" >"$work/list"
    tags_of "$class"
    rc=0
    restic backup --quiet --files-from-raw "$work/list" --exclude-file "$work/exclude" --one-file-system \
      --tag "$reply" --host "$host" || rc=$?
    case $rc in
      0) ;;
      3) code=4 ;;
      *) die 2 "restic failed ($rc); earlier backups are untouched" ;;
    esac
  done
  # Some versions of restic say nothing of a root that vanished.
  for i in "${!chosen[@]}"; do
    if [[ ! -e ${chosen[$i]} && ! -L ${chosen[$i]} ]]; then code=4; fi
  done
  if ((${#retain[@]} > 0)); then
    part_name
    restic forget --quiet --tag "remanence,$reply" --host "$host" --group-by host,tags "${retain[@]}" ||
      die 2 "the backup is there, but restic could not forget old ones"
  fi
  result="restic, $target"
}
# Sets `chosen` and `chosen_classes`: the roots that are asked for and there, in the store or, not linked yet, in the
# home. A root that is not there yet is no fault, but where there is a link to it its store is not mounted.
choose_roots() {
  local i root
  for i in "${!root_paths[@]}"; do
    root=${root_paths[$i]}
    is_wanted_root "$root" || continue
    if [[ -n ${is_unlinked["$root"]-} ]]; then
      if [[ -L $root || ! -e $root ]] || is_in_store "$root"; then continue; fi
      warn "$(plain "$(short "$root")") is not linked; it is saved from where it is"
    fi
    if [[ -e $root || -L $root ]]; then
      chosen+=("$root") chosen_classes+=("${root_classes[$i]}")
      continue
    fi
    name_of "$root"
    if [[ $reply != /* && ! -L $home/$reply && -e $home/$reply ]]; then continue; fi
    missing=$((missing + 1))
    if [[ $reply != /* && -L $home/$reply ]]; then
      warn "$(plain "$(short "$root")") is not there, but its link is: is the store mounted?"
      code=4
    fi
  done
}

# True where a path leads through a link into a root, or is a mount of one.
is_in_store() {
  local real root
  for root in "${root_paths[@]}"; do
    if [[ $root != "$1" && $root -ef $1 ]]; then return 0; fi
  done
  real=$(realpath -- "$1")
  [[ $real != "$1" ]] || return 1
  for root in "${root_paths[@]}"; do
    if [[ $real == "$root" || $real == "$root"/* ]]; then return 0; fi
  done
  return 1
}

# The backup itself is no part of what it holds: it would grow with each run.
leave_out_target() {
  local place root
  place=${target/#\~\//"$home/"}
  place=${place#local:}
  [[ $place == /* ]] || return 0
  place=$(realpath -m -- "$place")
  for root in ${chosen[@]+"${chosen[@]}"}; do
    [[ $place == "$root"/* ]] || continue
    warn "$(plain "$(short "$place")") holds the backups, and is left out of them"
    left_out+=("$place") left_out_patterns+=(path)
    restic_literal "$place"
    restic_excludes+=("${reply//\$/\$\$}")
  done
}

list_roots() {
  local i total=0 separator=''
  [[ $format == text ]] || printf '{ "version": 1, "entries": [ '
  for i in "${!chosen[@]}"; do
    size_of "${chosen[$i]}"
    total=$((total + reply))
    if [[ $format == json ]]; then
      printf '%s{ "path": %s, "class": "%s", "bytes": %s }' "$separator" "$(json "${chosen[$i]}")" "${chosen_classes[$i]}" "$reply"
      separator=', '
    else
      printf '  %-40s %10s   %s\n' "$(plain "$(short "${chosen[$i]}")")" "$(human "$reply")" "${chosen_classes[$i]}"
    fi
  done
  if [[ $format == json ]]; then
    say ' ], "result": null }'
  else
    say ""
    say "${#chosen[@]} entries, at most $(human "$total"), would go to $target ($engine); ${#left_out[@]} places inside are left out, $missing entries are not there yet."
  fi
}

main() {
  local chosen=() chosen_classes=() missing=0 code=0 result='' complete=true
  options "$@"
  choose_user
  settings
  check_only_roots
  lock
  choose_roots
  leave_out_target
  if ((${#chosen[@]} == 0)); then
    [[ $format == text ]] || say '{ "version": 1, "entries": [], "result": null }'
    warn "nothing to back up is there"
    exit "$code"
  fi
  if [[ $dry_run == yes ]]; then
    list_roots
    exit "$code"
  fi
  make_work
  "backup_$engine"
  ((code == 0)) || complete=false
  part_name
  mark "backup-$reply.last" "$([[ $complete == true ]] && echo complete || echo incomplete), $result"
  if [[ $format == json ]]; then
    say "{ \"version\": 1, \"entries\": ${#chosen[@]}, \"result\": $(json "$result"), \"complete\": $complete }"
  else
    say "backed up ${#chosen[@]} entries: $result$([[ $complete == true ]] || printf ' (not complete: see above)'); $missing entries are not there yet"
  fi
  exit "$code"
}

main "$@"
