# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Debian packages: what is needed, and how to get what is missing. Sourced by ./check and ./demo,
# which set `program` (its name), `install` (true or false) and PACKAGES. Needs `set -euo pipefail`.

# To build the program and run it.
PACKAGES_BUILD=(
  gcc libc6-dev meson ninja-build pkg-config python3
  libglib2.0-dev libssl-dev libxml2-dev libsqlite3-dev libjson-glib-dev libpcre2-dev
  zlib1g-dev libgsasl-dev libgmime-3.0-dev)
# To run test servers: Dovecot, and what the unpacked ones (below) are linked with.
PACKAGES_DOVECOT=(dovecot-core dovecot-imapd openssl)
PACKAGES_SERVERS=(
  "${PACKAGES_DOVECOT[@]}" util-linux mount perl sasl2-bin libsasl2-modules libsasl2-modules-db
  libxapian30 libical3 libwrap0 libpcre3 libpq5 libldap-2.5-0 libjansson4 libkrb5-3 libgssapi-krb5-2
  libcourier-unicode4 libgamin0 libgdbm6 libidn12 libltdl7)
# To build the manual pages, the fuzzers, and to run every test.
PACKAGES_CHECK=(
  "${PACKAGES_BUILD[@]}" git python3-docutils libxml2-utils
  clang-14 clang-format-14 libclang-rt-14-dev
  "${PACKAGES_SERVERS[@]}")
# Packages of IMAP servers of which Debian installs only one at a time: unpacked, not installed.
UNPACKED_SERVERS=(cyrus-imapd cyrus-common courier-imap courier-base courier-authlib courier-authlib-userdb)

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

# unpack_servers: puts UNPACKED_SERVERS into MAILHAUL_SERVERS_DIR, where tests/lib/servers finds them, and exports
# that. Where it cannot, it says why and goes on: the tests that need a server say so again.
unpack_servers () {
  local cache=${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache} stamp log
  [ "$(id -u)" -ne 0 ] || cache=/var/cache # servers give up root, and root's home is closed to them
  export MAILHAUL_SERVERS_DIR=${MAILHAUL_SERVERS_DIR:-$cache/mailhaul-servers}
  stamp=$MAILHAUL_SERVERS_DIR/.unpacked
  [ "$(cat "$stamp" 2>/dev/null || true)" != "${UNPACKED_SERVERS[*]}" ] || return 0
  if ! command -v dpkg >/dev/null || ! $install; then
    say "$program: no Cyrus and no Courier in $MAILHAUL_SERVERS_DIR; their tests are skipped"
    return 0
  fi
  say "$program: unpacking ${UNPACKED_SERVERS[*]} in $MAILHAUL_SERVERS_DIR"
  mkdir -p "$MAILHAUL_SERVERS_DIR"
  log=$MAILHAUL_SERVERS_DIR/log
  if ! unpack_into "$MAILHAUL_SERVERS_DIR" >"$log" 2>&1 </dev/null; then
    tail -n 20 "$log"
    say "$program: Cyrus and Courier could not be unpacked, see above; their tests will fail or be skipped"
    return 0
  fi
  echo "${UNPACKED_SERVERS[*]}" >"$stamp"
}

unpack_into () (
  umask 022
  exec 9>"$1/.lock"
  flock 9
  rm -rf "$1/debs" && mkdir "$1/debs" && cd "$1/debs"
  if ! apt-get download "${UNPACKED_SERVERS[@]}"; then
    [ "$(id -u)" -eq 0 ] || exit 1
    apt-get -o DPkg::Lock::Timeout=600 -qq update && apt-get download "${UNPACKED_SERVERS[@]}" || exit 1
  fi
  for package in ./*.deb; do dpkg -x "$package" .. || exit 1; done
  chmod -R a+rX ..
  cd .. && rm -rf debs
)
