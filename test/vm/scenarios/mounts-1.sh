#!/usr/bin/env bash
# Key login over a ~/.ssh that is mounted from a store.
# shellcheck source=../lib.sh
. ./lib.sh
furnish alice
install -d -m 0700 -o alice -g alice /persist/home/alice
check 'root mounts and labels' bash mounted/link.sh --yes
check '... and is told nothing of the boolean that is on' not grep -q setsebool <(bash mounted/link.sh 2>&1)
unit=home-alice-Documents.mount
setsebool allow_mount_anyfile off
check 'where it is off systemd may not mount that' not bash -c "systemctl stop $unit; systemctl start $unit"
check '... which root is told' grep -q 'setsebool -P allow_mount_anyfile on' <(bash mounted/link.sh 2>&1)
check '... and who runs verify.sh' grep -q 'setsebool -P allow_mount_anyfile on' <(as alice bash mounted/verify.sh 2>&1)
setsebool allow_mount_anyfile on
systemctl reset-failed "$unit"
check 'where it is on systemd may' bash -c "umount /home/alice/Documents; systemctl start $unit"
check 'the home is whole' is_whole alice
check 'the place of the keys is a mount' mountpoint -q /home/alice/.ssh
check 'the label is right' has_type ssh_home_t /home/alice/.ssh/authorized_keys
check 'the key opens the door over the mount' login alice
restorecon -R /persist
check 'a relabel of the store keeps the label' has_type ssh_home_t /home/alice/.ssh/authorized_keys
check 'verify.sh has nothing to say' as alice bash mounted/verify.sh
finish
