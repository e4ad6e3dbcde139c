package import ArgumentParser

/// `granary clean`.
package struct CleanCommand: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "clean",
        abstract: "Empty the tables of a service, and keep the schema.",
        discussion: """
            First it shows which tables lose how many rows, including tables elsewhere that refer to them. Then it \
            makes a backup of the rows, and at the end it prints the command that restores them. Ledgers of \
            migrators, tables of extensions and tables that seeds.yaml protects are left alone. Production is never \
            cleaned.

            Examples:
              granary clean --plan
              granary clean --confirm shop
              granary clean --keep user_service.roles --keep-reference

            \(variablesHelp)
            """
    )

    @Flag(name: .plan, help: "Show what would happen, and change nothing.")
    package var plan = false

    @OptionGroup(title: "What to clean") package var selection: Selection
    @OptionGroup(title: "How") package var manner: Manner
    @OptionGroup(title: "Which service") package var service: ServiceOptions
    @OptionGroup(title: "Which database") package var database: DatabaseOptions
    @OptionGroup(title: "Output") package var speech: OutputOptions

    package struct Selection: ParsableArguments {
        @Option(name: .long, help: ArgumentHelp("This schema instead of the service's; repeatable.", valueName: "name"))
        package var schema: [String] = []

        @Flag(name: .long, help: "All schemas of the database.")
        package var all = false

        @Option(
            name: .long,
            help: ArgumentHelp("Leave this table alone; * for any characters; repeatable.", valueName: "table")
        )
        package var keep: [String] = []

        @Flag(name: .long, help: "Leave the tables under reference: in seeds.yaml alone.")
        package var keepReference = false

        @Option(
            name: .long,
            help: ArgumentHelp("The folder with seeds.yaml (default: seeds).", valueName: "folder"),
            completion: .directory
        )
        package var seeds: String?

        package init() {}

        package mutating func validate() throws {
            if all && !schema.isEmpty { throw ValidationError("--all and --schema contradict each other") }
        }
    }

    package struct Manner: ParsableArguments {
        @Option(
            name: .long,
            help: ArgumentHelp("Do not ask, if this is the database.", valueName: "database")
        )
        package var confirm: String?

        @Flag(name: .long, help: "Make no backup first.")
        package var noUndo = false

        @Option(
            name: .long,
            help: ArgumentHelp("Refuse to clean more than this without --no-undo.", valueName: "size")
        )
        package var undoLimit = ByteCountArgument(1_000_000_000)

        @Option(
            name: .long,
            help: ArgumentHelp("The folder of backups (default: backups).", valueName: "folder"),
            completion: .directory
        )
        package var backups: String?

        @OptionGroup(title: "Into a bucket") package var upload: UploadOptions
        @OptionGroup(title: "Buckets") package var store: StoreOptions

        @Option(name: .long, help: ArgumentHelp("How long to wait for each lock.", valueName: "time"))
        package var lockTimeout = DurationArgument(.seconds(10))

        package init() {}

        package mutating func validate() throws {
            if confirm?.isEmpty == true { throw ValidationError("--confirm is empty") }
        }
    }

    package var reportsDeeds: Bool { !plan }
    package init() {}
}
