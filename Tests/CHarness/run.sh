#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Builds the C harness against a header and a library, and runs it against a sandbox.
#
#   run.sh INCLUDE_DIR LIBRARY_DIR SANDBOX_LINE_FILE [--valgrind]
#
# SANDBOX_LINE_FILE holds the JSON line that `python3 -m askel_s4_sandbox` prints. CC and CXX choose the compilers.
set -eu

if [ $# -lt 3 ]; then
  sed -n '3,7s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
include=$1 library=$2 sandbox=$3 valgrind=${4:-}
source=$(cd "$(dirname "$0")" && pwd)
CC=${CC:-cc} CXX=${CXX:-c++}
warnings='-Wall -Wextra -Wpedantic -Werror'
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
trap 'exit 130' INT TERM

for standard in c99 c11; do
  $CC -std=$standard $warnings -I "$include" -x c -c "$source/header.c" -o "$build/header.o"
done
for standard in c++11 c++17; do
  $CXX -std=$standard $warnings -I "$include" -x c++ -c "$source/header.c" -o "$build/header.o"
done
echo 'header: compiles as C99, C11, C++11 and C++17'

compile() {
  program=$1
  shift
  $CC -std=c99 $warnings -g -O1 -I "$include" "$@" -o "$build/$program" \
    -L "$library" -Wl,-rpath,"$library" -laskel_s4 -lpthread
}
compile orders "$source/orders.c" "$source/orders_writes.c"
compile bad_input "$source/bad_input.c" "$source/bad_input_connections.c" "$source/bad_input_reads.c" \
  "$source/bad_input_writes.c" "$source/bad_input_operations.c"
compile lifetime "$source/lifetime.c"
compile forking "$source/forking.c"
compile leaving "$source/leaving.c"
compile traces "$source/traces.c" -lcurl
$CC -std=c99 $warnings -shared -fPIC "$source/slow_names.c" -o "$build/slow_names.so" -ldl

# The scan itself is a Python test (test_traces.py); here the program runs through, so that valgrind sees it.
sed -n 's/.*"client_secret": "\([^"]*\)".*/\1/p' "$sandbox" | tr -d '\n' > "$build/secret"
printf '%s' 'the harness has a 32 byte key ...' | head -c 32 > "$build/key"
cp "$build/key" "$build/needle"

failed=0
if [ "$valgrind" = --valgrind ]; then
  # Leaks that are "possible" or "reachable" are the host's and the runtime's: what a library keeps until the process
  # ends. Definitely lost memory and invalid accesses are ours.
  check() {
    # Silent in the children of fork(): they leave the parent's objects alone on purpose.
    # Fair turns: the thread that holds the vault's lock must not wait for ever for valgrind's own.
    valgrind --quiet --fair-sched=yes --child-silent-after-fork=yes --leak-check=full --show-leak-kinds=definite \
      --errors-for-leak-kinds=definite --error-exitcode=99 "$@" && echo 'valgrind: 0 bytes definitely lost, 0 invalid accesses' || failed=1
  }
  check "$build/bad_input"
  check "$build/orders" "$sandbox" 40
  check "$build/lifetime" "$sandbox" quick
  check "$build/forking" quick
  check "$build/traces" "$sandbox" "$build" secret_basic < /dev/null
else
  "$build/bad_input" || failed=1
  "$build/orders" "$sandbox" || failed=1
  "$build/orders" "$sandbox" 300 || failed=1
  "$build/lifetime" "$sandbox" || failed=1
  "$build/forking" || failed=1
  SLOW_NAMES_MS=600000 LD_PRELOAD="$build/slow_names.so" "$build/leaving" "$sandbox" || failed=1
  "$build/traces" "$sandbox" "$build" secret_post < /dev/null || failed=1
fi
exit $failed
