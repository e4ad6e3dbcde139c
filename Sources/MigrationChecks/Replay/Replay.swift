internal import Databases
package import Logging
package import Migrations
package import PostgresClient
internal import Project

/// Runs migrations from nothing in a scratch database, each one up, down and up again, and says what a down leaves.
///
///     per environment: the plan of an empty database → a scratch database
///     each migration: rows into the tables that have none → up → down → is everything as it was? → up
///     all of them in another one, which has no rows of ours → `inspect` looks at the whole
///
/// What one environment has proved is only applied in the next. A migration after which nothing is as it should be ends
/// the scratch database; the next one goes on behind it.
package struct Replay: Sendable {
    let options: MigratorOptions
    let environments: [String]
    /// Any database of the server that lends the scratch databases; never that of a service.
    let server: ServerAddress
    /// Whether the roles of that server are other people's too.
    let keepsRoles: Bool
    /// Versions up to this one are only applied.
    let since: Int?
    let logger: Logger
    /// Puts some rows into tables that have none, `schema.table`, so that a down has something to lose.
    let fill: @Sendable (_ server: ServerAddress, _ tables: [String]) async throws -> Void
    /// Looks at an environment's whole schema, as migrations alone have made it.
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

    /// - Throws: `PostgresError` where there is no server or no right to make a database; `CancellationError`. What is
    ///   wrong with a migration is a finding.
    package func run() async throws -> ReplayReport {
        var report = ReplayReport()
        for environment in environments {
            do {
                try await replay(environment, &report)
            } catch let error as MigrationError {
                report.add(Finding(error, rule: ReplayRule.replay.rawValue, elsewhere: "migrations"))
            }
        }
        return report
    }

    private func replay(_ environment: String, _ report: inout ReplayReport) async throws {
        var journey = ReplayJourney(environment: environment)
        repeat {
            let (begun, reportSoFar) = (journey, report)
            (journey, report) = try await ScratchDatabase.with(server, keepsRoles: keepsRoles, logger: logger) {
                scratch in
                var (journey, report) = (begun, reportSoFar)
                let steps = try await prepare(journey.environment, scratch)
                try await applyAgain(steps.prefix(journey.next), scratch)
                if journey.next < steps.count {
                    try await go(on: &journey, steps, scratch, &report)
                } else {
                    for finding in try await inspect(environment, scratch) { report.add(finding) }
                    journey.isOver = true
                }
                return (journey, report)
            }
        } while !journey.isOver
    }

    /// Makes what is there before the first migration.
    ///
    /// - Returns: What the database would be given.
    private func prepare(_ environment: String, _ scratch: ServerAddress) async throws -> [ReplayStep] {
        let makesRoles = !keepsRoles
        return try await withSession(scratch, logger: logger) { session in
            let plan = try options.planFromNothing(in: environment, session)
            try session.setPatience()
            for (folder, before) in plan.before {
                try before.make(in: folder, makesRoles: makesRoles, &session)
            }
            return plan.steps.map { ReplayStep(up: $0.up, down: $0.down) }
        }
    }

    private func applyAgain(_ steps: ArraySlice<ReplayStep>, _ scratch: ServerAddress) async throws {
        guard !steps.isEmpty else { return }
        let makesRoles = !keepsRoles
        try await withSession(scratch, logger: logger) { session in
            try session.setPatience()
            // They have been applied before; what they cannot do now, they could not do then.
            for step in steps { _ = try step.up.script.run(&session, makesRoles: makesRoles) }
        }
    }

    /// One migration after the other, until the end or until the scratch database is of no more use.
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
                // What others have written is not known any more.
                if journey.fills, try rows.supply(for: step, &session, logger) { known = ScratchState() }
            }
            let trial = StepTrial(step: step, isProof: isProof, hasRows: journey.fills, makesRoles: !keepsRoles)
            let outcome = try trial.run(&session, &known)
            if outcome.wantsEmptyTables {
                // Rows of ours may be what no service would have: the word of an empty database counts.
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

/// How far the replay of an environment is.
struct ReplayJourney: Sendable {
    let environment: String
    /// Of the step that comes next.
    var next = 0
    /// Whether tables are given rows before the next step.
    var fills = true
    var isOver = false
}

/// A migration, as it is replayed.
struct ReplayStep: Sendable {
    var up: MigrationStep
    /// nil if there is no down file, or nothing in it.
    var down: MigrationScript?

    init(up: MigrationStep, down: MigrationScript?) {
        self.up = up
        self.down = down.flatMap { $0.statements.isEmpty && !$0.saysNothingToUndo ? nil : $0 }
    }

    /// What a proof is about.
    var identity: String { "\(up.service)/\(up.version)/\(up.sha256)/\(up.downSHA256 ?? "")" }
}
