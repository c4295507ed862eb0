#!/bin/sh
# The checks that run nothing: all of them, or those named.
#
#   tools/lint.sh [format] [rooms] [shell] [tidy]
set -eu

cd "$(dirname "$0")/.."
# Compiled by clang with warnings as errors; clang-tidy reads how from it. LINT_BUILD names another
# that may be there already.
build=${LINT_BUILD:-build-lint}

check_format() {
    git ls-files -z '*.c' '*.h' '*.cc' | xargs -0 clang-format --dry-run -Werror
}

check_rooms() {
    tools/check_rooms.py
}

check_shell() {
    { printf '.ci/run\0' && git ls-files -z '*.sh'; } | xargs -0 shellcheck
}

check_tidy() {
    mkdir -p "$build"
    CC=clang CXX=clang++ tools/build.sh "$build" all -Dwerror=true >"$build/lint.log" 2>&1 ||
        { cat "$build/lint.log"; return 1; }
    run-clang-tidy -quiet -p "$build" -j "$(nproc)" "^$PWD/(src|tests|bench)/" \
        >"$build/lint.log" 2>/dev/null || { grep -v 'clang-tidy-.* -quiet' "$build/lint.log"; return 1; }
}

[ $# -gt 0 ] || set -- format rooms shell tidy
for check; do
    echo "lint: $check"
    case $check in
    format | rooms | shell | tidy) "check_$check" ;;
    *) echo "tools/lint.sh: no check named $check" >&2; exit 2 ;;
    esac
done
