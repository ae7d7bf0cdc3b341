#!/usr/bin/env bash
# The boot after links-1: all is where it was, a full relabel changes nothing, and units of the user run.
# shellcheck source=../lib.sh
. ./lib.sh
check 'the home is whole after a boot' is_whole alice
check 'the key opens the door' login alice
check 'the key opens the door of bob' login bob
restorecon -R /home /persist
check 'a full relabel keeps the label' has_type ssh_home_t /persist/home/alice/.ssh/authorized_keys
check '... and of the link' has_type ssh_home_t /home/alice/.ssh
check '... and inside the home' has_type ssh_home_t /home/bob/.persist/.ssh/authorized_keys
check 'the key opens the door after it' login alice
check 'the key opens the door of bob after it' login bob
check 'verify.sh has nothing to say' as alice bash linked/verify.sh

check 'the timer of the backup waits' as alice systemctl --user is-active remanence-backup.timer
check 'the timer of clean.sh waits' as alice systemctl --user is-active remanence-clean.timer
check 'user tmpfiles let the old file go' as alice systemd-tmpfiles --user --clean
check '... it is gone' test ! -e /home/alice/.cache/app/old
# A clock that is days ahead: what is due is run, as after a machine was off.
date -s '+3 days' >/dev/null
for ((n = 0; n < 60; n++)); do
  compgen -G '/srv/backup/*.zst' >/dev/null && break
  sleep 2
done
check 'the timer ran the backup' compgen -G '/srv/backup/*.zst'
check 'clean.sh runs as a unit' as alice systemctl --user start remanence-clean.service
check 'no unit of the user failed' is "$(as alice systemctl --user --failed --no-legend)" ''

# Root's part: a script outside of what the policy calls programs, so a unit starts it through bash.
install -D -m 0755 -t /etc/remanence linked/backup.sh
install -D -m 0644 -t /etc/systemd/system linked/systemd/system/remanence-*
restorecon -R /etc/remanence /etc/systemd/system
systemctl daemon-reload
rm -f /srv/backup/*
check 'the backup by root runs as a unit of the system' systemctl start remanence-backup@alice.service
check '... and is there' compgen -G '/srv/backup/*.zst'

check 'alice undoes it' as alice bash linked/unlink.sh --yes
check 'root leaves the rule while the store holds something' bash linked/unlink.sh
check '... it is there' grep -qx '/persist /' /etc/selinux/default/contexts/files/file_contexts.subs
check 'what is left in the store goes' as alice bash linked/unlink.sh --commit
check 'root takes the rule back' bash linked/unlink.sh
check '... it is gone' not grep -qx '/persist /' /etc/selinux/default/contexts/files/file_contexts.subs
check 'the key opens the door of a home as before' login alice
finish
