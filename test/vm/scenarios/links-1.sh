#!/usr/bin/env bash
# Key login over a ~/.ssh that is a link into a store: on another subvolume (alice), and inside the home (bob).
# shellcheck source=../lib.sh
. ./lib.sh
useradd -m -s /bin/bash bob
furnish alice
furnish bob
check 'SELinux enforces' is "$(getenforce)" Enforcing
check 'a key opens the door before anything' login alice

install -d -m 0700 -o alice -g alice /persist/home/alice
check 'alice links, across subvolumes' as alice bash linked/link.sh --yes
check 'the home is whole' is_whole alice
check 'the link is labelled' has_type ssh_home_t /home/alice/.ssh
check 'the key opens the door over the link' login alice
restorecon -R /persist
check 'without the rule a relabel takes the labels' has_type default_t /persist/home/alice/.ssh
check '... and the key no longer opens the door' not login alice
check 'root tells the policy, and labels' bash linked/link.sh
check 'the label is back' has_type ssh_home_t /persist/home/alice/.ssh/authorized_keys
check 'the rule is there' grep -qx '/persist /' /etc/selinux/default/contexts/files/file_contexts.subs
check '... for everybody' as alice matchpathcon -V /persist/home/alice/.ssh
check 'the key opens the door again' login alice
check 'a second run of root changes nothing' bash linked/link.sh
check 'verify.sh has nothing to say' as alice bash linked/verify.sh
check 'the originals go' as alice bash linked/link.sh --commit

check 'bob links inside the home, with mv --exchange' as bob bash inside/link.sh
check 'root tells the policy of it' bash inside/link.sh
check 'a key opens that door too' login bob
check 'bob undoes it' as bob bash inside/unlink.sh
# shellcheck disable=SC2016 # for the other shell
printf '%s\n' '#!/bin/sh' '[ "$1" = --help ] || exec /usr/bin/mv "$@"' >/tmp/mv
chmod 755 /tmp/mv
install -D -m 0755 /tmp/mv /opt/old/mv
check 'bob links again, with another program for the exchange' as bob env PATH=/opt/old:/usr/bin:/usr/sbin bash inside/link.sh
check 'the home of bob is whole' is_whole bob
check 'the key opens that door again' login bob

# What the second boot looks at.
loginctl enable-linger alice
install -d -o alice /srv/backup
until systemctl is-active --quiet user@1000.service; do sleep 1; done
as alice bash -ec '
  mkdir -p ~/.config/remanence ~/.config/user-tmpfiles.d
  cp -r /run/vm/linked ~/scripts
  ln -sfnT ~/scripts ~/.config/remanence/host
  cp ~/scripts/user-tmpfiles.d/alice.conf ~/.config/user-tmpfiles.d/
  cd ~/scripts
  install -Z -D -m 0644 -t ~/.config/systemd/user systemd/*.service systemd/*.timer
  # What was missed is run within an hour, at random.
  install -d ~/.config/systemd/user/remanence-backup.timer.d
  printf "[Timer]\nRandomizedDelaySec=0\n" >~/.config/systemd/user/remanence-backup.timer.d/at-once.conf
  systemctl --user daemon-reload
  systemctl --user enable $(basename -a systemd/*.timer)'
finish
