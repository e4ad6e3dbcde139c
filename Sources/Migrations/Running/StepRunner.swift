internal import Basics
internal import Bookkeeping
internal import PostgresClient
internal import SQLText

/// Runs one file, up or down, and records it in the ledger and the log.
///
///     wrapped:    BEGIN → statements → ledger and log → COMMIT; from the start again if a lock is not available
///     unwrapped:  log "running" → each statement, followed by a log entry with the count → ledger and log
///
/// The log is only appended to, so each of these entries is a new row.
struct StepRunner {
    let step: MigrationStep
    let ledger: Ledger
    let context: RunContext
    let patience: LockPatience
    /// golang-migrate's table, and the version that its row must have after this step.
    let sibling: Sibling?
    let lock: RunLock.Held
    let progress: @Sendable (MigrationEvent) -> Void
    /// A remark for the log entry.
    var note: String?

    struct Sibling {
        var table: TableName
        var version: Int?
    }

    /// - Parameter resuming: An interrupted unwrapped run, with the number of its finished statements.
    /// - Throws: `MigrationError`, `CancellationError`. A failed wrapped step is rolled back; a failed unwrapped step
    ///   is recorded.
    func run(_ session: inout Session, resuming: UnfinishedRun? = nil) throws {
        if step.script.mode == .wrapped {
            try runWrapped(&session)
        } else {
            try runUnwrapped(&session, resuming)
        }
    }

    /// - Throws: `MigrationError` with `.busy` if the lock is no longer held.
    private func requireHeld(_ session: borrowing Session) throws {
        guard try lock.isHeld(session) else { throw MigrationError.lostLock(nil) }
    }

    /// Resets the session, so that this file affects neither the next file nor another attempt.
    private func startAnew(_ session: borrowing Session) throws {
        try session.startAnew()
        try lock.goOn(session)
    }

    private func entry(_ outcome: String, since start: ContinuousClock.Instant, done: Int) -> LogEntry {
        var entry = LogEntry(step.direction.rawValue, version: step.version, note: note, context)
        entry.name = step.name
        entry.layer = step.layer
        entry.sha256 = step.sha256
        entry.outcome = outcome
        entry.milliseconds = Int((ContinuousClock.now - start) / .milliseconds(1))
        entry.estimatedDuration = step.estimatedDuration
        entry.statementsDone = done
        entry.statementsTotal = step.script.statements.count
        // The file's own single transaction also contains the ledger row, so it counts as wrapped.
        entry.isWrapped = step.script.mode == .wrapped || step.script.ledgerIndex != nil
        return entry
    }

    private func row(_ milliseconds: Int?) -> LedgerEntry {
        LedgerEntry(
            version: step.version,
            name: step.name,
            layer: step.layer,
            upSHA256: step.isVerified ? step.sha256 : nil,
            downSHA256: step.downSHA256,
            downSQL: step.downSQL,
            isVerified: step.isVerified,
            appliedBy: context.actor,
            milliseconds: milliseconds,
            requires: step.requires
        )
    }

    private func record(_ entry: LogEntry, _ session: borrowing Session) throws {
        switch step.direction {
        case .up: try ledger.recordUp(row(entry.milliseconds), entry, session)
        case .down: try ledger.requireGone(step.version) { try ledger.recordDown(entry, session) }
        }
        if let sibling { try GolangMigrateLedger.keep(sibling.version, in: sibling.table, session) }
    }

    /// The error for a lost connection. If it was lost at COMMIT, only the ledger knows whether the step took effect.
    private func lost(_ error: PostgresError, at index: Int) -> PostgresError {
        var error = error.at(step.script.place(of: index))
        let isBrokenOff = step.script.mode != .wrapped && step.script.ledgerIndex == nil
        error.hint =
            "when the server answers again, `granary migrate status` shows what is applied; then "
            + (isBrokenOff ? "`granary migrate repair` continues from there" : "run it again")
        return error
    }

    private func failure(
        _ error: PostgresError,
        at index: Int,
        since start: ContinuousClock.Instant,
        done: Int
    ) -> LogEntry {
        var entry = entry("failed", since: start, done: done)
        entry.sqlState = error.sqlState
        entry.message = error.server?.messageWithoutValues ?? error.message
        return entry
    }
}

