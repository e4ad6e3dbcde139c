// Whole databases: created, replaced, dropped, or used temporarily.
//
//     target        the database that is replaced or changed; it may not exist yet
//     maintenance   another database of that server, to be connected to while the target is renamed
//     replacement   a new database beside the target → filled → both renames in one transaction
//     scratch       an empty database that lives as long as a closure
//     mark          text in the name of an unfinished database, by which a later run finds and drops it

package import Logging
package import PostgresClient

/// A new database beside the target. It takes the target's place when it is filled, or is dropped.
///
///     look at the server; throw what is in the way
///     make the new database, led by a session that is held until the end
///     fill it → the swap → the old database is kept, or dropped
package struct DatabaseReplacement: Sendable {
    private let target: TargetDatabase
    private let force: Bool
    private let dropsOld: Bool
    private let logger: Logger

    /// What to create.
    package struct Plan<Findings: Sendable>: Sendable {
        package var properties: DatabaseProperties
        /// Whether an existing database will be replaced.
        package var replaces: Bool
        /// Other results of the inspection, for the closure that fills the database.
        package var findings: Findings

        package init(properties: DatabaseProperties, replaces: Bool, findings: Findings) {
            self.properties = properties
            self.replaces = replaces
            self.findings = findings
        }
    }

    /// The outcome for the old database.
    package struct Outcome: Sendable {
        /// The new database took the place of an old one.
        package var swapped = false
        /// The name under which the old database is kept.
        package var kept: String?
        /// Why the old database is kept although it should have been dropped.
        package var dropFailure: (any Error)?
    }

    /// - Parameters:
    ///   - force: Ends the sessions that are connected to the target.
    ///   - dropsOld: Drops the old database instead of keeping it under another name.
    package init(target: TargetDatabase, force: Bool, dropsOld: Bool, logger: Logger) {
        self.target = target
        self.force = force
        self.dropsOld = dropsOld
        self.logger = logger
    }

    /// - Parameters: - inspect: Inspects the server, throws obstacles, and returns the properties of the new database.
    ///   Its session is on the maintenance database. - fill: Fills the new database of the given name so that it can
    ///   take the target's place.
    /// - Throws: `DatabaseError`, `PostgresError`, and errors of the closures. The target is unchanged, unless the
    ///   error is `PostgresError.inDoubt`.
    package func run<Findings: Sendable, Result: Sendable>(
        inspect: @escaping @Sendable (borrowing Session) throws -> Plan<Findings>,
        fill: @escaping @Sendable (_ name: String, Plan<Findings>) async throws -> Result
    ) async throws -> (Result, Outcome) {
        try await withHeldSession(
            target.maintenance,
            logger: logger,
            prepare: { session in
                try session.pin()
                let plan = try inspect(session)
                return (name: try create(plan.properties, session), plan: plan)
            },
            while: { (new: (name: String, plan: Plan<Findings>)) in
                do {
                    let result = try await fill(new.name, new.plan)
                    return (result, try await takePlace(new.name, replaces: new.plan.replaces))
                } catch let error as PostgresError where error.code == .inDoubt {
                    // It may already be in place. If it is not, the next restore drops it.
                    throw error
                } catch {
                    await dropUnfinished(new.name)
                    throw error
                }
            }
        )
    }

    /// - Parameter session: On the maintenance database; it stays open until the end.
    private func create(_ properties: DatabaseProperties, _ session: borrowing Session) throws -> String {
        for name in try SessionMark.replacement.abandoned(session) {
            try NewDatabase.drop(name, session)
            logger.notice("dropped \(name), which a restore that was killed had left behind")
        }
        let suffix = SessionMark.replacement.suffix(process: session.processID)
        let name = DatabaseName.derived(from: target.name, suffix)
        try NewDatabase.create(name, like: properties, session)
        do {
            try NewDatabase.applyUserCodeSettings(properties, to: name, session)
        } catch {
            try? NewDatabase.drop(name, session)  // `error` is the one to report.
            throw error
        }
        return name
    }

    private func takePlace(_ new: String, replaces: Bool) async throws -> Outcome {
        let old = replaces ? DatabaseName.derived(from: target.name, "_before_\(Timestamp.now)") : nil
        let swap = DatabaseSwap(target: target, new: new, old: old, force: force, logger: logger)
        guard let old = try await swap.run() else { return Outcome() }
        var outcome = Outcome(swapped: true, kept: old)
        guard dropsOld else { return outcome }
        do {
            try await withSession(target.maintenance, logger: logger) { try NewDatabase.drop(old, $0) }
            outcome.kept = nil
        } catch {
            outcome.dropFailure = error
        }
        return outcome
    }

    /// Drops the new database after any failure: granary's own, the server's, or an interrupt.
    private func dropUnfinished(_ name: String) async {
        // A new task, because the current one may have been cancelled.
        await Task {
            do {
                // If the network is down, an interrupted run must not wait for it.
                let server = target.maintenance.setting("connect_timeout", to: "3")
                try await withSession(server, logger: logger) { try NewDatabase.drop(name, $0) }
            } catch {
                logger.warning("the unfinished database \(name) is still there: \(error); the next restore drops it")
            }
        }.value
    }
}
