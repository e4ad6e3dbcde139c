package import ArgumentParser

/// `granary drill`.
package struct DrillCommand: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "drill",
        abstract: "Rehearse a restore, and check what was restored.",
        discussion: """
            The backup is restored on a temporary server, which is deleted afterwards. Then the digests of all rows \
            are compared with those of the backup; sequences, constraints and indexes are checked. The report tells \
            how old the backup is (RPO) and how long the restore took (RTO). The exit code 2 means that the drill \
            found something; any other than 0 means that it could not be done.

            Examples:
              granary drill
              granary drill --max-age 26h --report drill.md
              granary drill shop.zip --migrate --smoke smoke

            \(variablesHelp)
            """
    )

    @OptionGroup(title: "Which backup") package var subject: Subject
    @OptionGroup(title: "Where") package var place: Place
    @OptionGroup(title: "What else to check") package var checks: Checks
    @OptionGroup(title: "Who is told") package var notice: NoticeOptions
    @OptionGroup(title: "Which service") package var service: ServiceOptions
    @OptionGroup(title: "Output") package var speech: OutputOptions

    package struct Subject: ParsableArguments {
        @Argument(
            help: ArgumentHelp(
                "A backup, or a dump of pg_dump in any format; --backups is searched, too.",
                valueName: "file"
            ),
            completion: .backup(".zip", ".sql", ".sql.gz", ".dump", ".tar", ".age")
        )
        package var file: String?

        @Flag(name: .long, help: "The newest backup in --backups; the default without a file.")
        package var latest = false

        @Option(name: .long, help: ArgumentHelp("The folder of backups.", valueName: "folder"), completion: .directory)
        package var backups = "backups"

        @OptionGroup package var keys: KeyOptions
        @OptionGroup package var store: StoreOptions

        @Flag(name: .long, help: "Run the code of a backup without a known seal.") package var trust = false

        @Option(name: .long, help: ArgumentHelp("An older backup is a finding: 26h, 7d.", valueName: "time"))
        package var maxAge: DurationArgument?

        package init() {}
    }

    package struct Place: ParsableArguments {
        @Option(
            name: .long,
            help: ArgumentHelp("Restore into a database of its own on this server.", valueName: "url")
        )
        package var server: String?

        @Flag(name: .long, help: "Restore into a database of its own on this folder's local server.")
        package var local = false

        @Flag(name: .long, help: "Permit the server that was backed up, and one of which that is unknown.")
        package var sameServer = false

        @Flag(name: .long, help: "Keep the restored database if something was found.")
        package var keepOnFailure = false

        @OptionGroup package var programs: ProgramOptions
        @OptionGroup package var workers: JobsOption

        package init() {}
    }

    package struct Checks: ParsableArguments {
        @Flag(name: .long, help: "Compare the numbers of rows instead of their digests.") package var quick = false

        @Option(
            name: .long,
            help: ArgumentHelp("A folder of queries; a returned row is a finding.", valueName: "folder"),
            completion: .directory
        )
        package var smoke: String?

        @Flag(name: .long, help: "Apply the pending migrations to the copy, and time them.") package var migrate = false

        @Option(
            name: .long,
            help: ArgumentHelp("Write the report to a file: .json, .md, or else text.", valueName: "file"),
            completion: .file(extensions: ["json", "md", "txt"])
        )
        package var report: String?

        package init() {}
    }

    package var reportsDeeds: Bool { true }
    package init() {}

    package mutating func validate() throws {
        // A variable may be meant for runs without a file.
        if subject.latest, subject.file != nil, OptionVariables.used["latest"] == nil {
            throw ValidationError("--latest and a file contradict each other")
        }
        if place.local, place.server != nil { throw ValidationError("--local and --server contradict each other") }
        if subject.file == "-" { throw ValidationError("a drill reads the file more than once, so it takes no pipe") }
    }
}
