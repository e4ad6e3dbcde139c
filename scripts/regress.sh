#!/usr/bin/env bash
# PostgreSQL's own regression database, there and back: it has an object of nearly every kind there is. It is built with
# the installed server, backed up and restored in every way granary knows, and each copy is held against the original,
# by pg_dump and by a digest of every table. Whatever differs and is not explained in docs/limits.md makes this fail.
#
# The sources of the installed version come from where the system's packages come from, into .build/regress; nothing is
# installed, and no setting of the system is touched.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

unset "${!DATABASE_@}" "${!PG@}" "${!GRANARY_OUTPUT@}" ENV APP_ENV GRANARY_ENV SERVICE_NAME
readonly GRANARY=$PWD/.build/release/granary CACHE=$PWD/.build/regress
export LC_ALL=C PGOPTIONS='-c client_min_messages=error'
# A key of its own: nothing is left in the folder of settings of whoever runs this.
export GRANARY_ARCHIVE_KEY='key of the regression database, there and back'

work=''
failures=0

main() {
    find_server
    fetch_sources
    work=$(mktemp -d /tmp/granary-regress-XXXXXX)
    trap clean_up EXIT
    build_library
    start_server
    build_database
    advance_sequences
    describe regression
    by_psql
    by_archive
    by_drill
    in_place
    by_dump
    by_dump_archives
    by_own_dump
    by_hand
    if ((failures)); then
        printf '\n%d differences that nothing explains\n' "$failures"
        exit 1
    fi
    printf '\nNo difference that is not explained in docs/limits.md.\n'
}

# --- the server and its sources

find_server() {
    bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
    [[ -x $bin/postgres ]] || stop_here 'there is no PostgreSQL of a Debian package in /usr/lib/postgresql: make deps'
    major=$(basename "$(dirname "$bin")")
    package=postgresql-$major
    version=$(dpkg-query -W -f='${Version}' "$package")
    regress=/usr/lib/postgresql/$major/lib/pgxs/src/test/regress/pg_regress
    [[ -x $regress ]] || stop_here "$package has no pg_regress"
    # PostgreSQL does not run as root.
    as_server=()
    if ((EUID == 0)); then as_server=(runuser -u postgres --); fi
    export PATH=$bin:$PATH
    say "server      PostgreSQL $("$bin/postgres" --version | cut -d ' ' -f 3), package $version"
}

# src/test/regress, and the headers that its library in C is built with.
fetch_sources() {
    sources=$CACHE/$version
    if [[ -e $sources/complete ]]; then return; fi
    rm -rf "$sources"
    mkdir -p "$sources/parts" "$sources/lists/partial" "$sources/regress" "$sources/headers"
    local file
    # The machine's own lists, with the sources beside the binaries.
    for file in /etc/apt/sources.list.d/*.sources; do
        [[ -e $file ]] || continue
        sed 's/^Types:.*/Types: deb deb-src/' "$file" >"$sources/parts/${file##*/}"
    done
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [[ -e $file ]] || continue
        sed -n 's/^deb /deb-src /p; /^deb /p' "$file" >"$sources/parts/${file##*/}.list"
    done
    local apt=(
        apt-get -qq -o "Dir::Etc::SourceList=/dev/null" -o "Dir::Etc::SourceParts=$sources/parts"
        -o "Dir::State::Lists=$sources/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
        -o APT::Sandbox::User=root
    )
    "${apt[@]}" update || say 'apt-get update found not all of its lists'
    (
        cd "$sources"
        # The very version if it is still to be had, else the newest of the same major version.
        "${apt[@]}" source --download-only "$package=$version" 2>/dev/null \
            || "${apt[@]}" source --download-only "$package"
        "${apt[@]}" download "postgresql-server-dev-$major=$version" 2>/dev/null \
            || "${apt[@]}" download "postgresql-server-dev-$major"
        tar -xf "$package"_*.orig.tar.* -C regress --strip-components=4 --wildcards '*/src/test/regress/*'
        dpkg-deb -x "postgresql-server-dev-$major"_*.deb headers
    )
    rm -rf "$sources/lists" "$sources/parts"
    touch "$sources/complete"
    say "sources     $(cd "$sources" && ls "$package"_*.dsc)"
}

