#!/bin/sh
# POST /v1/transactions under wrk, acknowledged durably, against a bare HTTP server that does
# nothing (bench/echo.c) in the same run. Prints one line of figures each and their ratio.
# Usage: bench/http.sh HAECHI ECHO MODEL_DIR [SECONDS] [CONNECTIONS]
set -eu
haechi=$1 echo_server=$2 model=$3 seconds=${4:-10} connections=${5:-32}
here=$(dirname "$0")
work=$(mktemp -d)
pids=
stop() {
  for pid in $pids; do
    kill "$pid" 2>/dev/null || :
    wait "$pid" 2>/dev/null || :
  done
  rm -rf "$work"
}
trap stop EXIT
trap 'exit 1' INT TERM

# wait_for FILE PATTERN: prints the first match, waiting up to ten seconds for it.
wait_for() {
  for _ in $(seq 100); do
    if grep -o -m1 "$2" "$1" 2>/dev/null; then return; fi
    sleep 0.1
  done
  cat "$1" >&2
  return 1
}

# load URL: requests a second and the 99th percentile, as wrk gives them.
load() {
  wrk -t1 -c"$connections" -d"${seconds}s" --latency -s "$here/post.lua" "$1" >"$work/wrk"
  if grep -E 'Non-2xx|Socket errors' "$work/wrk" >&2; then exit 1; fi
  awk '/^Requests\/sec/ { rate = $2 } $1 == "99%" { p99 = $2 } END { print rate, p99 }' "$work/wrk"
}

mkfifo "$work/stdin"
"$echo_server" <"$work/stdin" >"$work/echo" &
pids="$pids $!"
exec 3>"$work/stdin"
"$haechi" serve --data-dir "$work/data" --model "$model" --listen 127.0.0.1:0 2>"$work/log" &
pids="$pids $!"
bare=$(load "$(wait_for "$work/echo" 'http://.*')")
full=$(load "$(wait_for "$work/log" 'http://.*')")
exec 3>&-
echo "bare HTTP server:        ${bare% *} requests a second, p99 ${bare#* }"
echo "POST /v1/transactions:   ${full% *} requests a second, p99 ${full#* }"
awk -v a="${full% *}" -v b="${bare% *}" 'BEGIN { printf "ratio:                   %.2f\n", a / b }'
