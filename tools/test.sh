#!/bin/sh
# Runs every test of the folder BUILD. Its last line is `N passed, N failed`, and its exit status
# is 0 only if nothing failed.
#
#   tools/test.sh BUILD [MESON_TEST_OPTION...]
set -eu

here=$(dirname "$0")
build=$1
shift
log=$build/meson-logs/testlog.json
rm -f "$log"
status=0
meson test -C "$build" --no-rebuild --print-errorlogs "$@" </dev/null || status=$?
meson introspect "$build" --tests >"$build/meson-logs/tests.json"
python3 "$here/count_tests.py" "$log" "$build/meson-logs/tests.json" "$status"