build_library() {
    mkdir -p "$work/library" "$work/output" "$work/copies"
    cp -r "$sources/regress" "$work/regress"
    "${CC:-cc}" -shared -fPIC -O1 -w -I "$sources/headers/usr/include/postgresql/$major/server" \
        -I /usr/include/postgresql -o "$work/library/regress.so" "$work/regress/regress.c"
    # Two of contrib's libraries are looked for beside it.
    cp "/usr/lib/postgresql/$major/lib/"{refint,autoinc}.so "$work/library/"
    chmod 755 "$work"
    if ((EUID == 0)); then chown -R postgres "$work"; fi
}

start_server() {
    "${as_server[@]}" initdb -D "$work/data" -U postgres --no-locale -E UTF8 -A trust --no-sync >"$work/log"
    cat >>"$work/data/postgresql.conf" <<END
listen_addresses = ''
unix_socket_directories = '$work'
fsync = off
full_page_writes = off
max_locks_per_transaction = 256
END
    "${as_server[@]}" pg_ctl -s -w -D "$work/data" -l "$work/server.log" start
}

clean_up() {
    if [[ -e $work/data/postmaster.pid ]]; then
        "${as_server[@]}" pg_ctl -s -m immediate -D "$work/data" stop || true
    fi
    rm -rf "$work"
}

# A failed test is named; the database is there all the same.
build_database() {
    started
    (cd "$work/output" && "${as_server[@]}" env -u PGOPTIONS "$regress" --host="$work" --port=5432 --user=postgres --bindir="$bin" \
        --dlpath="$work/library" --inputdir="$work/regress" --outputdir="$work/output" \
        --schedule="$work/regress/parallel_schedule" --max-concurrent-tests=20) >"$work/regress.log" 2>&1 \
        || grep -E 'FAILED|failed' "$work/regress.log" >&2 || true
    say "database    $(grep -E 'tests (passed|failed)' "$work/regress.log" | tr -s ' =' ' '), $(sql regression \
        "SELECT count(*) FROM pg_class WHERE oid >= 16384") relations, $(seconds)"
}

