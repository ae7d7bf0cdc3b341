#!/bin/bash
# run-vm.sh [OPTION…] IMAGE SCRIPT [DISK…]
#
# Boots IMAGE (the folder that build-image.sh filled, or its root.img), runs
# SCRIPT inside as root once the machine has reached multi-user.target, prints
# what it prints, powers the machine off and exits with SCRIPT's status.
# IMAGE itself is never written to: the machine runs on a copy-on-write overlay.
# Each DISK (a raw file) is inside /dev/disk/by-id/virtio-disk1, -disk2, …
# and is written to for real.
#
#   -o OVERLAY  keep the machine's disk in OVERLAY (made when it is not there):
#               the next run with it is the next boot of the same machine
#   -f          fast: no systemd and no udev, the script is nearly all there is
#   -w          wipe: before the root is mounted, make the subvolume root anew
#               from the snapshot root-blank (home and persist stay)
#   -p DIR      put DIR's content beside the script (/run/vm/)
#   -s MODE     SELinux: off (the default), permissive or enforcing
#   -k MARK[:S] power cut: kill -9 the machine S seconds after a line that
#               contains MARK was printed; the exit status is then 0 if it was
#               cut and 125 if the script ended first
#   -t SECONDS  time limit (600); past it the exit status is 124
#   -m MIB      memory (1024)        -c N   processors (2)
#   -C MODE     qemu's cache= for the disks (writeback)
#   -a ARGS     more words for the kernel's command line
#   -l FILE     write the console there (kernel and systemd messages)
#   -q          on a failure, do not print the end of the console
#
# Environment: VM_ACCEL=auto|kvm|tcg   VM_QEMU=qemu-system-x86_64
# Exit status: the script's; 124 time limit; 125 no machine or no status from it
set -euo pipefail

die() {
  printf 'run-vm: %s\n' "$*" >&2
  exit 125
}

overlay='' wipe='' payload='' mode=off cut='' limit=600 mem=1024 cpus=2
cache=writeback args='' boot=systemd.unit=vm.target console='' quiet=''
while getopts 'o:fwp:s:k:t:m:c:C:a:l:q' opt; do
  case $opt in
  o) overlay=$OPTARG ;; f) boot=init=/usr/local/bin/vm-init ;; w) wipe=vm.wipe ;; p) payload=$OPTARG ;; s) mode=$OPTARG ;;
  k) cut=$OPTARG ;; t) limit=$OPTARG ;; m) mem=$OPTARG ;; c) cpus=$OPTARG ;;
  C) cache=$OPTARG ;; a) args=$OPTARG ;; l) console=$OPTARG ;; q) quiet=1 ;;
  *) exit 125 ;;
  esac
done
shift $((OPTIND - 1))
[ $# -ge 2 ] || die "usage: run-vm.sh [OPTION…] IMAGE SCRIPT [DISK…]"
image=$1 script=$2
shift 2
[ ! -d "$image" ] || image=$image/root.img
[ -f "$image" ] || die "no such image: $image"
[ -f "$script" ] || die "no such script: $script"
image=$(readlink -f -- "$image")
dir=$(dirname -- "$image")
qemu=${VM_QEMU:-qemu-system-x86_64}
for tool in "$qemu" qemu-img; do
  command -v "$tool" >/dev/null ||
    die "no $tool: apt-get install --no-install-recommends qemu-system-x86 qemu-utils"
done

case $mode in
off) lsm='lsm=landlock,yama,bpf audit=0' ;;
permissive) lsm='security=selinux selinux=1 enforcing=0 audit=1' ;;
enforcing) lsm='security=selinux selinux=1 enforcing=1 audit=1' ;;
*) die "-s off|permissive|enforcing" ;;
esac
# /dev/kvm alone says nothing: a machine whose processor shows neither vmx nor
# svm may have one that cannot run an ordinary kernel.
accel=${VM_ACCEL:-auto}
if [ "$accel" = auto ]; then
  accel=tcg
  [ -w /dev/kvm ] && grep -qwE 'vmx|svm' /proc/cpuinfo && accel=kvm
