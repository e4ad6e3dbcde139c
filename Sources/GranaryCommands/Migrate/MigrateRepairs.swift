package import ArgumentParser
package import Migrations
internal import PostgresClient
internal import Project

/// `granary migrate approve`.
package struct MigrateApprove: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "approve",
        abstract: "Approve exactly this content of a migration, in dependencies.json.",
        discussion: """
            The approval holds for the bytes of the up file; an edited file needs a new one. Commit it together with \
            the file.

            Example:
              granary migrate approve 000004

            \(variablesHelp)
            """
    )

    @Argument(help: "The version, in any spelling.", completion: .migration) package var version: String
    @Option(name: .long, help: ArgumentHelp("Who approves; else the account's name.", valueName: "name"))
    package var by: String?
    @Option(
        name: .long,
        help: ArgumentHelp("Include the folder of this environment.", valueName: "name"),
        completion: .environment
    )
    package var env: String?
    @OptionGroup(title: "Which service") package var service: ServiceOptions
    @OptionGroup(title: "Output") package var speech: OutputOptions
    package var reportsDeeds: Bool { true }
    package init() {}

    package mutating func validate() throws { _ = try MigrateGoto.number(version) }

    package func run(on console: Console) async throws {
        let number = try MigrateGoto.number(version)
        for (service, file) in try service.services(variables: console.environment) {
            // Several approvals may run at once; each sees the changes of earlier ones.
            let isDone = try FolderLock.holding([service.folder]) { try approve(number, service, file, on: console) }
            if isDone { return }
        }
        throw MigrationError(
            .usage,
            "there is no migration \(version)",
            hint: "`granary migrate status` lists the migrations"
        )
    }

    /// Approves the migration if the service has it, and returns whether it does.
    private func approve(
        _ number: Int,
        _ service: Service,
        _ file: EnvironmentsFile,
        on console: Console
    ) throws -> Bool {
        let dependencies = try DependenciesFile.read(migrations: service.folder)
        for name in env.map({ [$0] }) ?? file.names {
            guard
                let tree = try? MigrationTree.read(folder: service.folder, environment: name, folders: file.folders),
                let migration = tree.migration(number)
            else { continue }
            let who = by ?? Operator.account(console.environment)
            let bytes = try dependencies.approving(migration, by: who, at: Formatting.now())
            try DependenciesFile.write(bytes, to: dependencies.path)
            console.note("approved \(migration.name) by \(who), in \(dependencies.path)")
            if console.settings.isJSON {
                try console.result(
                    .object([
                        "version": .integer(number), "name": .string(migration.name), "by": .string(who),
                        "sha256": .optional(migration.up?.sha256), "file": .string(dependencies.path),
                    ])
                )
            }
            return true
        }
        return false
    }
}

/// `granary migrate repair`.
package struct MigrateRepair: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "repair",
        abstract:
            "Continue an interrupted migration, or resolve a conflict with another tool's ledger.",
        discussion: """
            Example:
              granary migrate repair
              granary migrate repair --trust row

            \(variablesHelp)
            """
    )

    @Option(name: .long, help: ArgumentHelp("Which of the two is right.", valueName: "row|ledger"))
    package var trust: Trusted?
    @OptionGroup(title: "How") package var manner: MigrateManner
    @OptionGroup package var common: MigrateOptions

    package var speech: OutputOptions { common.speech }
    package var reportsDeeds: Bool { true }
    package init() {}

    package func run(on console: Console) async throws {
        let session = try await MigrationSession.open(common, manner: manner, writes: true, on: console)
        let report = try await session.migrator().repair(trusting: trust)
        try console.result(
            .object(["done": .strings(report.done), "applied": .strings(report.applied)]),
            else: report.done.isEmpty ? ["there is nothing to repair"] : report.done
        )
    }
}

/// `granary migrate adopt`.
package struct MigrateAdopt: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "adopt",
        abstract: "Record the migrations that another tool has applied.",
        discussion: """
            Adopts the ledgers of golang-migrate, goose, dbmate, sql-migrate, Flyway, sqlx and Prisma, recognized by \
            their columns. The migrations in the ledger must be in the folder of migrations; `granary migrate \
            import` creates such files. golang-migrate's row is kept up to date from then on. Other ledgers are left \
            as they are; if one changes later, `granary migrate status` reports it and `up` stops.

            Without --table the only ledger in the service's schemas is used, or the only one in public if one \
            service is given; golang-migrate's only in a schema of the service. \
            One in a schema that environments.json declares for the service, and that is not public, is adopted \
            automatically on first use.

            Example:
              granary migrate adopt
              granary migrate adopt --table public.goose_db_version

            \(variablesHelp)
            """
    )

    @Option(name: .long, help: ArgumentHelp("Its table.", valueName: "schema.table")) package var table: String?
    @OptionGroup package var common: MigrateOptions

    package var speech: OutputOptions { common.speech }
    package var reportsDeeds: Bool { true }
    package init() {}

    package func run(on console: Console) async throws {
        let session = try await MigrationSession.open(common, writes: true, on: console)
        let name = table.map { text -> TableName in
            let parts = text.split(separator: ".", maxSplits: 1).map(String.init)
            return parts.count == 2
                ? TableName(schema: parts[0], name: parts[1]) : TableName(schema: "public", name: text)
        }
        let report = try await session.migrator().adopt(name)
        if console.settings.isJSON { return try console.result(Self.result.document(report)) }
        for name in report.names { try console.result(line: name) }
        for ledger in report.ledgers {
            console.note(
                "adopted from \(ledger.table) (\(ledger.tool))"
                    + (ledger.isKeptInStep
                        ? ", whose row granary keeps up to date"
                        : ", which is not changed: \(ledger.tool) must not run here again")
            )
        }
        console.note("\(counted(report.names.count, "migration")) adopted")
    }

    static let result = ResultDescription<AdoptionReport>([
        .init("adopted", \.names), .init("ledgers", each: ledger, \.ledgers),
    ])

    private static let ledger = ResultDescription<AdoptionReport.Ledger>([
        .init("service", \.service), .init("table", \.table.description), .init("tool", \.tool),
        .init("in_step", \.isKeptInStep),
    ])
}

/// `granary migrate baseline`.
package struct MigrateBaseline: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "baseline",
        abstract: "Record everything up to a version as applied, without running it.",
        discussion: """
            Example:
              granary migrate baseline 000007

            \(variablesHelp)
            """
    )

    @Argument(help: "The version, in any spelling.", completion: .migration) package var version: String
    @OptionGroup package var common: MigrateOptions

    package var speech: OutputOptions { common.speech }
    package var reportsDeeds: Bool { true }
    package init() {}

    package mutating func validate() throws { _ = try MigrateGoto.number(version) }

    package func run(on console: Console) async throws {
        let session = try await MigrationSession.open(common, writes: true, on: console)
        let names = try await session.migrator().baseline(try MigrateGoto.number(version))
        if console.settings.isJSON { return try console.result(.object(["applied": .strings(names)])) }
        for name in names { try console.result(line: name) }
        console.note("\(counted(names.count, "migration")) taken as applied")
    }
}

extension Trusted: ExpressibleByArgument {}
