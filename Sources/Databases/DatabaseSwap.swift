internal import Logging
internal import PostgresClient
internal import Synchronization

/// Renames a new database: in a single transaction with the rename of the old one, or to a name beside it.
struct DatabaseSwap: Sendable {
    let target: TargetDatabase
    let new: String
    /// The name that the new database gets.
    let name: String
    /// The name that the old database gets, or a similar one if that is taken; nil if there is no old database.
    let old: String?
    let force: Bool
    let logger: Logger

    /// The first rename takes a lock that new connections wait for, and itself waits five seconds for sessions to end.
    /// With `force` the sessions are ended during this wait, so that no new session can connect before the rename.
    /// Sessions on the new database are always ended: granary created it, and only an extension can have connected to
    /// it.
    ///
    /// - Returns: The name that the old database got.
    func run() async throws -> String? {
        let databases = [new] + (force && old != nil ? [target.name] : [])
        let isOver = Flag()
        async let hindrance = endSessions(of: databases, until: isOver)
        do {
            return try await renameUnderFreeName()
        } catch let busy as DatabaseError {
            isOver.raised.store(true, ordering: .releasing)
            throw await hindrance ?? busy
        }
    }

    /// Another restore may take the name of the old database between the search for a free one and the rename.
    private func renameUnderFreeName() async throws -> String? {
        for _ in 0..<5 {
            do {
                return try await rename()
            } catch let error as PostgresError where old != nil && Self.isNameTaken(error) {
                logger.debug("renaming again: \(error)")
            }
        }
        return try await rename()
    }

    /// duplicate_database, or unique_violation in pg_database, if the other transaction was not committed yet.
    static func isNameTaken(_ error: PostgresError) -> Bool { ["42P04", "23505"].contains(error.sqlState) }

    private func rename() async throws -> String? {
        try await withSession(target.maintenance, logger: logger) { session in
            try session.pin()
            let isTemplate = try session.properties(ofDatabase: target.name)?.isTemplate == true
            do {
                return try session.decisiveTransaction { session in
                    try session.execute("SET LOCAL lock_timeout = '30s'")
                    let old = try freeName(session)
                    let statements = SwapStatements(
                        target: target.name,
                        becomes: old,
                        isTemplate: isTemplate,
                        new: new,
                        becomes: name,
                        session
                    )
                    for statement in statements.movingOld { try session.execute(statement) }
                    if let old { try KeptDatabase.mark(old, of: target.name, time: Timestamp.now, session) }
                    try session.execute(statements.movingNew)
                    return old
                }
            } catch let error as PostgresError where error.sqlState == "55006" {
                throw DatabaseError(
                    .inUse,
                    "\(target.name) is in use, so the restored database could not take its place",
                    hint: "let the sessions disconnect, or end them with --force"
                )
            }
        }
    }

    /// `old`, or `old` with a number, because two restores may finish in the same second.
    private func freeName(_ session: borrowing Session) throws -> String? {
        guard let old else { return nil }
        for number in 1...1000 {
            let name = number == 1 ? old : DatabaseName.derived(from: old, "_\(number)")
            let isTaken = try session.query(
                "SELECT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = $1) AS taken",
                [name]
            )[0].bool("taken")
            if !isTaken { return name }
        }
        return old
    }

    /// Ends all sessions of `databases` repeatedly, until the rename has failed, or is done and this task is cancelled.
    ///
    /// - Returns: Why it failed. The rename may succeed nevertheless.
    private func endSessions(of databases: [String], until isOver: Flag) async -> (any Error)? {
        do {
            return try await withSession(target.maintenance, logger: logger) { session in
                try session.pin()
                // A session that has ended by itself meanwhile is only a warning of the server.
                try session.execute("SET client_min_messages = error")
                var stubborn: DatabaseError?
                while !isOver.raised.load(ordering: .acquiring) {
                    let others = try Occupant.others(on: databases, session)
                    if others.isEmpty { stubborn = nil }
                    for other in others {
                        do {
                            try session.query(
                                "SELECT pg_catalog.pg_terminate_backend($1::int)",
                                [String(other.process)]
                            )
                        } catch let error as PostgresError where error.sqlState == "42501" {
                            stubborn = Self.refusal(other, session)
                        }
                    }
                    try session.query("SELECT pg_catalog.pg_sleep(0.1)")
                }
                return stubborn
            }
        } catch {
            return error
        }
    }

    private final class Flag: Sendable {
        let raised = Atomic(false)
    }

    private static func refusal(_ other: Occupant, _ session: borrowing Session) -> DatabaseError {
        let may =
            other.isSuperuser || other.user.isEmpty
            ? "a superuser" : "\(other.user), or as a member of pg_signal_backend"
        return DatabaseError(
            .notAllowed,
            "the restored database could not take its place: \(other) is connected to \(other.database), and \(session.user) may not end it",
            hint: "restore as \(may), or wait until it ends"
        )
    }
}
