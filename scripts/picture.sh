#!/usr/bin/env bash
# Draws docs/quick-start.svg: runs the quick start of README.md in a terminal, in a folder and on a server of its own.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly PICTURE=$PWD/docs/quick-start.svg HERE=$PWD/scripts

# Variables that choose another database would change the run.
for name in "${!DATABASE_@}" "${!PG@}" "${!GRANARY_@}" ENV APP_ENV SERVICE_NAME; do
    case $name in GRANARY_POSTGRES_BIN | GRANARY_BIN) ;; *) unset "$name" ;; esac
done

work=$(mktemp -d)
chmod 755 "$work" # The account of the local server must be able to enter it.
cleanup() {
    (cd "$work/shop" && granary server stop --quiet) || true
    rm -rf "$work"
}
trap cleanup EXIT
export PATH=${GRANARY_BIN:-$PWD/.build/release}:$PATH GRANARY_SERVER_FOLDER=$work/servers LC_ALL=C.UTF-8

# The first block of shell below the heading, as a script that prints each command before it runs it.
awk -v quote="'" '
    /^## / { wanted = $0 == "## Quick start" }
    wanted && /^```sh$/ { inside = 1; next }
    inside && /^```$/ { exit }
    inside {
        sub(/ +# .*/, "")
        shown = $0
        gsub(quote, quote "\\" quote quote, shown)
        printf "printf \"\\033[36m$ \\033[0;1m%%s\\033[0m\\n\" %s%s%s\n%s\n", quote, shown, quote, $0
    }
' README.md >"$work/commands"

cd "$work"
script -qec "stty cols 100; bash -e '$work/commands'" /dev/null </dev/null >"$work/recorded" ||
    { cat "$work/recorded" >&2; exit 1; }
sed "s|$work|…|g" "$work/recorded" | awk -f "$HERE/picture.awk" >"$work/picture.svg"
mv "$work/picture.svg" "$PICTURE"
echo "$PICTURE"