# A restore takes each sequence as far as the rows that it feeds, docs/backup-and-restore.md says so. Those that the tests
# left behind are advanced in the original, so that all copies have to be equal to it.
advance_sequences() {
    say "explained   sequences that were behind their rows: $(sql regression "
        CREATE TEMP TABLE behind (name text);
        DO \$\$
        DECLARE s record; c record; now record; furthest numeric;
        BEGIN
            FOR s IN SELECT q.* FROM pg_sequence q JOIN pg_class k ON k.oid = q.seqrelid
                    WHERE NOT q.seqcycle AND k.relpersistence <> 't' ORDER BY q.seqrelid LOOP
                EXECUTE format('SELECT last_value AS value, is_called FROM %s', s.seqrelid::regclass) INTO now;
                FOR c IN WITH RECURSIVE fed (relation, attname) AS (
                        SELECT a.attrelid, a.attname FROM pg_depend d
                        JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
                        WHERE d.classid = 'pg_class'::regclass AND d.objid = s.seqrelid AND d.deptype IN ('a', 'i')
                            AND d.refobjsubid > 0 AND NOT (a.atthasdef AND a.attidentity = '')
                        UNION
                        SELECT a.attrelid, a.attname FROM pg_depend d
                        JOIN pg_attrdef e ON e.oid = d.objid
                        JOIN pg_attribute a ON a.attrelid = e.adrelid AND a.attnum = e.adnum
                        WHERE d.classid = 'pg_attrdef'::regclass AND d.refobjid = s.seqrelid
                            AND pg_get_expr(e.adbin, e.adrelid) ~ '^\\(*nextval\\('
                        UNION
                        SELECT i.inhrelid, f.attname FROM fed f JOIN pg_inherits i ON i.inhparent = f.relation)
                    SELECT f.relation, a.attname FROM fed f JOIN pg_class k ON k.oid = f.relation
                    JOIN pg_attribute a ON a.attrelid = f.relation AND a.attname = f.attname
                    WHERE k.relkind = 'r' AND k.relpersistence <> 't'
                        AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype) LOOP
                    EXECUTE format('SELECT trunc(%1\$s(%2\$I)::numeric) FROM ONLY %3\$s WHERE %2\$I BETWEEN %4\$s AND %5\$s',
                        CASE WHEN s.seqincrement > 0 THEN 'max' ELSE 'min' END, c.attname, c.relation::regclass,
                        s.seqmin + CASE WHEN s.seqincrement < 0 THEN 1 ELSE 0 END,
                        s.seqmax - CASE WHEN s.seqincrement > 0 THEN 1 ELSE 0 END) INTO furthest;
                    CONTINUE WHEN furthest IS NULL OR (furthest - now.value) * sign(s.seqincrement) < 0
                        OR furthest = now.value AND now.is_called;
                    now.value := now.value + ceil((furthest - now.value) / s.seqincrement) * s.seqincrement;
                    now.is_called := furthest = now.value;
                    PERFORM setval(s.seqrelid, now.value, now.is_called);
                    INSERT INTO behind VALUES (s.seqrelid::regclass);
                END LOOP;
            END LOOP;
        END \$\$;
        SELECT string_agg(DISTINCT name, ' ') FROM behind")"
}

# --- there and back

# The measure: what pg_dump and psql make of it. Beside the original it is compared once, with what they cannot keep.
by_psql() {
    started
    sql postgres 'CREATE DATABASE by_psql TEMPLATE template0'
    sql by_psql "$(sql regression "SELECT format('ALTER DATABASE by_psql SET %s', s) FROM (
        SELECT regexp_replace(unnest(setconfig), '=(.*)', ' TO ''\1''') AS s FROM pg_db_role_setting) s" | sed 's/$/;/')"
    pg_dump -d "$(place regression)" >"$work/plain.sql"
    psql -Xq -v ON_ERROR_STOP=1 -d "$(place by_psql)" -f "$work/plain.sql" >"$work/log" 2>&1 || stop_here "$(cat "$work/log")"
    describe by_psql
    reordered_columns
    normal_columns regression >"$work/copies/regression.dump"
    normal_columns by_psql >"$work/copies/by_psql.dump"
    compare 'pg_dump, psql' regression by_psql digests dump
    stale_views
    cp "$work/copies/by_psql.exact" "$work/copies/by_psql.dump"
}

by_archive() {
    started
    granary backup --database-url "$(place regression)" --output "$work/r.zip"
    granary verify "$work/r.zip"
    granary restore "$work/r.zip" --database-url "$(place regression)" --into by_archive
    against_psql 'backup, restore' by_archive
    # A copy is as good as the original.
    started
    granary backup --database-url "$(place by_archive)" --output "$work/again.zip" --jobs 1
    granary restore "$work/again.zip" --database-url "$(place regression)" --into again --jobs 4
    against_psql 'of the copy' again
}

# Every digest, on a server of its own with all of the roles.
by_drill() {
    started
    granary drill "$work/r.zip" --migrations "$work/none"
    say "$(printf '%-16s%s' drill "$(seconds)")"
}

in_place() {
    started
    granary env mark development --database-url "$(place again)"
    granary restore "$work/r.zip" --database-url "$(place again)" --in-place
    sql again 'DROP SCHEMA granary CASCADE'
    against_psql 'in place' again
}

by_dump() {
    started
    granary restore "$work/plain.sql" --database-url "$(place regression)" --into by_dump
    against_psql "pg_dump's" by_dump
}

