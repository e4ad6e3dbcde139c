/// Facts for granary(1) that the parser does not have.
package enum ManualFacts {
    package struct Fact: Sendable {
        package var name: String
        package var text: String
    }

    static let description = [
        """
        granary works on one PostgreSQL database that a service owns. A backup is an ordinary ZIP file of SQL and COPY \
        text with checksums for everything in it, made in parallel from one moment of the database; unzip and psql \
        recover it without granary. A restore loads it into a new database beside the old one, counts it and swaps the \
        two, or leaves everything as it was. Migrations change the schema and stand in a ledger in the database; seeds \
        bring the rows that an environment starts with.
        """,
        """
        The database is the first of these that is given: --database-url, DATABASE_URL, DATABASE_HOST and the variables \
        beside it, libpq's own variables, the local server of this folder. Which one was taken is said on standard \
        error. Where there is none, the command fails.
        """,
        """
        The database says itself which environment it is. A command that writes refuses, with the exit status 3, where \
        another one was chosen.
        """,
        "Results go to standard output, everything else to standard error.",
    ]

    package static let variables: [Fact] = [
        Fact(name: "DATABASE_URL", text: "The database, as postgresql://user@host:port/name."),
        Fact(
            name: "DATABASE_HOST, DATABASE_PORT, DATABASE_USER, DATABASE_PASSWORD, DATABASE_NAME, DATABASE_SSL_MODE",
            text: "The database, in parts, if DATABASE_URL is not set."
        ),
        Fact(
            name: "PGHOST, PGPORT, PGUSER, PGDATABASE, PGSERVICE, PGPASSFILE, ...",
            text: "The variables of libpq, if none of the above is set."
        ),
        Fact(name: "GRANARY_ENV, ENV, APP_ENV", text: "The environment; ENV only if it names a declared one."),
        Fact(name: "SERVICE_NAME", text: "The service, if --service is not given."),
        Fact(name: "GRANARY_ACTOR", text: "Who migrates, in the log of migrations; else the account's name."),
        Fact(
            name: "GRANARY_ARCHIVE_KEY",
            text: "The secret that seals archives, at least 32 characters, if several machines share one."
        ),
        Fact(
            name: "GRANARY_AGE_IDENTITY, GRANARY_AGE_IDENTITY_FILE",
            text: "An identity of age that opens encrypted backups, or a file with identities, besides --identity."
        ),
        Fact(
            name: "GRANARY_PASSPHRASE_FILE",
            text: "A file whose first line is the passphrase of encrypted backups; else it is asked for."
        ),
        Fact(
            name: "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_PROFILE, AWS_REGION, ...",
            text: "Credentials and the region for s3:// addresses, as for the AWS CLI."
        ),
        Fact(
            name: "AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_CA_BUNDLE, HTTPS_PROXY, NO_PROXY",
            text: "The server of s3:// addresses, its certificates, and the way to it."
        ),
        Fact(
            name: "XDG_STATE_HOME",
            text: "The folder for the list of unfinished uploads, granary/; else ~/.local/state."
        ),
        Fact(name: "GRANARY_MAKE_VARIABLES", text: "Set by granary.mk, so that hints name variables of make."),
        Fact(name: "GRANARY_SERVER_FOLDER", text: "Where root's local servers are; else /var/lib/granary."),
        Fact(
            name: "PATH",
            text: """
                Where PostgreSQL's programs are sought, unless --postgres-bin names their folder; after it the usual \
                folders of distributions, the newest version first.
                """
        ),
        Fact(
            name: "NO_COLOR, TERM",
            text: "No colors if NO_COLOR is not empty; no redrawn lines if TERM is dumb."
        ),
        Fact(
            name: "GITHUB_WORKSPACE",
            text: "The workspace of a workflow: paths in annotations of granary validate are relative to it."
        ),
        Fact(name: "XDG_RUNTIME_DIR", text: "The folder for the sockets of local servers."),
        Fact(
            name: "XDG_CONFIG_HOME",
            text: """
                The folder for the key of this installation, granary/archive.key, and for its identity, \
                granary/identity.txt; else ~/.config.
                """
        ),
        Fact(name: "TMPDIR", text: "The folder for the temporary copy of a backup read from a pipe; else /var/tmp."),
        Fact(
            name: "XDG_CACHE_HOME, HOME",
            text: "The folder for the private servers of granary validate and granary drill; else ~/.cache."
        ),
        Fact(name: "USER", text: "The database and the user if nothing else names them."),
        Fact(name: "SOURCE_DATE_EPOCH", text: "The date of the manual pages that are written at installation."),
    ]

    static let files: [Fact] = [
        Fact(name: "backups/", text: "New backups; backups given by name are searched there too."),
        Fact(
            name: "migrations/",
            text: """
                Pairs of files, VERSION_name.up.sql and VERSION_name.down.sql; an environment's own in a folder of its \
                name; templates for new ones in templates/.
                """
        ),
        Fact(name: "migrations/environments.json", text: "The environments and their rules."),
        Fact(name: "migrations/dependencies.json", text: "Dependencies, risk, approvals."),
        Fact(name: "seeds/", text: "The rows of common/ and of each environment, with lists of tables in seeds.yaml."),
        Fact(name: "granary.mk", text: "The db-* targets, to be included by a Makefile."),
        Fact(name: ".granary/", text: "The record of this folder's local server, and its data."),
        Fact(
            name: "~/.config/granary/archive.key",
            text: "The key that seals this installation's archives; the first backup creates it."
        ),
        Fact(
            name: "~/.config/granary/identity.txt",
            text: "The identity that opens encrypted backups, if none is named; granary key new creates it."
        ),
        Fact(name: "/var/lib/granary/", text: "The data of local servers that root has started."),
    ]

    static let examples: [(text: String, lines: [String])] = [
        (
            "A database through its life, from nothing:",
            [
                "granary init", "granary server start", "granary migrate generate add_users --type table",
                "granary migrate up", "granary seed --generate '*' --rows 1000", "granary backup",
            ]
        ),
        (
            "What a backup holds, without granary:",
            ["unzip -p shop.zip README.txt"]
        ),
    ]

    static let others = ["psql", "pg_dump", "unzip", "age"]

    /// The manual pages that a command's page refers to.
    static let related: [String: [String]] = [
        "backup": ["granary-verify", "granary-restore", "granary-backups", "pg_dump"],
        "verify": ["granary-backup", "granary-backups"],
        "restore": ["granary-backup", "granary-verify", "pg_restore"],
        "drill": ["granary-backup", "granary-verify", "granary-restore"],
        "backups": ["granary-backup", "granary-verify"],
        "key": ["granary-backup", "granary-verify", "granary-restore", "age"],
        "migrate": ["granary-validate", "granary-reset", "granary-env"],
        "validate": ["granary-migrate", "granary-seed"],
        "reset": ["granary-migrate", "granary-seed", "granary-clean"],
        "seed": ["granary-clean", "granary-reset"],
        "clean": ["granary-seed", "granary-restore"],
        "tables": ["granary-counts", "granary-schema"],
        "counts": ["granary-tables", "granary-backups"],
        "schema": ["granary-tables"],
        "env": ["granary-init", "granary-doctor"],
        "init": ["granary-env", "granary-migrate"],
        "server": ["granary-doctor", "psql", "initdb"],
        "doctor": ["granary-env", "granary-server"],
    ]
}
