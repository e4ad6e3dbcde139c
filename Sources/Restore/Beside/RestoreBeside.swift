internal import Bookkeeping
internal import Databases
internal import Logging
internal import PostgresClient

/// A restore into a new database. It gets the properties and the state of the target, and then takes its place.
struct RestoreBeside: Sendable {
    let target: TargetDatabase
    let options: RestoreOptions
    let state: StateReturn
    let logger: Logger
    let progress: @Sendable (RestoreProgress) -> Void

    /// The new database while it is empty, and what was found before it was created.
    struct Beginning: Sendable {
        var name: String
        var properties: DatabaseProperties
        var findings: Preflight.Findings
    }

    /// - Parameters:
    ///   - inspect: Checks the server, and returns the properties of the new database. Its session is connected to the
    ///     maintenance database.
    ///   - prepare: Runs before the new database is created, and returns notes.
    ///   - fill: Fills the new database.
    func run(
        inspect: @escaping @Sendable (borrowing Session) throws -> (Preflight.Findings, DatabaseProperties),
        prepare: @escaping @Sendable (borrowing Session, Preflight.Findings) throws -> [String] = { _, _ in [] },
        fill: @escaping @Sendable (Beginning) async throws -> RestoreReport
    ) async throws -> RestoreReport {
        let start = ContinuousClock.now
        var (report, outcome) = try await DatabaseReplacement(
            target: target,
            force: options.force,
            logger: logger
        ).run(
            inspect: { session in
                var (findings, properties) = try inspect(session)
                if let failure = Preflight.failure(findings.obstacles) { throw failure }
                findings.notes += try prepare(session, findings)
                return .init(properties: properties, replaces: findings.existing != nil, findings: findings)
            },
            fill: { name, plan in
                var report = try await fill(
                    Beginning(name: name, properties: plan.properties, findings: plan.findings)
                )
                progress(.phase("putting the new database in place"))
                report.rewinds = try await returnState(to: name, exists: plan.replaces)
                report.keptBytes = plan.findings.existingBytes
                return (report, ending(report.leftOut, replaces: plan.replaces))
            }
        )
        report.swapped = outcome.swapped
        report.kept = outcome.kept
        (report.beside, report.laterSwap) = (outcome.beside, outcome.laterSwap)
        if options.dropOld, outcome.kept != nil, !report.leftOut.missing.isEmpty {
            report.notes.append("the old database was not dropped, because something was left out")
        }
        if outcome.kept == nil { report.keptBytes = nil }
        if let failure = outcome.dropFailure {
            report.notes.append("the old database could not be dropped: \(failure)")
        }
        report.seconds = (.now - start) / .seconds(1)
        return report
    }

    /// If something that protects the data is missing, a person must decide about the swap.
    private func ending(_ leftOut: [LeftOut], replaces: Bool) -> DatabaseReplacement.Ending {
        if replaces, leftOut.areUnprotected { return .staysBeside }
        return .takesPlace(dropsOld: options.dropOld && leftOut.missing.isEmpty)
    }

    /// Copies the state of the target into the new database, before the swap.
    private func returnState(to name: String, exists: Bool) async throws -> [ServiceRewind] {
        let (schema, state) = (StateSchema(options.stateSchema), state)
        var before = TargetState.new(schema, environment: options.environment)
        if exists {
            before = try await withSession(target.address, logger: logger) { session in
                try session.pin()
                return try TargetState.read(schema, before: state.extent, &session)
            }
        }
        let target = before
        return try await withSession(self.target.maintenance.database(name), logger: logger) { session in
            // The new database already has its own settings, such as a read-only mode.
            try session.pin()
            return try session.transaction { try state.write(target, &$0) }
        }
    }
}

extension RestoreOptions {
    /// What happens after the new database is filled.
    func lastStep(for target: String, exists: Bool) -> String {
        switch (exists, dropOld) {
        case (false, _): "name it \(target)"
        case (true, true): "swap it with \(target), and drop the old database"
        case (true, false): "swap it with \(target), and keep the old database under another name"
        }
    }
}

extension RestoreError {
    init(_ error: DatabaseError) {
        let code: RestoreFailure =
            switch error.code {
            case .keyword: .statement
            case .locale, .maintenance, .changed, .notAllowed, .taken: .preflight
            case .inUse: .busy
            }
        self.init(code, error.message, hint: error.hint)
    }
}
