# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Debian packages: what is needed, and how to get what is missing. Sourced by ./check and ./demo,
# which set `program` (its name), `install` (true or false) and PACKAGES. Needs `set -euo pipefail`.

# To build the program and run it.
PACKAGES_BUILD=(
  gcc libc6-dev meson ninja-build pkg-config python3
  libglib2.0-dev libssl-dev libxml2-dev libsqlite3-dev libjson-glib-dev libpcre2-dev
  zlib1g-dev libgsasl-dev libgmime-3.0-dev)
# To build the manual pages, the fuzzers, and to run every test.
PACKAGES_CHECK=(
  "${PACKAGES_BUILD[@]}" git python3-docutils libxml2-utils
  clang-14 clang-format-14 libclang-rt-14-dev
  dovecot-core dovecot-imapd openssl util-linux)

say () { printf '%s\n' "$*" >&2; }

missing_packages () {
  local package
  for package in "${PACKAGES[@]}"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] || echo "$package"
  done
}

# Installing dovecot must not start it: the tests start their own, as they need it. Runs in a
# subshell under a lock, so that two runs do not meet in apt or in the policy file.
apt_install () (
  policy=/usr/sbin/policy-rc.d
  exec 9>/run/lock/mailhaul-check.lock
  flock 9
  mapfile -t missing < <(missing_packages)
  [ ${#missing[@]} -gt 0 ] || exit 0
  if [ ! -e $policy ]; then
    trap 'rm -f $policy' EXIT
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod 755 $policy
  fi
  export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
  lock=(-o DPkg::Lock::Timeout=600)
  apt-get "${lock[@]}" -qq update &&
    apt-get "${lock[@]}" -qq -y --no-install-recommends install "${missing[@]}"
)

# install_packages LOG: installs what is missing, or says how and ends the script.
install_packages () {
  if ! command -v dpkg-query >/dev/null; then
    say "$program: this is not Debian: install what these packages contain, if it is not there: ${PACKAGES[*]}"
    return
  fi
  local missing
  mapfile -t missing < <(missing_packages)
  [ ${#missing[@]} -gt 0 ] || return 0
  if ! $install || [ "$(id -u)" -ne 0 ]; then
    say "$program: these packages are missing; as root run:"
    say "  apt-get update && apt-get install --no-install-recommends ${missing[*]}"
    exit 1
  fi
  say "$program: installing ${missing[*]}"
  mkdir -p "$(dirname "$1")"
  if ! apt_install </dev/null >"$1" 2>&1; then
    tail -n 40 "$1"
    say "$program: apt-get failed, see above"
    exit 1
  fi
}
