package import ArgumentParser
internal import Bookkeeping
internal import Glibc
internal import Migrations
internal import Project
internal import Seeding
internal import Storage

/// `granary reset`.
package struct ResetCommand: SpokenCommand {
    package static let configuration = CommandConfiguration(
        commandName: "reset",
        abstract:
            "Drop the service's schemas with all their data, migrate up again and seed. Development and test only.",
        discussion: """
            Schemas, ledger and seeds are dropped in one transaction. Nothing is dropped if a migration could not be \
            applied afterwards, or if objects outside the schemas would be dropped too.

            Example:
              granary reset --env development
              granary reset --plan

            \(variablesHelp)
            """
    )

    @Flag(name: .plan, help: "Show what would be lost, and change nothing.") package var plan = false
    @Option(name: .long, help: ArgumentHelp("The name of the target database.", valueName: "database"))
    package var confirm: String?
    @Flag(name: .long, help: "Do not seed afterwards.") package var noSeeds = false
    @Option(name: .long, help: ArgumentHelp("The folder of seeds.", valueName: "folder"), completion: .directory)
    package var seeds = "seeds"
    @Option(name: .long, help: ArgumentHelp("lock_timeout of each attempt.", valueName: "time"))
    package var lockTimeout = DurationArgument(.seconds(3))
    @Option(name: .long, help: ArgumentHelp("Give up on locks after this time.", valueName: "time"))
    package var lockBudget = DurationArgument(.seconds(60))
    @OptionGroup package var common: MigrateOptions

    package var speech: OutputOptions { common.speech }
    package var reportsDeeds: Bool { !plan }
    package init() {}

    package func run(on console: Console) async throws {
        var session = try await MigrationSession.open(common, writes: !plan, on: console)
        session.options.patience = LockPatience(lockTimeout: lockTimeout.duration, budget: lockBudget.duration)
        let connected = session.connected
        let confirmation = Confirmation(
            database: connected.name,
            host: connected.host,
            given: confirm,
            console: console
        )
        try await confirmation.settle(isNeeded: false)
        // What the migrations have made in other schemas would stay, and the next run of them would fail.
        if let assumed = try await AssumedSchemas.missing(common.service, in: connected, on: console),
            assumed.publicHasTables
        {
            throw assumed.error
        }
        let migrator = session.migrator()
        let doomed = try await migrator.whatResetDestroys()
        guard !plan else { return try tellPlan(doomed, on: console) }
        if !doomed.isEmpty {
            console.note("to drop from \(connected.name) at \(connected.host): \(Self.text(doomed))")
            // Only this folder uses the local server.
            try await confirmation.settle(isNeeded: true, isRequired: !connected.isLocal)
        }
        let report = try await migrator.reset()
        let seeded = try await seed(session)
        try RunReport(report: report.migrations, undo: session.undo, dropped: report.dropped, seeded: seeded)
            .tell(on: console)
    }

    /// Seeds each service that has seeds.
    private func seed(_ session: MigrationSession) async throws -> [SeedSummary] {
        var summaries: [SeedSummary] = []
        for folder in session.options.services where !noSeeds {
            let place = common.service.seeds(of: folder.service, folder: seeds)
            guard Files.exists(place) else { continue }
            var options = SeedOptions(
                service: folder.service.name,
                schemas: folder.service.schemas,
                rules: folder.file.rules(of: session.options.environment),
                now: time(nil)
            )
            options.folder = place
            options.stateSchema = session.options.stateSchema.name
            let seeder = Seeder(options, server: session.connected.address, logger: session.console.logger)
            summaries.append(SeedSummary(report: try await seeder.run(), isPlan: false))
        }
        return summaries
    }

    private func tellPlan(_ doomed: [DoomedSchema], on console: Console) throws {
        try console.result(
            .object(["dropped": .array(doomed.map(RunReport.schema.document))]),
            else: [doomed.isEmpty ? "there is nothing to drop" : "would drop \(Self.text(doomed))"]
        )
    }

    /// `user_service (3 tables, about 1,200 rows, 1.4 MB)`
    private static func text(_ doomed: [DoomedSchema]) -> String {
        doomed.map { schema in
            let tables = counted(schema.tables, "table")
            let rows = "about \(counted(schema.rowsEstimate, "row"))"
            return "\(Formatting.harmless(schema.name)) (\(tables), \(rows), \(Formatting.bytes(schema.bytes)))"
        }.joined(separator: ", ")
    }
}
