package import ArgumentParser
package import Restore

/// `granary restore`.
package struct RestoreCommand: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Restore a database from a backup, or leave it as it is.",
        discussion: """
            The backup is loaded into a new database beside the target, counted, and put in its place by two renames; \
            the old database is kept under another name. If anything fails, the target is as it was.

            Examples:
              granary restore backups/shop-20261123T071500Z.zip --plan
              granary restore backups/shop-20261123T071500Z.zip
              granary restore shop.zip --into shop_yesterday
              granary restore shop.zip --table public.orders=orders_yesterday
              granary restore dump.sql.gz --database-url postgresql:///shop

            \(variablesHelp)
            """
    )

    @Argument(
        help: ArgumentHelp("A backup, or a plain dump (.sql, .sql.gz); sought in --backups too.", valueName: "file"),
        completion: .backup(".zip", ".sql", ".sql.gz", ".dump", ".tar")
    )
    package var file: String

    @Flag(name: .long, help: "Tell what would happen, and change nothing.")
    package var plan = false

    @Option(name: .long, help: ArgumentHelp("The folder of backups.", valueName: "folder"), completion: .directory)
    package var backups = "backups"

    @Option(
        name: .long,
        help: ArgumentHelp("The folder with environments.json.", valueName: "folder"),
        completion: .directory
    )
    package var migrations = "migrations"

    @OptionGroup package var state: StateOptions
    @OptionGroup(title: "Where to") package var target: Target
    @OptionGroup(title: "What to restore") package var selection: Selection
    @OptionGroup(title: "How") package var manner: Manner
    @OptionGroup(title: "Which database") package var database: DatabaseOptions
    @OptionGroup(title: "Output") package var speech: OutputOptions

    package struct Target: ParsableArguments {
        @Option(name: .long, help: ArgumentHelp("A database of this name instead.", valueName: "database"))
        package var into: String?

        @Flag(name: .long, help: "In the database itself, in one transaction; needs no CREATEDB.")
        package var inPlace = false

        @Flag(name: .long, help: "Drop the old database after the swap.")
        package var dropOld = false

        @Flag(name: .long, help: "End the sessions that are connected to the target.")
        package var force = false

        @Option(name: .long, help: ArgumentHelp("Refuse unless this is the target.", valueName: "database"))
        package var confirm: String?

        @Option(
            name: .long,
            help: ArgumentHelp("Refuse unless the backup is of this environment, or unknown.", valueName: "env")
        )
        package var from: String?

        @Flag(name: .long, help: "Run what another installation's backup brings: functions, triggers, extensions.")
        package var trust = false

        @Option(
            name: .long,
            help: ArgumentHelp("Where to connect during the swap; else postgres, template1.", valueName: "database")
        )
        package var maintenanceDb: String?

        package init() {}
    }

    package struct Selection: ParsableArguments {
        @Option(name: .long, help: ArgumentHelp("Only this schema; repeatable.", valueName: "name"))
        package var schema: [String] = []

        @Option(
            name: .long,
            help: ArgumentHelp("Only this table, or under a new name; repeatable.", valueName: "table[=new]")
        )
        package var table: [TableArgument] = []

        @Option(
            name: .long,
            help: ArgumentHelp("Rows only: those whose key is missing, or all anew.", valueName: "missing|replace")
        )
        package var rows: RestoreOptions.Rows?

        @Flag(name: .long, help: "Rows only, into the tables that are there.")
        package var dataOnly = false

        @Flag(name: .long, help: "With --data-only: refuse if a table holds rows, and empty none.")
        package var ifEmpty = false

        @Flag(name: .long, help: "Restore subscriptions too.")
        package var withSubscriptions = false

        package init() {}
    }

    package struct Manner: ParsableArguments {
        @OptionGroup package var workers: JobsOption

        @Flag(name: .long, help: "Everything belongs to the role that restores.")
        package var noOwner = false

        @Option(
            name: .long,
            help: ArgumentHelp("A role of the backup, and the one to use; repeatable.", valueName: "old=new")
        )
        package var roleMap: [RoleArgument] = []

        @Flag(name: .long, help: "Leave constraints that rows violate NOT VALID, and list them.")
        package var allowInvalid = false

        @Flag(name: .long, help: "Restore a plain dump that is cut off, or does not tell whether it is whole.")
        package var allowIncomplete = false

        @Flag(name: .long, help: "Skip ANALYZE at the end.")
        package var noAnalyze = false

        package init() {}
    }

    package var reportsDeeds: Bool { !plan && speech.json }
    package init() {}
}
