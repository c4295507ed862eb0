#!/bin/sh
# Builds TARGET (`haechi`, or `all` with the tests) in the folder BUILD, which it sets up the first
# time.
#
#   tools/build.sh BUILD TARGET [MESON_SETUP_OPTION...]
set -eu

build=$1
target=$2
shift 2
if [ ! -f "$build/build.ninja" ]; then
    # What it found is of interest only when something was not.
    found=$(meson setup "$build" "$@" 2>&1) || { echo "$found" >&2; exit 1; }
elif [ $# -gt 0 ]; then
    meson configure "$build" "$@"
fi
ninja -C "$build" "$target"