extension StepRunner {
    private func runWrapped(_ session: inout Session) throws {
        let start = ContinuousClock.now
        var attempt = 1
        while true {
            var index = 0
            do {
                try session.execute(
                    "BEGIN; SET LOCAL lock_timeout = \(patience.lockTimeout.milliseconds); SET LOCAL search_path TO DEFAULT"
                )
                for statement in step.script.statements {
                    try statement.run(&session)
                    if statement.resetsSettings { try session.pinSettings() }
                    index += 1
                }
                // The file may have changed the role to one that may not write the ledger.
                try leaveRole(session)
                // The empty search path ends before COMMIT, because deferred constraints and triggers of the file run
                // then, and expect the file's search path.
                try session.underEmptySearchPath {
                    try record(entry("done", since: start, done: step.script.statements.count), $0)
                    try requireHeld($0)
                }
                try session.execute("COMMIT")
                return try startAnew(session)
            } catch let error as PostgresError {
                guard error.code != .connectionLost else { throw lost(error, at: index) }
                try session.execute("ROLLBACK")
                // Prepared statements outlive the transaction and would make the next attempt fail.
                try startAnew(session)
                if error.isLockTrouble {
                    guard let pause = patience.pause(after: attempt, since: start) else {
                        try ledger.append(failure(error, at: index, since: start, done: 0), session)
                        throw patience.exhausted(step.name, step.script.place(of: index), attempts: attempt)
                    }
                    progress(.retrying(name: step.title, attempt: attempt + 1, pause: pause))
                    try session.rest(for: pause)
                    attempt += 1
                    continue
                }
                try ledger.append(failure(error, at: index, since: start, done: 0), session)
                throw StatementFailure(error, at: index, of: step.script).explained("\(step.name) was rolled back")
            }
        }
    }
}

extension StepRunner {
    private func runUnwrapped(_ session: inout Session, _ resuming: UnfinishedRun?) throws {
        let start = ContinuousClock.now
        let statements = step.script.statements
        var done = resuming?.statementsDone ?? 0
        try ledger.append(entry("running", since: start, done: done), session)
        try session.execute(Session.databaseSearchPath)
        var (index, attempt) = (done, 1)
        while true {
            do {
                while index < statements.count {
                    try run(index, since: start, &session)
                    index += 1
                    if !session.isInTransaction { done = index }
                }
                if step.script.ledgerIndex == nil {
                    try session.transaction { session in
                        try leaveRole(session)
                        try session.underEmptySearchPath {
                            try finish(entry("done", since: start, done: statements.count), $0)
                        }
                    }
                }
                return try startAnew(session)
            } catch let error as PostgresError {
                guard error.code != .connectionLost else { throw lost(error, at: index) }
                let leavesNothing =
                    session.isInTransaction || index < statements.count && statements[index].fitsTransaction
                if session.isInTransaction { try session.execute("ROLLBACK") }
                if error.isLockTrouble, leavesNothing, let pause = patience.pause(after: attempt, since: start) {
                    attempt += 1
                    progress(.retrying(name: step.title, attempt: attempt, pause: pause))
                    try session.rest(for: pause)
                    // The file's own transaction was rolled back, so it starts again from its BEGIN.
                    index = done
                    if done == 0 {
                        try startAnew(session)
                        try session.execute(Session.databaseSearchPath)
                    }
                    continue
                }
                throw try brokenOff(by: error, at: index, since: start, done: done, session)
            }
        }
    }

    /// Logs a failure that no further attempt will repair.
    ///
    /// - Returns: The failure, with what remains in effect.
    private func brokenOff(
        by error: PostgresError,
        at index: Int,
        since start: ContinuousClock.Instant,
        done: Int,
        _ session: borrowing Session
    ) throws -> MigrationError {
        try startAnew(session)
        let statements = step.script.statements
        var remains = try index < statements.count ? cleanUp(after: statements[index], session) : ""
        try ledger.append(failure(error, at: index, since: start, done: done), session)
        let isBrokenOff = done > 0 && step.script.ledgerIndex == nil
        remains +=
            isBrokenOff
            ? "; the first \(done) of its \(statements.count) statements remain in effect"
            : "; \(step.name) was rolled back"
        return StatementFailure(error, at: index, of: step.script)
            .explained(String(remains.dropFirst(2)), isBrokenOff: isBrokenOff)
    }

