#!/usr/bin/env bash
# Makes .cache/engines/selinux: SELinux' tools and a built policy, as a layer to lay over this machine's own root in a
# mount namespace. Nothing is installed: packages of the distribution (Debian, Ubuntu) are unpacked there, and the policy
# is built in a root that is seen through the layer. Needs root, and half a minute once.
set -euo pipefail
shopt -s inherit_errexit
export LC_ALL=C

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=$(readlink -f "$root/.cache")/engines
layer=$cache/selinux
part=$cache/selinux.part

# what semanage, semodule, matchpathcon and setfiles need that a small machine may lack, and the policy
packages=(
  selinux-policy-default policycoreutils policycoreutils-python-utils selinux-utils semodule-utils
  libsemanage2 libsemanage-common libsepol2 libauparse0 libaudit1 libselinux1
  python3-selinux python3-semanage python3-sepolgen python3-sepolicy python3-setools python3-audit
  python3-networkx python3-decorator
)

say() { printf '%s\n' "$*" >&2; }

fetch() {
  local package
  mkdir -p "$part/debs"
  cd "$part/debs"
  for package in "${packages[@]}"; do
    apt-get -q download "$package" >/dev/null 2>&1 || say "selinux: this release has no $package"
  done
}

unpack() {
  local deb folder
  for deb in "$part"/debs/*.deb; do dpkg-deb -x "$deb" "$part/layer"; done
  # where the machine's /lib is a link, the layer must not have a directory in its place
  for folder in bin sbin lib lib64; do
    [[ -L /$folder && -d $part/layer/$folder ]] || continue
    mkdir -p "$part/layer/usr/$folder"
    cp -a "$part/layer/$folder/." "$part/layer/usr/$folder/"
    rm -r "$part/layer/$folder"
  done
  mkdir -p "$part/layer/etc/selinux" "$part/layer/var/lib/selinux/default"
  printf 'SELINUX=enforcing\nSELINUXTYPE=default\n' >"$part/layer/etc/selinux/config"
}

# In a namespace of its own: whatever happens, no mount is left.
build() {
  mkdir -p "$part/work" "$part/merged"
  # shellcheck disable=SC2016 # for the shell inside
  unshare --mount --propagation private bash -euc '
    mount -t overlay overlay -o "lowerdir=/,upperdir=$1/layer,workdir=$1/work" "$1/merged"
    mount -t proc proc "$1/merged/proc"
    mount --rbind /dev "$1/merged/dev"
    chroot "$1/merged" bash -euc "
      modules=(\$(sed \"s,.*,-i/usr/share/selinux/default/&.pp.bz2,\" /usr/share/selinux/default/.modules))
      semodule -X 100 -n -s default \"\${modules[@]}\"
      matchpathcon -n /home/somebody/.ssh | grep -q ssh_home_t"
  ' build "$part"
}

[[ -e $layer/etc/selinux/default/contexts/files/file_contexts ]] && exit 0
if ((EUID != 0)) || ! command -v apt-get >/dev/null || ! command -v python3 >/dev/null; then
  say "selinux: its tools are unpacked on Debian and Ubuntu with python3, by root: not here"
  exit 1
fi
say "selinux: building its policy in .cache/engines/"
rm -rf --one-file-system "$part"
fetch
unpack
build
rm -rf --one-file-system "$layer"
mv "$part/layer" "$layer"
rm -rf --one-file-system "$part"
