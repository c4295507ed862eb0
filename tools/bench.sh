#!/bin/sh
# Runs every measurement: each program bench/NAME.c that bench/meson.build calls bench_NAME, then
# each script bench/NAME.sh. Each prints its figures as ratios to their targets. HAECHI names the
# binary to them. Stops at the first that fails.
#
#   tools/bench.sh BUILD
set -eu

cd "$(dirname "$0")/.."
build=$1
tools/build.sh "$build" all
HAECHI=$(realpath "$build/haechi")
export HAECHI
for bench in "$build"/bench/bench_* bench/*.sh; do
    # A pattern that nothing matches stands for itself; a folder holds what the compiler made.
    if [ -f "$bench" ]; then
        echo "==> $(basename "$bench" .sh)"
        "$bench"
    fi
done