# The archives of pg_dump in its three formats.
by_dump_archives() {
    local format
    for format in custom directory tar; do
        started
        pg_dump --format="$format" --file="$work/r.$format" -d "$(place regression)"
        granary verify "$work/r.$format"
        granary restore "$work/r.$format" --database-url "$(place regression)" --into "by_$format"
        against_psql "pg_dump, $format" "by_$format" no_properties
    done
}

by_own_dump() {
    started
    granary backup --database-url "$(place regression)" --output "$work/r.sql.gz"
    granary restore "$work/r.sql.gz" --database-url "$(place regression)" --into by_own_dump
    against_psql 'plain dump' by_own_dump
}

# With unzip and psql alone, as README.txt in the archive says.
by_hand() {
    started
    mkdir "$work/unpacked"
    unzip -q "$work/r.zip" -d "$work/unpacked"
    sql postgres 'CREATE DATABASE by_hand TEMPLATE template0'
    (cd "$work/unpacked" && psql -Xq -v ON_ERROR_STOP=1 -d "$(place by_hand)" -f restore.sql) >"$work/log" 2>&1 \
        || stop_here "$(cat "$work/log")"
    against_psql 'unzip, psql' by_hand no_properties
}

# --- holding them against each other

against_psql() {
    describe "$2"
    cp "$work/copies/$2.exact" "$work/copies/$2.dump"
    compare "$1" by_psql "$2" dump views
    compare "$1" regression "$2" digests
    [[ -n ${3-} || $2 == by_dump || $2 == by_own_dump ]] || compare "$1" regression "$2" properties
    say "$(printf '%-16s%s tables, %s' "$1" "$(grep -c '^table' "$work/copies/$2.digests")" "$(seconds)")"
    [[ $2 == again ]] || sql postgres "DROP DATABASE $([[ $2 == by_archive ]] && echo IF EXISTS never || echo "$2")"
}

compare() {
    local title=$1 original=$2 copy=$3 what
    shift 3
    for what; do
        diff "$work/copies/$original.$what" "$work/copies/$copy.$what" >"$work/difference" && continue
        failures=$((failures + 1))
        printf '✗ %s: %s of %s and %s differ\n' "$title" "$what" "$original" "$copy"
        head -n 40 "$work/difference"
    done
}

# What there is to know of a database: its dump with the rows of each table in order, digests, what is set on it.
describe() {
    local key=()
    [[ $(pg_dump --help) != *--restrict-key* ]] || key=(--restrict-key=regress)
    pg_dump "${key[@]}" -d "$(place "$1")" | sorted_rows >"$work/copies/$1.exact"
    psql -XqAt -v ON_ERROR_STOP=1 -d "$(place "$1")" -f scripts/regress-digests.sql >"$work/copies/$1.all"
    grep -v '^view' "$work/copies/$1.all" >"$work/copies/$1.digests"
    grep '^view' "$work/copies/$1.all" >"$work/copies/$1.views"
    sql "$1" "SELECT d.datacl, pg_get_userbyid(datdba), datcollate, datctype, encoding, datconnlimit,
                  shobj_description(d.oid, 'pg_database'), s.setrole,
                  ARRAY(SELECT unnest(s.setconfig) ORDER BY 1)
              FROM pg_database d LEFT JOIN pg_db_role_setting s ON s.setdatabase = d.oid
              WHERE datname = current_database()" >"$work/copies/$1.properties"
}

# Where rows lie in a table is nothing that a dump promises.
sorted_rows() {
    awk '/^\\\.$/ { rows = 0 } { print (rows ? rows : 2 * NR) "\t" $0 } /^COPY .* FROM stdin;$/ { rows = 2 * NR + 1 }' \
        | sort -s -t $'\t' -k 1,1n -k 2 | cut -f 2-
}

