#!/bin/sh
# Runs every test of the folder BUILD. Its last line is `N passed, N failed`, and its exit status
# is 0 only if nothing failed. A real Kafka, Neo4j and MLflow are started once for all tests, where they
# can be had; else the tests that need them are skipped, or fail with HAECHI_REQUIRE_SERVICES=1.
# HAECHI_TEST_SERVICES names the run folder of some that are there already.
#
#   tools/test.sh BUILD [MESON_TEST_OPTION...]
set -eu

here=$(dirname "$0")
build=$1
shift
log=$build/meson-logs/testlog.json
rm -f "$log"

# Servers that live for minutes, and are crashed on the way, are never warm: Java's optimising compiler would
# take half the time of the tests that wait for them.
export JDK_JAVA_OPTIONS="-XX:TieredStopAtLevel=1 ${JDK_JAVA_OPTIONS:-}"

services() {
    HAECHI_SERVICES_DIR=$HAECHI_TEST_SERVICES HAECHI_SERVICES_PORTS=auto "$here/services.py" "$@"
}
end_services() {
    services stop >/dev/null
    rm -rf "$HAECHI_TEST_SERVICES"
}
if [ -z "${HAECHI_TEST_SERVICES:-}" ]; then
    HAECHI_TEST_SERVICES=$(cd "$build" && pwd)/test-services
    export HAECHI_TEST_SERVICES
    trap end_services EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    services start || echo "tests: no real servers; the tests that need them are skipped or fail"
fi

# One more than there are processors: many tests wait for servers and clocks.
MESON_TESTTHREADS=${MESON_TESTTHREADS:-$(($(nproc) + 1))}
export MESON_TESTTHREADS

status=0
meson test -C "$build" --no-rebuild --print-errorlogs "$@" </dev/null || status=$?
meson introspect "$build" --tests >"$build/meson-logs/tests.json"
python3 "$here/count_tests.py" "$log" "$build/meson-logs/tests.json" "$status"
