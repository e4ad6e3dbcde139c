internal import Databases
package import Logging
package import Migrations
package import PostgresClient
internal import Project

/// Runs all migrations in scratch databases, each one up, down and up again, and reports what a down file does not
/// undo.
///
///     for each environment: the plan for an empty database → a scratch database
///     for each migration: fill empty tables → up → down → compare with the state before → up
///     finally: all migrations in another scratch database without generated rows → `inspect` the schema
///
/// A migration that was tested for one environment is only applied in the next. If a migration spoils the scratch
/// database, the replay continues after it in a new one.
package struct Replay: Sendable {
    let options: MigratorOptions
    let environments: [String]
    /// An address of the server where the scratch databases are created. The database of a service is never used.
    let server: ServerAddress
    /// Whether the roles of the server also belong to other databases, so that the replay must not create or drop any.
    let keepsRoles: Bool
    /// Migrations up to this version are applied but not tested.
    let since: Int?
    let logger: Logger
    /// Adds rows to empty tables, named `schema.table`, so that a down file has rows to lose.
    let fill: @Sendable (_ server: ServerAddress, _ tables: [String]) async throws -> Void
    /// Checks the whole schema of an environment in a database that only migrations have changed.
    let inspect: @Sendable (_ environment: String, _ server: ServerAddress) async throws -> [Finding]
    let progress: @Sendable (ReplayEvent) -> Void

    package init(
        _ options: MigratorOptions,
        environments: [String],
        server: ServerAddress,
        keepsRoles: Bool,
        since: Int? = nil,
        logger: Logger,
        fill: @escaping @Sendable (_ server: ServerAddress, _ tables: [String]) async throws -> Void,
        inspect: @escaping @Sendable (_ environment: String, _ server: ServerAddress) async throws -> [Finding],
        progress: @escaping @Sendable (ReplayEvent) -> Void
    ) {
        self.options = options
        self.environments = environments
        self.server = server
        self.keepsRoles = keepsRoles
        self.since = since
        self.logger = logger
        self.fill = fill
        self.inspect = inspect
        self.progress = progress
    }

    /// - Throws: `PostgresError` if there is no server or no right to create a database; `CancellationError`. Faults of
    ///   migrations are findings.
    package func run() async throws -> ReplayReport {
        var report = ReplayReport()
        var complete: Set<[String]> = []
        for environment in environments {
            do {
                try await replay(environment, &complete, &report)
            } catch let error as MigrationError {
                report.add(Finding(error, rule: ReplayRule.replay.rawValue, elsewhere: "migrations"))
            }
        }
        return report
    }

    /// - Parameter complete: The migrations of each environment that was replayed to the end, by `ReplayStep.identity`.
    private func replay(
        _ environment: String,
        _ complete: inout Set<[String]>,
        _ report: inout ReplayReport
    ) async throws {
        var journey = ReplayJourney(environment: environment)
        repeat {
            let (begun, reportSoFar, known) = (journey, report, complete)
            (journey, report) = try await ScratchDatabase.with(server, keepsRoles: keepsRoles, logger: logger) {
                scratch in
                var (journey, report) = (begun, reportSoFar)
                let (steps, note) = try await prepare(journey.environment, scratch)
                if let note { report.add(note) }
                journey.identities = steps.map(\.identity)
                // Another environment has the same migrations: one database is enough.
                if journey.next == 0, known.contains(journey.identities) { journey.next = steps.count }
                try await applyAgain(steps.prefix(journey.next), scratch)
                if journey.next < steps.count {
                    try await go(on: &journey, steps, scratch, &report)
                } else {
                    for finding in try await inspect(environment, scratch) { report.add(finding) }
                    journey.isOver = true
                    journey.isComplete = true
                }
                return (journey, report)
            }
        } while !journey.isOver
        if journey.isComplete { complete.insert(journey.identities) }
    }

    /// Creates the objects that exist before the first migration.
    ///
    /// - Returns: The steps of a run on the empty database, and a finding if Citus is missing.
    private func prepare(
        _ environment: String,
        _ scratch: ServerAddress
    ) async throws -> (steps: [ReplayStep], note: Finding?) {
        let makesRoles = !keepsRoles
        return try await withSession(scratch, logger: logger) { session in
            let plan = try options.planFromNothing(in: environment, session)
            try session.setPatience()
            let standIn = try CitusStandIn(for: plan, since: since ?? -1, session)
            try standIn?.install(session)
            for (folder, before) in plan.before {
                try (standIn?.reduced(before) ?? before).make(in: folder, makesRoles: makesRoles, &session)
            }
            let steps = plan.steps.map { ReplayStep(up: $0.up, down: $0.down) }
            return (standIn.map { standIn in steps.map(standIn.reduced) } ?? steps, standIn?.finding)
        }
    }

    private func applyAgain(_ steps: ArraySlice<ReplayStep>, _ scratch: ServerAddress) async throws {
        guard !steps.isEmpty else { return }
        let makesRoles = !keepsRoles
        try await withSession(scratch, logger: logger) { session in
            try session.setPatience()
            // Failures were already reported when these migrations were tested.
            for step in steps { _ = try step.up.script.run(&session, makesRoles: makesRoles) }
        }
    }

    /// Tests one migration after the other, until the end or until the scratch database is spoiled.
    private func go(
        on journey: inout ReplayJourney,
        _ steps: [ReplayStep],
        _ scratch: ServerAddress,
        _ report: inout ReplayReport
    ) async throws {
        let (begun, reportSoFar) = (journey, report)
        (journey, report) = try await withSession(scratch, logger: logger) { session in
            var (journey, report) = (begun, reportSoFar)
            try session.setPatience()
            try go(on: &journey, steps, scratch, &report, &session)
            return (journey, report)
        }
    }

    private func go(
        on journey: inout ReplayJourney,
        _ steps: [ReplayStep],
        _ scratch: ServerAddress,
        _ report: inout ReplayReport,
        _ session: inout Session
    ) throws {
        var known = ScratchState()
        var rows = RowSupply(schemas: Set(options.services.flatMap(\.service.schemas)), scratch: scratch, fill: fill)
        while journey.next < steps.count {
            let step = steps[journey.next]
            let isProof = step.up.version > since ?? 0 && !report.hasProved(step)
            if isProof {
                progress(.started(name: step.up.title, number: journey.next + 1, of: steps.count))
                // Another session has written rows, so the last known state is out of date.
                if journey.fills, try rows.supply(for: step, &session, logger) { known = ScratchState() }
            }
            let trial = StepTrial(step: step, isProof: isProof, hasRows: journey.fills, makesRoles: !keepsRoles)
            let outcome = try trial.run(&session, &known)
            if outcome.wantsEmptyTables {
                // Generated rows may be unrealistic, so the result with empty tables decides.
                journey.fills = false
                report.findings += outcome.findings
                return
            }
            journey.fills = true
            journey.next += 1
            report.add(outcome, of: step, environment: journey.environment)
            if outcome.upFailed {
                journey.isOver = true
                return
            }
            if outcome.isSpoilt { return }
        }
    }
}

/// The progress of the replay of an environment.
struct ReplayJourney: Sendable {
    let environment: String
    /// The index of the next step.
    var next = 0
    /// Whether to fill empty tables before the next step.
    var fills = true
    var isOver = false
    /// Whether all steps could be applied.
    var isComplete = false
    /// The migrations, by `ReplayStep.identity`.
    var identities: [String] = []
}

/// A migration to replay.
struct ReplayStep: Sendable {
    var up: MigrationStep
    /// nil if there is no down file, or if it is empty.
    var down: MigrationScript?

    init(up: MigrationStep, down: MigrationScript?) {
        self.up = up
        self.down = down.flatMap { $0.statements.isEmpty && !$0.saysNothingToUndo ? nil : $0 }
    }

    /// A key for the result of a test: the same files need no second test.
    var identity: String { "\(up.service)/\(up.version)/\(up.sha256)/\(up.downSHA256 ?? "")" }
}
