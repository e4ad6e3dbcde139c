#!/usr/bin/env bash
# Runs the tests, and at the end says again what failed: hundreds of lines may have come after it.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly LOG=.build/test.log
mkdir -p .build

# Each test has sessions and programs of its own: hundreds at once starve each other of processors and connections,
# and then fail for nothing but that.
export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH="${SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH:-12}"

"${SWIFT:-swift}" test "$@" 2>&1 | tee "$LOG"
status=${PIPESTATUS[0]}
((status == 0)) && exit 0

printf '\nWhat failed:\n'
# An issue is a line with its comments, marked ↳, beneath it.
awk '/^✘ Test .* recorded an issue/ { shown = 1; print; next } shown && /^↳/ { print; next } { shown = 0 }' "$LOG"
grep -E '(: error:|Fatal error|[Ss]ignal code|crashed)' "$LOG" | head -n 20
exit "$status"
