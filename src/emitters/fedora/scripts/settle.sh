#!/usr/bin/env bash
# shellcheck disable=SC2154,SC2034 # stands between relocate.sh and link.sh

# --- two sides, of which a person takes one -----------------------------------------------------------------------

# Where data is both here and in the store only a person knows which is wanted. They are shown what differs (--compare)
# and say which side is taken (--take). Nothing is merged and nothing deleted, neither now nor by --commit: the side that
# is not taken stays whole, under a name beside its place.
#
#   LIVE.remanence-original    --take store: what was at LIVE, without a note that the store has a copy of it
#   STORED.remanence-other     --take live: what the store had
#
# As everywhere those names are the journal. What a stopped run leaves is one of the states that are known anyway, and the
# same command again goes on from there.

take=
comparing=no
# What link.sh takes besides: --compare PATH…, --take live|store.
settle_option() {
  case $1 in
    --compare)
      [[ -n ${2-} && ${2-} != --* ]] || die 2 "--compare needs a path"
      comparing=yes
      only+=("$2")
      ;;
    --take)
      [[ ${2-} == live || ${2-} == store ]] || die 2 "--take is live (what is here) or store (what is in the store)"
      take=$2
      ;;
    *) return 1 ;;
  esac
  taken=1
}

# A side is taken for entries that are named themselves, never for all that lie in a directory.
check_take() {
  local asked path found
  [[ -n $take ]] || return 0
  [[ $committing == no ]] || die 2 "--take and --commit are two things"
  ((${#only[@]} > 0)) || die 2 "--take needs --only PATH: which side is wanted is a decision about one entry"
  for asked in "${only[@]}"; do
    found=no
    for path in "${entry_paths[@]}"; do
      if [[ $path == "$asked" ]]; then found=yes; fi
    done
    [[ $found == yes ]] || die 2 "--take needs the path of an entry itself, and $(plain "$asked") is a directory around some"
  done
}

# sides REASON: why nothing is done about two sides, and how to see what differs (of links; a mount covers one side).
sides() {
  reason=$1
  [[ -z $user ]] || return 0
  command_path "$path"
  reason="$1; look: link.sh --compare $reply"
}

# What --take is to do about an entry: sets `action` and `reason`, and `aside`: what has to be put aside before.
decide_take() {
  aside=
  decide
  kind_of "$live"
  local live_kind=$reply stored_kind
  kind_of "$stored"
  stored_kind=$reply
  if is_mark || { [[ $live_kind == link ]] && ! is_ours; }; then return 0; fi
  "decide_take_$take"
}

# What the store has is wanted: what is here becomes the original. An original that a program wrote to is none any more.
decide_take_store() {
  if [[ $live_kind == link ]]; then
    if has_data "$original" && has_note "$copied" "$stored" && ! is_as_noted "$original" "$copied" "$stored"; then
      action=settle reason='' code=3
    fi
    return 0
  fi
  [[ $action == refuse || $action == copy ]] || return 0
  if [[ $live_kind == none && $stored_kind == "$kind" && -L $returned ]]; then action=place reason='' aside=notes; fi
  [[ $stored_kind == "$kind" && $live_kind != none ]] || return 0
  action=take reason='' code=3 aside=live
  local way
  check_way
  if [[ -n $reason ]]; then
    :
  elif has_data "$original"; then
    reason="$(short "$original") is there already: look whether you need it, and give it another name"
  elif [[ -L $original ]] && ! is_link_to "$original" "$text"; then
    reason="$(short "$original") is in the way"
  else
    programs_in "$live"
    if [[ -n $reply ]]; then reason="in use by $reply, which would go on writing to what is put aside" code=4; fi
  fi
  [[ -z $reason ]] || action=refuse
}

# What is here is wanted, or what was here before the link: what is in the store gives way.
decide_take_live() {
  local from=$live
  if [[ $live_kind == link || $live_kind == none ]]; then
    has_data "$original" || return 0
    # The store has it already: it is linked, or a run was stopped before the last step.
    if is_as_noted "$original" "$copied" "$stored"; then return 0; fi
    from=$original
  elif [[ $stored_kind == none || ($action == copy && -e $other) ]]; then
    # What the store had was put aside by a run that was stopped: the rest is as for any entry.
    return 0
  fi
  kind_of "$from"
  [[ $reply == "$kind" ]] || return 0
  action=move reason='' code=3 aside=store
  if [[ $from == "$original" ]]; then aside='link'; fi
  check_taken "$from"
  [[ -z $reason ]] || action=refuse
}

check_taken() {
  local way
  check_way
  if [[ -n $reason ]]; then
    :
  elif is_empty_directory "$1"; then
    reason="$(short "$1") is empty; remove it with rmdir, and link.sh links what is in the store"
  elif [[ $1 == "$live" ]] && has_data "$original"; then
    reason="$(short "$original") is there already: look whether you need it, and give it another name"
  elif [[ -e $other || -L $other ]]; then
    reason="$(short "$other") is there already: look whether you need it, and give it another name"
  elif [[ -e $live.remanence-trash ]]; then
    reason="a --commit was stopped here: look whether you need $(short "$live").remanence-trash"
  elif [[ $kind == directory ]] && has_subvolume "$1"; then
    reason="there is a btrfs subvolume inside it"
  elif [[ $kind == directory && ! -w $1 ]]; then
    reason="$(short "$1") is not writable"
  elif [[ $way == copy ]]; then
    action=copy
    size_of "$1"
    bytes=$reply
    check_copy "$1" "$stored"
  fi
}

# From here on nothing says any more that one side is a copy of the other.
drop_notes() {
  local note
  for note in "$copied" "$copied-new" "$returned" "$returned-new"; do
    if [[ -L $note ]]; then rm -- "$note" || return 1; fi
  done
}

# Makes way for the side that was taken. Each step is one rename or one exchange, and both sides stay whole.
put_aside() {
  drop_notes || return 1
  if is_link_to "$original" "$text"; then rm -- "$original" || return 1; fi
  case $aside in
    live)
      ln -sT -- "$text" "$original" || return 1
      exchange_names "$live" "$original" || :
      is_link_to "$live" "$text" && has_data "$original"
      ;;
    link)
      bring_original && put_store_aside
      ;;
    store) put_store_aside ;;
  esac
}

