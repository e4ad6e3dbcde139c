package import ArgumentParser
internal import Migrations

extension MigrationSession {
    /// Shows what a run would do.
    ///
    /// - Parameter showsAll: Do not shorten long lists.
    func plan(_ request: MigrationRequest, showsAll: Bool = false) async throws {
        let plan = try await migrator().plan(request)
        try PlanReport(plan: plan, environment: options.environment, showsAll: showsAll).tell(on: console)
    }

    func run(_ request: MigrationRequest) async throws {
        try await RunReport(report: migrator().run(request), undo: undo).tell(on: console)
    }
}

/// `granary migrate up`.
package struct MigrateUp: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Apply all pending migrations, or the next N.",
        discussion: """
            Each migration, its row in the ledger and its entry in the log are committed together.

            Example:
              granary migrate up
              granary migrate up 1 --dry-run

            \(variablesHelp)
            """
    )

    @Argument(help: "How many; else all.") package var count: Int?
    @Flag(name: .dryRun, help: "Show the plan, and change nothing.") package var dryRun = false
    @Option(
        name: .long,
        help: ArgumentHelp("Write the schema to a file afterwards.", valueName: "file"),
        completion: .file()
    )
    package var dumpSchema: String?
    @Option(
        name: .long,
        help: ArgumentHelp(
            "Another tool's ledger, which belongs to another service; the database remembers it.",
            valueName: "table"
        )
    )
    package var beside: [String] = []
    @OptionGroup(title: "How") package var manner: MigrateManner
    @OptionGroup package var common: MigrateOptions

    package var speech: OutputOptions { common.speech }
    package var reportsDeeds: Bool { !dryRun }
    package init() {}

    package mutating func validate() throws {
        if let count, count < 1 { throw ValidationError("the number of migrations must be 1 or more") }
    }

    package func run(on console: Console) async throws {
        var session = try await MigrationSession.open(common, manner: manner, writes: !dryRun, on: console)
        session.options.beside = beside
        guard !dryRun else { return try await session.plan(.up(count)) }
        try await session.run(.up(count))
        if let dumpSchema { try await SchemaFile(path: dumpSchema, session: session, services: common.service).write() }
    }
}

/// `granary migrate down`.
package struct MigrateDown: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "down",
        abstract: "Revert the last applied migration, or the last N.",
        discussion: """
            Example:
              granary migrate down
              granary migrate down 2
              granary migrate down --all --confirm-version 000003

            \(variablesHelp)
            """
    )

    @Argument(help: "How many; else 1.") package var count: Int?
    @Flag(name: .long, help: "All of them.") package var all = false
    @Flag(name: .dryRun, help: "Show the plan, and change nothing.") package var dryRun = false
    @OptionGroup(title: "How") package var manner: MigrateManner
    @OptionGroup package var common: MigrateOptions

    package var speech: OutputOptions { common.speech }
    package var reportsDeeds: Bool { !dryRun }
    package init() {}

    package mutating func validate() throws {
        if let count, count < 1 { throw ValidationError("the number of migrations must be 1 or more") }
        // A variable may be meant for another command, and the number reverts less.
        if count != nil, all, OptionVariables.used["all"] == nil {
            throw ValidationError("a number and --all cannot be combined")
        }
    }

    package func run(on console: Console) async throws {
        let request = MigrationRequest.down(count ?? (all ? nil : 1))
        let session = try await MigrationSession.open(
            common,
            manner: manner,
            mayRevert: true,
            writes: !dryRun,
            on: console
        )
        try await dryRun ? session.plan(request) : session.run(request)
    }
}

/// `granary migrate goto`.
package struct MigrateGoto: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "goto",
        abstract: "Migrate up or down to a version.",
        discussion: """
            Example:
              granary migrate goto 000002
              granary migrate goto 0

            \(variablesHelp)
            """
    )

    @Argument(help: "The version, in any spelling; 0 is before the first.", completion: .migration)
    package var version: String
    @Flag(name: .dryRun, help: "Show the plan, and change nothing.") package var dryRun = false
    @OptionGroup(title: "How") package var manner: MigrateManner
    @OptionGroup package var common: MigrateOptions

    package var speech: OutputOptions { common.speech }
    package var reportsDeeds: Bool { !dryRun }
    package init() {}

    package mutating func validate() throws { _ = try Self.number(version) }

    static func number(_ text: String) throws -> Int {
        guard let version = Migration.version(spelled: text) else {
            throw ValidationError("\(text) is not the number of a migration")
        }
        return version
    }

    package func run(on console: Console) async throws {
        let request = MigrationRequest.goto(try Self.number(version))
        let session = try await MigrationSession.open(
            common,
            manner: manner,
            mayRevert: true,
            writes: !dryRun,
            on: console
        )
        try await dryRun ? session.plan(request) : session.run(request)
    }
}

/// `granary migrate redo`.
package struct MigrateRedo: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "redo",
        abstract: "Revert the last applied migration, or the last N, and apply again.",
        discussion: """
            Example:
              granary migrate redo

            \(variablesHelp)
            """
    )

    @Argument(help: "How many; else 1.") package var count = 1
    @Flag(name: .dryRun, help: "Show the plan, and change nothing.") package var dryRun = false
    @OptionGroup(title: "How") package var manner: MigrateManner
    @OptionGroup package var common: MigrateOptions

    package var speech: OutputOptions { common.speech }
    package var reportsDeeds: Bool { !dryRun }
    package init() {}

    package mutating func validate() throws {
        if count < 1 { throw ValidationError("the number of migrations must be 1 or more") }
    }

    package func run(on console: Console) async throws {
        let session = try await MigrationSession.open(
            common,
            manner: manner,
            mayRevert: true,
            writes: !dryRun,
            on: console
        )
        try await dryRun ? session.plan(.redo(count)) : session.run(.redo(count))
    }
}

/// `granary migrate plan`.
package struct MigratePlan: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what `migrate up` would do: files, statements, locks, risk. Changes nothing and takes no lock.",
        discussion: """
            Example:
              granary migrate plan --env production
              granary migrate plan 1 --all

            \(variablesHelp)
            """
    )
    package static let onlyReads = true

    @Argument(help: "How many; else all.") package var count: Int?
    @Flag(name: .long, help: "Every statement of long files, which are summarized otherwise.") package var all = false
    @OptionGroup(title: "How") package var manner: MigrateManner
    @OptionGroup package var common: MigrateOptions

    package var speech: OutputOptions { common.speech }
    package init() {}

    package func run(on console: Console) async throws {
        let session = try await MigrationSession.open(common, manner: manner, writes: false, on: console)
        try await session.plan(.up(count), showsAll: all)
    }
}