# Tables whose columns stand in another order in the copy, each of which must be a child of inheritance: it is made with
# INHERITS, which puts the parents' columns first, whatever order ALTER TABLE once gave them. docs/limits.md says so.
reordered_columns() {
    local database
    for database in regression by_psql; do
        sql "$database" "SELECT format('%I.%I', nspname, relname), (SELECT string_agg(quote_ident(attname), ',' ORDER BY attnum) FROM pg_attribute
                WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped),
                EXISTS (SELECT FROM pg_inherits WHERE inhrelid = c.oid) AND NOT relispartition
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE relkind IN ('r', 'p', 'f') AND c.oid >= 16384 AND nspname !~ '^pg_'
            ORDER BY format('%I.%I', nspname, relname) COLLATE \"C\"" >"$work/columns.$database"
    done
    diff "$work/columns.regression" "$work/columns.by_psql" | sed -n 's/^< //p' >"$work/reordered" || true
    if grep -v '|t$' "$work/reordered"; then
        failures=$((failures + 1))
        printf '✗ these are no children of inheritance, and their columns stand in another order\n'
    fi
    say "explained   columns in another order in $(wc -l <"$work/reordered") children of inheritance: $(
        cut -d '|' -f 1 "$work/reordered" | tr '\n' ' ')"
}

# A materialized view is made anew by its query: one that was behind its tables comes back up to date. docs/limits.md
# says so too.
stale_views() {
    say "explained   materialized views that were behind their tables: $(
        diff "$work/copies/regression.views" "$work/copies/by_psql.views" | sed -n 's/^< //p' | cut -d '|' -f 2 | tr '\n' ' ')"
}

# A dump with the columns of those tables in the order of their names.
normal_columns() {
    awk -F '\t' -v OFS='\t' -v list="$work/reordered" '
        BEGIN { while ((getline line < list) > 0) { split(line, part, "|"); moved[part[1]] = 1 } }
        function sort(n,    i, j, t) {
            for (i = 2; i <= n; i++) {
                t = key[i]; p = place[i]
                for (j = i - 1; j > 0 && key[j] > t; j--) { key[j + 1] = key[j]; place[j + 1] = place[j] }
                key[j + 1] = t; place[j + 1] = p
            }
        }
        inside == "table" && /^\)/ {
            sort(n); for (i = 1; i <= n; i++) print key[i]; inside = ""
        }
        inside == "table" { sub(/,$/, ""); key[++n] = $0; next }
        inside == "rows" && /^\\\.$/ { inside = "" }
        inside == "rows" { line = $place[1]; for (i = 2; i <= n; i++) line = line OFS $place[i]; print line; next }
        { print_as_is = 1 }
        match($0, /^CREATE TABLE [^ ]+ \($/) {
            split($0, word, " "); if (word[3] in moved) { inside = "table"; n = 0 }
        }
        /^COPY [^ ]+ \(.*\) FROM stdin;$/ {
            split($0, word, " ")
            if (word[2] in moved) {
                names = $0; sub(/^[^(]*\(/, "", names); sub(/\) FROM stdin;$/, "", names)
                n = split(names, key, ", "); for (i = 1; i <= n; i++) place[i] = i
                sort(n); inside = "rows"
                line = key[1]; for (i = 2; i <= n; i++) line = line ", " key[i]
                print "COPY " word[2] " (" line ") FROM stdin;"; print_as_is = 0
            }
        }
        print_as_is { print }' "$work/copies/$1.exact" | sorted_rows
}

# --- helpers

place() { printf 'postgresql://postgres@/%s?host=%s' "$1" "$work"; }

sql() { psql -XqAt -v ON_ERROR_STOP=1 -d "$(place "$1")" -c "$2"; }

# Runs granary, quietly unless it fails.
granary() { "$GRANARY" "$@" >"$work/log" 2>&1 || stop_here "granary $1: $(cat "$work/log")"; }

say() { printf '%s\n' "$*"; }

stop_here() {
    printf 'test-regress: %s\n' "$*" >&2
    exit 1
}

started() { start=$EPOCHREALTIME; }

seconds() { awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f s", b - a }'; }

main