# What was here before the link comes back to its place, and the link goes.
bring_original() {
  if [[ -L $live ]]; then exchange_names "$live" "$original" || :; else mv -T -n -- "$original" "$live" || return 1; fi
  has_data "$live" || return 1
  if [[ -L $original ]]; then rm -- "$original" || return 1; fi
  put_on_disk "${live%/*}"
}

put_store_aside() {
  has_data "$stored" || return 0
  mv -T -n -- "$stored" "$other" && has_data "$other" && [[ ! -e $stored ]] || return 1
  put_on_disk "${stored%/*}"
}

# Where what was taken could not get into the store after all, what was there is there again.
put_back() {
  if [[ $aside == @(store|link) && ! -e $stored && ! -L $stored ]] && has_data "$other"; then mv -T -n -- "$other" "$stored"; fi
}

# --- what differs -------------------------------------------------------------------------------------------------

# True where a time, as find's %T@ writes it, is later than another.
is_later() {
  local a=${1%.*} b=${2%.*}
  ((a > b)) || { ((a == b)) && [[ ${1#*.} > ${2#*.} ]]; }
}

# The two sides of an entry: `here` and `there`, with what a person calls them.
find_sides() {
  here=$live there=$stored here_name=here there_name='in the store'
  if ! has_data "$live"; then
    if has_data "$original"; then
      here=$original here_name='the original'
    elif has_data "$other"; then
      here=$stored there=$other here_name='in the store' there_name='put aside'
    fi
  fi
  has_data "$here" && has_data "$there"
}

list_tree() { find "$1" -printf '%P\0%y\0%s\0%T@\0%l\0'; }

# note_difference HOW NAME: counts it, and keeps the first names of a list that nobody would read to its end. What lies in
# a directory that is on one side only goes without saying.
note_difference() {
  local parent=${2%/*}
  counts["$1"]=$((${counts["$1"]} + 1))
  if [[ $1 == only_* ]]; then
    lone["$2"]=yes
    if [[ -n $parent && -n ${lone["$parent"]-} ]]; then return 0; fi
  fi
  if ((${#listed[@]} < 20)); then listed+=("$2") hows+=("$1"); fi
}

# Compares the two sides: files by size and time, and by content where only the time differs. Sets `counts`, `listed` and
# `hows`, and of each side the number of files and the newest time.
compare_trees() {
  local name kind size time link
  local -A facts=() met=()
  while next_of_tree; do
    if [[ $kind != d ]]; then there_files=$((there_files + 1)); fi
    if is_later "$time" "$there_newest"; then there_newest=$time; fi
    facts["/$name"]="$kind $size $time $link"
  done < <(list_tree "$there")
  while next_of_tree; do
    if [[ $kind != d ]]; then here_files=$((here_files + 1)); fi
    if is_later "$time" "$here_newest"; then here_newest=$time; fi
    met["/$name"]=yes
    compare_one "/$name" "${facts["/$name"]-}"
  done < <(list_tree "$here")
  while IFS= read -r -d '' name; do
    [[ -n ${met["$name"]-} ]] || note_difference only_there "$name"
  done < <(printf '%s\0' "${!facts[@]}" | sort -z)
}

next_of_tree() {
  IFS= read -r -d '' name && IFS= read -r -d '' kind && IFS= read -r -d '' size && IFS= read -r -d '' time &&
    IFS= read -r -d '' link
}

# compare_one NAME FACTS: what is here, in kind, size, time and link, with what the other side has of that name.
compare_one() {
  local other_kind other_size other_time other_link
  IFS=' ' read -r other_kind other_size other_time other_link <<<"$2"
  if [[ -z $2 ]]; then
    note_difference only_here "$1"
  elif [[ $kind == d && $other_kind == d ]]; then
    :
  elif is_same_one "$1"; then
    counts[same]=$((counts[same] + 1))
  elif is_later "$time" "$other_time"; then
    note_difference newer_here "$1"
  elif is_later "$other_time" "$time"; then
    note_difference newer_there "$1"
  else
    note_difference differs "$1"
  fi
}

is_same_one() {
  [[ $kind == "$other_kind" && $size == "$other_size" && $link == "$other_link" ]] || return 1
  [[ $kind != f || $time == "$other_time" ]] || cmp -s -- "$here${1%/}" "$there${1%/}"
}

compare_all() {
  local i separator='' here there here_name there_name here_files there_files here_newest there_newest
  local listed hows
  local -A counts lone
  [[ $format == text ]] || printf '{ "version": 1, "entries": [ '
  for i in ${chosen[@]+"${chosen[@]}"}; do
    look_at "$i"
    look_beside
    if ! find_sides; then
      [[ $format == json ]] || say "$(plain "$(short "$live")"): there is only one side, or a link to it; nothing to compare."
      continue
    fi
    counts=([newer_here]=0 [newer_there]=0 [only_here]=0 [only_there]=0 [differs]=0 [same]=0)
    lone=() listed=() hows=() here_files=0 there_files=0 here_newest=0.0 there_newest=0.0
    compare_trees
    "say_compared_$format"
  done
  [[ $format == text ]] || printf ' ] }\n'
}

# side NAME PLACE FILES NEWEST
say_side() {
  local changed
  size_of "$2"
  printf -v changed '%(%F %H:%M)T' "${4%.*}"
  printf '  %-14s %10s, %s files, last changed %s   %s\n' "$1" "$(human "$reply")" "$3" "$changed" "$(plain "$(short "$2")")"
}

declare -A words_of=()
say_compared_text() {
  local n word
  words_of=([newer_here]="newer $here_name" [newer_there]="newer $there_name" [only_here]="only $here_name"
    [only_there]="only $there_name" [differs]="differs")
  shown "$live"
  say "$reply"
  say_side "$here_name" "$here" "$here_files" "$here_newest"
  say_side "$there_name" "$there" "$there_files" "$there_newest"
  say "  ${counts[same]} the same, ${counts[newer_here]} newer $here_name, ${counts[newer_there]} newer $there_name," \
    "${counts[only_here]} only $here_name, ${counts[only_there]} only $there_name, ${counts[differs]} differ with one time"
  for n in "${!listed[@]}"; do
    word=${words_of["${hows[$n]}"]}
    printf '    %-20s %s\n' "$word" "$(plain "${listed[$n]#/}")"
  done
  say_ways_out
}

say_ways_out() {
  [[ $here_name != 'in the store' ]] || return 0
  command_path "$path"
  say "Nothing is merged. Copy by hand what you miss on one side, then take one; the other stays beside it, whole:"
  say "  link.sh --only $reply --take live     keep what is $here_name, as $(plain "$(short "$other")") stays what the store had"
  if has_data "$live"; then
    say "  link.sh --only $reply --take store    keep what is in the store, as $(plain "$(short "$original")") stays what was here"
  else
    say "  link.sh --only $reply --take store    keep what is in the store; $(plain "$(short "$original")") is yours to remove"
  fi
}

# "NAME": { … } of one side
json_side() {
  size_of "$2"
  TZ=UTC0 printf '"%s": { "place": %s, "bytes": %s, "files": %s, "newest": "%(%FT%TZ)T" }, ' \
    "$1" "$(json "$2")" "$reply" "$3" "${4%.*}"
}

say_compared_json() {
  local n comma=''
  printf '%s{ "path": %s, ' "$separator" "$(json "$path")"
  json_side here "$here" "$here_files" "$here_newest"
  json_side there "$there" "$there_files" "$there_newest"
  printf '"same": %s, "newerHere": %s, "newerThere": %s, "onlyHere": %s, "onlyThere": %s, "differs": %s, "names": [ ' \
    "${counts[same]}" "${counts[newer_here]}" "${counts[newer_there]}" "${counts[only_here]}" "${counts[only_there]}" "${counts[differs]}"
  for n in "${!listed[@]}"; do
    printf '%s{ "name": %s, "how": "%s" }' "$comma" "$(json "${listed[$n]#/}")" "${hows[$n]//_/-}"
    comma=', '
  done
  printf ' ] }'
  separator=', '
}
