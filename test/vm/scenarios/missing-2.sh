#!/usr/bin/env bash
# The boot after missing-1: /persist is not mounted. Nobody is locked out, nothing goes two ways, and it is said.
# shellcheck source=../lib.sh
. ./lib.sh
check '/persist is not mounted' not mountpoint -q /persist
check 'bob logs in with a key' login bob
check 'alice logs in otherwise' timeout 120 runuser -l alice -c true
check 'verify.sh names it' ends 1 as alice bash linked/verify.sh
check '... in words' grep -q '/persist is not mounted' <(as alice bash linked/verify.sh 2>&1)
check 'an application can write nothing elsewhere' not as alice bash -c 'mkdir -p ~/.config/app && echo new >~/.config/app/file'
check 'link.sh refuses' ends 3 as alice bash linked/link.sh --yes
check 'root makes nothing where it should be mounted' ends 0 bash linked/link.sh
check 'backup.sh does not call it complete' not as alice bash linked/backup.sh
check 'nothing was made in the place of the store' test -z "$(find /persist -mindepth 1)"
mount -o subvol=/persist LABEL=vmroot /persist
check 'with the store all is there again' is_whole alice
check 'verify.sh has nothing to say' as alice bash linked/verify.sh
check 'the key opens the door' login alice
finish
