#!/usr/bin/env bash
# Makes a machine's root below a folder, in a mount namespace of its own, and keeps both until its input ends. The
# programs are those of the machine that tests; nothing else of it is there.
#   root.sh ROOT DISK STORE_OR_MOUNT...
set -Eeuo pipefail
root=$1 disk=$2
shift 2

mount -t tmpfs -o mode=755 root "$root"
mkdir -p "$root"/{usr,etc,proc,dev,run,home,mnt/disk,opt/engines,var/{cache,lib,log}}
mkdir -m 1777 "$root"/{tmp,var/tmp}
mkdir -m 700 "$root/root"
for name in bin sbin lib lib32 lib64; do
  if [[ -L /$name ]]; then cp -P "/$name" "$root/$name"; fi
done
mount --rbind /usr "$root/usr"
mount -o remount,bind,ro "$root/usr"
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --bind "$disk" "$root/mnt/disk"
# How the programs find their libraries, and each other.
for name in ld.so.cache alternatives; do
  if [[ -e /etc/$name ]]; then cp -a "/etc/$name" "$root/etc/$name"; fi
done
for program in ${ENGINES-}; do
  : >"$root/opt/engines/${program##*/}"
  mount --bind "$program" "$root/opt/engines/${program##*/}"
done
for mount in "$@"; do
  mkdir -p "$root$mount"
  mount -t tmpfs -o mode=755 "${mount##*/}" "$root$mount"
done
echo ready
exec cat >/dev/null
