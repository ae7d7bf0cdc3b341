#!/bin/bash
# build-image.sh CACHE_DIR
#
# Makes a bootable Debian machine for tests in CACHE_DIR and re-uses it:
#   vmlinuz   the kernel          initrd   a very small first user space
#   root.img  one btrfs disk (label vmroot) with the subvolumes root, home,
#             persist and root-blank (a read-only snapshot of root)
#   key       what the image was made from; packages: what is installed in it
#
# Environment:
#   VM_SUITE=trixie           Debian suite inside the machine
#   VM_SIZE=6G                size of the (sparse) disk
#   VM_KERNEL=linux-image-cloud-amd64
#   VM_EXTRA="pkg pkg"        more packages
#   VM_INSTALL=1              apt-get install what this script needs here
#   VM_FORCE=1                build even if the cache is good
# Needs root (loop mount). Packages come from this machine's own apt sources.
set -euo pipefail
export LC_ALL=C

die() {
  printf 'build-image: %s\n' "$*" >&2
  exit 2
}
say() { printf 'build-image: %s\n' "$*" >&2; }

[ $# -eq 1 ] || die "usage: build-image.sh CACHE_DIR"
[ "$(id -u)" -eq 0 ] || die "must run as root"
suite=${VM_SUITE:-trixie}
size=${VM_SIZE:-6G}
kernel=${VM_KERNEL:-linux-image-cloud-amd64}
packages=(
  systemd systemd-sysv libpam-systemd dbus dbus-user-session sudo
  openssh-server openssh-client btrfs-progs e2fsprogs util-linux
  udev kmod busybox-static rsync zstd acl attr restic python3-minimal
  policycoreutils policycoreutils-python-utils semodule-utils
  selinux-policy-default selinux-basics selinux-utils procps
  "$kernel"
)
# shellcheck disable=SC2206 # a list of words on purpose
packages+=(${VM_EXTRA:-})

mkdir -p -- "$1"
cache=$(cd -- "$1" && pwd)
self=$(readlink -f -- "${BASH_SOURCE[0]}")
key=$({
  cat -- "$self"
  printf '%s\n' "$suite" "$size" "${packages[@]}"
} | sha256sum | cut -d' ' -f1)

exec 9>"$cache/lock"
flock 9
if [ -z "${VM_FORCE:-}" ] && [ -s "$cache/root.img" ] && [ -s "$cache/vmlinuz" ] &&
  [ -s "$cache/initrd" ] && [ "$(cat -- "$cache/key" 2>/dev/null)" = "$key" ]; then
  say "cached: $cache"
  exit 0
fi

need=(mmdebstrap mkfs.btrfs cpio losetup)
missing=()
for tool in "${need[@]}"; do command -v "$tool" >/dev/null || missing+=("$tool"); done
if [ ${#missing[@]} -gt 0 ]; then
  [ -n "${VM_INSTALL:-}" ] || die "missing: ${missing[*]} (set VM_INSTALL=1, or: apt-get install mmdebstrap btrfs-progs cpio)"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    mmdebstrap btrfs-progs cpio >/dev/null
fi

# Where this machine gets Debian from, whatever the format of its sources.
index() {
  # shellcheck disable=SC2016 # apt's own format, not the shell's
  apt-get indextargets --format '$(REPO_URI) $(COMPONENT) $(ORIGIN) $(LABEL)' \
    'Created-By: Packages' | sort -u
}
[ -n "$(index | awk '$3 == "Debian"')" ] || apt-get update -qq
main_uri=$(index | awk '$2 == "main" && $3 == "Debian" && $4 == "Debian" { print $1; exit }')
sec_uri=$(index | awk '$2 == "main" && $3 == "Debian" && $4 == "Debian-Security" { print $1; exit }')
[ -n "$main_uri" ] || die "no Debian main archive among this machine's apt sources"
sources=("deb $main_uri $suite main")
case $suite in
sid | unstable | testing) ;;
*) [ -z "$sec_uri" ] || sources+=("deb $sec_uri $suite-security main") ;;
esac
aptopts=()
for name in Acquire::http::Proxy Acquire::https::Proxy; do
  proxy=''
  eval "$(apt-config shell proxy "$name")"
  [ -z "$proxy" ] || aptopts+=(--aptopt="$name \"$proxy\"")
done

work=$(mktemp -d "$cache/work.XXXXXX")
target=$work/target
cleanup() {
  set +e
  local m
  for m in "$target/persist" "$target/home" "$target" "$work/top"; do
    mountpoint -q "$m" && umount "$m"
  done
  [ -z "${loop:-}" ] || losetup -d "$loop"
  rm -rf --one-file-system -- "$work"
}
trap cleanup EXIT

say "building $suite in $cache"
rm -f -- "$cache/key"
truncate -s "$size" "$work/root.img"
mkfs.btrfs -q -L vmroot "$work/root.img" 2>/dev/null
loop=$(losetup -f --show "$work/root.img")
mkdir "$work/top" "$target"
mount -o noatime,compress=no "$loop" "$work/top"
for sub in root home persist; do btrfs -q subvolume create "$work/top/$sub"; done
mount -o noatime,subvol=root "$loop" "$target"
mkdir "$target/home" "$target/persist"
mount -o noatime,subvol=home "$loop" "$target/home"
mount -o noatime,subvol=persist "$loop" "$target/persist"

include=$(
  IFS=,
  printf '%s' "${packages[*]}"
)
# Only the files needed to boot directly: no initramfs generator, no docs.
mmdebstrap --quiet --mode=root --variant=minbase --include="$include" \
  --skip=check/empty ${aptopts[@]+"${aptopts[@]}"} \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' \
  "$suite" "$target" "${sources[@]}" >"$cache/build.log" 2>&1 ||
  {
    tail -n 30 "$cache/build.log" >&2
    die "mmdebstrap failed, see build.log"
  }

# --- what the machine does at boot ----------------------------------------
printf 'vm\n' >"$target/etc/hostname"
printf '127.0.0.1 localhost vm\n' >"$target/etc/hosts"
cat >"$target/etc/fstab" <<'END'
LABEL=vmroot / btrfs noatime,subvol=/root 0 0
LABEL=vmroot /home btrfs noatime,subvol=/home 0 0
LABEL=vmroot /persist btrfs noatime,subvol=/persist 0 0
END
: >"$target/etc/machine-id"
rm -f "$target/etc/resolv.conf" "$target/etc/apt/sources.list"
rm -rf "${target:?}"/var/lib/apt/lists/*
# systemd gives TCG machines too little time by default
mkdir -p "$target/etc/systemd/system.conf.d"
cat >"$target/etc/systemd/system.conf.d/vm.conf" <<'END'
[Manager]
DefaultTimeoutStartSec=300s
DefaultTimeoutStopSec=60s
DefaultDeviceTimeoutSec=300s
END
mkdir -p "$target/etc/systemd/journald.conf.d"
printf '[Journal]\nStorage=volatile\n' >"$target/etc/systemd/journald.conf.d/vm.conf"
for unit in getty.target getty@tty1.service serial-getty@ttyS0.service serial-getty@hvc0.service \
  apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer \
  e2scrub_all.timer e2scrub_reap.service man-db.timer systemd-pstore.service \
  selinux-autorelabel.service selinux-autorelabel.target; do
  ln -sf /dev/null "$target/etc/systemd/system/$unit"
done
cat >"$target/etc/systemd/system/vm.target" <<'END'
[Unit]
Description=Boot, run the test script, power off
Requires=multi-user.target
Wants=vm-script.service
After=multi-user.target
AllowIsolate=yes
END
cat >"$target/etc/systemd/system/vm-script.service" <<'END'
[Unit]
Description=The test script of this boot
After=multi-user.target
[Service]
Type=exec
ExecStart=/usr/local/bin/vm-run-script
ExecStopPost=+/usr/local/bin/vm-power-off
SELinuxContext=-unconfined_u:unconfined_r:unconfined_t:s0
TimeoutStopSec=180s
END
cat >"$target/usr/local/bin/vm-run-script" <<'END'
#!/bin/bash
# Unpacks the payload (a tar on the disk called vmpayload), runs ./script as
# root with the payload's folder as the working folder, reports to the host.
for port in /sys/class/virtio-ports/*; do
	read -r name <"$port/name"
	case $name in vm.out) out=/dev/${port##*/} ;; vm.rc) rc=/dev/${port##*/} ;; esac
done
exec </dev/null >"$out" 2>&1
for block in /sys/block/vd*; do
	[ "$(cat "$block/serial")" != vmpayload ] || payload=/dev/${block##*/}
done
export HOME=/root LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
mkdir -p /run/vm && cd /run/vm || exit 1
tar -x --no-same-owner -f "$payload"
chmod +x script
./script
status=$?
sync
printf '%d\n' "$status" >"$rc"
END
cat >"$target/usr/local/bin/vm-init" <<'END'
#!/bin/bash
# init=/usr/local/bin/vm-init: no systemd, no udev, only the kernel, the mounts
# of fstab and the script
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev 2>/dev/null
ln -sf /proc/self/fd /dev/fd; mkdir -p /dev/disk/by-id; mount -t tmpfs run /run; mount -t tmpfs tmp /tmp
for block in /sys/block/vd*; do
	ln -s "../../${block##*/}" "/dev/disk/by-id/virtio-$(cat "$block/serial")"
done
mount -t btrfs -o noatime,subvol=home /dev/vda /home
mount -t btrfs -o noatime,subvol=persist /dev/vda /persist
/usr/local/bin/vm-run-script
sync
/bin/busybox poweroff -f
END
cat >"$target/usr/local/bin/vm-power-off" <<'END'
#!/bin/sh
# vm.hold on the kernel's command line: leave the machine up
case " $(cat /proc/cmdline) " in *" vm.hold "*) exit 0 ;; esac
systemctl --no-block poweroff
END
chmod 755 "$target"/usr/local/bin/vm-*
chroot "$target" useradd -m -s /bin/bash -u 1000 alice
chroot "$target" passwd -q -d root
mkdir -p "$target/persist/home"
chroot "$target" sed -i 's/^SELINUX=.*/SELINUX=enforcing/' /etc/selinux/config

# sshd of Debian's policy may not read a link in a home that is labelled like anything there, nor pass a directory at / that
# the policy does not know. Fedora's may (ssh.te: userdom_read_user_home_content_symlinks(sshd_t); files.te: all domains may
# search base files). ~/.ssh leads through the link ~/.remanence to /persist.
printf '(allow sshd_t %s)\n' 'user_home_t (lnk_file (read getattr))' 'default_t (dir (search getattr))' >"$target/root/fedora.cil"
chroot "$target" semodule -n -i /root/fedora.cil >>"$cache/build.log" 2>&1 || die "semodule failed, see build.log"

# Fedora's mount_anyfile is on from the start: without it systemd may mount nothing over a directory of a home.
chroot "$target" semanage boolean -N -m --on allow_mount_anyfile >>"$cache/build.log" 2>&1 || die "semanage failed, see build.log"

# --- kernel and first user space --------------------------------------------
version=$(basename "$(echo "$target"/usr/lib/modules/*)")
cp "$target/boot/vmlinuz-$version" "$work/vmlinuz"
ini=$work/ini
mkdir -p "$ini"/{bin,dev,proc,sys,mnt,sysroot,mods}
cp "$target/bin/busybox" "$ini/bin/busybox"
n=100
for module in virtio_blk btrfs; do
  while read -r verb path _; do
    [ "$verb" = insmod ] || continue
    name=$(basename "$path") name=${name%.xz} name=${name%.zst}
    compgen -G "$ini/mods/*-$name" >/dev/null && continue
    n=$((n + 1))
    case $path in
    *.xz) xz -dc "$target$path" >"$ini/mods/$n-$name" ;;
    *.zst) zstd -qdc "$target$path" >"$ini/mods/$n-$name" ;;
    *) cp "$target$path" "$ini/mods/$n-$name" ;;
    esac
  done < <(chroot "$target" modprobe --all --show-depends -S "$version" "$module")
