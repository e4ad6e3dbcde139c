# What the measuring scripts share: a server, a stopwatch, medians and ratios. Sourced by each of them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
unset "${!DATABASE_@}" "${!PG@}" "${!GRANARY_@}" ENV APP_ENV SERVICE_NAME

readonly GRANARY=$PWD/.build/release/granary ROUNDS=${ROUNDS:-5} JOBS=${JOBS:-2}
readonly HERE=$PWD/Benchmarks NAME=${0##*/} WORK=$PWD/.granary/bench
readonly TIMES=$WORK/${0##*/}
export LC_ALL=C.UTF-8
rm -rf "$TIMES"
mkdir -p "$TIMES"

# A server of its own, with the settings that PostgreSQL ships: granary's own writes little WAL, as nobody follows it.
start_server() {
    url=$(cd "$WORK" && "$GRANARY" server start --quiet)
    base=${url%%\?*}
    query=${url#*\?}
    base=${base%/*}
    [[ $(sql 'SHOW wal_level' postgres) == replica ]] && return
    sql 'ALTER SYSTEM SET wal_level = replica' postgres
    sql 'ALTER SYSTEM SET max_wal_senders = 10' postgres
    (cd "$WORK" && "$GRANARY" server stop --quiet && "$GRANARY" server start --quiet >/dev/null)
}

# KEEP=1 keeps it running.
stop_server() { [[ ${KEEP-} ]] || (cd "$WORK" && "$GRANARY" server stop --quiet); }

at() { printf '%s/%s?%s' "$base" "$1" "$query"; }
sql() { psql -XAtq -v ON_ERROR_STOP=1 -d "$(at "${2:-bench}")" -c "$1"; }
server_version() { sql "SELECT split_part(current_setting('server_version'), ' ', 1)" postgres; }

# timed NAME COMMAND…: adds the seconds to NAME.time, and to NAME.rss the peak memory (KiB) of a program and those it started.
timed() {
    local name=$1 start end process watcher
    shift
    echo 0 >"$TIMES/peak"
    start=$EPOCHREALTIME
    "$@" >"$TIMES/out" 2>"$TIMES/err" &
    process=$!
    if [[ $(type -t "$1") == file ]]; then
        watch_memory "$process" &
        watcher=$!
    fi
    wait "$process" || { cat "$TIMES/err" >&2; exit 1; }
    end=$EPOCHREALTIME
    if [[ ${watcher-} ]]; then
        kill "$watcher" 2>/dev/null || true
        wait "$watcher" 2>/dev/null || true
    fi
    awk "BEGIN { printf \"%.3f\\n\", $end - $start }" >>"$TIMES/$name.time"
    cat "$TIMES/peak" >>"$TIMES/$name.rss"
}

# The peaks themselves are the kernel's; they only have to be read while the processes live.
watch_memory() {
    local peak
    while sleep 0.05; do
        # shellcheck disable=SC2046
        peak=$({ cat $(printf '/proc/%s/status ' "$1" $(pgrep -P "$1")) 2>/dev/null || true; } | awk '/VmHWM/ { sum += $2 } END { print sum }')
        [[ $peak ]] || return 0
        ((peak > $(<"$TIMES/peak"))) && echo "$peak" >"$TIMES/peak"
    done
}

say() { printf '%s\n' "$*" >&2; }
size() { du -sb "$1" | cut -f1; }
peak() { sort -n "$TIMES/$1.rss" | tail -n 1 | awk '{ printf "%.0f MB", $1 / 1024 }'; }

readonly MEDIAN='{ v[NR] = $1 } END { printf format, (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
median() { sort -n "$TIMES/$1.time" | awk -v format="${2:-%.3f}" "$MEDIAN"; }

# ratio A B: the median of A/B pair by pair, so that a machine that changes its speed harms neither.
ratio() { paste "$TIMES/$1.time" "$TIMES/$2.time" | awk '{ print $1 / $2 }' | sort -n | awk -v format=%.2f "$MEDIAN"; }

# Has main, and keeps what report says.
measure() {
    start_server
    main
    report >"$HERE/results/$NAME.md"
    stop_server
    cat "$HERE/results/$NAME.md"
}
