#!/usr/bin/env bash
# A store that will not be there at the next boot, under links; bob keeps his in the home.
# shellcheck source=../lib.sh
. ./lib.sh
useradd -m -s /bin/bash bob
furnish alice
furnish bob
install -d -m 0700 -o alice -g alice /persist/home/alice
check 'alice links' as alice bash linked/link.sh --yes
check 'root labels' bash linked/link.sh
check 'bob links inside the home' as bob bash inside/link.sh
# Debian's sshd may not pass an unlabelled store, Fedora's may.
check 'root labels that' bash inside/link.sh
check 'the originals go' as alice bash linked/link.sh --commit
sed -i 's,^LABEL=vmroot /persist.*,LABEL=absent /persist btrfs nofail\,x-systemd.device-timeout=1s 0 0,' /etc/fstab
finish
