#!/usr/bin/env bash
# Installs the real engines that the tests run (nix, chezmoi, restic, systemd's tools, ...), each from
# the machine's own distribution. What is there already is left alone; what Debian has only in its
# unstable release (chezmoi, a current restic) and the Nix module sources go into .cache/engines/ of this
# checkout, never into the system.
set -euo pipefail
shopt -s inherit_errexit
export LC_ALL=C
unset CDPATH

usage() {
  cat <<'END'
usage: test/engines/install.sh [--list | --mirrors | --help]

Installs the engines the tests need and prints one line for each: name, version, where.

  --list     only print those lines, install nothing
  --mirrors  only print the Debian mirrors that apt is set up with, in the order they would be asked
  --help     this text

Environment:
  REMANENCE_NIX_SOURCES  a folder with checkouts nixpkgs.lib, impermanence, impermanence-v1, preservation and home-manager
                         to use instead of fetching them

Exit codes: 0 all there (the Nix module sources may be missing), 1 an engine could not be had, 2 usage, or
an engine is missing on a system whose packages are not installed by command (NixOS).
END
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=$root/.cache/engines
# mkfs.*, losetup: often not on the PATH of a user
PATH=$PATH:/usr/sbin:/sbin

# name | commands that must exist; the first tells the version | how | Debian | Fedora | nixpkgs
# No package: used where the system has it, never installed. NAME/unstable is always fetched from there, beside
# what the system has. test/support/engine-table.ts has the same names.
engines=(
  'nix|nix-instantiate|--version|nix-bin|nix|nix'
  'chezmoi|chezmoi|--version|chezmoi|chezmoi|chezmoi'
  'restic|restic|version|restic|restic|restic'
  'restic-current|restic-current|version|restic/unstable|restic|restic'
  'systemd|systemd-analyze systemd-tmpfiles systemd-escape|--version|systemd|systemd|systemd'
  'shellcheck|shellcheck|--version|shellcheck|ShellCheck|shellcheck'
  'shfmt|shfmt|--version|shfmt|shfmt|shfmt'
  'btrfs|btrfs mkfs.btrfs|--version|btrfs-progs|btrfs-progs|btrfs-progs'
  'xfs|mkfs.xfs|-V|xfsprogs|xfsprogs|xfsprogs'
  'acl|setfacl getfacl|--version|acl|acl|acl'
  'attr|getfattr setfattr|--version|attr|attr|attr'
  'zstd|zstd|--version|zstd|zstd|zstd'
  'age|age age-keygen|--version|age|age|age'
  'keepassxc|keepassxc-cli|--version|keepassxc|keepassxc|keepassxc'
  'pass|pass|--version|pass|pass|pass'
  'gpg|gpg gpg-agent|--version|gnupg|gnupg2|gnupg'
  'sqlite|sqlite3|--version|sqlite3|sqlite|sqlite'
  'strace|strace|-V|strace|strace|strace'
  'ssh|ssh ssh-keygen|-V|openssh-client|openssh-clients|openssh'
  'vim|vim|--version|vim|vim-enhanced|vim'
  'neovim|nvim|--version|neovim|neovim|neovim'
  'stow|stow|--version|stow|stow|stow'
  'bubblewrap|bwrap|--version|bubblewrap|bubblewrap|bubblewrap'
  'git|git|--version|git|git|git'
  'tmux|tmux|-V|tmux|tmux|tmux'
  'chromium|chromium|--version|chromium|chromium|chromium'
  'python3|python3|--version|||python3'
  'perl|perl|--version|||perl'
  'nixfmt|nixfmt|--version|||nixfmt'
)

# commits of the Nix modules that generated modules are evaluated against: folder | commit | file | repository, if
# its name is another (impermanence-v1: the branch home-manager-v1)
nix_sources=(
  'nixpkgs.lib|de42d44212d207476489bce163375d8306a26d59|lib/default.nix'
  'impermanence|7b1d382faf603b6d264f58627330f9faa5cba149|nixos.nix'
  'impermanence-v1|4b3e914cdf97a5b536a889e939fb2fd2b043a170|home-manager.nix|impermanence'
  'preservation|93416f4614ad2dfed5b0dcf12f27e57d27a5ab11|module.nix'
  'home-manager|ec1a8fdf74ed3f276148ee106299a2ba0e65d51f|modules/files.nix'
)

say() { printf '%s\n' "$*" >&2; }

# --- what is there -------------------------------------------------------------

# Path of a command; the system's own wins over the one in the cache.
where() {
  command -v "$1" 2>/dev/null && return
  [[ -x $cache/bin/$1 ]] && printf '%s\n' "$cache/bin/$1"
}

# Are all of these commands there, and does the first one start?
present() {
  local -a commands
  local command found first
  read -ra commands <<<"$1"
  for command in "${commands[@]}"; do
    where "$command" >/dev/null || return 1
  done
  first=${commands[0]}
  found=$(where "$first")
  "$found" "$2" >/dev/null 2>&1 </dev/null
}

# First version number a program prints about itself: "1.2.3", or else a bare number ("systemd 252").
version_of() {
  local text
  text=$("$1" "$2" 2>&1 </dev/null) || true
  if [[ $text =~ (^|[^a-zA-Z0-9.])v?([0-9]+(\.[0-9]+)+) ]] || [[ $text =~ (^|[^a-zA-Z0-9.])v?([0-9]+) ]]; then
    printf '%s\n' "${BASH_REMATCH[2]}"
  else
    printf '?\n'
  fi
}

# Field (counted from 1) of the given column for every engine that is missing and that has a package there.
missing_packages() {
  local column=$1 row
  local -a field
  for row in "${engines[@]}"; do
    IFS='|' read -ra field <<<"$row"
    present "${field[1]}" "${field[2]}" && continue
    [[ -z ${field[column - 1]:-} ]] || printf '%s\n' "${field[column - 1]}"
  done
}

# --- packages of the system ----------------------------------------------------

as_root() {
  if ((EUID == 0)); then
    "$@"
  elif ! command -v sudo >/dev/null; then
    say "needs root and there is no sudo: $*"
    return 1
  elif [[ -t 0 ]]; then
    sudo "$@"
  else
    sudo -n "$@"
  fi
}

# Runs `INSTALLER... PACKAGE...`: all at once, and where that fails one by one, so that one package
# that a release does not have costs only itself.
install_with() {
  local -a packages=()
  local package
  while [[ $1 != -- ]]; do
    packages+=("$1")
    shift
  done
  shift
  as_root "$@" "${packages[@]}" >&2 && return
  ((${#packages[@]} > 1)) || return 0
  for package in "${packages[@]}"; do
    as_root "$@" "$package" >&2 || say "could not install $package"
  done
}

apt_network=(-o Acquire::Retries=2 -o Acquire::http::Timeout=30 -o Acquire::https::Timeout=30)

has_candidate() {
  local policy
  policy=$(apt-cache policy "$1" 2>/dev/null)
  [[ $policy == *Candidate:* && $policy != *'Candidate: (none)'* ]]
}

# Is there a package among these that the system's own release may have?
wants_apt() {
  local package
  for package in "$@"; do
    case $package in
    */unstable) ;;
    chezmoi) if has_candidate chezmoi; then return 0; fi ;;
    *) return 0 ;;
    esac
  done
  return 1
}

install_by_apt() {
  local -a packages=("$@")
  local -a known=()
  local package
  # exported as arguments: sudo drops the caller's environment
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q "${apt_network[@]}" update >&2 ||
    say "apt-get update failed; trying with the lists that are there"
  for package in "${packages[@]}"; do
    [[ $package != */unstable ]] || continue
    # not in every release; what is left over is fetched below
    [[ $package == chezmoi ]] && ! has_candidate chezmoi && continue
    known+=("$package")
  done
  ((${#known[@]})) || return 0
  install_with "${known[@]}" -- env DEBIAN_FRONTEND=noninteractive apt-get -q -y "${apt_network[@]}" \
    -o DPkg::Lock::Timeout=120 install --no-install-recommends
}

install_by_dnf() {
  install_with "$@" -- dnf -q -y --setopt=install_weak_deps=False install
}

# --- what Debian has only in its unstable release -----------------------------

# Prints "URI|suite|components" for each archive in sources.list and *.list files (one line each).
one_line_sources() {
  awk '
    { sub(/#.*/, "") }
    $1 != "deb" { next }
    {
      sub(/^[ \t]*deb[ \t]+/, "")
      sub(/^\[[^]]*\][ \t]*/, "")
      n = split($0, word)
      parts = ""
      for (i = 3; i <= n; i++) parts = parts " " word[i]
      print word[1] "|" word[2] "|" parts
    }' "$@"
}

# The same for *.sources files (deb822: stanzas of fields, of which each may have several values).
deb822_sources() {
  awk '
    function flush(  i, j, nu, ns, uri, suite) {
      if ((" " field["types"] " ") ~ / deb / && tolower(field["enabled"]) !~ /^ *(no|false|without|off|disable)/) {
        nu = split(field["uris"], uri)
        ns = split(field["suites"], suite)
        for (i = 1; i <= nu; i++)
          for (j = 1; j <= ns; j++) print uri[i] "|" suite[j] "|" field["components"]
      }
      split("", field)
      name = ""
    }
    FNR == 1 { flush() }
    /^#/ { next }
    /^[ \t]*$/ { flush(); next }
    /^[ \t]/ { field[name] = field[name] " " $0; next }
    {
      name = tolower($0)
      sub(/[ \t]*:.*/, "", name)
      value = $0
      sub(/^[^:]*:[ \t]*/, "", value)
      field[name] = value
    }
    END { flush() }' "$@"
}

# Mirrors of the Debian archive among the machine's apt sources, likeliest first. A third party's
# repository can look the same; asking it costs a failed signature check and no more.
mirrors() {
  local sourcelist='' sourceparts='' codename uri suite components
  local -a lists=() stanzas=() likely=() others=()
  eval "$(apt-config shell sourcelist Dir::Etc::sourcelist/f sourceparts Dir::Etc::sourceparts/d)"
  sourceparts=${sourceparts%/}
  shopt -s nullglob
  [[ ! -f $sourcelist ]] || lists+=("$sourcelist")
  lists+=("$sourceparts"/*.list)
  stanzas=("$sourceparts"/*.sources)
  shopt -u nullglob
  codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)

  while IFS='|' read -r uri suite components; do
    [[ $uri == cdrom:* || $uri == *security* || " $components " != *' main '* ]] && continue
    [[ $suite =~ ^(oldstable|stable|testing|unstable|sid|${codename:-sid})$ ]] || continue
    uri=${uri%/}
    [[ " ${likely[*]} ${others[*]} " == *" $uri "* ]] && continue
    if [[ $uri =~ /debian(\.list)?$ ]]; then likely+=("$uri"); else others+=("$uri"); fi
  done < <(
    # without a file awk would read the terminal
    ((${#lists[@]} == 0)) || one_line_sources "${lists[@]}"
    ((${#stanzas[@]} == 0)) || deb822_sources "${stanzas[@]}"
  )
  ((${#likely[@]} + ${#others[@]} == 0)) || printf '%s\n' "${likely[@]}" "${others[@]}" | sed '/^$/d'
}

# Downloads PACKAGE from `unstable` with an apt state of our own and unpacks it into the cache, its program under
# the name of the engine: the system's sources, lists and packages are never touched. Signatures are checked.
unstable_from_mirror() {
  local engine=$1 package=$2 mirror=$3 keyring=$4 state=$cache/apt
  rm -rf "$state"
  mkdir -p "$state"/{etc/parts,state/lists/partial,cache/archives/partial,download}
  : >"$state/status"
  printf 'deb [signed-by=%s] %s unstable main\n' "$keyring" "$mirror" >"$state/etc/sources.list"
  private_apt_conf "$state"
  apt-get -c "$state/apt.conf" -q "${apt_network[@]}" update >&2 || return 1
  (cd "$state/download" && apt-get -c "$state/apt.conf" -q "${apt_network[@]}" download "$package" >&2) || return 1

  rm -rf "${cache:?}/$engine" "$cache/$engine.part"
  dpkg-deb -x "$state"/download/"$package"_*.deb "$cache/$engine.part" || return 1
  mv "$cache/$engine.part" "$cache/$engine"
  mkdir -p "$cache/bin"
  ln -sfn "../$engine/usr/bin/$package" "$cache/bin/$engine"
  rm -rf "$state"
}

# Read after the machine's own apt.conf, whose proxy we need and whose hooks and pins we don't.
private_apt_conf() {
  local state=$1
  cat >"$state/apt.conf" <<END
#clear APT::Update;
APT::Default-Release "";
APT::Sandbox::User "";
APT::Get::AllowUnauthenticated "false";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::Languages "none";
Acquire::IndexTargets::deb::Contents-deb { DefaultEnabled "false"; };
Dir::State "$state/state";
Dir::State::status "$state/status";
Dir::Cache "$state/cache";
Dir::Etc::sourcelist "$state/etc/sources.list";
Dir::Etc::sourceparts "$state/etc/parts";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "$state/etc/parts";
Dir::Etc::trusted "/dev/null";
Dir::Etc::trustedparts "$state/etc/parts";
END
}

# fetch_unstable ENGINE PACKAGE
fetch_unstable() {
  local engine=$1 package=$2 mirror keyring
  local -a found=()
  for keyring in /usr/share/keyrings/debian-archive-keyring.{pgp,gpg} ''; do
    [[ -r $keyring ]] && break
  done
  if [[ -z $keyring ]]; then
    say "$engine: no keyring of the Debian archive here (package debian-archive-keyring): not fetched"
    return 1
  fi
  mapfile -t found < <(mirrors)
  ((${#found[@]})) || say "$engine: apt has no source here that looks like the Debian archive: not fetched"
  for mirror in "${found[@]}"; do
    say "$engine: fetching $package from $mirror unstable into .cache/engines/"
    unstable_from_mirror "$engine" "$package" "$mirror" "$keyring" && return
  done
  return 1
}

# A system whose own restic is current needs no second one.
link_current_restic() {
  local own
  own=$(command -v restic) || return 0
  if present restic-current version || [[ $("$own" backup --help) != *--skip-if-unchanged* ]]; then return 0; fi
  mkdir -p "$cache/bin"
  ln -sfn "$own" "$cache/bin/restic-current"
}

# --- Nix module sources ----------------------------------------------------------

# git against GitHub: never asks for a password, gives up on a dead line.
github() {
  local seconds=$1
  shift
  env -u GIT_DIR -u GIT_WORK_TREE -u GIT_INDEX_FILE GIT_TERMINAL_PROMPT=0 \
    timeout "$seconds" git -c credential.helper= -c http.lowSpeedLimit=1000 -c http.lowSpeedTime=20 "$@" 2>/dev/null
}

has_commit() {
  [[ $(env -u GIT_DIR -u GIT_WORK_TREE git -C "$1" rev-parse -q --verify HEAD 2>/dev/null) == "$2" ]]
}

# why the Nix module sources are missing, where it is known
unreachable=''

fetch_nix_sources() {
  local row name commit file repository folder part
  [[ -z ${REMANENCE_NIX_SOURCES:-} ]] || return 0
  for row in "${nix_sources[@]}"; do
    IFS='|' read -r name commit file repository <<<"$row"
    repository=${repository:-$name}
    folder=$cache/nix-sources/$name
    part=$folder.part
    [[ -f $folder/$file ]] && has_commit "$folder" "$commit" && continue
    # one quick question first: a fetch may take minutes to find out that nobody answers
    if ! github 20 ls-remote "https://github.com/nix-community/$repository" HEAD >/dev/null; then
      unreachable=', and GitHub could not be reached'
      return 0
    fi
    say "fetching nix-community/$repository at ${commit:0:12}"
    rm -rf "$part" "$folder"
    mkdir -p "$part"
    git -C "$part" init -q
    if github 180 -C "$part" fetch -q --depth 1 "https://github.com/nix-community/$repository" "$commit" &&
      git -C "$part" -c advice.detachedHead=false checkout -q FETCH_HEAD; then
      mv "$part" "$folder"
    else
      rm -rf "$part"
      unreachable=', and GitHub did not give it'
    fi
  done
}

report_nix_sources() {
  local row name commit file repository folder base=${REMANENCE_NIX_SOURCES:-$cache/nix-sources}
  for row in "${nix_sources[@]}"; do
    IFS='|' read -r name commit file repository <<<"$row"
    folder=$base/$name
    if [[ ! -f $folder/$file ]]; then
      line "$name" missing "not in $base$unreachable: tests that need it are skipped"
    elif has_commit "$folder" "$commit"; then
      line "$name" "${commit:0:12}" "$folder"
    else
      line "$name" unpinned "$folder"
    fi
  done
}

# --- the whole -------------------------------------------------------------------

line() { printf '%-14s %-14s %s\n' "$1" "$2" "$3"; }

# One line an engine; fails, and says it again, where one that has a package is missing.
report() {
  local row
  local -a field missing=()
  for row in "${engines[@]}"; do
    IFS='|' read -ra field <<<"$row"
    if present "${field[1]}" "${field[2]}"; then
      line "${field[0]}" "$(version_of "$(where "${field[1]%% *}")" "${field[2]}")" "$(where "${field[1]%% *}")"
    elif [[ -n ${field[3]} ]]; then
      line "${field[0]}" missing "package ${field[3]}"
      missing+=("${field[0]}")
    else
      line "${field[0]}" missing "not installed by this script"
    fi
  done
  report_nix_sources
  ((${#missing[@]} == 0)) || {
    say "missing: ${missing[*]}"
    return 1
  }
}

install_missing() {
  local -a packages
  if command -v apt-get >/dev/null; then
    mapfile -t packages < <(missing_packages 4)
    if ((${#packages[@]})); then
      # what the system's lists do not have is no reason to refresh them
      if wants_apt "${packages[@]}"; then install_by_apt "${packages[@]}"; fi
      present chezmoi --version || fetch_unstable chezmoi chezmoi || true
      link_current_restic
      present restic-current version || fetch_unstable restic-current restic || true
    fi
  elif command -v dnf >/dev/null; then
    mapfile -t packages < <(missing_packages 5)
    ((${#packages[@]} == 0)) || install_by_dnf "${packages[@]}"
    link_current_restic
  else
    mapfile -t packages < <(missing_packages 6)
    ((${#packages[@]})) || return 0
    if command -v nix >/dev/null; then
      say "This system's packages are yours to choose. A shell that has what is missing:"
      say "  nix shell$(printf ' nixpkgs#%s' "${packages[@]}")"
    else
      say "No apt, no dnf, no nix here. Install by hand:$(printf ' %s' "${packages[@]}")"
    fi
  fi
}

main() {
  case ${1:-} in
  '') ;;
  --list)
    report
    return
    ;;
  --mirrors)
    mirrors
    return
    ;;
  --help)
    usage
    return
    ;;
  *)
    usage >&2
    return 2
    ;;
  esac
  install_missing
  "$root/test/engines/selinux-policy.sh" || true
  fetch_nix_sources
  report && return
  if command -v apt-get >/dev/null || command -v dnf >/dev/null || ! command -v nix >/dev/null; then return 1; fi
  return 2
}

main "$@"