done
# btrfs itself, for the wipe of the root before it is mounted
while read -r file; do
  mkdir -p "$ini$(dirname "$file")"
  cp -L "$target$file" "$ini$file"
done < <(
  printf '/usr/bin/btrfs\n'
  chroot "$target" ldd /usr/bin/btrfs | grep -o '/[^ ]*'
)
cat >"$ini/init" <<'END'
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin:/usr/bin:/usr/sbin
mount -t devtmpfs dev /dev; mount -t proc proc /proc; mount -t sysfs sys /sys
for m in /mods/*; do insmod "$m"; done
dev=/dev/vda wipe= init=/sbin/init
for word in $(cat /proc/cmdline); do
	case $word in vm.root=*) dev=${word#*=} ;; vm.wipe) wipe=1 ;; init=*) init=${word#*=} ;; esac
done
i=0; while [ ! -b "$dev" ] && [ $i -lt 100 ]; do sleep 0.05; i=$((i + 1)); done
if [ -n "$wipe" ]; then
	mount -t btrfs -o subvolid=5 "$dev" /mnt || { echo "vm: no root disk" >/dev/console; poweroff -f; }
	# what systemd may have made as subvolumes inside the old root
	btrfs subvolume delete -R /mnt/root >/dev/console 2>&1 || btrfs subvolume delete /mnt/root
	btrfs subvolume snapshot /mnt/root-blank /mnt/root >/dev/console 2>&1
	umount /mnt
fi
mount -t btrfs -o noatime,subvol=root "$dev" /sysroot || { echo "vm: root does not mount" >/dev/console; poweroff -f; }
umount /proc /sys
mount -n -o move /dev /sysroot/dev 2>/dev/null
exec switch_root /sysroot "$init"
END
chmod 755 "$ini/init"
(cd "$ini" && find . -print0 | cpio --quiet --null -o -H newc) >"$work/initrd"
chroot "$target" dpkg-query -W >"$work/packages"

# --- SELinux labels, then the snapshot for wipes ----------------------------
chroot "$target" /usr/sbin/setfiles -F -m /etc/selinux/default/contexts/files/file_contexts \
  / /home /persist >>"$cache/build.log" 2>&1 || say "setfiles complained, see build.log"
btrfs -q subvolume snapshot -r "$work/top/root" "$work/top/root-blank"
fstrim "$target" || true
umount "$target/persist" "$target/home" "$target"
umount "$work/top"
losetup -d "$loop"
loop=
sync "$work/root.img"
for file in vmlinuz initrd root.img packages; do mv -- "$work/$file" "$cache/$file"; done
printf '%s\n' "$key" >"$cache/key"
say "done: $(du -sh "$cache/root.img" | cut -f1) on disk, $SECONDS s"
