#!/usr/bin/env bash
# run.sh [SCENARIO…]
#
# Runs what only a whole machine can show: systemd as the first process, SELinux that enforces, a real sshd, boots and
# power cuts. Each scenario is some boots of one disk; each boot runs a script of scenarios/, which says "ok" or "FAIL".
# Without KVM a boot takes half a minute or more. Exit status: 0 all is well, 1 something failed, 2 could not run.
set -euo pipefail
shopt -s inherit_errexit
export LC_ALL=C

# scenario | its boots: a script, and options for run-vm.sh
scenarios=(
  'links|links-1 -s enforcing|links-2 -s enforcing'
  'mounts|mounts-1 -s enforcing|mounts-2 -s enforcing|mounts-3 -s enforcing'
  'missing|missing-1 -s enforcing|missing-2 -s enforcing'
  'cut|cut-1 -f -k CUT|cut-2 -f -k CUT|cut-3 -f'
)

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
cache=${REMANENCE_VM:-$root/.cache/vm}

say() { printf '%s\n' "$*" >&2; }

need() {
  local missing=() tool
  for tool in qemu-system-x86_64 qemu-img mmdebstrap mkfs.btrfs cpio; do
    PATH=$PATH:/usr/sbin command -v "$tool" >/dev/null || missing+=("$tool")
  done
  if ((${#missing[@]} > 0)); then
    say "missing: ${missing[*]}. On Debian: apt-get install --no-install-recommends qemu-system-x86 qemu-utils mmdebstrap btrfs-progs cpio"
    exit 2
  fi
  if ((EUID != 0)); then
    say "making the machine's disk needs root"
    exit 2
  fi
}

# What the machine is given: the scripts, generated from persistence.yaml, and what the scenarios share.
generate() {
  mkdir -p "$work/in"
  cp "$here/persistence.yaml" "$here/lib.sh" "$work/in/"
  (cd "$root" && node build.mjs && node dist/cli.cjs generate --manifest "$work/in/persistence.yaml") >"$work/generate.log" 2>&1 || {
    cat "$work/generate.log" >&2
    exit 2
  }
  mv "$work"/in/fedora/* "$work/in/"
  chmod -R go+rX "$work/in"
}

# boots NAME SCRIPT…: all boots of a scenario, of one disk; stops at the first that fails.
boots() {
  local boot words code
  for boot in "${@:2}"; do
    read -ra words <<<"$boot"
    say "-- $1: ${words[0]}"
    code=0
    "$here/run-vm.sh" -o "$work/$1.qcow2" -p "$work/in" -t "${VM_LIMIT:-1800}" "${words[@]:1}" "$cache" \
      "$here/scenarios/${words[0]}.sh" || code=$?
    ((code == 0)) || return 1
  done
}

main() {
  local row words name failed=()
  need
  work=$(mktemp -d)
  trap 'rm -rf -- "$work"' EXIT
  "$here/build-image.sh" "$cache" || exit 2
  generate
  for row in "${scenarios[@]}"; do
    IFS='|' read -ra words <<<"$row"
    name=${words[0]}
    if (($# > 0)) && [[ " $* " != *" $name "* ]]; then continue; fi
    boots "${words[@]}" || failed+=("$name")
    rm -f -- "$work/$name.qcow2"
  done
  if ((${#failed[@]} > 0)); then
    say "failed: ${failed[*]}"
    exit 1
  fi
  say "all is well"
}

main "$@"
