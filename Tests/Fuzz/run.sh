#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs each fuzzer that build.sh made, one after the other: run.sh OUTDIR SECONDS [NAME...]
# Starts from the committed corpus; what is new goes to OUTDIR. Ends with 1 if one of them found something.
set -eu
[ $# -ge 2 ] || { echo "usage: $0 OUTDIR SECONDS [NAME...]" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
out=$(cd "$1" && pwd)
seconds=$2
shift 2
[ $# -gt 0 ] || set -- page document metadata error-body next-link filter operation key-parameters audit private-key

# A backtrace by Swift would take minutes for each crash; libFuzzer keeps the input that caused it.
export SWIFT_BACKTRACE=enable=no
status=0
for name in "$@"; do
  case $name in
    page) fuzzer=FuzzPage length=4096 ;;
    document) fuzzer=FuzzDocument length=2048 ;;
    metadata) fuzzer=FuzzMetadata length=8192 ;;
    error-body) fuzzer=FuzzErrorBody length=2048 ;;
    next-link) fuzzer=FuzzNextLink length=512 ;;
    filter) fuzzer=FuzzFilter length=512 ;;
    operation) fuzzer=FuzzOperation length=512 ;;
    key-parameters) fuzzer=FuzzKeyParameters length=600 ;;
    audit) fuzzer=FuzzAudit length=512 ;;
    private-key) fuzzer=FuzzPrivateKey length=2048 ;;
    *) echo "$0: there is no fuzzer \"$name\"" >&2; exit 2 ;;
  esac
  mkdir -p "$out/corpus/$name" "$out/found"
  echo "== $name: $seconds s"
  log=$out/$name.log
  if timeout -k 10 $((seconds + 120)) "$out/$fuzzer" -max_total_time="$seconds" -max_len="$length" -timeout=10 \
    -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$out/found/$name-" \
    "$out/corpus/$name" "$here/corpus/$name" >"$log" 2>&1; then
    grep -E 'DONE|number_of_executed_units' "$log" || true
  else
    echo "$name ended with status $?; the end of $log:" >&2
    tail -n 20 "$log" >&2
    status=1
  fi
done
exit $status
