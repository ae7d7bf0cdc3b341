#!/bin/sh
# shellcheck disable=SC2154 # device stands above this text in the generated module
# In the scripted initrd nothing waits for a disk before this runs; some appear late.
tries=20
until [ -e "$device" ] || [ "$tries" = 0 ]; do
  sleep 1
  lvm vgchange -ay >/dev/null 2>&1 || true
  udevadm trigger --action=add >/dev/null 2>&1 || true
  udevadm settle >/dev/null 2>&1 || true
  tries=$((tries - 1))
done
