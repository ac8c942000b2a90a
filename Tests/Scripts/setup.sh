#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes a fresh Debian or Ubuntu ready: system packages and a virtual environment under .build/.
# Usage: setup.sh build|demo|test ...   Quick when all is there.
set -eu
cd "$(dirname "$0")/../.."

say() { printf '%s\n' "setup: $*" >&2; }

need_packages() {
  missing=
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  command -v apt-get >/dev/null || { say "please install:$missing"; exit 1; }
  if [ "$(id -u)" = 0 ]; then as_root=
  elif sudo -n true 2>/dev/null; then as_root=sudo
  else say "please run:  sudo apt-get update && sudo apt-get install -y$missing"; exit 1; fi
  say "installing$missing"
  $as_root apt-get update -qq >&2
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >&2
}

# The programs of PostgreSQL, for tests that start a server of their own: the package is to make and start none.
need_postgresql() {
  for program in /usr/lib/postgresql/*/bin/postgres; do
    [ ! -x "$program" ] || return 0
  done
  none=/etc/postgresql-common/createcluster.d/askel-s4.conf
  privileged sh -c "mkdir -p ${none%/*} && echo 'create_main_cluster = false' > $none" || :
  need_packages postgresql
  privileged rm -f "$none"
}

privileged() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@" 2>/dev/null; fi; }

# need_python NAME REQUIREMENTS: a virtual environment with these packages; made once for each content of the file.
need_python() {
  stamp=".build/venv/.$1-$(cksum < "$2" | tr ' ' '-')"
  [ ! -e "$stamp" ] || return 0
  if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then need_packages python3 python3-venv; fi
  [ -x .build/venv/bin/python ] || { mkdir -p .build; python3 -m venv .build/venv; }
  say "installing the Python packages of $2"
  .build/venv/bin/python -m pip install --quiet --disable-pip-version-check -r "$2" >&2
  touch "$stamp"
}

for what in "$@"; do
  case "$what" in
    build)
      command -v swift >/dev/null || { say "a Swift 6.3 toolchain is needed: see https://www.swift.org/install/linux/"; exit 1; }
      need_packages libcurl4-openssl-dev libssl-dev libsqlite3-dev libexpat1-dev binutils patchelf ;;
    demo) need_python demo Tests/Scripts/requirements-demo.txt ;;
    test)
      need_packages gcc g++ libc6-dev pkg-config valgrind golang-go nginx-light
      need_postgresql
      need_python test Tests/Scripts/requirements-test.txt ;;
    *) say "usage: setup.sh build|demo|test ..."; exit 2 ;;
  esac
done
