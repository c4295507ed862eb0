#!/bin/sh
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
for name; do
    echo "fuzz: $name"
    found="$build/found/$name"
    mkdir -p "$found"
    # Seeded, so that a failing run can be had again.
    "$build/tests/fuzz/fuzz_$name" -seed=1 -max_total_time="$seconds" -timeout=10 \
        -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$build/" \
        "$found" "tests/fuzz/corpus/$name"
done
