// Whole databases: created, replaced, dropped, or used temporarily.
//
//     target        the database that is replaced or changed; it may not exist yet
//     maintenance   another database of the server, to connect to while the target is renamed
//     replacement   a new database beside the target → filled → both renames in one transaction
//     scratch       an empty database that exists while a closure runs
//     mark          text in the name of an unfinished database, so that a later run can find and drop it

package import Logging
package import PostgresClient

/// Creates a new database and fills it. Then the new database replaces the target, or is dropped.
///
///     inspect the server; throw obstacles
///     create the new database from a session that stays open until the end
///     fill it → swap the names → keep the old database, or drop it
package struct DatabaseReplacement: Sendable {
    private let target: TargetDatabase
    private let force: Bool
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

    /// What to do with the new database after it is filled.
    package enum Ending: Sendable {
        /// It replaces the target. The old database is kept under another name, or dropped.
        case takesPlace(dropsOld: Bool)
        /// It stays beside the target under another name, and the target is unchanged.
        case staysBeside
    }

    /// The outcome for both databases.
    package struct Outcome: Sendable {
        /// Whether the new database has replaced an old one.
        package var swapped = false
        /// The name under which the old database is kept.
        package var kept: String?
        /// The name under which the new database stays beside the target.
        package var beside: String?
        /// The statements that put the new database beside the target in its place, as a swap does.
        package var laterSwap: String?
        /// Why the old database is kept although it should have been dropped.
        package var dropFailure: (any Error)?
    }

    /// - Parameter force: Ends the sessions that are connected to the target.
    package init(target: TargetDatabase, force: Bool, logger: Logger) {
        self.target = target
        self.force = force
        self.logger = logger
    }

    /// - Parameters:
    ///   - inspect: Inspects the server, throws obstacles, and returns the properties of the new database. Its session
    ///     is on the maintenance database.
    ///   - fill: Fills the new database of that name, and decides what to do with it.
    /// - Throws: `DatabaseError`, `PostgresError`, and errors of the closures. The target is unchanged, unless the
    ///   error is `PostgresError.inDoubt`.
    package func run<Findings: Sendable, Result: Sendable>(
        inspect: @escaping @Sendable (borrowing Session) throws -> Plan<Findings>,
        fill: @escaping @Sendable (_ name: String, Plan<Findings>) async throws -> (Result, Ending)
    ) async throws -> (Result, Outcome) {
        try await withHeldSession(
            target.maintenance,
            logger: logger,
            prepare: { session in
                try session.pin()
                let plan = try inspect(session)
                let abandoned = try SessionMark.replacement.abandoned(session)
                return (name: try create(plan.properties, session), plan: plan, abandoned: abandoned)
            },
            while: { (new: (name: String, plan: Plan<Findings>, abandoned: [String])) in
                do {
                    for name in new.abandoned {
                        try await NewDatabase.dropUnused(name, target.maintenance, logger: logger)
                        logger.notice("dropped \(name), a leftover of a killed restore")
                    }
                    let (result, ending) = try await fill(new.name, new.plan)
                    switch ending {
                    case .staysBeside: return (result, try await stayBeside(new.name))
                    case .takesPlace(let dropsOld):
                        return (result, try await takePlace(new.name, new.plan.replaces, dropsOld: dropsOld))
                    }
                } catch let error as DatabaseError where error.code == .taken {
                    throw error
                } catch let error as PostgresError where error.code == .inDoubt {
                    // The new database may already have replaced the old one. If it has not, the next restore drops it.
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

    /// With its mark in the name the next restore would consider it unfinished, and drop it.
    private func stayBeside(_ new: String) async throws -> Outcome {
        var attempts = 5
        while true {
            let name = try await unusedName("_restored_")
            // Before the rename, after which an error would say that the restore failed.
            let laterSwap = try await laterSwap(with: name)
            let swap = DatabaseSwap(target: target, new: new, name: name, old: nil, force: false, logger: logger)
            do {
                _ = try await swap.run()
                return Outcome(beside: name, laterSwap: laterSwap)
            } catch let error as PostgresError where attempts > 0 && DatabaseSwap.isNameTaken(error) {
                // Another restore has taken the name since it was looked for.
                attempts -= 1
            }
        }
    }

    private func laterSwap(with new: String) async throws -> String? {
        let old = try await unusedName("_before_")
        return try await withSession(target.maintenance, logger: logger) { session in
            try session.pin()
            guard let properties = try session.properties(ofDatabase: target.name) else { return nil }
            let statements = SwapStatements(
                target: target.name,
                becomes: old,
                isTemplate: properties.isTemplate,
                new: new,
                becomes: target.name,
                session
            )
            return statements.script(
                marking: KeptDatabase.marking(properties, as: old, of: target.name, time: Timestamp.now, session)
            )
        }
    }

    private func takePlace(_ new: String, _ replaces: Bool, dropsOld: Bool) async throws -> Outcome {
        let old = replaces ? try await unusedName("_before_") : nil
        let swap = DatabaseSwap(target: target, new: new, name: target.name, old: old, force: force, logger: logger)
        let kept: String?
        do {
            kept = try await swap.run()
        } catch let error as PostgresError where old == nil && DatabaseSwap.isNameTaken(error) {
            throw try await nameTaken(new)
        }
        guard let old = kept else { return Outcome() }
        var outcome = Outcome(swapped: true, kept: old)
        guard dropsOld else { return outcome }
        do {
            try await withSession(target.maintenance, logger: logger) { session in
                try session.pin()
                try NewDatabase.drop(old, session)
            }
            outcome.kept = nil
        } catch {
            outcome.dropFailure = error
        }
        return outcome
    }

    /// Keeps the new database under another name, because one that others have made must not be replaced unseen.
    private func nameTaken(_ new: String) async throws -> DatabaseError {
        let beside = try await stayBeside(new).beside ?? new
        return DatabaseError(
            .taken,
            "a database \(target.name) was created during the restore, so the restored one is kept as \(beside)",
            hint:
                "drop or rename the other one, and then: ALTER DATABASE \(QuotedText.name(beside)) RENAME TO \(QuotedText.name(target.name))"
        )
    }

    /// The target's name with a suffix and the time. Two restores in the same second get different names.
    private func unusedName(_ suffix: String) async throws -> String {
        try await withSession(target.maintenance, logger: logger) { session in
            try session.pin()
            let isTaken = "SELECT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = $1) AS taken"
            let plain = suffix + Timestamp.now
            var (name, number) = (DatabaseName.derived(from: target.name, plain), 2)
            while try session.query(isTaken, [name])[0].bool("taken") {
                name = DatabaseName.derived(from: target.name, "\(plain)_\(number)")
                number += 1
            }
            return name
        }
    }

    /// Drops the new database after any failure: granary's own, the server's, or an interrupt.
    private func dropUnfinished(_ name: String) async {
        // A new task, because the current one may have been cancelled.
        await Task {
            do {
                // If the network is down, an interrupted run must not wait for it.
                let server = target.maintenance.setting("connect_timeout", to: "3")
                try await NewDatabase.dropUnused(name, server, logger: logger)
            } catch {
                logger.warning("the unfinished database \(name) is still there: \(error); the next restore drops it")
            }
        }.value
    }
}
