#!/usr/bin/env bash
# shellcheck disable=SC2154,SC2034 # stands between backups.sh and backup.sh

# --- archives -----------------------------------------------------------------------------------------------------

encrypt() {
  case $encrypt_tool in
    '') cat ;;
    age) age -r "$encrypt_to" ;;
    gpg) gpg --batch --yes --trust-model always --encrypt --recipient "$encrypt_to" --output - ;;
  esac
}

# All that can be known before anything is written.
prepare_tar() {
  local i
  need_tools tar zstd sha256sum
  [[ -z $encrypt_tool ]] || need_tools "$encrypt_tool"
  for i in "${!chosen[@]}"; do
    [[ ${chosen_classes[$i]} != secret || -n $encrypt_tool ]] ||
      die 3 "$(plain "$(short "${chosen[$i]}")") is a secret, and the archive would not be encrypted"
  done
  [[ -d $target ]] || die 2 "$target is not there: is it mounted?"
  [[ -w $target ]] || die 2 "$target is not writable"
}

# A name that no archive has. One with a part only (--only) has a name that is never taken for a whole one.
name_archive() {
  local stem suffix=''
  [[ -z $encrypt_tool ]] || suffix=.$encrypt_tool
  part_name
  stem=remanence-$host-$reply
  ((${#only[@]} == 0)) || stem=part-of-$stem
  while :; do
    name=$stem-$(date -u +%Y-%m-%dT%H-%M-%SZ).tar.zst$suffix
    out=$target/$name
    is_taken "$out" || is_taken "$out.part" || is_taken "$out.sha256" || break
    sleep 1 # a name is taken once
  done
  new_file "$out.part" || die 2 "$target is not writable: $name.part cannot be made"
}

is_taken() {
  [[ -e $1 || -L $1 ]]
}

# new_file PATH: makes it and opens it, as `fd`. Where others can write too, it is no file that one of them put there, nor
# what a link leads to, now or later.
new_file() {
  local made=no
  set -o noclobber
  { exec {fd}>"$1"; } 2>/dev/null && made=yes
  set +o noclobber
  [[ $made == yes && -f /dev/fd/$fd ]]
}
fd=

backup_tar() {
  local name out codes=(0 0 0 0 0 0)
  prepare_tar
  sweep_archives
  copy_databases
  name_archive
  # What cannot be read, or is gone when its turn comes, is said and left out; tar itself would give up.
  if ! list_files | tar --create --file=- --null --no-recursion --verbatim-files-from --format=posix \
    --acls --xattrs --xattrs-include='*' --sparse --ignore-failed-read --warning=no-file-changed \
    -C / --files-from=- -C "$work/consistent" --files-from="$work/consistent.list" 2>"$work/tar.log" |
    zstd -q -T0 -3 | encrypt | tee -- "/dev/fd/$fd" | sha256sum >"$work/sum"; then
    codes=("${PIPESTATUS[@]}")
  fi
  exec {fd}>&-
  plain_lines <"$work/tar.log" >&2
  if ((codes[1] > 1 || codes[2] != 0 || codes[3] != 0 || codes[4] != 0 || codes[5] != 0)); then
    rm -f -- "$out.part"
    die 2 "the archive could not be written; earlier ones are untouched"
  fi
  # tar says 1 when a file changed while it was read, find when one vanished or was not readable.
  if ((codes[0] != 0 || codes[1] != 0)) || [[ -s $work/tar.log ]]; then code=4; fi
  finish_archive
  result="$name, $(human "$(stat -c %s -- "$out")")"
}

# Names of files in what a program says are somebody's data.
plain_lines() {
  local line
  while IFS= read -r line; do say "$(plain "$line")"; done
}

# The archive gets its name when all of it is on the disk, reads back as it was written, and its checksum stands beside it.
finish_archive() {
  local sum whole=complete
  newest=$name
  read -r sum _ <"$work/sum"
  if ! sync -- "$out.part" || [[ $(sha256sum <"$out.part") != "$sum "* ]] ||
    { [[ -z $encrypt_tool ]] && ! zstd -tq -- "$out.part"; }; then
    die 2 "the archive does not read back as it was written; it is left as $out.part, earlier ones are untouched"
  fi
  ((code == 0)) || whole=incomplete
  if ! { new_file "$out.sha256" && printf '# %s\n%s  %s\n' "$whole" "$sum" "$name" >&"$fd" && sync -- "$out.sha256" && mv -nT -- "$out.part" "$out" &&
    [[ ! -e $out.part ]] && sync -f -- "$target"; }; then
    die 2 "the archive could not be finished; earlier ones are untouched"
  fi
}

# --- which of them go ---------------------------------------------------------------------------------------------

archive_time='([0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3])-[0-5][0-9]-[0-5][0-9]Z)'

# The archives of this part, newest first, as lines "TIME NAME complete|incomplete": whole files that are ours, by name and
# by owner.
list_archives() {
  local archive name pattern head
  part_name
  pattern="^$archive_time\.tar\.zst(\.age|\.gpg)?\$"
  for archive in "$target/remanence-$host-$reply-"*; do
    name=${archive##*/}
    [[ ${name#"remanence-$host-$reply-"} =~ $pattern ]] || continue
    [[ -f $archive && ! -L $archive && -O $archive ]] || continue
    head=
    if [[ -f $archive.sha256 ]]; then IFS= read -r head <"$archive.sha256" || :; fi
    if [[ $head == '# complete' ]]; then head=complete; else head=incomplete; fi
    printf '%s %s %s\n' "${BASH_REMATCH[1]}" "$name" "$head"
  done | sort -r
}

# Of such lines those to keep, as restic would choose them: of each kind (--keep-daily N) the newest of as many days, and
# so on; the oldest of all counts as another one as long as some are left to choose.
choose_kept() {
  awk -v options="${retain[*]}" '
    # The number of a day; day 0 is a Wednesday.
    function day_of(y, m, d,  era, year, month) {
      if (m <= 2) y--
      era = int(y / 400)
      year = y - era * 400
      month = (m + 9) % 12
      return era * 146097 + year * 365 + int(year / 4) - int(year / 100) + int((153 * month + 2) / 5) + d - 1
    }
    function slot(kind, n,  t) {
      t = time[n]
      if (kind == "hourly") return substr(t, 1, 13)
      if (kind == "daily") return substr(t, 1, 10)
      if (kind == "weekly") return int((day_of(substr(t, 1, 4) + 0, substr(t, 6, 2) + 0, substr(t, 9, 2) + 0) + 2) / 7) ""
      if (kind == "monthly") return substr(t, 1, 7)
      if (kind == "yearly") return substr(t, 1, 4)
      return n ""
    }
    { time[NR] = $1; line[NR] = $0 }
    END {
      words = split(options, word, " ")
      for (w = 1; w < words; w += 2) {
        kind = substr(word[w], 8)
        left = word[w + 1] + 0
        last = ""
        for (n = 1; n <= NR && left > 0; n++) {
          if (slot(kind, n) == last && n < NR) continue
          last = slot(kind, n)
          kept[n] = 1
          left--
        }
      }
      for (n = 1; n <= NR; n++) if (n in kept) print line[n]
    }'
}

# The names of the archives that go: those that stay neither among all nor among the complete ones, so that no incomplete
# one takes the place of a complete one. Never the newest of either.
expendable() {
  ((${#retain[@]} > 0)) || return 0
  list_archives >"$work/archives"
  grep ' complete$' "$work/archives" >"$work/complete" || return 0
  {
    choose_kept <"$work/archives"
    choose_kept <"$work/complete"
    head -n 1 "$work/archives"
    head -n 1 "$work/complete"
  } >"$work/kept"
  grep -vxF -f "$work/kept" "$work/archives" | cut -d' ' -f2 || :
}

# Only after a backup that is complete, and whose archive has been read back. That one stays, also where a clock that was
# wrong once has given others a later time.
forget_tar() {
  local name
  expendable >"$work/going"
  while IFS= read -r name; do
    [[ $name != "$newest" ]] || continue
    rm -f -- "$target/$name" "$target/$name.sha256" || die 2 "the backup is there, but $name could not be removed"
    warn "removed $name, which is older than what is to be kept"
  done <"$work/going"
}

newest=

# What a run that was killed left behind: parts older than a day, under names of ours. (A folder may be shared.)
sweep_archives() {
  local part name
  part_name
  while IFS= read -r -d '' part; do
    name=${part##*/}
    name=${name#part-of-}
    [[ -O $part && ${name#"remanence-$host-$reply-"} =~ ^$archive_time\.tar\.zst(\.age|\.gpg)?\.part$ ]] || continue
    rm -f -- "$part" && warn "removed $name, which a run that was killed left behind"
    part=${part%.part}
    if [[ ! -e $part && -O $part.sha256 ]]; then rm -f -- "$part.sha256"; fi
  done < <(find "$target" -maxdepth 1 -type f -name '*.part' -mmin +1440 -print0 2>/dev/null)
}

# Each archive is what its checksum says, and one without is at least whole.
check_tar() {
  local when name bad=()
  while read -r when name _; do
    if [[ -f $target/$name.sha256 ]]; then
      (cd -- "$target" && sha256sum --status -c -- "$name.sha256") 2>/dev/null || bad+=("$name")
    elif [[ $name == *.zst ]]; then
      zstd -tq -- "$target/$name" 2>/dev/null || bad+=("$name")
    fi
  done < <(list_archives)
  reply="THE BACKUPS ARE DAMAGED, as the weekly check says: ${bad[*]-}"
  ((${#bad[@]} == 0))
}
