#!/usr/bin/env bash
# shellcheck disable=SC2154,SC2034 # stands between states.sh and verify.sh

# --- what is shown ------------------------------------------------------------------------------------------------

# What lies at the end, as it is: sets `place`, `stands` (link, mount, data, none), `resolved`, `actual_kind` and `actual_mode`.
find_place() {
  place=$live stands=data resolved=$live actual_mode=
  kind_of "$live"
  case $reply in
    none) stands=none resolved= ;;
    link)
      stands='link'
      if [[ $live -ef ${stored:-/} && ! -L $stored ]]; then
        resolved=$stored
      else
        resolved=$(realpath -m -- "$live" 2>/dev/null) || resolved=
      fi
      if [[ -n $stored ]] && has_data "$stored"; then place=$stored; fi
      ;;
  esac
  if [[ $how == mount && $stands == data && $live -ef $stored ]]; then stands=mount resolved=$stored; fi
  kind_of "$place"
  actual_kind=$reply
  if [[ -n ${seen_mode["$place"]-} ]]; then printf -v actual_mode '%04o' "$((8#${seen_mode["$place"]}))"; fi
}

record() {
  local place stands resolved actual_kind actual_mode
  case $result in
    ok | absent) ;;
    *) findings=$((findings + 1)) ;;
  esac
  find_place
  "record_$format"
}

record_text() {
  local command row leads='' what=$actual_kind
  if [[ $what == none ]]; then what=; fi
  shown "$resolved"
  if [[ $stands == link ]]; then leads="-> $reply"; elif [[ $stands == mount ]]; then leads="mount of $reply"; fi
  shown "$live"
  printf -v row '  %-12s %-32s %-9s %-8s %-5s %s' "$result" "$reply" "$what" "${seen_owner["$place"]-}" "$actual_mode" \
    "$label${label:+   }$leads"
  while [[ $row == *' ' ]]; do row=${row%' '}; done
  say "$row"
  case $says in
    '' | 'link to the store' | 'in its place' | 'not there yet') ;;
    *) printf '               %s\n' "$says" ;;
  esac
  for command in ${next[@]+"${next[@]}"}; do printf '               $ %s\n' "$command"; done
}

# field NAME TEXT: adds it to `row`; without a text it is null.
field() {
  if [[ -z $2 || $2 == - ]]; then reply=null; else json_of "$2"; fi
  row+=", \"$1\": $reply"
}

record_json() {
  local row command comma=''
  json_of "$path"
  row="\"path\": $reply, \"result\": \"$result\""
  json_of "$says"
  row+=", \"says\": $reply, \"next\": ["
  for command in ${next[@]+"${next[@]}"}; do
    json_of "$command"
    row+="$comma$reply"
    comma=', '
  done
  row+="], \"state\": \"$stands\""
  field live "$live"
  field stored "$stored"
  field resolved "$resolved"
  field kind "$actual_kind"
  field owner "${seen_owner["$place"]-}"
  field group "${seen_group["$place"]-}"
  field mode "$actual_mode"
  field label "$label"
  field newer "$newer"
  row+=", \"expected\": { \"how\": \"$how\""
  field kind "$kind"
  field owner "$entry_owner"
  field group "$entry_group"
  field mode "$mode"
  field label "$expected_label"
  printf '%s{ %s } }' "$separator" "$row"
  separator=', '
}

# --- the last backup ----------------------------------------------------------------------------------------------

schedule=
# scheduled USER CALENDAR: that there are backups, and when.
scheduled() {
  is_mine "$1" || return 0
  schedule=$2
}

backup_result=none backup_when='' backup_good='' backup_says=none backup_next='' is_backup_fault=no is_backup_late=false
# What the last run of backup.sh left behind, and whether the next is overdue.
check_backup() {
  local part=system text='' first
  [[ -z $me ]] || part=user-$me
  if [[ -r $state/backup-$part.last ]]; then
    read -r backup_when backup_result text <"$state/backup-$part.last" || :
    backup_result=${backup_result%,}
    backup_says="last: $(plain "$backup_when, $backup_result${text:+, $text}")"
    if since_then "$backup_when"; then backup_says+=", $reply"; fi
  elif [[ -n $schedule ]]; then
    backup_result=never backup_says='never; the first is yours to start' backup_next=backup.sh
  fi
  if [[ -r $state/backup-$part.good ]]; then read -r backup_good _ <"$state/backup-$part.good" || :; fi
  if [[ $backup_result == complete && -z $backup_good ]]; then backup_good=$backup_when; fi
  if [[ $backup_result == incomplete || $backup_result == failed ]]; then
    is_backup_fault=yes backup_next=backup.sh
    if [[ -n $backup_good ]] && since_then "$backup_good"; then backup_says+="; the last complete one $reply"; fi
  fi
  # Where there never was one, the time counts from the first thing that was done here.
  first=$backup_good
  if [[ -z $first && -r $state/journal ]]; then read -r first _ <"$state/journal" || :; fi
  if [[ -n $schedule && -n $first ]] && is_overdue "$first"; then
    is_backup_fault=yes is_backup_late=true backup_next=backup.sh
    backup_says+="; at least two are overdue, by the schedule $(plain "$schedule")"
  fi
}

# since_then WHEN: how long ago that was.
since_then() {
  local seconds
  seconds=$(date -d "$1" +%s 2>/dev/null) || return 1
  ago "$seconds"
}

# is_overdue WHEN: true where two of the times that the schedule names have passed since then.
is_overdue() {
  local text
  command -v systemd-analyze >/dev/null || return 1
  text=$(date -u -d "$1" '+%F %T UTC' 2>/dev/null) || return 1
  text=$(TZ=UTC0 systemd-analyze calendar --iterations=2 --base-time="$text" -- "$schedule" 2>/dev/null) || return 1
  text=$(sed -n 's/^ *Iter[a-z.]* #2: //p' <<<"$text")
  [[ -n $text ]] && (($(date -d "$text" +%s) < EPOCHSECONDS))
}

report_text() {
  printf '  %-12s %s\n' backup "$backup_says"
  [[ -z $backup_next ]] || printf '               $ %s\n' "$backup_next"
  say "$findings finding$([[ $findings == 1 ]] || printf s)."
}

report_json() {
  local row=''
  field when "$backup_when"
  field good "$backup_good"
  printf ' ], "backup": %s, "lastBackup": { "result": %s%s, "overdue": %s }, "findings": %s }\n' "$(json "$backup_says")" \
    "$(json "$backup_result")" "$row" "$is_backup_late" "$findings"
}
