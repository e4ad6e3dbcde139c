#!/usr/bin/env bash
# Runs the tests, and at the end says again what failed: hundreds of lines may have come after it.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly LOG=.build/test.log
# Seconds without a line after which a test must be waiting for ever. It is named, and the run ends.
readonly SILENCE="${GRANARY_TEST_SILENCE:-600}"
mkdir -p .build

# Each test has sessions and programs of its own: hundreds at once starve each other of processors and connections,
# and then fail for nothing but that.
export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH="${SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH:-12}"

watch_for_silence() {
    while sleep 5; do
        (($(date +%s) - $(stat -c %Y "$LOG") < SILENCE)) && continue
        printf '\nNo test has ended for %d s. These have not ended:\n' "$SILENCE"
        sed -nE 's/^◇ Test (.*) started\.$/+\1/p; s/^[✔✘] Test (.*) (passed|failed) after .*/-\1/p' "$LOG" |
            sed -E '/^.case /d; s/ with [0-9]+ test cases?$//' |
            awk '{ name = substr($0, 2) } /^\+/ { running[name] = 1 } /^-/ { delete running[name] }
                 END { for (name in running) print "  " name }'
        pkill -TERM -P "$(pgrep -P $$ swift-test)"
        # What a test has started may hold the pipe open.
        sleep 5
        pkill -TERM -P $$ tee
        return
    done
}

: >"$LOG"
watch_for_silence &
stdbuf -oL "${SWIFT:-swift}" test "$@" 2>&1 | tee "$LOG"
status=${PIPESTATUS[0]}
kill %1 2>/dev/null
((status == 0)) && exit 0

printf '\nWhat failed:\n'
# An issue is a line with its comments, marked ↳, beneath it.
awk '/^✘ Test .* recorded an issue/ { shown = 1; print; next } shown && /^↳/ { print; next } { shown = 0 }' "$LOG"
grep -E '(: error:|Fatal error|[Ss]ignal code|crashed)' "$LOG" | head -n 20
exit "$status"
