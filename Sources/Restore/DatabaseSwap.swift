internal import Logging
internal import PostgresClient

/// Puts the new database in the old one's place: two renames in one transaction.
struct DatabaseSwap: Sendable {
    let target: TargetDatabase
    let new: String
    /// The name that the old database gets; nil when there is none.
    let old: String?
    let force: Bool
    let logger: Logger

    /// The first rename holds a lock that new connections wait for, and itself waits five seconds for sessions to end;
    /// with `force` they are ended meanwhile, so nobody can slip in between.
    func run() async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await rename()
                return true
            }
            if force, old != nil {
                group.addTask {
                    try await endSessions()
                    return false
                }
            }
            while let isDone = try await group.next(), !isDone {}
            group.cancelAll()
        }
    }

    private func rename() async throws {
        try await withSession(target.maintenance, logger: logger) { session in
            do {
                try session.transaction { session in
                    try session.execute("SET LOCAL lock_timeout = '30s'")
                    if let old {
                        try session.execute(
                            "ALTER DATABASE \(session.quoted(target.name)) RENAME TO \(session.quoted(old))"
                        )
                    }
                    try session.execute(
                        "ALTER DATABASE \(session.quoted(new)) RENAME TO \(session.quoted(target.name))"
                    )
                }
            } catch let error as PostgresError where error.sqlState == "55006" {
                throw RestoreError(
                    .busy,
                    "\(target.name) is in use, so the restored database could not take its place",
                    hint: "let the sessions disconnect, or end them with --force"
                )
            }
        }
    }

    /// Ends the sessions of the target again and again, until the rename is through and this is cancelled.
    private func endSessions() async throws {
        try await withSession(target.maintenance, logger: logger) { session in
            for _ in 0..<100 {
                try session.query(
                    """
                    SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
                    WHERE datname = $1 AND pid <> pg_catalog.pg_backend_pid()
                    """,
                    [target.name]
                )
                try session.query("SELECT pg_catalog.pg_sleep(0.1)")
            }
        }
    }
}