fi
case $accel in
kvm) accelargs=(-accel kvm -cpu host) ;;
tcg) accelargs=(-accel 'tcg,thread=multi,tb-size=512' -cpu 'max,la57=off') ;;
*) die "VM_ACCEL=auto|kvm|tcg" ;;
esac

tmp=$(mktemp -d)
pid=''
# shellcheck disable=SC2317 # called by the trap
cleanup() {
  [ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || true
  rm -rf -- "$tmp"
}
trap cleanup EXIT
trap 'exit 143' INT TERM

if [ -z "$overlay" ]; then overlay=$tmp/overlay; fi
[ -f "$overlay" ] || qemu-img create -q -f qcow2 -F raw -b "$image" "$overlay"
mkdir "$tmp/in"
[ -z "$payload" ] || cp -a -- "$payload/." "$tmp/in/"
cp -- "$script" "$tmp/in/script"
tar -C "$tmp/in" -cf "$tmp/in.tar" .
truncate -s %1M "$tmp/in.tar"
[ -n "$console" ] || console=$tmp/console
: >"$tmp/out"
: >"$tmp/rc"

drives=(-drive "file=$overlay,if=none,id=d0,format=qcow2,cache=$cache,discard=unmap"
  -device 'virtio-blk-pci,drive=d0,serial=vmroot'
  -drive "file=$tmp/in.tar,if=none,id=d1,format=raw,readonly=on"
  -device 'virtio-blk-pci,drive=d1,serial=vmpayload')
n=0
for disk in "$@"; do
  n=$((n + 1))
  drives+=(-drive "file=$disk,if=none,id=x$n,format=raw,cache=$cache"
    -device "virtio-blk-pci,drive=x$n,serial=disk$n")
done

"$qemu" -machine q35 "${accelargs[@]}" -smp "$cpus" -m "$mem" \
  -nodefaults -no-user-config -display none -no-reboot -nic none \
  -kernel "$dir/vmlinuz" -initrd "$dir/initrd" \
  -append "console=ttyS0 quiet panic=-1 nokaslr mitigations=off $lsm $boot systemd.show_status=no $wipe $args" \
  -serial "file:$console" -device virtio-rng-pci -device virtio-serial-pci \
  -chardev "file,id=out,path=$tmp/out" -device virtserialport,chardev=out,name=vm.out \
  -chardev "file,id=rc,path=$tmp/rc" -device virtserialport,chardev=rc,name=vm.rc \
  "${drives[@]}" </dev/null >"$tmp/qemu" 2>&1 &
pid=$!

tail -n +1 -s 0.1 -f --pid="$pid" "$tmp/out" &
tailpid=$!
deadline=$((SECONDS + limit)) was_cut=''
while kill -0 "$pid" 2>/dev/null; do
  if [ -n "$cut" ] && grep -qaF -- "${cut%%:*}" "$tmp/out"; then
    case $cut in *:*) sleep "${cut#*:}" ;; esac
    kill -9 "$pid" 2>/dev/null && was_cut=1
    break
  fi
  if [ "$SECONDS" -ge "$deadline" ]; then
    kill -9 "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    pid=''
    wait "$tailpid" || true
    [ -n "$quiet" ] || tail -n 20 "$console" >&2
    printf 'run-vm: over the limit of %s s\n' "$limit" >&2
    exit 124
  fi
  sleep 0.05
done
wait "$pid" 2>/dev/null || true
pid=''
wait "$tailpid" || true
if [ -n "$cut" ]; then
  [ -n "$was_cut" ] || die "the script ended before the cut"
  exit 0
fi
status=$(tr -dc 0-9 <"$tmp/rc")
if [ -z "$status" ]; then
  [ -n "$quiet" ] || cat "$tmp/qemu" >&2
  [ -n "$quiet" ] || tail -n 20 "$console" >&2
  die "the machine gave no status"
fi
exit "$status"
