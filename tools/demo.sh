#!/usr/bin/env bash
# The demo, from nothing to a moving page: set up, build, make data, train, serve, stream.
#
#   tools/demo.sh, with these in the environment (`make demo NAME=VALUE` passes the first three):
#     RATE        transactions a second (5)
#     FOR         end after so long, as 30s, 2m or 1h; status 0 only if transactions were scored
#     DATA        a folder with the published fraudTrain.csv and fraudTest.csv (or .gz, .zst)
#     BUILD       the build folder (build)
#     HAECHI      a binary to use as it is, instead of setting up and building
#     DEMO_DIR    where data, model and store are kept (demo-data)
#     DEMO_CARDS, DEMO_DAYS   how much data is made
#
# A transaction's score needs its card's past, so the service is first given the last 30 days of the
# training data. Data, model and the store of that moment are kept, so that a second start takes
# seconds; each start goes on from a copy of that store.
set -euo pipefail
cd "$(dirname "$0")/.."

rate=${RATE:-5}
build=${BUILD:-build}
haechi=${HAECHI:-$build/haechi}
dir=${DEMO_DIR:-demo-data}
cards=${DEMO_CARDS:-1000}
days=${DEMO_DAYS:-120}
warm_days=30
work=$dir/made
[ -z "${DATA:-}" ] || work=$dir/given
children=()

say() { printf '%s\n' "$*"; }

die() {
    printf 'demo: %s\n' "$*" >&2
    exit 1
}

# Ends what was started, the latest first: asks, and after ten seconds insists.
stop_children() {
    local i pid
    for ((i = ${#children[@]} - 1; i >= 0; i--)); do
        pid=${children[i]}
        kill -TERM "$pid" 2>/dev/null || continue
        for _ in {1..100}; do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.1
        done
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    children=()
}

interrupted() {
    trap '' INT TERM HUP
    say
    say "Stopping ..."
    exit "$1" # and so through stop_children
}

# start COMMAND...: runs it in the background, ended by the kernel should this script be killed.
start() {
    setpriv --pdeathsig TERM "$@" &
    children+=("$!")
}

# step TITLE COMMAND...: runs one long step to its end. In the background all the same, so that a
# signal is answered at once and not after it.
step() {
    local title=$1 begun=$SECONDS
    shift
    say "==> $title"
    start "$@"
    local pid=${children[-1]}
    wait "$pid" || die "that failed: $*"
    unset 'children[-1]'
    say "    $((SECONDS - begun)) s"
}

# seconds TEXT: 30, 30s, 2m or 1h in seconds.
seconds() {
    [[ $1 =~ ^([0-9]{1,6})([smh]?)$ ]] || return 1
    case ${BASH_REMATCH[2]} in
    m) say $((BASH_REMATCH[1] * 60)) ;;
    h) say $((BASH_REMATCH[1] * 3600)) ;;
    *) say "${BASH_REMATCH[1]}" ;;
    esac
}

check_arguments() {
    [[ $rate =~ ^[0-9]+(\.[0-9]+)?$ ]] || die "RATE=$rate is no number of transactions a second"
    length=
    if [ -n "${FOR:-}" ]; then
        length=$(seconds "$FOR") || die "FOR=$FOR is no length of time (30s, 2m, 1h)"
    fi
}

# The file of DATA whose name is $1, plain or compressed.
given_file() {
    local suffix
    for suffix in "" .gz .zst; do
        [ -r "$DATA/$1$suffix" ] && say "$DATA/$1$suffix" && return
    done
    die "there is no $1 in $DATA"
}

# Sets train and test to the two files, and key to what the model depends on.
get_data() {
    if [ -n "${DATA:-}" ]; then
        train=$(given_file fraudTrain.csv)
        test=$(given_file fraudTest.csv)
        key=$(stat -L -c '%n %s %Y' "$train")
        return
    fi
    key="cards $cards days $days"
    train=$work/data/fraudTrain.csv
    test=$work/data/fraudTest.csv
    if [ "$(cat "$work/data/key" 2>/dev/null)" != "$key" ]; then
        rm -rf "$work/data" "$work/data.part"
        step "Making the transactions of $cards cards in $days days" \
            "$haechi" data generate --out "$work/data.part" --cards "$cards" --days "$days"
        say "$key" >"$work/data.part/key"
        mv "$work/data.part" "$work/data"
    fi
}

# Trains unless there is a model of this data and of this program's features.
get_model() {
    key="$key $("$haechi" --version) features $("$haechi" features --json | cksum)"
    [ "$(cat "$work/models/demo-key" 2>/dev/null)" = "$key" ] && return
    rm -rf "$work/models" "$work/models.part"
    step "Training a model" "$haechi" train xgboost --train "$train" --models "$work/models.part"
    "$haechi" models promote xgboost@latest --models "$work/models.part" >/dev/null
    say "$key" >"$work/models.part/demo-key"
    mv "$work/models.part" "$work/models"
}

