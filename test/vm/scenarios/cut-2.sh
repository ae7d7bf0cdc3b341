#!/usr/bin/env bash
# The boot after that cut; then the power goes again, right after the exchange.
# shellcheck source=../lib.sh
. ./lib.sh
check 'the home is whole after the cut' is_whole alice
for path in .ssh .config/app Documents; do
  # A copy gets its name when it is whole and on the disk, before the exchange.
  [[ ! -e /persist/home/alice/$path ]] || check "what the store has as $path is whole" diff -r "/home/alice/$path" "/persist/home/alice/$path"
done
check 'the copy that was under way has its name' test -d /persist/home/alice/.ssh
((failed == 0)) || finish
cut_at after
as alice env PATH=/opt/cut:/usr/bin:/usr/sbin bash linked/link.sh --yes
