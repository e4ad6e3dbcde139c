#!/usr/bin/env bash
# Makes a Debian package of the program that was built, for the distribution that this is: scripts/deb.sh [FOLDER]
# puts granary_VERSION_ARCHITECTURE.deb into the folder, and the script that makes an image of it. BUILT names the program,
# COMPRESS how the package is packed: xz, gzip or none.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly OUT=${1:-.build/deb} BUILT=${BUILT:-.build/release/granary}
readonly MAINTAINER=${MAINTAINER:-The Granary developers <granary@example.org>}

main() {
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    tree=$work/tree
    mkdir -p "$tree/DEBIAN" "$OUT"
    install_files
    install_documents
    control >"$tree/DEBIAN/control"
    (cd "$tree" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$tree/DEBIAN/md5sums"
    chmod -R u=rwX,go=rX "$tree"
    # The same files make the same package.
    SOURCE_DATE_EPOCH=$(date_of_sources)
    export SOURCE_DATE_EPOCH
    find "$tree" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
    rm -f "$OUT"/granary_*.deb
    package=$OUT/granary_$(version)_$(architecture).deb
    dpkg-deb --root-owner-group -Z"${COMPRESS:-xz}" --build "$tree" "$package" >&2
    install -m 755 packaging/install-image "$OUT/install-image"
    echo "$package"
}

version() { "$BUILT" --version; }

architecture() { dpkg --print-architecture; }

date_of_sources() { git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md; }

install_files() {
    # Nothing is built: the program counts as new.
    "${MAKE:-make}" -s -o "$BUILT" "BUILT=$BUILT" "DESTDIR=$tree" PREFIX=/usr install >&2
    # Debian's zsh looks elsewhere.
    mkdir -p "$tree/usr/share/zsh/vendor-completions"
    mv "$tree/usr/share/zsh/site-functions/_granary" "$tree/usr/share/zsh/vendor-completions/"
    rmdir "$tree/usr/share/zsh/site-functions"
    gzip -9n "$tree"/usr/share/man/man1/*.1
}

install_documents() {
    local documents=$tree/usr/share/doc/granary
    mkdir -p "$documents/examples"
    cp packaging/copyright "$documents/copyright"
    cp packaging/examples/* packaging/Containerfile "$documents/examples/"
    cp README.md docs/*.md "$documents/"
    gzip -9nc CHANGELOG.md >"$documents/changelog.gz"
}

control() {
    local needed
    needed=$(libraries)
    cat <<END
Package: granary
Version: $(version)
Architecture: $(architecture)
Maintainer: $MAINTAINER
Section: database
Priority: optional
Installed-Size: $(du -sk --exclude=DEBIAN "$tree" | cut -f1)
Depends: $needed, postgresql-client
Recommends: ca-certificates, libcurl4t64 | libcurl4
Suggests: postgresql, make, unzip
Description: back up, restore, migrate and seed PostgreSQL databases
 One command for a database that a service owns. A backup is an ordinary ZIP file
 of SQL and COPY text with checksums for everything in it; a restore loads it
 into a new database beside the old one, counts it, and swaps the two, or leaves
 everything as it was. Migrations, seeds, cleaning and inspection work with the
 same guard, which knows production from a laptop.
END
}

# The packages of the libraries that the program is linked with, in the versions that it needs.
libraries() {
    mkdir -p "$work/control/debian"
    echo 'Source: granary' >"$work/control/debian/control"
    local program
    program=$(realpath "$BUILT")
    (cd "$work/control" && dpkg-shlibdeps -O "$program" 2>/dev/null) | sed 's/^shlibs:Depends=//'
}

main
