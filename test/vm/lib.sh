# shellcheck shell=bash disable=SC2317 # functions are called by name
# What the scenarios share; each runs as root in the machine, beside the scripts that Remanence generated.
set -uo pipefail
exec 2>&1
cd /run/vm || exit 1
failed=0

# check WORDS COMMAND…: a line for each thing that is shown; what COMMAND said only where it failed.
check() {
  local words=$1 output code=0
  shift
  output=$("$@" 2>&1) || code=$?
  if ((code == 0)); then
    printf 'ok    %s\n' "$words"
  else
    printf 'FAIL  %s (%s: %s)\n      %s\n' "$words" "$*" "$code" "${output//$'\n'/$'\n'      }"
    failed=1
  fi
}

# ends CODE COMMAND…: true where it ends with that code.
ends() {
  local code=0
  "${@:2}" || code=$?
  ((code == $1)) || {
    printf 'ended with %s\n' "$code"
    return 1
  }
}

is() {
  [[ $1 == "$2" ]] || {
    printf 'is %s and not %s\n' "$1" "$2"
    return 1
  }
}

# as USER COMMAND…
as() {
  setpriv --reuid "$1" --regid "$1" --init-groups env -i HOME="/home/$1" USER="$1" PATH=/usr/bin:/usr/sbin \
    XDG_RUNTIME_DIR="/run/user/$(id -u "$1")" DBUS_SESSION_BUS_ADDRESS="unix:path=/run/user/$(id -u "$1")/bus" "${@:2}"
}

type_of() {
  stat -c %C -- "$1" | cut -d: -f3
}

has_type() {
  is "$(type_of "$2")" "$1"
}

# A login with the key, through the real sshd.
login() {
  [[ $(timeout 120 ssh -n -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
    -o LogLevel=ERROR -i /root/key "$1@127.0.0.1" 'echo in') == in ]] && return 0
  journalctl -k --no-pager -o cat | grep -a 'avc: *denied' | tail -n 3
  return 1
}

not() {
  ! "$@"
}

# A home as it is before anything: keys, an application's state, a document.
furnish() {
  [[ -f /root/key ]] || ssh-keygen -q -t ed25519 -N '' -f /root/key
  as "$1" bash -ec 'umask 077; cd; mkdir -p .ssh .config/app Documents .cache/app
    echo state >.config/app/file; echo words >Documents/letter; echo old >.cache/app/old; touch -d "60 days ago" .cache/app/old'
  install -m 0600 -o "$1" -g "$1" /root/key.pub "/home/$1/.ssh/authorized_keys"
  restorecon -R "/home/$1"
}

# What furnish laid is there, and can be read by its user.
is_whole() {
  # shellcheck disable=SC2016 # for the other shell
  as "$1" bash -ec 'cd; [[ $(<.config/app/file) == state && $(<Documents/letter) == words && -s .ssh/authorized_keys ]]'
}

# When a unit was up, in microseconds since the kernel started.
up_at() {
  systemctl show -p ActiveEnterTimestampMonotonic --value "$1"
}
begun_at() {
  systemctl show -p InactiveExitTimestampMonotonic --value "$1"
}

is_before() {
  (($1 > 0 && $1 <= $2)) || {
    printf '%s is not before %s\n' "$1" "$2"
    return 1
  }
}

# cut_at before|after: an mv in /opt/cut says CUT before or after its first exchange, and waits for the power to go.
cut_at() {
  local first='' second=''
  if [[ $1 == before ]]; then first='echo CUT; sleep 100'; else second='sync; echo CUT; sleep 100'; fi
  mkdir -p /opt/cut
  cat >/opt/cut/mv <<END
#!/bin/bash
if [[ \$* == *--exchange* ]]; then
  $first
  /usr/bin/mv "\$@"
  $second
  exit
fi
exec /usr/bin/mv "\$@"
END
  chmod 755 /opt/cut/mv
}

finish() {
  exit "$failed"
}
