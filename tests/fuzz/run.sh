#!/usr/bin/env bash
# Builds the fuzzers with clang and the sanitizers and runs each for SECONDS from its corpus. What
# they find new stays in the build folder; an input that breaks something is left there as crash-*
# and belongs, once understood, into the corpus.
#
#   tests/fuzz/run.sh [SECONDS] [NAME...]
set -eu

cd "$(dirname "$0")/../.."
seconds=${1:-10}
[ $# -gt 0 ] && shift
build="build-fuzz"
CC=clang CXX=clang++ tools/build.sh "$build" all -Dfuzz=true -Db_sanitize=address,undefined \
    -Db_lundef=false -Dbuildtype=debugoptimized
if [ $# -eq 0 ]; then
    for source in tests/fuzz/fuzz_*.c; do
        name=${source##*/fuzz_}
        set -- "$@" "${name%.c}"
    done
fi
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
mkdir -p "$build/logs"

# fuzz NAME: told only when it is over, as several run at once.
fuzz() {
    found="$build/found/$1"
    mkdir -p "$found"
    # Seeded, so that a failing run can be had again.
    "$build/tests/fuzz/fuzz_$1" -seed=1 -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
        -print_final_stats=1 -artifact_prefix="$build/" "$found" "tests/fuzz/corpus/$1" \
        >"$build/logs/$1" 2>&1 || {
        echo "fuzz: $1: FAILED"
        cat "$build/logs/$1"
        return 1
    }
    echo "fuzz: $1: $(sed -n 's/^stat::number_of_executed_units: *//p' "$build/logs/$1") inputs"
}

# As many at once as there are processors: each is one thread.
status=0
pids=
for name; do
    while [ "$(jobs -r | wc -l)" -ge "$(nproc)" ]; do sleep 0.2; done
    fuzz "$name" &
    pids="$pids $!"
done
for pid in $pids; do
    wait "$pid" || status=1
done
exit "$status"
