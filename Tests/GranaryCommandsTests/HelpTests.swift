import ArgumentParser
import GranaryCommands
import TestSupport
import Testing

/// Whole help screens, so that a change of the contract is noticed.
@Suite struct HelpTests {
    @Test func everyCommandHasAnAbstractAndAnExample() {
        func check(_ command: any ParsableCommand.Type) {
            #expect(!command.configuration.abstract.isEmpty, "\(command)")
            #expect(command.configuration.discussion.contains("Example"), "\(command)")
            for child in command.configuration.subcommands { check(child) }
        }
        check(Granary.self)
    }

    /// A terminal of the usual width would break longer lines, which makes them hard to read and copy.
    @Test func noScreenIsWiderThanEightyColumns() async throws {
        func check(_ command: any ParsableCommand.Type, _ path: [String]) async throws {
            let outcome = try await runCommand(granaryBinary(), ["help"] + path, environment: ["COLUMNS": nil])
            for line in outcome.stdout.split(separator: "\n") { #expect(line.count <= 80, "\(path): \(line)") }
            for child in command.configuration.subcommands { try await check(child, path + [child._commandName]) }
        }
        try await check(Granary.self, [])
    }

    /// If a word were wrapped, the next line of the example would begin at the margin.
    @Test func noExampleIsWrapped() {
        func check(_ command: any ParsableCommand.Type) {
            for line in command.configuration.discussion.split(separator: "\n") where line.hasPrefix("  ") {
                #expect(line.count <= 80, "\(command): \(line)")
            }
            for child in command.configuration.subcommands { check(child) }
        }
        check(Granary.self)
    }

    @Test func theOptionsOfACommandStandBeforeThoseThatManyShare() async throws {
        let screen = try await runCommand(granaryBinary(), ["seed", "--help"], environment: ["COLUMNS": nil]).stdout
        let titles = screen.matches(of: #/(?m)^([A-Z ]+):$/#).map { String($0.1) }
        #expect(titles == ["OPTIONS", "WHICH SERVICE", "WHICH DATABASE", "OUTPUT"])
    }

    @Test func commonOptionsOfASubcommandAreOnlyListed() async throws {
        let screen = try await runCommand(granaryBinary(), ["migrate", "up", "--help"], environment: ["COLUMNS": nil])
            .stdout
        #expect(
            screen.hasSuffix(
                """

                COMMON OPTIONS (granary help status explains them):
                  --migrations <folder> --service <name> --root <folder> --state-schema <name>
                  --database-url <url> --local --wait <time> --env <name>
                  --postgres-bin <folder> --json --quiet --verbose --log-format <text|json>
                  --no-color

                """
            ),
            "\(screen)"
        )
    }

    @Test func helpBeforeAnythingForPsqlIsOurs() async throws {
        let asked = try await runCommand(granaryBinary(), ["server", "psql", "--help"])
        #expect(asked.status == 0)
        #expect(asked.stdout.hasPrefix("OVERVIEW: Run psql"))
    }

    @Test func theScreenOfGranary() async throws {
        let screen = try await runCommand(granaryBinary(), ["--help"], environment: ["COLUMNS": nil]).stdout
        #expect(
            screen == """
                OVERVIEW: Migrate, seed, back up, restore and inspect a PostgreSQL database.

                Example:
                  granary server start
                  granary backup
                  granary verify backups/granary-20261123T071500Z.zip
                  granary restore backups/granary-20261123T071500Z.zip

                The database is --database-url, else DATABASE_URL, else DATABASE_HOST,
                DATABASE_PORT, DATABASE_USER, DATABASE_PASSWORD, DATABASE_NAME and
                DATABASE_SSL_MODE, else libpq's own variables (PGHOST, PGDATABASE, PGSERVICE),
                else the local server of this folder.

                Every option has a variable: GRANARY_ and its name, such as GRANARY_JSON=1 for
                --json; values of repeated options are separated by commas.

                Exit codes: 0 done, 1 failed, 2 findings, 3 refused, 4 no connection or no
                database given, 5 busy (try again), 64 usage, 130 interrupted.

                USAGE: granary <subcommand>

                OPTIONS:
                  --version               Show the version.
                  -h, --help              Show help information.

                BACKUPS SUBCOMMANDS:
                  backup                  Back up a database into one file that unzip and psql
                                          can read.
                  verify                  Read a whole backup and check that it is undamaged;
                                          needs no server.
                  restore                 Restore a database from a backup, completely or not
                                          at all.
                  drill                   Rehearse a restore, and check what was restored.
                  backups                 List the backups in a folder, describe or lock one,
                                          or delete old ones.
                  convert                 Convert a dump of pg_dump into a backup of granary.
                  key                     Make keys for encrypted backups, and check which
                                          backups they open.
                  schedule                Print the units that run a command regularly, for
                                          systemd, cron or Kubernetes.

                SCHEMA SUBCOMMANDS:
                  migrate                 Apply and revert migrations, which a ledger in the
                                          database records.
                  validate                Check migrations, both JSON files and seeds; report
                                          each problem with its place and a fix.
                  reset                   Drop the service's schemas with all their data,
                                          migrate up again and seed. Development and test only.

                ROWS SUBCOMMANDS:
                  seed                    Load the seeds of an environment, all or none.
                                          Running it again changes nothing.
                  clean                   Empty the tables of a service, and keep the schema.

                LOOKING SUBCOMMANDS:
                  status                  Show database, environment, migrations, last backup
                                          and findings on one screen.
                  tables                  List the tables with their estimated rows and their
                                          sizes.
                  counts                  Count the rows of the tables; large tables are
                                          estimated unless --exact.
                  schema                  Describe the tables: columns, keys, indexes,
                                          triggers, policies; or compare them with a file.

                PROJECTS SUBCOMMANDS:
                  env                     Show the environment and the database's marker, or
                                          set the marker.
                  init                    Create the folders and files of a project, or
                                          granary's own tables in a database.
                  server                  Run a private PostgreSQL for this folder.
                  doctor                  Check programs, database, rights, marker, ledger,
                                          folders and disk, with a fix for each problem.

                """
        )
    }

