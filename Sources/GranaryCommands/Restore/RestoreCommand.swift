package import ArgumentParser
package import Restore

/// `granary restore`.
package struct RestoreCommand: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Restore a database from a backup, completely or not at all.",
        discussion: """
            The backup is loaded into a new database beside the target and counted, and two renames put it in the \
            target's place. The old database is kept under another name; --kept lists those. If anything fails, the \
            target is unchanged.

            Examples:
              granary restore backups/shop-20261123T071500Z.zip --plan
              granary restore backups/shop-20261123T071500Z.zip
              granary restore shop.zip --into shop_yesterday
              granary restore shop.zip --table public.orders=orders_yesterday
              granary restore dump.sql.gz --database-url postgresql:///shop
              zstd -dc dump.sql.zst | granary restore - --into shop_yesterday
              granary restore --drop-kept shop_before_20261123T071500Z

            \(variablesHelp)
            """
    )

    /// Empty if there is none, which only `--kept` and `--drop-kept` allow.
    @Argument(
        help: ArgumentHelp(
            "A backup, or a dump of pg_dump in any format; - is standard input. --backups is searched, too.",
            valueName: "file|-"
        ),
        completion: .backup(".zip", ".sql", ".sql.gz", ".dump", ".tar", ".age")
    )
    package var file = ""

    @Flag(name: .plan, help: "Show what would happen, and change nothing.")
    package var plan = false

    @Option(name: .long, help: ArgumentHelp("The folder of backups.", valueName: "folder"), completion: .directory)
    package var backups = "backups"

    @Option(
        name: .long,
        help: ArgumentHelp("The folder with environments.json.", valueName: "folder"),
        completion: .directory
    )
    package var migrations = "migrations"

    @OptionGroup package var keys: KeyOptions
    @OptionGroup(title: "Buckets") package var store: StoreOptions
    @OptionGroup package var state: StateOptions
    @OptionGroup(title: "Where to") package var target: Target
    @OptionGroup(title: "What to restore") package var selection: Selection
    @OptionGroup(title: "How") package var manner: Manner
    @OptionGroup(title: "Which database") package var database: DatabaseOptions
    @OptionGroup(title: "Output") package var speech: OutputOptions

    package struct Target: ParsableArguments {
        @Option(name: .long, help: ArgumentHelp("Restore into this database instead.", valueName: "database"))
        package var into: String?

        @Flag(name: .long, help: "Restore inside the database, in one transaction; needs no CREATEDB.")
        package var inPlace = false

        @Flag(name: .long, help: "Drop the old database after the swap.")
        package var dropOld = false

        @Flag(name: .long, help: "List the old databases that restores of this target have kept.")
        package var kept = false

        @Flag(name: .long, help: "Drop the kept database that is named instead of a file; list them without a name.")
        package var dropKept = false

        @Flag(name: .long, help: "End the sessions that are connected to the target.")
        package var force = false

        @Option(name: .long, help: ArgumentHelp("Refuse unless this is the target.", valueName: "database"))
        package var confirm: String?

        @Option(
            name: .long,
            help: ArgumentHelp("Refuse unless the backup is of this environment, or unknown.", valueName: "env")
        )
        package var from: String?

        @Flag(name: .long, help: "Run the code in another installation's backup: functions, triggers, extensions.")
        package var trust = false

        @Option(
            name: .long,
            help: ArgumentHelp("Where to connect during the swap; else postgres, template1.", valueName: "database")
        )
        package var maintenanceDb: String?

        package init() {}
    }

    package struct Selection: ParsableArguments {
        @Option(
            name: .long,
            help: ArgumentHelp("Only this schema; repeatable, and a pattern, as all that follow.", valueName: "name")
        )
        package var schema: [String] = []

        @Option(
            name: .long,
            help: ArgumentHelp("Only this table, or under a new name; repeatable.", valueName: "table[=new]")
        )
        package var table: [TableArgument] = []

        @Option(name: .long, help: ArgumentHelp("Not this schema; repeatable.", valueName: "name"))
        package var excludeSchema: [String] = []

        @Option(name: .long, help: ArgumentHelp("Not this table; repeatable.", valueName: "table"))
        package var excludeTable: [String] = []

        @Option(name: .long, help: ArgumentHelp("This table without its rows; repeatable.", valueName: "table"))
        package var excludeTableData: [String] = []

        @Option(
            name: .long,
            help: ArgumentHelp("Only rows: add those with missing keys, or replace all.", valueName: "missing|replace")
        )
        package var rows: RestoreOptions.Rows?

        @Flag(name: .long, help: "Only rows, into existing tables.")
        package var dataOnly = false

        @Flag(name: .long, help: "With --data-only: refuse if a table holds rows, and empty no table.")
        package var ifEmpty = false

        @Flag(name: .long, help: "Restore subscriptions too.")
        package var withSubscriptions = false

        package init() {}
    }

    package struct Manner: ParsableArguments {
        @OptionGroup package var workers: JobsOption

        @Flag(name: .long, help: "The role that restores owns everything.")
        package var noOwner = false

        @Option(
            name: .long,
            help: ArgumentHelp("Replace a role of the backup by another; repeatable.", valueName: "old=new")
        )
        package var roleMap: [RoleArgument] = []

        @Flag(name: .long, help: "Create the roles of the backup that the server lacks.")
        package var roles = false

        @Flag(name: .long, help: "Grant nothing, and take no rights away.")
        package var noPrivileges = false

        @Flag(name: .long, help: "Everything goes into the default tablespace.")
        package var noTablespaces = false

        @Option(
            name: .long,
            help: ArgumentHelp("Of a plain dump of several databases, the one to restore.", valueName: "name")
        )
        package var database: String?

        @Option(
            name: .long,
            help: ArgumentHelp("The encoding of a plain dump that does not say its own.", valueName: "name")
        )
        package var encoding: String?

        @Flag(name: .long, help: "Leave constraints that rows violate NOT VALID, and list them.")
        package var allowInvalid = false

        @Flag(name: .long, help: "Leave out what cannot be made and holds no rows, and list it.")
        package var keepGoing = false

        @Flag(name: .long, help: "Restore a plain dump that is cut off, or may be.")
        package var allowIncomplete = false

        @Flag(name: .long, help: "Skip ANALYZE at the end.")
        package var noAnalyze = false

        package init() {}
    }

    package var reportsDeeds: Bool { !plan && speech.json }
    package var readsStandardInput: Bool { file == RestoreFile.standardInput }
    package init() {}
}
