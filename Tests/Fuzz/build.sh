#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the fuzzers of the OData, the Secrets and the Vault floor: build.sh OUTDIR
# SwiftPM has no libFuzzer, so these floors and those below are compiled here as modules of their own, instrumented.
set -eu
[ $# -eq 1 ] || { echo "usage: $0 OUTDIR" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
sources=$here/../../Sources
mkdir -p "$1"
out=$(cd "$1" && pwd)

# The address sanitizer sees what an optimised build reads outside of a buffer.
flags="-O -whole-module-optimization -parse-as-library -swift-version 6 -package-name askel_s4"
flags="$flags -sanitize=fuzzer,address -use-ld=lld -enable-testing -I $out"
for library in CExpat COpenSSL CSQLite; do flags="$flags -I $sources/$library"; done
objects=

for module in Basics OData Secrets Vault; do
  # shellcheck disable=SC2086
  swiftc $flags -module-name "$module" \
    -emit-module -emit-module-path "$out/$module.swiftmodule" -c "$sources/$module"/*.swift -o "$out/$module.o"
  objects="$objects $out/$module.o"
done
for target in "$here"/Fuzz*.swift; do
  name=$(basename "$target" .swift)
  # shellcheck disable=SC2086
  swiftc $flags -module-name "$name" "$target" "$here/Service.swift" $objects \
    -lexpat -lcrypto -lsqlite3 -o "$out/$name"
  echo "built $out/$name"
done