    /// Runs one statement and logs it. If the statement can run in a transaction, the log entry is written in the same
    /// transaction, so that after a crash it is certain whether the statement took effect.
    private func run(
        _ index: Int,
        since start: ContinuousClock.Instant,
        _ session: inout Session
    ) throws {
        let statement = step.script.statements[index]
        let entry = entry("running", since: start, done: index + 1)
        try session.underEmptySearchPath { try requireHeld($0) }
        // A concurrent build waits for all older transactions but blocks no other session, so it may wait without
        // limit.
        let limit = statement.runsConcurrently ? 0 : patience.lockTimeout.milliseconds
        try session.execute("SET lock_timeout = \(limit)")
        if index == step.script.ledgerIndex {
            // The file's own transaction is about to commit. The ledger is written in it.
            try leaveRole(session)
            try session.underEmptySearchPath {
                try finish(self.entry("done", since: start, done: index + 1), $0)
            }
            try statement.run(&session)
        } else if statement.fitsTransaction, !session.isInTransaction {
            try session.transaction { session in
                try statement.run(&session)
                try say(entry, session)
            }
            if statement.resetsSettings { try session.pinSettings() }
        } else if statement.control == .commit, session.isInTransaction {
            try say(entry, session)
            try statement.run(&session)
        } else {
            try dropLeftover(of: statement, session)
            try statement.run(&session)
            if statement.resetsSettings { try session.pinSettings() }
            if !session.isInTransaction { try session.transaction { try say(entry, $0) } }
        }
    }

    /// Writes the log as the role that connected, then returns to the role that the file has set.
    private func say(_ entry: LogEntry, _ session: borrowing Session) throws {
        if step.script.changesSession { try session.execute("SET LOCAL ROLE NONE") }
        try session.underEmptySearchPath { try ledger.append(entry, $0) }
    }

    private func leaveRole(_ session: borrowing Session) throws {
        guard step.script.changesSession else { return }
        try session.execute("RESET SESSION AUTHORIZATION; RESET ROLE; SET LOCAL statement_timeout = 0")
    }

    private func finish(_ entry: LogEntry, _ session: borrowing Session) throws {
        switch step.direction {
        case .up: try ledger.addRow(row(entry.milliseconds), session)
        case .down: try ledger.remove(step.version, session)
        }
        try ledger.append(entry, session)
        if let sibling { try GolangMigrateLedger.keep(sibling.version, in: sibling.table, session) }
    }

    /// Drops the INVALID index that a failed concurrent build has left.
    private func cleanUp(after statement: MigrationStatement, _ session: borrowing Session) throws -> String {
        guard let index = statement.concurrentIndex, let name = try index.invalidName(session) else { return "" }
        try session.execute("DROP INDEX CONCURRENTLY IF EXISTS \(session.quoted(name))")
        return "; the INVALID index \(name) that it left was dropped"
    }

    /// Drops an INVALID index of an earlier attempt, which `IF NOT EXISTS` would accept.
    private func dropLeftover(of statement: MigrationStatement, _ session: borrowing Session) throws {
        guard let index = statement.concurrentIndex, let name = try index.invalidName(session) else { return }
        try session.execute("DROP INDEX CONCURRENTLY IF EXISTS \(session.quoted(name))")
        progress(.note("dropped the INVALID index \(name), which an earlier attempt had left"))
    }
}

extension Ledger {
    /// Deletes the row of a migration; the log is not changed.
    ///
    /// - Throws: `MigrationError` with `.disagreement` if the row still exists afterwards, for example because of a
    ///   trigger or row security.
    func remove(_ version: Int, _ session: borrowing Session) throws {
        try requireGone(version) { try removeRow(version, session) }
    }

    func requireGone(_ version: Int, _ deletion: () throws -> Bool) throws {
        guard try !deletion() else { return }
        throw MigrationError(
            .disagreement,
            "the row of \(version) in the ledger of \(service) could not be deleted",
            hint: "look at \(table) in psql; `granary doctor` reports the problem"
        )
    }
}

extension Session {
    /// Resets the session to its initial state: role, settings, temporary tables, prepared statements, cursors, LISTEN,
    /// advisory locks. No file can then affect the next one.
    package borrowing func startAnew() throws {
        try execute("DISCARD ALL")
        try reset()
        try setPatience()
    }

    /// Restores the settings of granary, which RESET ALL and DISCARD ALL in a file undo. The search path of the file
    /// stays.
    borrowing func pinSettings() throws {
        try restoreFirstSettings()
        try setPatience()
    }

    /// Turns off the timeouts that a role or database may have set, because they could interrupt a migration. Lets the
    /// server end a statement whose client was killed; otherwise it would go on and hold the lock of the runners.
    package borrowing func setPatience() throws {
        // Not through pg_settings, which takes a millisecond: a replay does this several times for each migration.
        var settings = Session.noTimeouts.filter { $0.name != "lock_timeout" && !lacksTimeout($0.name) }
        if serverVersion >= 140_000 { settings.append(("client_connection_check_interval", "'1s'")) }
        try execute(settings.map { "SET \($0.name) = \($0.value)" }.joined(separator: "; "))
    }
}
