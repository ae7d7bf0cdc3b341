#!/usr/bin/env bash
# The boot after mounts-2, without the store: nobody is locked out, and nothing goes two ways. Then all is undone.
# shellcheck source=../lib.sh
. ./lib.sh
check '/persist is not mounted' not mountpoint -q /persist
check 'alice logs in without a key' timeout 120 runuser -l alice -c true
check 'nothing is mounted over the home' not mountpoint -q /home/alice/.config/app
check 'an application can write nothing in its place' not as alice bash -c 'echo new >~/.config/app/file'
check 'verify.sh names it' ends 1 as alice bash mounted/verify.sh
check 'nothing was made in the place of the store' test -z "$(find /persist -mindepth 1)"
mount -o subvol=/persist LABEL=vmroot /persist
check 'with the store root mounts again' bash mounted/link.sh --yes
check 'all is there again' is_whole alice
check 'the key opens the door' login alice
check 'root undoes it' bash mounted/unlink.sh --yes
check 'the place of the keys is no mount' not mountpoint -q /home/alice/.ssh
check 'the home is whole' is_whole alice
check 'the key opens the door of a home as before' login alice
finish
