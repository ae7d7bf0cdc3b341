#!/bin/sh
# Asked by the guard (.chezmoitemplates/remanence/ignore): look.sh HOME CACHE. Says which links are not as they are made
# here, a path a line; and "busy" where links are missing while link.sh, unlink.sh or restore.sh has the lock of the home.
# One run for all of them: a question about each would take longer than all else that chezmoi does.
#
# look.sh HOME CACHE again: says which of them have come to be so since this chezmoi asked first. What it was told then
# lies in CACHE, under the number of its process.
set -u
export LC_ALL=C
lists=${0%/*}
case $lists in /*) ;; *) exit 2 ;; esac
for program in awk find flock grep xargs; do
  command -v "$program" >/dev/null || {
    echo "remanence: there is no $program here" >&2
    exit 2
  }
done
[ -d "$1" ] || exit 0
cd -- "$1" || exit 2

# Links like ours that the list does not have, copied or moved by hand or in a merge: nobody guards them, so nothing real may
# stand in their place.
strays() {
  (cd -- "$lists/.." && grep -rHE --include='symlink_*' --exclude-dir=.git '^(\.\./)*\.remanence(-[^/]*)?/' .) | awk '
    FNR == NR { known[substr($0, 3)]; next }
    match($0, /:(\.\.\/)*\.remanence(-[^\/]*)?\//) {
      count = split(substr($0, 3, RSTART - 3), names, "/")
      path = ""
      for (i = 1; i <= count; i++) {
        name = names[i]
        if (i == count) {
          sub(/^symlink_/, "", name)
          if (!sub(/\.literal$/, "", name)) sub(/(\.literal)?\.tmpl$/, "", name)
        } else sub(/^(remove_)?(external_)?(exact_)?(private_)?(readonly_)?/, "", name)
        if (!sub(/^dot_/, ".", name)) sub(/^literal_/, "", name)
        path = path (i == 1 ? "" : "/") name
      }
      if (!(path in known)) print path
    }
  ' "$lists/targets" -
}
none_stray() {
  stray=$(strays | while IFS= read -r path; do
    [ -L "./$path" ] || [ ! -e "./$path" ] || printf '%s\n' "$path"
  done | sed 's/[[:cntrl:]]/?/g;q')
  [ -z "$stray" ] || {
    echo "remanence: the guard does not know the link in your source for ~/$stray: run remanence generate, or take it out" >&2
    return 1
  }
}
known=
[ "${3-}" = again ] || {
  none_stray &
  known=$!
}

# What is there, with the text of a link. About what is not there find complains, and xargs ends with 123: no fault. That
# this was all, and find one that knows -printf, is seen by the home itself, which comes last.
there() {
  # shellcheck disable=SC2016 # the inner shell is to see "$@"
  xargs -r -d '\n' -a "$lists/targets" \
    sh -c 'echo batch && exec find "$@" . -maxdepth 0 -printf "%p\t%l\n" 2>/dev/null' find ||
    [ $? = 123 ] || echo failed
}

# A link made here says (../)*.remanence/PATH, or .remanence-STORE in place of .remanence.
odd=$(there | awk '
  FNR == NR { missing++; next }
  $0 == "failed" { exit 2 }
  $0 == "batch" { open++; next }
  $0 == ".\t" { open--; next }
  /^\.\// {
    missing--
    tab = index($0, "\t")
    path = substr($0, 3, tab - 3)
    text = substr($0, tab + 1)
    root = substr(text, 1, length(text) - length(path) - 1)
    if (text != root "/" path || root !~ /^(\.\.\/)*\.remanence(-[^\/]*)?$/) print "./" path
  }
  END {
    if (open != 0) exit 2
    if (missing > 0) print "missing"
  }
' "$lists/targets" -) || {
  echo "remanence: could not look at the links: is find the one of GNU?" >&2
  exit 2
}

missing=false
case $odd in
  *missing)
    missing=true
    odd=${odd%missing}
    ;;
esac
told=$2/remanence/look-$PPID
if [ "${3-}" = again ]; then
  [ -r "$told" ] || exit 2
  [ -z "$odd" ] || printf '%s\n' "$odd" | grep -vxF -f "$told" || true
  exit 0
fi
wait $known || exit 2
[ -d "$2/remanence" ] || mkdir -p -- "$2/remanence" || exit 2
# Those of processes long gone; one that is not would stop.
set -- "$2"/remanence/look-*
[ $# -lt 100 ] || rm -f -- "$@"
printf '%s\n' "$odd" >"$told" || exit 2
! $missing || flock -n -E 75 -- . true || [ $? -ne 75 ] || echo busy
[ -z "$odd" ] || printf '%s\n' "$odd"
