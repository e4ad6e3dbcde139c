#!/usr/bin/env bash
# Installs the system packages that Granary is built with and that are missing. Quick and quiet when none is.
# With the word test, also what only the tests need; with the word package, what a Debian package is made and tried with.
set -euo pipefail

PACKAGES=(
    libpq-dev libssl-dev zlib1g-dev libdeflate-dev libpg-query-dev libxxhash-dev libyaml-dev
    postgresql postgresql-client unzip zip pkg-config
)
# Granary does without these where they are not to be had.
declare -rA OPTIONAL=(
    [libisal-dev]="backups are packed by libdeflate and dumps unpacked by zlib, at half the speed of igzip"
    [pgbouncer]="what is tested with it is left out"
    [age]="what is tested with it is left out"
    [libcurl4]="there are no backups in buckets"
    [python3-pip]="what is tested with object stores is left out"
)
PACKAGES+=(libisal-dev libcurl4)
[[ ${1-} != test ]] || PACKAGES+=(mandoc pgbouncer python3 python3-pip age)
[[ ${1-} != package ]] || PACKAGES+=(dpkg-dev debootstrap)
readonly PACKAGES
readonly NO_CLUSTER=/etc/postgresql-common/createcluster.d/granary-deps.conf
readonly NO_SERVICES=/usr/sbin/policy-rc.d

say() { printf 'deps: %s\n' "$*" >&2; }

# A package counts as there if dpkg says so, or if what we need of it is there from elsewhere.
has_package() {
    case $1 in
        libpq-dev) pkg-config --exists libpq ;;
        libssl-dev) pkg-config --atleast-version=3 libcrypto ;;
        zlib1g-dev) pkg-config --exists zlib ;;
        libdeflate-dev) pkg-config --exists libdeflate || has_header libdeflate.h ;;
        libpg-query-dev) has_header pg_query.h ;;
        libxxhash-dev) has_header xxhash.h ;;
        libyaml-dev) has_header yaml.h ;;
        libisal-dev) has_header isa-l/igzip_lib.h ;;
        postgresql) has_server ;;
        postgresql-client) has_command psql && has_command pg_dump ;;
        pgbouncer) has_command pgbouncer || [[ -x /usr/sbin/pgbouncer ]] ;;
        libcurl4) has_library libcurl.so.4 || has_library libcurl-gnutls.so.4 ;;
        python3-pip) python3 -m pip --version >/dev/null || has_command pip3 || has_command pip ;;
        dpkg-dev) has_command dpkg-shlibdeps ;;
        debootstrap) has_command debootstrap || [[ -x /usr/sbin/debootstrap ]] ;;
        *) has_command "$1" ;;
    esac 2>/dev/null
}

has_command() { command -v "$1" >/dev/null; }

has_header() { compgen -G "/usr/include/$1" >/dev/null || compgen -G "/usr/local/include/$1" >/dev/null; }

has_library() { /sbin/ldconfig -p | grep -qF "$1 "; }

has_server() {
    local folder
    for folder in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin ${PATH//:/ }; do
        [[ -x $folder/initdb && -x $folder/pg_ctl && -x $folder/postgres ]] && return
    done
    return 1
}

missing_packages() {
    local installed package
    installed=$(dpkg-query -W -f='${Package}=${db:Status-Status}\n' "${PACKAGES[@]}" 2>/dev/null || true)
    for package in "${PACKAGES[@]}"; do
        grep -qx "$package=installed" <<<"$installed" || has_package "$package" || echo "$package"
    done
}

# Debian makes and starts a cluster "main" when a server is installed. Granary makes its own, so that one would be a
# surprise. The setting is taken back afterwards: the next server someone installs behaves as they expect.
forbid_cluster() {
    "${as_root[@]}" mkdir -p "${NO_CLUSTER%/*}"
    echo 'create_main_cluster = false' | "${as_root[@]}" tee "$NO_CLUSTER" >/dev/null
}

allow_cluster() { "${as_root[@]}" rm -f "$NO_CLUSTER"; }

install_optional() { "${install[@]}" "$1" >&2 || say "there is no $1: ${OPTIONAL[$1]}"; }

# Debian starts a pooler when one is installed, now and at every boot. The tests start their own.
install_pooler() (
    if [[ ! -e $NO_SERVICES ]]; then
        trap '"${as_root[@]}" rm -f "$NO_SERVICES"' EXIT
        printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$NO_SERVICES" >/dev/null
        "${as_root[@]}" chmod 755 "$NO_SERVICES"
    fi
    install_optional pgbouncer
    "${as_root[@]}" update-rc.d pgbouncer disable >/dev/null 2>&1 || true
)

has_command swift || {
    say "swift is not installed, and Granary is written in it: https://www.swift.org/install/linux"
    exit 1
}

mapfile -t missing < <(missing_packages)
((${#missing[@]})) || exit 0

# Without what is optional one can go on.
give_up() {
    local package
    for package in "${missing[@]}"; do [[ ${OPTIONAL[$package]-} ]] || exit 1; done
    exit 0
}

has_command apt-get || {
    say "missing: ${missing[*]}"
    say "there is no apt-get here; install what your distribution calls these, then try again"
    give_up
}

if ((EUID == 0)); then
    as_root=(env DEBIAN_FRONTEND=noninteractive)
elif has_command sudo && { sudo -n true 2>/dev/null || [[ -t 0 ]]; }; then
    as_root=(sudo env DEBIAN_FRONTEND=noninteractive)
else
    say "missing: ${missing[*]}"
    say "neither root nor sudo here; have this run, then try again:"
    say "    apt-get update && apt-get install --no-install-recommends ${missing[*]}"
    give_up
fi
install=("${as_root[@]}" apt-get install -y -q --no-install-recommends)

say "installing ${missing[*]}"
# Old lists may still do where there is no network but a cache, so a failure here is not the end.
"${as_root[@]}" apt-get update -q >&2 || say "apt-get update failed; trying with the lists that are here"
if [[ " ${missing[*]} " == *" postgresql "* ]]; then
    say "no system-wide database cluster is made: Granary runs servers of its own"
    trap allow_cluster EXIT
    "${install[@]}" postgresql-common >&2
    forbid_cluster
fi
needed=()
for package in "${missing[@]}"; do
    [[ ${OPTIONAL[$package]-} ]] || needed+=("$package")
done
((${#needed[@]} == 0)) || "${install[@]}" "${needed[@]}" >&2
for package in "${missing[@]}"; do
    case $package in
        pgbouncer) install_pooler ;;
        libisal-dev | libcurl4 | python3-pip | age) install_optional "$package" ;;
    esac
done
say "done"
