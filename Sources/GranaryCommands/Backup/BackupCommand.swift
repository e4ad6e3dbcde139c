internal import Archive
package import ArgumentParser

/// `granary backup`.
package struct BackupCommand: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Back up a database into one file that unzip and psql can read.",
        discussion: """
            The file gets its name when it is complete and synced to disk; its path is printed on standard output. \
            All rows are from the same moment, and reading and writing continue meanwhile.

            Examples:
              granary backup
              granary backup --output shop.zip --exclude-table-data audit.events
              granary backup --schema user_service --jobs 4
              granary backup --recipient age1… --recipient age1…
              granary backup --output s3://backups/shop/
              granary backup --prune --keep-daily 7 --keep-weekly 4
              granary backup --all-databases --output /var/backups/shop
              granary backup --output - | ssh vault 'cat > shop.zip'

            \(variablesHelp)
            """
    )

    @OptionGroup(title: "Where to") package var destination: Destination
    @OptionGroup(title: "Into a bucket") package var upload: UploadOptions
    @OptionGroup(title: "Buckets") package var store: StoreOptions
    @OptionGroup(title: "Who can read it") package var encryption: EncryptionOptions
    @OptionGroup(title: "What to back up") package var selection: Selection
    @OptionGroup(title: "All databases") package var server: ServerSelection
    @OptionGroup(title: "How") package var packing: Packing
    @OptionGroup(title: "Which older backups to delete") package var pruning: PruneAfterBackup
    @OptionGroup(title: "Who is told") package var notice: NoticeOptions
    @OptionGroup(title: "Which database") package var database: DatabaseOptions
    @OptionGroup package var state: StateOptions
    @OptionGroup(title: "Output") package var speech: OutputOptions

    package struct Destination: ParsableArguments {
        @Option(
            name: [.short, .long],
            help: ArgumentHelp(
                "The file, or s3://…; - is standard output, .sql and .sql.gz are plain dumps, .age follows if encrypted (default: a new file in --backups).",
                valueName: "file|-"
            ),
            completion: .file(extensions: ["zip", "sql", "gz", "age"])
        )
        package var output: String?

        @Option(name: .long, help: ArgumentHelp("The format; otherwise the file name decides.", valueName: "zip|sql"))
        package var format: BackupTarget.Kind?

        @Flag(name: .long, help: "Replace the file if it exists.")
        package var force = false

        @Option(name: .long, help: ArgumentHelp("The folder of backups.", valueName: "folder"), completion: .directory)
        package var backups = "backups"

        @Option(
            name: .long,
            help: ArgumentHelp(
                "A folder of migrations to store, if it exists (default: migrations).",
                valueName: "folder"
            ),
            completion: .directory
        )
        package var migrations: String?

        package init() {}

        package mutating func validate() throws {
            if output?.isEmpty == true { throw ValidationError("--output is empty") }
        }
    }

    package struct Selection: ParsableArguments {
        @Option(name: .long, help: ArgumentHelp("The schemas of this service.", valueName: "name"))
        package var service: String?

        @Option(
            name: .long,
            help: ArgumentHelp("Only this schema; repeatable, and a pattern, as all that follow.", valueName: "name")
        )
        package var schema: [String] = []

        @Option(name: .long, help: ArgumentHelp("Only this table; repeatable.", valueName: "table"))
        package var table: [String] = []

        @Option(name: .long, help: ArgumentHelp("Not this schema; repeatable.", valueName: "name"))
        package var excludeSchema: [String] = []

        @Option(name: .long, help: ArgumentHelp("Not this table; repeatable.", valueName: "table"))
        package var excludeTable: [String] = []

        @Option(name: .long, help: ArgumentHelp("This table without its rows; repeatable.", valueName: "table"))
        package var excludeTableData: [String] = []

        @Flag(name: .long, help: "Keep passwords of user mappings and subscriptions.")
        package var withSecrets = false

        @Flag(name: .long, help: "Keep SCRAM verifiers of the roles; needs a superuser.")
        package var withRolePasswords = false

        package init() {}
    }

    package struct Packing: ParsableArguments {
        package enum Engine: String, ExpressibleByArgument, CaseIterable, Sendable {
            case deflate, igzip, zlib

            var compression: Compression.Engine {
                switch self {
                case .deflate: .deflate
                case .igzip: .igzip
                case .zlib: .zlib
                }
            }
        }

        @OptionGroup package var workers: JobsOption

        @Option(name: .long, help: ArgumentHelp("0 stores, 1 is fast, 12 is small.", valueName: "0…12"))
        package var compress = 1

        @Option(
            name: .long,
            help: ArgumentHelp(
                "libdeflate, igzip (0…3) or zlib (0…9); else igzip at 1 if built in.",
                valueName: "name"
            )
        )
        package var engine: Engine?

        @Option(name: .long, help: ArgumentHelp("How long to wait for a locked table.", valueName: "time"))
        package var lockTimeout = DurationArgument(.seconds(60))

        package init() {}

        package mutating func validate() throws {
            let levels = (engine ?? .deflate).compression.levels
            guard levels.contains(compress) else {
                let name = engine.map { " with the engine \($0.rawValue)" } ?? ""
                throw ValidationError("--compress must be between 0 and \(levels.upperBound)\(name)")
            }
            guard engine?.compression.isBuiltIn ?? true else {
                throw ValidationError(
                    "this granary was built without igzip; omit --engine, or build it with libisal-dev"
                )
            }
        }
    }

    package var reportsDeeds: Bool { true }
    package init() {}
}

extension BackupTarget.Kind: ExpressibleByArgument {}