    @Test func theScreenOfBackup() async throws {
        let screen = try await runCommand(granaryBinary(), ["backup", "--help"], environment: ["COLUMNS": nil]).stdout
        #expect(
            screen == """
                OVERVIEW: Back up a database into one file that unzip and psql can read.

                The file gets its name when it is complete and synced to disk; its path is
                printed on standard output. All rows are from the same moment, and reading and
                writing continue meanwhile.

                Examples:
                  granary backup
                  granary backup --output shop.zip --exclude-table-data audit.events
                  granary backup --schema user_service --jobs 4
                  granary backup --recipient age1… --recipient age1…
                  granary backup --output s3://backups/shop/
                  granary backup --prune --keep-daily 7 --keep-weekly 4
                  granary backup --all-databases --output /var/backups/shop
                  granary backup --output - | ssh vault 'cat > shop.zip'

                Every option has a variable: GRANARY_ and its name, such as GRANARY_JSON=1 for
                --json; values of repeated options are separated by commas.

                USAGE: granary backup [<options>]

                WHERE TO:
                  -o, --output <file|->   The file, or s3://…; - is standard output, .sql and
                                          .sql.gz are plain dumps, .age follows if encrypted
                                          (default: a new file in --backups).
                  --format <zip|sql>      The format; otherwise the file name decides. (values:
                                          zip, sql)
                  --force                 Replace the file if it exists.
                  --backups <folder>      The folder of backups. (default: backups)
                  --migrations <folder>   A folder of migrations to store, if it exists
                                          (default: migrations).

                INTO A BUCKET:
                  --part-size <size>      The size of the parts of the upload; else 16 MiB, and
                                          more for backups over 120 GB.
                  --storage-class <name>  The storage class, such as STANDARD_IA.
                  --sse <name>            Encryption by the store, such as AES256 or aws:kms.
                  --sse-kms-key <id>      The key of aws:kms.
                  --lock-until <YYYY-MM-DD>
                                          Nobody can delete the backup before this day (Object
                                          Lock).
                  --lock-mode <lock-mode> Whether a special permission can end that early.
                                          (values: governance, compliance; default: governance)
                  --abort-after <time>    Abort unfinished uploads of other machines that are
                                          older. (default: 24h)

                WHO CAN READ IT:
                  --recipient <recipient> Encrypt with age for this recipient, age1…;
                                          repeatable.
                  --recipients-file <file>
                                          Encrypt for the recipients in this file, one a line.
                  --passphrase            Encrypt with a passphrase, which is asked for.

                WHAT TO BACK UP:
                  --service <name>        The schemas of this service.
                  --schema <name>         Only this schema; repeatable, and a pattern, as all
                                          that follow.
                  --table <table>         Only this table; repeatable.
                  --exclude-schema <name> Not this schema; repeatable.
                  --exclude-table <table> Not this table; repeatable.
                  --exclude-table-data <table>
                                          This table without its rows; repeatable.
                  --with-secrets          Keep passwords of user mappings and subscriptions.
                  --with-role-passwords   Keep SCRAM verifiers of the roles; needs a superuser.

                ALL DATABASES:
                  --all-databases         Every database of the server, each in its own file,
                                          and the roles.
                  --exclude-database <name>
                                          With --all-databases: not this database; repeatable,
                                          and a pattern.

                HOW:
                  -j, --jobs <n>          The number of workers; else one per core, 8 at most.
                  --compress <0…12>       0 stores, 1 is fast, 12 is small. (default: 1)
                  --engine <name>         libdeflate, igzip (0…3) or zlib (0…9); else igzip at
                                          1 if built in. (values: deflate, igzip, zlib)
                  --lock-timeout <time>   How long to wait for a locked table. (default: 60s)

                WHICH OLDER BACKUPS TO DELETE:
                  --prune                 Once it is whole, delete older ones of this database
                                          that these options do not keep, or else "keep" of the
                                          environment.
                  --keep-last <n>         Keep the newest n. (default: 0)
                  --keep-hourly <n>       Keep the last of each of n hours. (default: 0)
                  --keep-daily <n>        Keep the last of each of n days. (default: 0)
                  --keep-weekly <n>       Keep the last of each of n weeks. (default: 0)
                  --keep-monthly <n>      Keep the last of each of n months. (default: 0)
                  --keep-yearly <n>       Keep the last of each of n years. (default: 0)
                  --keep-within <time>    Keep all that are not older, as 14d, 2w or 36h.

                WHO IS TOLD:
                  --ping <url>            Tell this URL of start, success and failure, as
                                          healthchecks does.
                  --metrics <file>        Write figures of the run for Prometheus into this
                                          file.
                  --on-success <command>  Run this shell command after a success, with the JSON
                                          document.
                  --on-failure <command>  Run this shell command after a failure, with the JSON
                                          document.

                OPTIONS:
                  --state-schema <name>   The schema of granary's own tables. (default: granary)
                  --version               Show the version.
                  -h, --help              Show help information.

                BUCKETS:
                  --s3-endpoint <url>     The server of s3:// addresses, if it is not Amazon's.
                  --s3-style <path|virtual>
                                          Where requests name the bucket; else in the path if
                                          there is an endpoint. (values: path, virtual)
                  --s3-insecure           Accept an endpoint with plain http.

                WHICH DATABASE:
                  --database-url <url>    The database; else DATABASE_URL, DATABASE_HOST …,
                                          PGHOST ….
                  --local                 Use this folder's local server; create it if there is
                                          none.
                  --wait <time>           How long to wait for a server that is starting:
                                          500ms, 60s, 2m.
                  --env <name>            The environment; else ENV, APP_ENV.
                  --postgres-bin <folder> The folder of PostgreSQL's programs; else PATH is
                                          searched.

                OUTPUT:
                  --json                  Print one JSON document on standard output, failures
                                          too.
                  -q, --quiet             Print only results and errors.
                  -v, --verbose           Print more: a line for each table, and the log.
                  --log-format <text|json>
                                          The format of standard error. (values: text, json;
                                          default: text)
                  --no-color              Use no colors; NO_COLOR does the same.

                """
        )
    }

    @Test func theScreenOfVerify() async throws {
        let screen = try await runCommand(granaryBinary(), ["verify", "--help"], environment: ["COLUMNS": nil]).stdout
        #expect(
            screen == """
                OVERVIEW: Read a whole backup and check that it is undamaged; needs no server.

                Of an archive every member's checksum, every chunk's SHA-256, every table's
                rows and digest are computed anew. A plain dump has no checksums: of it is
                checked that the text, its rows and the closing line of pg_dump are whole. Of
                an archive of pg_dump all data are unpacked and the rows counted. The report of
                a drill is compared with its seal. The exit code 2 means damage.

                Examples:
                  granary verify backups/shop-20261123T071500Z.zip
                  granary verify dump.sql.gz

                Every option has a variable: GRANARY_ and its name, such as GRANARY_JSON=1 for
                --json; values of repeated options are separated by commas.

                USAGE: granary verify [<options>] <file|->

                ARGUMENTS:
                  <file|->                A backup, or a dump of pg_dump in any format; - is
                                          standard input. --backups is searched, too.

                OPTIONS:
                  --backups <folder>      The folder of backups. (default: backups)
                  --identity <file>       A file with an identity of age, for an encrypted
                                          backup; repeatable.
                  -j, --jobs <n>          The number of workers; else one per core, 8 at most.
                  --version               Show the version.
                  -h, --help              Show help information.

                BUCKETS:
                  --s3-endpoint <url>     The server of s3:// addresses, if it is not Amazon's.
                  --s3-style <path|virtual>
                                          Where requests name the bucket; else in the path if
                                          there is an endpoint. (values: path, virtual)
                  --s3-insecure           Accept an endpoint with plain http.

                OUTPUT:
                  --json                  Print one JSON document on standard output, failures
                                          too.
                  -q, --quiet             Print only results and errors.
                  -v, --verbose           Print more: a line for each table, and the log.
                  --log-format <text|json>
                                          The format of standard error. (values: text, json;
                                          default: text)
                  --no-color              Use no colors; NO_COLOR does the same.

                """
        )
    }

    @Test func theScreenOfRestore() async throws {
        let screen = try await runCommand(granaryBinary(), ["restore", "--help"], environment: ["COLUMNS": nil]).stdout
        #expect(
            screen == """
                OVERVIEW: Restore a database from a backup, completely or not at all.

                The backup is loaded into a new database beside the target and counted, and two
                renames put it in the target's place. The old database is kept under another
                name; --kept lists those. If anything fails, the target is unchanged.

                Examples:
                  granary restore backups/shop-20261123T071500Z.zip --plan
                  granary restore backups/shop-20261123T071500Z.zip
                  granary restore shop.zip --into shop_yesterday
                  granary restore shop.zip --table public.orders=orders_yesterday
                  granary restore dump.sql.gz --database-url postgresql:///shop
                  zstd -dc dump.sql.zst | granary restore - --into shop_yesterday
                  granary restore --drop-kept shop_before_20261123T071500Z

                Every option has a variable: GRANARY_ and its name, such as GRANARY_JSON=1 for
                --json; values of repeated options are separated by commas.

                USAGE: granary restore [<options>] [<file|->]

                ARGUMENTS:
                  <file|->                A backup, or a dump of pg_dump in any format; - is
                                          standard input. --backups is searched, too.

                WHERE TO:
                  --into <database>       Restore into this database instead.
                  --in-place              Restore inside the database, in one transaction;
                                          needs no CREATEDB.
                  --drop-old              Drop the old database after the swap.
                  --kept                  List the old databases that restores of this target
                                          have kept.
                  --drop-kept             Drop the kept database that is named instead of a
                                          file; list them without a name.
                  --force                 End the sessions that are connected to the target.
                  --confirm <database>    Refuse unless this is the target.
                  --from <env>            Refuse unless the backup is of this environment, or
                                          unknown.
                  --trust                 Run the code in another installation's backup:
                                          functions, triggers, extensions.
                  --maintenance-db <database>
                                          Where to connect during the swap; else postgres,
                                          template1.

                WHAT TO RESTORE:
                  --schema <name>         Only this schema; repeatable, and a pattern, as all
                                          that follow.
                  --table <table[=new]>   Only this table, or under a new name; repeatable.
                  --exclude-schema <name> Not this schema; repeatable.
                  --exclude-table <table> Not this table; repeatable.
                  --exclude-table-data <table>
                                          This table without its rows; repeatable.
                  --rows <missing|replace>
                                          Only rows: add those with missing keys, or replace
                                          all. (values: missing, replace)
                  --data-only             Only rows, into existing tables.
                  --if-empty              With --data-only: refuse if a table holds rows, and
                                          empty no table.
                  --with-subscriptions    Restore subscriptions too.

                HOW:
                  -j, --jobs <n>          The number of workers; else one per core, 8 at most.
                  --no-owner              The role that restores owns everything.
                  --role-map <old=new>    Replace a role of the backup by another; repeatable.
                  --roles                 Create the roles of the backup that the server lacks.
                  --no-privileges         Grant nothing, and take no rights away.
                  --no-tablespaces        Everything goes into the default tablespace.
                  --database <name>       Of a plain dump of several databases, the one to
                                          restore.
                  --encoding <name>       The encoding of a plain dump that does not say its
                                          own.
                  --allow-invalid         Leave constraints that rows violate NOT VALID, and
                                          list them.
                  --keep-going            Leave out what cannot be made and holds no rows, and
                                          list it.
                  --allow-incomplete      Restore a plain dump that is cut off, or may be.
                  --no-analyze            Skip ANALYZE at the end.

                OPTIONS:
                  --plan, --dry-run       Show what would happen, and change nothing.
                  --backups <folder>      The folder of backups. (default: backups)
                  --migrations <folder>   The folder with environments.json. (default:
                                          migrations)
                  --identity <file>       A file with an identity of age, for an encrypted
                                          backup; repeatable.
                  --state-schema <name>   The schema of granary's own tables. (default: granary)
                  --version               Show the version.
                  -h, --help              Show help information.

                BUCKETS:
                  --s3-endpoint <url>     The server of s3:// addresses, if it is not Amazon's.
                  --s3-style <path|virtual>
                                          Where requests name the bucket; else in the path if
                                          there is an endpoint. (values: path, virtual)
                  --s3-insecure           Accept an endpoint with plain http.

                WHICH DATABASE:
                  --database-url <url>    The database; else DATABASE_URL, DATABASE_HOST …,
                                          PGHOST ….
                  --local                 Use this folder's local server; create it if there is
                                          none.
                  --wait <time>           How long to wait for a server that is starting:
                                          500ms, 60s, 2m.
                  --env <name>            The environment; else ENV, APP_ENV.
                  --postgres-bin <folder> The folder of PostgreSQL's programs; else PATH is
                                          searched.

                OUTPUT:
                  --json                  Print one JSON document on standard output, failures
                                          too.
                  -q, --quiet             Print only results and errors.
                  -v, --verbose           Print more: a line for each table, and the log.
                  --log-format <text|json>
                                          The format of standard error. (values: text, json;
                                          default: text)
                  --no-color              Use no colors; NO_COLOR does the same.

                """
        )
    }

    @Test func theScreenOfServerStart() async throws {
        let screen = try await runCommand(
            granaryBinary(),
            ["server", "start", "--help"],
            environment: ["COLUMNS": nil]
        ).stdout
        #expect(
            screen == """
                OVERVIEW: Start the server of this folder, and create it if it does not exist;
                print its URL.

                Example:
                  export DATABASE_URL=$(granary server start)

                Every option has a variable: GRANARY_ and its name, such as GRANARY_JSON=1 for
                --json; values of repeated options are separated by commas.

                USAGE: granary server start [<options>]

                OPTIONS:
                  --postgres-bin <folder> The folder of PostgreSQL's programs; else PATH is
                                          searched.
                  --version               Show the version.
                  -h, --help              Show help information.

                COMMON OPTIONS (granary help status explains them):
                  --json --quiet --verbose --log-format <text|json> --no-color

                """
        )
    }
}
