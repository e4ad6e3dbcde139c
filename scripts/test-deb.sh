#!/usr/bin/env bash
# Installs the Debian package in a Debian of its own, in which there is no Swift, and works with it there, against a
# server there: scripts/test-deb.sh FOLDER, the one that scripts/deb.sh has filled. First as a person would who has
# installed it, then as a container would: without root, and with nothing writable but the folder of backups.
# It needs root, Debian's packages, and about 700 MB in .build.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly FROM=${1:-.build/deb} TREE=$PWD/.build/debian CACHE=$PWD/.build/debs
readonly URL='postgresql://app@/shop?host=/var/run/postgresql'

((EUID == 0)) || exec sudo -- "$0" "$@"
# A name space of its own: its mounts and processes end with it.
[[ ${IN_NAMESPACE-} ]] || exec env IN_NAMESPACE=1 unshare --mount --pid --fork --kill-child -- "$0" "$@"

main() {
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    step 'a Debian without Swift' make_tree
    step 'the package, by the script that makes the image' install_package
    step 'what the package brings' check_files
    step 'a server' start_server
    step 'migrate, seed, backup, verify, restore' as_a_person
    step 'the same without root, on a read-only root' as_a_container
    printf '\nthe image: %s MB, of which %s MB are the Debian that it begins with\n' "$(<"$work/image")" "$(<"$work/base")"
}

# Says what is done, and how long it took; what it printed is shown if it fails.
step() {
    local start=$SECONDS status
    # In a condition nothing would end at its first failure.
    set +e
    (
        set -e
        "$2"
    ) >"$work/log" 2>&1
    status=$?
    set -e
    ((status == 0)) || {
        cat "$work/log"
        printf '✗ %s\n' "$1"
        exit 1
    }
    printf '✓ %-50s %3d s\n' "$1" $((SECONDS - start))
}

# A failed comparison ends the step.
expect() {
    [[ $2 == "$3" ]] || {
        printf '%s: expected "%s", found "%s"\n' "$1" "$3" "$2"
        return 1
    }
}

inside() { chroot "$TREE" "$@"; }

megabytes() { du -sxm --exclude=var/cache --exclude=var/lib/apt "$TREE" | cut -f1; }

make_tree() {
    local source codename
    # The same server of packages as this machine uses.
    IFS='|' read -r source codename < <(apt-get indextargets --format '$(REPO_URI)|$(CODENAME)' 'Created-By: Packages' | head -n 1)
    rm -rf --one-file-system "$TREE"
    mkdir -p "$TREE" "$CACHE"
    debootstrap --variant=minbase --cache-dir="$CACHE" "$codename" "$TREE" "$source"
    cp -r /etc/apt/apt.conf.d "$TREE/etc/apt/"
    cp /etc/resolv.conf "$TREE/etc/"
    # Nothing is started by being installed.
    printf '#!/bin/sh\nexit 101\n' >"$TREE/usr/sbin/policy-rc.d"
    chmod 755 "$TREE/usr/sbin/policy-rc.d"
    mount -t proc proc "$TREE/proc"
    mount --bind /dev "$TREE/dev"
    megabytes >"$work/base"
}

install_package() {
    mkdir -p "$TREE/tmp/granary"
    cp "$FROM"/granary_*.deb "$FROM/install-image" "$TREE/tmp/granary/"
    inside /tmp/granary/install-image
    megabytes >"$work/image"
}

check_files() {
    local swift
    swift=$(find "$TREE" -xdev \( -name 'libswift*' -o -name swift \) -print)
    expect 'files of Swift' "$swift" ''
    inside granary --version
    inside bash -c 'source /usr/share/bash-completion/completions/granary && complete -p granary'
    inside sh -c 'gzip -dc /usr/share/man/man1/granary-backup.1.gz | grep -q "granary.backup"'
    inside test -s /usr/share/granary/granary.mk -a -s /usr/share/doc/granary/examples/granary-backup.service
    inside dpkg --verify granary
    local uid
    uid=$(inside id -u granary)
    expect 'the account of the image' "$uid" 10001
}

start_server() {
    inside apt-get update -q
    inside env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends postgresql
    programs=$(cd "$TREE" && echo usr/lib/postgresql/*/bin)
    inside install -d -o postgres -g postgres /srv/data
    as postgres "/$programs/initdb" -D /srv/data -A trust --no-sync
    as postgres "/$programs/pg_ctl" -D /srv/data -l /srv/data/log -w -o "-c fsync=off -c listen_addresses=''" start
    as postgres psql -qc 'CREATE ROLE app LOGIN CREATEDB' -c 'CREATE DATABASE shop OWNER app'
}

# Runs a command as an account, with a bare environment.
as() {
    local account=$1
    shift
    inside setpriv --reuid="$account" --regid="$account" --init-groups env -i PATH=/usr/bin:/bin HOME=/home/ada LC_ALL=C.UTF-8 \
        DATABASE_URL="$URL" GRANARY_ENV=development SERVICE_NAME=user-service "$@"
}

as_a_person() {
    inside useradd --create-home ada
    cp -r migrations seeds "$TREE/home/ada/"
    inside chown -R ada /home/ada
    person() { as ada env -C /home/ada "$@"; }
    person granary migrate up
    person granary seed --common
    person granary seed --generate 'user_service.*' --rows 500
    person granary backup --output before.zip
    person granary verify before.zip
    whole=$(rows)
    ((whole > 500))
    person psql -qc 'TRUNCATE user_service.users CASCADE' "$URL"
    person granary restore before.zip --drop-old --confirm shop
    local after status
    after=$(rows)
    expect 'rows after the restore' "$after" "$whole"
    person granary migrate status --check
    person granary migrate down --confirm 000003
    status=0
    person granary migrate status --check || status=$?
    expect 'the exit code of status --check' "$status" 2
}

rows() {
    as ada psql -XqAtc "SELECT sum((xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM %s', oid::regclass),
        false, true, '')))[1]::text::bigint) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'user_service'::regnamespace" "$URL"
}

as_a_container() {
    mkdir -p "$TREE/data/backups"
    local said
    said=$(container granary backup 2>&1)
    [[ $said == *'no seal'* ]] || {
        printf 'nothing was said of the missing key: %s\n' "$said"
        return 1
    }
    said=$(container env GRANARY_ARCHIVE_KEY="$(printf '%064d' 7)" granary backup --output backups/sealed.zip 2>&1)
    [[ $said != *'no seal'* ]]
    container granary verify backups/sealed.zip
    container env GRANARY_ARCHIVE_KEY="$(printf '%064d' 7)" granary restore backups/sealed.zip --drop-old --confirm shop
    local owner
    owner=$(stat -c %u "$TREE/data/backups/sealed.zip")
    expect 'the owner of the backup' "$owner" 10001
}

# As the image runs: its account, its folder, and nothing writable but the folder that is mounted into it.
container() {
    unshare --mount -- bash -c '
        mount --rbind "$0" "$0" && mount -o remount,bind,ro "$0"
        mount --bind "$0/data/backups" "$0/data/backups" && mount -o remount,bind,rw "$0/data/backups"
        cd / && exec chroot "$0" setpriv --reuid=10001 --regid=10001 --clear-groups env -i -C /data \
            PATH=/usr/bin:/bin DATABASE_URL="$1" GRANARY_ENV=development "${@:2}"
    ' "$TREE" "$URL" "$@"
}

main
