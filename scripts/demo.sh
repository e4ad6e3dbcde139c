#!/usr/bin/env bash
# The main job, shown: a database is backed up, checked, damaged and restored, on a server of its own.
# It may be run again and again; what it makes is in .granary/ and in backups/demo.zip.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# What chooses a database for other commands must not lead this one anywhere.
for name in "${!DATABASE_@}" "${!PG@}" "${!GRANARY_@}" ENV APP_ENV SERVICE_NAME; do
    # Where the server is and where its programs are may be said.
    case $name in GRANARY_SERVER_FOLDER | GRANARY_POSTGRES_BIN) ;; *) unset "$name" ;; esac
done
readonly GRANARY=$PWD/.build/release/granary ARCHIVE=backups/demo.zip
export PGOPTIONS='-c client_min_messages=warning' LC_ALL=C.UTF-8

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

bold='' green='' red='' dim='' plain=''
if [[ -t 1 && -z ${NO_COLOR-} && ${TERM-dumb} != dumb ]]; then
    bold=$'\e[1m' green=$'\e[32m' red=$'\e[31m' dim=$'\e[2m' plain=$'\e[0m'
fi

main() {
    printf '%sGranary: back up, break, restore%s\n\n' "$bold" "$plain"
    build
    start_server
    load_example
    digests >"$work/before"
    back_up
    verify
    rehearse
    make_a_mistake
    restore
    digests >"$work/after"
    compare
}

build() {
    [[ -x $GRANARY ]] || say 'the first build takes some minutes'
    started
    "${MAKE:-make}" --no-print-directory -s build >"$work/log" || stop_here
    good build "${GRANARY#"$PWD/"}"
}

start_server() {
    started
    run "$GRANARY" server start
    url=$("$GRANARY" server url)
    good server "PostgreSQL $(sql "SELECT split_part(current_setting('server_version'), ' ', 1)"), a private one, on a socket only $(id -un) can reach"
}

load_example() {
    started
    if is_foreign; then
        say 'the local database has a schema user_service with data that this demo did not make; they are left alone'
        say "to have them dropped: .build/release/granary server psql -c 'DROP SCHEMA user_service, granary CASCADE'"
        exit 1
    fi
    sql 'DROP SCHEMA IF EXISTS user_service, granary CASCADE'
    sql 'DO $$ BEGIN EXECUTE format($f$ALTER DATABASE %I SET granary.demo = %L$f$, current_database(), $v$yes$v$); END $$'
    run "$GRANARY" migrate up --local --env development
    run "$GRANARY" seed --local --env development --common
    run psql_here -f scripts/demo-data.sql
    good example "$(number "$(rows_of_service)") rows in the tables of user_service, $(sql \
        'SELECT pg_size_pretty(pg_database_size(current_database()))')"
}

back_up() {
    rm -f "$ARCHIVE"
    started
    run "$GRANARY" backup --local --output "$ARCHIVE"
    good backup "$ARCHIVE, $(number $(($(stat -c %s "$ARCHIVE") / 1024))) kB"
}

verify() {
    started
    run "$GRANARY" verify "$ARCHIVE"
    good verify 'every byte read, every checksum and digest recounted'
}

rehearse() {
    started
    run "$GRANARY" drill "$ARCHIVE"
    good drill "restored on a server made for it, every digest the same, $(grep -o 'RTO .*' "$work/log")"
}

make_a_mistake() {
    local before
    before=$(sql 'SELECT count(*) FROM user_service.settings')
    started
    sql 'TRUNCATE user_service.settings'
    bad mistake "TRUNCATE user_service.settings: $(number "$before") rows, now $(sql \
        'SELECT count(*) FROM user_service.settings')"
}

restore() {
    started
    run "$GRANARY" restore "$ARCHIVE" --local --drop-old
    good restore 'a new database beside the old one, counted, then swapped in'
}

compare() {
    local name rows digest name_after rows_after digest_after mark different=0
    printf '\n  %s%-28s %10s %10s   %s%s\n' "$bold" table before after digest "$plain"
    while IFS='|' read -r name rows digest <&3 && IFS='|' read -r name_after rows_after digest_after <&4; do
        mark="$green✓$plain"
        if [[ $name != "$name_after" || $rows != "$rows_after" || $digest != "$digest_after" ]]; then
            mark="$red✗$plain"
            different=1
        fi
        printf '  %-28s %10s %10s   %s %s%s%s\n' \
            "$name" "$(number "$rows")" "$(number "$rows_after")" "$mark" "$dim" "${digest_after:0:16}" "$plain"
    done 3<"$work/before" 4<"$work/after"
    cmp -s "$work/before" "$work/after" || different=1
    if ((different)); then
        printf '\n%s✗ what was restored is not what was backed up%s\n' "$red" "$plain"
        exit 1
    fi
    printf '\n%s✓ Everything is back, row for row.%s\n' "$green" "$plain"
    printf '  Without granary:   unzip -p %s README.txt\n' "$ARCHIVE"
    printf '  Look around:       make db-connect      Stop the server: make db-stop\n'
}

# --- helpers

psql_here() { psql -XqAt -v ON_ERROR_STOP=1 -d "$url" "$@"; }

sql() { psql_here -c "$1"; }

digests() { psql_here -f scripts/demo-digests.sql; }

# Whether the schema holds anything that is not the demo's own, which it would replace.
is_foreign() {
    [[ $(sql "SELECT to_regnamespace('user_service') IS NULL") == t ]] && return 1
    [[ $(sql "SELECT coalesce(current_setting('granary.demo', true), '')") == yes ]] || return 0
    [[ $(sql "SELECT to_regclass('user_service.users') IS NULL") == t ]] && return 1
    [[ $(sql "SELECT count(*) FROM user_service.users WHERE username !~ '^(user[0-9]+|system|support)\$'") != 0 ]]
}

rows_of_service() {
    sql 'SELECT (SELECT count(*) FROM user_service.users) + (SELECT count(*) FROM user_service.profiles)
              + (SELECT count(*) FROM user_service.settings)'
}

# Runs a command, quietly unless it fails.
run() { "$@" >"$work/log" 2>&1 || stop_here; }

stop_here() {
    bad failed "${FUNCNAME[2]//_/ }"
    cat "$work/log" >&2
    exit 1
}

started() { start=$EPOCHREALTIME; }

seconds() { awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f s", b - a }'; }

# 1234567 as 1,234,567.
number() {
    local left=$1 grouped=''
    while ((${#left} > 3)); do
        grouped=",${left: -3}$grouped"
        left=${left:0:-3}
    done
    printf '%s' "$left$grouped"
}

good() { printf '  %s✓%s %-8s %8s   %s\n' "$green" "$plain" "$1" "$(seconds)" "$2"; }

bad() { printf '  %s✗%s %-8s %8s   %s\n' "$red" "$plain" "$1" "$(seconds)" "$2"; }

say() { printf 'demo: %s\n' "$*" >&2; }

main
