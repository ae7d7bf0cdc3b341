#!/usr/bin/env bash
# The boot after mounts-1: mounts are there before anybody can log in. At the next boot their store will not be there.
# shellcheck source=../lib.sh
. ./lib.sh
check 'the home is whole after a boot' is_whole alice
for unit in mounted/systemd/system/*.mount; do
  unit=${unit##*/}
  check "$unit is up" systemctl is-active "$unit"
  check '... before sessions are let in' is_before "$(up_at "$unit")" "$(begun_at systemd-user-sessions.service)"
done
check 'the key opens the door' login alice
restorecon -R /home /persist
check 'a full relabel keeps the label' has_type ssh_home_t /persist/home/alice/.ssh/authorized_keys
check 'the key opens the door after it' login alice
check 'verify.sh has nothing to say' as alice bash mounted/verify.sh
check 'the originals go' bash mounted/link.sh --commit
sed -i 's,^LABEL=vmroot /persist.*,LABEL=absent /persist btrfs nofail\,x-systemd.device-timeout=1s 0 0,' /etc/fstab
finish
