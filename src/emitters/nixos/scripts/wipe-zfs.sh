#!/bin/sh
# shellcheck disable=SC2154 # dataset and snapshot stand above this text in the generated module
# Runs in the initrd, under bash in that of systemd and under ash in the scripted one, where there is zfs.
set -eu

if ! zfs list -H -t snapshot -o name "$snapshot" >/dev/null; then
  echo "$snapshot is not there: nothing was wiped" >&2
  exit 1
fi

# Where it is in use this is no boot, and the root of a running machine must stay.
mounted=$(zfs get -H -o value mounted "$dataset")
if [ "$mounted" != no ]; then
  echo "$dataset is mounted: nothing was wiped" >&2
  exit 1
fi

# -r: later snapshots of this dataset go with what it holds. Never -R, which would take clones of them too.
zfs rollback -r "$snapshot"
