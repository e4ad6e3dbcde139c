internal import Bookkeeping
internal import Logging
internal import PostgresClient

/// A new database beside the target, which takes the target's place once it is filled, or is dropped again.
///
///     look at the server; throw what stands in the way
///     make the new database, led by a session that is held until the end
///     fill it → the swap
struct DatabaseReplacement: Sendable {
    let target: TargetDatabase
    let options: RestoreOptions
    let state: StateReturn
    let logger: Logger
    let progress: @Sendable (RestoreProgress) -> Void

    /// The new database, still empty, and what was found before it was made.
    struct Beginning: Sendable {
        var name: String
        var properties: DatabaseProperties
        var findings: Preflight.Findings
    }

    /// - Parameters:
    ///   - inspect: Looks at the server, and says what the new database shall be like. Its session is to the
    ///     maintenance database.
    ///   - fill: Fills the new database.
    func run(
        inspect: @escaping @Sendable (borrowing Session) throws -> (Preflight.Findings, DatabaseProperties),
        fill: @escaping @Sendable (Beginning) async throws -> RestoreReport
    ) async throws -> RestoreReport {
        let start = ContinuousClock.now
        return try await withHeldSession(
            target.maintenance,
            logger: logger,
            prepare: { session in
                try session.pin()
                let (findings, properties) = try inspect(session)
                if let failure = Preflight.failure(findings.obstacles) { throw failure }
                for name in try NewDatabase.dropAbandoned(session) {
                    logger.notice("dropped \(name), which a restore that was killed had left behind")
                }
                let name = NewDatabase.name(for: target.name, leader: session.processID)
                try NewDatabase.create(name, like: properties, session)
                do {
                    try NewDatabase.applyUserCodeSettings(properties, to: name, session)
                } catch {
                    try? NewDatabase.drop(name, session)  // `error` is the one that counts.
                    throw error
                }
                return Beginning(name: name, properties: properties, findings: findings)
            },
            while: { beginning in
                do {
                    var report = try await fill(beginning)
                    try await takePlace(of: beginning, &report)
                    report.seconds = (.now - start) / .seconds(1)
                    return report
                } catch let error as PostgresError where error.code == .inDoubt {
                    // It may be in place. If it is not, the next restore drops it.
                    throw error
                } catch {
                    await dropUnfinished(beginning.name)
                    throw error
                }
            }
        )
    }

    private func takePlace(of beginning: Beginning, _ report: inout RestoreReport) async throws {
        progress(.phase("putting the new database in place"))
        let exists = beginning.findings.existing != nil
        report.rewinds = try await returnState(to: beginning.name, exists: exists)
        let old = exists ? DatabaseName.derived(from: target.name, "_before_\(Timestamp.now)") : nil
        let swap = DatabaseSwap(target: target, new: beginning.name, old: old, force: options.force, logger: logger)
        guard let old = try await swap.run() else { return }
        report.swapped = true
        if options.dropOld {
            do {
                try await withSession(target.maintenance, logger: logger) { try NewDatabase.drop(old, $0) }
                return
            } catch {
                report.notes.append("the old database could not be dropped: \(error)")
            }
        }
        report.kept = old
        report.keptBytes = beginning.findings.existingBytes
    }

    /// Gives the new database what belongs to the target, before it takes the target's place.
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
            // By now the new database has its settings, such as a read-only mode.
            try session.pin()
            return try session.transaction { try state.write(target, &$0) }
        }
    }

    /// Whether the failure is ours, the server's or an interrupt: what we made is taken away again.
    private func dropUnfinished(_ name: String) async {
        // A task of its own: the one we are in may have been cancelled.
        await Task {
            do {
                // Where the network is gone, whoever has pressed Ctrl-C shall not wait for it.
                let server = target.maintenance.setting("connect_timeout", to: "3")
                try await withSession(server, logger: logger) { try NewDatabase.drop(name, $0) }
            } catch {
                logger.warning("the unfinished database \(name) is still there: \(error); the next restore drops it")
            }
        }.value
    }
}