open_train() {
    case $train in
    *.gz) gzip -dc "$train" ;;
    *.zst) zstd -dcq "$train" ;;
    *) cat "$train" ;;
    esac
}

# Writes the header and the last days of the training data. Its rows are in time order, and the time
# stands before any field that may hold a comma.
last_days() {
    local last since
    last=$(open_train | tail -n 1 | cut -d , -f 2 | tr -d '"')
    since=$(date -u -d "$last UTC - $warm_days days" '+%F %T') || die "$train: no time in: $last"
    open_train | awk -F , -v since="$since" 'NR == 1 { print; next }
        { time = $2; gsub(/"/, "", time) } time > since'
}

# Sets port to the first one that nobody listens on.
choose_port() {
    for port in {8080..8099}; do
        (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || return 0
    done
    die "the ports 8080 to 8099 are all in use"
}

# get PATH: the service's answer, if it is a good one. No proxy stands between.
get() {
    python3 -c '
import http.client, sys
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=5)
connection.request("GET", sys.argv[2])
answer = connection.getresponse()
sys.stdout.write(answer.read().decode())
sys.exit(answer.status != 200)' "$port" "$1" 2>/dev/null
}

# Number of transactions the service has scored.
scored() {
    get /v1/stats | python3 -c 'import json, sys; print(json.load(sys.stdin)["transactions"])'
}

# Starts the service on the store $1 and waits until it takes transactions.
start_service() {
    choose_port
    url=http://127.0.0.1:$port
    start "$haechi" serve --data-dir "$1" --model "$work/models/xgboost/champion" \
        --listen "127.0.0.1:$port" >"$work/serve.log" 2>&1
    service=${children[-1]}
    for _ in {1..150}; do
        get /readyz >/dev/null && return
        kill -0 "$service" 2>/dev/null || die "the service did not start: $(tail -n 5 "$work/serve.log")"
        sleep 0.2
    done
    die "the service was not ready within 30 seconds: see $work/serve.log"
}

# Makes the store that every start begins with, unless it is there for this model.
get_warm_store() {
    [ "$(cat "$work/warm/demo-key" 2>/dev/null)" = "$key" ] && return
    rm -rf "$work/warm" "$work/warm.part"
    start_service "$work/warm.part"
    last_days >"$work/warm-up.csv"
    step "Giving the service the last $warm_days days before the stream" \
        "$haechi" stream "$work/warm-up.csv" --to "$url" --rate 0
    stop_children
    rm "$work/warm-up.csv"
    say "$key" >"$work/warm.part/demo-key"
    mv "$work/warm.part" "$work/warm"
}

# Waits for Ctrl-C, or for the time to be over, and watches that what should run runs.
watch() {
    local begun=$SECONDS streaming=yes
    exec 8<> <(:) # never anything to read
    while [ -z "$length" ] || [ $((SECONDS - begun)) -lt "$length" ]; do
        kill -0 "$service" 2>/dev/null || die "the service ended: $(tail -n 5 "$work/serve.log")"
        if [ $streaming = yes ] && ! kill -0 "$stream" 2>/dev/null; then
            wait "$stream" || die "the stream ended: $(tail -n 5 "$work/stream.log")"
            say "All transactions were streamed; the page stays until Ctrl-C."
            streaming=no
        fi
        read -r -t 0.5 -u 8 || true # a sleep that is no process to clean up
    done
}

main() {
    check_arguments
    trap stop_children EXIT
    trap 'interrupted 130' INT
    trap 'interrupted 143' TERM HUP

    if [ -z "${HAECHI:-}" ]; then
        step "Looking for what is needed" tools/setup.sh build ui
        step "Building" tools/build.sh "$build" haechi
    fi
    mkdir -p "$work"
    exec 9>"$dir/lock"
    flock -n 9 || die "another demo is running in $dir: end that one first"

    get_data
    get_model
    get_warm_store
    say "==> Starting the service"
    rm -rf "$work/store"
    cp -a "$work/warm" "$work/store"
    start_service "$work/store"
    local before
    before=$(scored)

    start "$haechi" stream "$test" --to "$url" --rate "$rate" >"$work/stream.log" 2>&1
    stream=${children[-1]}
    say
    say "  Open  $url/  and watch: $rate transactions a second."
    say "  Ctrl-C ends it all."
    watch
    local after
    after=$(scored)
    [ "$after" -gt "$before" ] || die "no transaction was scored"
    say "$((after - before)) transactions were scored."
}

main
