#!/usr/bin/env bash
# The boot after that cut; then the power goes again, right after the exchange.
# shellcheck source=../lib.sh
. ./lib.sh
check 'the home is whole after the cut' is_whole alice
check 'the store has no half copy under a name that is read' not test -e /persist/home/alice/.ssh/.
((failed == 0)) || finish
cut_at after
as alice env PATH=/opt/cut:/usr/bin:/usr/sbin bash linked/link.sh --yes
