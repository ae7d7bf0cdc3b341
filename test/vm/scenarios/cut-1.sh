#!/usr/bin/env bash
# The power goes in the middle of link.sh: when all is copied, before link and original are exchanged.
# shellcheck source=../lib.sh
. ./lib.sh
furnish alice
install -d -m 0700 -o alice -g alice /persist/home/alice
cut_at before
as alice env PATH=/opt/cut:/usr/bin:/usr/sbin bash linked/link.sh --yes
