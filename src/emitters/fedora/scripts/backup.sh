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

# A path as a regular expression of find, which matches whole paths; * and ? of a pattern stay in one component.
regex_of() {
  local text=$1 i c
  reply=
  for ((i = 0; i < ${#text}; i++)); do
    c=${text:i:1}
    case $c in
      '*') if [[ $2 == pattern ]]; then reply+='[^/]*'; else reply+='\*'; fi ;;
      '?') if [[ $2 == pattern ]]; then reply+='[^/]'; else reply+='\?'; fi ;;
      [].\\^\$\|\(\)+{}[]) reply+=\\$c ;;
      *) reply+=$c ;;
    esac
  done
}

# The files below the roots that are not left out, each ended by NUL, relative to /. A root inside something that is
# left out is a root of its own, and is not pruned.
list_files() {
  local i prune=() spare=() roots=() expression=()
  for i in "${!chosen[@]}"; do
    roots+=("./${chosen[$i]#/}")
    regex_of "./${chosen[$i]#/}" path
    spare+=(-o -regex "$reply")
  done
  for i in "${!left_out[@]}"; do
    regex_of "./${left_out[$i]#/}" "${left_out_patterns[$i]}"
    prune+=(-o -regex "$reply")
  done
  if ((${#prune[@]} > 0)); then
    expression=('(' "${prune[@]:1}" ')' '!' '(' "${spare[@]:1}" ')' -prune -o)
  fi
  (cd / && find "${roots[@]}" -xdev -regextype posix-extended "${expression[@]}" ! -type s -print0)
}

encrypt() {
  case $encrypt_tool in
    '') cat ;;
    age) age -r "$encrypt_to" ;;
    gpg) gpg --batch --yes --trust-model always --encrypt --recipient "$encrypt_to" --output - ;;
  esac
}

backup_tar() {
  local name out suffix='' codes
  need_tools tar zstd sha256sum
  [[ -z $encrypt_tool ]] || need_tools "$encrypt_tool"
  [[ -d $target ]] || die 2 "$target is not there: is it mounted?"
  [[ -w $target ]] || die 2 "$target is not writable"
  [[ -z $encrypt_tool ]] || suffix=.$encrypt_tool
  part_name
  name=remanence-$host-$reply-$(date -u +%Y-%m-%dT%H-%M-%SZ).tar.zst$suffix
  out=$target/$name
  [[ ! -e $out ]] || die 75 "$out is there already"
  set +e
  list_files | tar --create --file=- -C / --null --no-recursion --verbatim-files-from --files-from=- --format=posix \
    --numeric-owner --acls --xattrs --xattrs-include='*' --sparse --warning=no-file-changed |
    zstd -q -T0 -3 | encrypt >"$out.part"
  codes=("${PIPESTATUS[@]}")
  set -e
  # tar says 1 when a file changed while it was read, find when one vanished or was not readable.
  if ((codes[1] > 1 || codes[2] != 0 || codes[3] != 0)); then
    rm -f -- "$out.part"
    die 2 "the archive could not be written; earlier ones are untouched"
  fi
  ((codes[0] == 0 && codes[1] == 0)) || code=4
  sync -- "$out.part"
  [[ -n $encrypt_tool ]] || zstd -tq -- "$out.part" || die 2 "the archive is damaged; it is left as $out.part"
  (cd -- "$target" && sha256sum -- "$name.part" | sed 's/\.part$//' >"$name.sha256")
  mv -T -- "$out.part" "$out"
  sync -f -- "$target"
  result="$name, $(human "$(stat -c %s -- "$out")")"
}

restic_excludes=()
# restic_exclude USER yes|no PATTERN: a line of restic's exclude file; yes takes back what a line above leaves out.
restic_exclude() {
  [[ $1 == "${me:--}" ]] || return 0
  local line=$3 escaped=${home//\\/\\\\}
  escaped=${escaped//\*/\\*}
  escaped=${escaped//\?/\\?}
  escaped=${escaped//\[/\\[}
  [[ $line == /* ]] || line=${escaped//\$/\$\$}/$line
  if [[ $2 == yes ]]; then line=!$line; fi
  restic_excludes+=("$line")
}

backup_restic() {
  local class i rc list work
  need_tools restic
  export RESTIC_REPOSITORY=$target
  check_password_file
  if [[ $init == yes ]]; then restic init; fi
  restic cat config >/dev/null 2>&1 ||
    die 2 "no repository that opens with this password at $target; to make one: backup.sh --init"
  work=$(mktemp -d)
  # shellcheck disable=SC2064 # the folder of now
  trap "rm -rf -- '$work'" EXIT
  printf '%s\n' ${restic_excludes[@]+"${restic_excludes[@]}"} >"$work/exclude"
  for class in secret data config state; do
    list=()
    for i in "${!chosen[@]}"; do
      if [[ ${chosen_classes[$i]} == "$class" ]]; then list+=("${chosen[$i]}"); fi
    done
    ((${#list[@]} > 0)) || continue
    printf '%s\0' "${list[@]}" >"$work/list"
    rc=0
    restic backup --quiet --files-from-raw "$work/list" --exclude-file "$work/exclude" --exclude-caches --one-file-system \
      --tag remanence --tag "class-$class" --host "$host" || rc=$?
    case $rc in
      0) ;;
      3) code=4 ;;
      *) die 2 "restic failed ($rc); earlier backups are untouched" ;;
    esac
  done
  if ((${#retain[@]} > 0)); then
    restic forget --quiet --tag remanence --host "$host" --group-by host,tags "${retain[@]}"
  fi
  result="restic, $target"
}
retain=()

main() {
  local i chosen=() chosen_classes=() total=0 missing=0 code=0 result='' separator=''
  options "$@"
  choose_user
  settings
  lock
  for i in "${!root_paths[@]}"; do
    is_wanted_root "${root_paths[$i]}" || continue
    if [[ -e ${root_paths[$i]} || -L ${root_paths[$i]} ]]; then
      chosen+=("${root_paths[$i]}") chosen_classes+=("${root_classes[$i]}")
    else
      missing=$((missing + 1))
    fi
  done
  if ((${#only[@]} > 0 && ${#chosen[@]} + missing == 0)); then die 2 "--only: nothing of that name is backed up here"; fi
  if ((${#chosen[@]} == 0)); then
    [[ $format == text ]] || say '{ "version": 1, "entries": [], "result": null }'
    warn "nothing to back up is there yet"
    exit 0
  fi
  if [[ $dry_run == yes ]]; then
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
      say "${#chosen[@]} entries, at most $(human "$total"), would go to $target ($engine); ${#left_out[@]} places inside are left out."
    fi
    exit 0
  fi
  "backup_$engine"
  part_name
  printf '%s %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$( ((code == 0)) && echo complete || echo incomplete), $result" >"$state/backup-$reply.last"
  if [[ $format == json ]]; then
    say "{ \"version\": 1, \"entries\": ${#chosen[@]}, \"result\": $(json "$result"), \"complete\": $( ((code == 0)) && echo true || echo false) }"
  else
    say "backed up ${#chosen[@]} entries: $result$( ((code == 0)) || printf ' (not complete: something changed or could not be read)')"
  fi
  exit "$code"
}

main "$@"
