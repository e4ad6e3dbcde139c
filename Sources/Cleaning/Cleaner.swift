package import Logging
package import PostgresClient
internal import Synchronization

/// Empties tables completely or not at all, and keeps the schema.
///
///     plan: reads the database, and changes nothing
///     run:  plan → approval → BEGIN → lock the tables → check that nothing has changed since the plan → back up
///           → disable triggers → TRUNCATE large tables, DELETE from small ones → reset sequences → enable triggers →
/// seeds → COMMIT
///
/// A run uses one session, so the server's cached data about the tables is used for both planning and emptying.
package struct Cleaner: Sendable {
    private let options: CleanOptions
    private let server: ServerAddress
    private let logger: Logger
    private let progress: @Sendable (CleanProgress) -> Void

    package init(
        _ options: CleanOptions,
        server: ServerAddress,
        logger: Logger,
        progress: @escaping @Sendable (CleanProgress) -> Void
    ) {
        self.options = options
        self.server = server
        self.logger = logger
        self.progress = progress
    }

    /// - Throws: `CleaningError`, `PostgresError`, `CancellationError`.
    package func plan() async throws -> CleanPlan {
        let planner = CleanPlanner(options: options)
        return try await inSession { try planner.plan($0) }
    }

    /// Makes a plan, and executes it if it is approved.
    ///
    /// - Parameters:
    ///   - approve: Gets the plan while nothing is locked, and may take its time. An error ends the run; false ends it
    ///     without an error.
    ///   - backUp: Makes a verified backup of these tables. Called while they are locked against writing, so the backup
    ///     holds exactly the rows that will be deleted. nil for no backup.
    /// - Returns: nil if it was not approved.
    /// - Throws: `CleaningError`, `PostgresError`, `CancellationError` and errors of the closures. The database is
    ///   unchanged.
    package func run(
        approve: @escaping @Sendable (CleanPlan) async throws -> Bool = { _ in true },
        backUp: (@Sendable ([TableName]) async throws -> CleanBackup)?
    ) async throws -> CleanReport? {
        let planner = CleanPlanner(options: options)
        return try await inSession { session in
            let plan = try planner.plan(session)
            guard try session.waiting(for: { try await approve(plan) }) else { return nil }
            try plan.requireNoObstacle()
            return try carryOut(plan, backUp, &session)
        }
    }

    private func carryOut(
        _ plan: CleanPlan,
        _ backUp: (@Sendable ([TableName]) async throws -> CleanBackup)?,
        _ session: inout Session
    ) throws -> CleanReport {
        let start = ContinuousClock.now
        // Each statement must see the changes that were committed while it waited for locks, even if the database has
        // another default.
        var report = try session.decisiveTransaction("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE") { session in
            // Deferred checks would still be pending when triggers are enabled again, and the server forbids that.
            try session.execute("SET CONSTRAINTS ALL IMMEDIATE")
            if plan.steps.useCitus {
                // After a count on several connections, Citus refuses to empty a table that a foreign key connects.
                try session.execute("SET LOCAL citus.multi_shard_modify_mode TO 'sequential'")
            }
            let rows = try hold(plan, writesOnly: backUp != nil, &session)
            let endangered = plan.steps.endangered
            let backup = try backUp.map { backUp in
                progress(.phase("backing up the rows"))
                return try session.waiting { try await backUp(endangered) }
            }
            progress(.phase("cleaning"))
            try CleanTransaction(plan: plan, options: options).run(session)
            return CleanReport(plan, rows, backup)
        }
        report.seconds = (.now - start) / .seconds(1)
        return report
    }

    /// Locks the tables to empty, and checks that nothing has changed since the plan.
    ///
    /// - Parameter writesOnly: Allow reading, for the backup and for other sessions.
    /// - Returns: The present rows of each unit.
    private func hold(
        _ plan: CleanPlan,
        writesOnly: Bool,
        _ session: inout Session
    ) throws -> [UInt32: UnitRows] {
        progress(.phase("waiting for locks"))
        let steps = plan.steps
        for (units, mode) in [
            (steps.truncated, writesOnly ? "EXCLUSIVE" : "ACCESS EXCLUSIVE"),
            (steps.deleted.flatMap(\.self) + steps.counters, "EXCLUSIVE"),
        ] where !units.isEmpty {
            // No session can add a reference to a row of a table that is locked in this mode, because that needs a lock
            // on the row.
            let names = units.map { $0.target(session) }.joined(separator: ", ")
            try session.execute("LOCK TABLE \(names) IN \(mode) MODE")
        }
        guard try CleanCatalog.read(session) == plan.catalog, try stillEmpty(plan, session),
            try stillFilled(plan, session)
        else {
            throw CleaningError(
                .busy,
                "nothing was changed, because tables or rows have changed since the plan was made",
                hint: "run it again"
            )
        }
        var rows = steps.rows
        for (unit, count) in try RowProbe().counts(steps.deleted.flatMap(\.self), session) {
            rows[unit]?.rows = count
            rows[unit]?.isExact = true
        }
        return rows
    }

    /// Whether tables that had no rows still have none, and no other table refers to their rows.
    private func stillEmpty(_ plan: CleanPlan, _ session: borrowing Session) throws -> Bool {
        let steps = plan.steps
        let locked = Set((steps.units + steps.counters).map(\.oid))
        let keys = plan.catalog.keys.filter { key in
            guard let target = plan.layout.unit[key.to], locked.contains(target.oid) else { return false }
            return plan.layout.unit[key.from].map { !locked.contains($0.oid) } ?? true
        }
        let empty = (steps.truncated + steps.counters).filter { steps.rows[$0.oid]?.isEmpty == true }
        return try RowProbe().holding(
            BlastRadius.references(keys, plan.layout, session) + empty.map { ($0.oid, $0.target(session), "true") },
            session
        ).isEmpty
    }

    /// Whether any of the rows to delete is left. Another cleaning may have deleted them all while this one waited for
    /// its locks.
    private func stillFilled(_ plan: CleanPlan, _ session: borrowing Session) throws -> Bool {
        let filled = plan.steps.units.filter { plan.steps.rows[$0.oid]?.isEmpty == false }
        guard !filled.isEmpty else { return true }
        return try !RowProbe().holding(filled.map { ($0.oid, $0.target(session), "true") }, session).isEmpty
    }

    /// Runs a closure in a session with a lock timeout, which reports the session that blocks it.
    private func inSession<R: Sendable>(
        _ body: @escaping @Sendable (inout Session) throws -> R
    ) async throws -> R {
        let blocker = Blocker()
        let limit = options.lockTimeout
        do {
            return try await withSession(server, logger: logger) { session in
                try session.pin([
                    ("lock_timeout", String(max(1, limit.milliseconds))),
                    // Rows hidden by row security must cause an error, not remain unnoticed.
                    ("row_security", "off"),
                ])
                let watch = LockWatch.start(
                    on: session.pinnedAddress,
                    watching: session.processID,
                    every: min(.milliseconds(200), limit / 3),
                    logger: logger
                ) { who in
                    blocker.name.withLock { $0 = who }
                    progress(.blocked(by: who))
                }
                defer { watch.stop() }
                return try body(&session)
            }
        } catch let error as PostgresError where error.isLockTrouble {
            let who = blocker.name.withLock(\.self).map { "; it is held by \($0)" } ?? ""
            throw CleaningError(
                .busy,
                "nothing was changed, because a lock was not available within \(limit.milliseconds) ms\(who)",
                hint: "run it again after that session has ended, or raise --lock-timeout",
                sqlState: error.sqlState
            )
        }
    }
}

/// The session that was last seen blocking.
private final class Blocker: Sendable {
    let name = Mutex<String?>(nil)
}

extension Duration {
    fileprivate var milliseconds: Int { Int(self / .milliseconds(1)) }
}
