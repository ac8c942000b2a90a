#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the Python wheel that carries the library.
# Usage: wheel.sh OUTPUT_DIRECTORY      (in the project's root, after `make library`)
set -eu
output=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -R bindings/python/. "$work/"
mkdir -p "$work/askel_s4/_lib"
cp "${ASKEL_S4_LIBRARY:?the path of libaskel_s4.so}" "$work/askel_s4/_lib/libaskel_s4.so"
.build/venv/bin/python -m pip wheel --quiet --no-deps --no-build-isolation --disable-pip-version-check \
  --wheel-dir "$output" "$work"
ls "$output"/*.whl
