#!/usr/bin/env bash
# The boot after the second cut: a run finishes what two others began.
# shellcheck source=../lib.sh
. ./lib.sh
check 'the home is whole after the second cut' is_whole alice
check 'link.sh finishes' as alice bash linked/link.sh --yes
check 'the home is whole' is_whole alice
check 'verify.sh has nothing to say' as alice bash linked/verify.sh
check 'the originals go' as alice bash linked/link.sh --commit
check 'verify.sh has still nothing to say' as alice bash linked/verify.sh
check 'the home is still whole' is_whole alice
check 'nothing of the runs is left' test -z "$(find /home/alice /persist -name '*.remanence-*')"
finish
