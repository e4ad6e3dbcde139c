internal import Basics
internal import Bookkeeping
internal import PostgresClient
internal import SQLText

/// Runs one file, up or down, and writes down that it did.
///
///     wrapped:    BEGIN → statements → ledger and log → COMMIT, again from the start where a lock was not to be had
///     unwrapped:  the log says that it begins → each statement, and the log how far it is → ledger and log; always in
///                 new entries, because the log is only added to
struct StepRunner {
    let step: MigrationStep
    let ledger: Ledger
    let context: RunContext
    let patience: LockPatience
    /// golang-migrate's table and the version it shall have after this step.
    let sibling: Sibling?
    let lock: RunLock.Held
    let progress: @Sendable (MigrationEvent) -> Void
    /// What the log shall say beside the run.
    var note: String?

    struct Sibling {
        var table: TableName
        var version: Int?
    }

    /// - Parameter resuming: An unwrapped run that broke off, and how many of its statements are done.
    /// - Throws: `MigrationError`, `CancellationError`; a wrapped step is then undone, an unwrapped one recorded.
    func run(_ session: inout Session, resuming: UnfinishedRun? = nil) throws {
        if step.script.mode == .wrapped {
            try runWrapped(&session)
        } else {
            try runUnwrapped(&session, resuming)
        }
    }

    /// - Throws: `MigrationError` with `.busy` where the lock is no longer held.
    private func requireHeld(_ session: borrowing Session) throws {
        guard try lock.isHeld(session) else { throw MigrationError.lostLock(nil) }
    }

    /// Nothing of this file reaches the next, or another attempt.
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
        // Its own one transaction, with the ledger's row in it, is as good as ours.
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

    /// Where we were when the connection broke, which may have been at the COMMIT: only the ledger knows.
    private func lost(_ error: PostgresError, at index: Int) -> PostgresError {
        var error = error.at(step.script.place(of: index))
        let isBrokenOff = step.script.mode != .wrapped && step.script.ledgerIndex == nil
        error.hint =
            "when the server answers again, `granary migrate status` says what is applied; then "
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

// In one transaction.
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
                // A file may have become another role, which need not be allowed to write the ledger.
                try leaveRole(session)
                // What was deferred to the COMMIT is the file's, and runs under its search path.
                try session.underEmptySearchPath {
                    try record(entry("done", since: start, done: step.script.statements.count), $0)
                    try requireHeld($0)
                }
                try session.execute("COMMIT")
                return try startAnew(session)
            } catch let error as PostgresError {
                guard error.code != .connectionLost else { throw lost(error, at: index) }
                try session.execute("ROLLBACK")
                // A prepared statement outlives its transaction, and would be in the way of the next attempt.
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
                throw StatementFailure(error, at: index, of: step.script).explained("nothing of \(step.name) remains")
            }
        }
    }
}

// Statement by statement.
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
                    // What a transaction of the file's own had done is undone: again from its BEGIN.
                    index = done
                    if done == 0 {
                        try startAnew(session)
                        try session.execute(Session.databaseSearchPath)
                    }
                    continue
                }
                try startAnew(session)
                var remains = try index < statements.count ? cleanUp(after: statements[index], session) : ""
                try ledger.append(failure(error, at: index, since: start, done: done), session)
                if done > 0, step.script.ledgerIndex == nil {
                    remains += "; what its first \(done) of \(statements.count) statements did remains"
                } else {
                    remains += "; nothing of \(step.name) remains"
                }
                throw StatementFailure(error, at: index, of: step.script).explained(
                    String(remains.dropFirst(2)),
                    isBrokenOff: done > 0 && step.script.ledgerIndex == nil
                )
            }
        }
    }

    /// Runs one statement, and has the log say so: in the same transaction wherever the statement can be in one, so that
    /// after a crash there is no doubt about it.
    private func run(
        _ index: Int,
        since start: ContinuousClock.Instant,
        _ session: inout Session
    ) throws {
        let statement = step.script.statements[index]
        let entry = entry("running", since: start, done: index + 1)
        try session.underEmptySearchPath { try requireHeld($0) }
        // What is built concurrently waits for every older transaction, but blocks none.
        let limit = statement.runsConcurrently ? 0 : patience.lockTimeout.milliseconds
        try session.execute("SET lock_timeout = \(limit)")
        if index == step.script.ledgerIndex {
            // The file's own transaction is about to commit: what the ledger says goes with it.
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

    /// The log is written as the role that connected, whichever the file has become; the file's role comes back afterwards.
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

    /// An index that could not be built concurrently stays behind, INVALID.
    private func cleanUp(after statement: MigrationStatement, _ session: borrowing Session) throws -> String {
        guard let index = statement.concurrentIndex, let name = try index.invalidName(session) else { return "" }
        try session.execute("DROP INDEX CONCURRENTLY IF EXISTS \(session.quoted(name))")
        return "; the INVALID index \(name) that it left was dropped"
    }

    /// `IF NOT EXISTS` would take an INVALID index of an earlier attempt for the real one.
    private func dropLeftover(of statement: MigrationStatement, _ session: borrowing Session) throws {
        guard let index = statement.concurrentIndex, let name = try index.invalidName(session) else { return }
        try session.execute("DROP INDEX CONCURRENTLY IF EXISTS \(session.quoted(name))")
        progress(.note("dropped the INVALID index \(name), which an earlier attempt had left"))
    }
}

extension Ledger {
    /// The row alone.
    ///
    /// - Throws: `MigrationError` with `.disagreement` if something in the database keeps it.
    func remove(_ version: Int, _ session: borrowing Session) throws {
        try requireGone(version) { try removeRow(version, session) }
    }

    func requireGone(_ version: Int, _ deletion: () throws -> Bool) throws {
        guard try !deletion() else { return }
        throw MigrationError(
            .disagreement,
            "the row of \(version) in the ledger of \(service) could not be deleted",
            hint: "look at \(table) in psql; `granary doctor` says what is wrong with it"
        )
    }
}

extension Session {
    /// Makes of the session what it was when it began, so that nothing of one file reaches the next: role, settings,
    /// temporary tables, prepared statements, cursors, LISTEN, advisory locks.
    package borrowing func startAnew() throws {
        try execute("DISCARD ALL")
        try reset()
        try setPatience()
    }

    /// Our own settings, which RESET ALL and DISCARD ALL of a file undo. Its search path stays.
    borrowing func pinSettings() throws {
        try restoreFirstSettings()
        try setPatience()
    }

    /// What a role or a database has set must not cut a migration short; and a statement whose client was killed ends,
    /// instead of running on without a client and holding the lock of the runners.
    package borrowing func setPatience() throws {
        try execute(
            """
            SET statement_timeout = 0;
            \(settingStatement(Session.noTimeouts.filter { $0.name != "lock_timeout" } + [("client_connection_check_interval", "1s")]))
            """
        )
    }
}
