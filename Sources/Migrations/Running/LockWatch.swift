internal import Glibc
internal import Logging
import PostgresClient

/// Names whoever keeps the runner waiting, while it waits, from a session of its own.
struct LockWatch {
    private let task: Task<Void, Never>

    /// - Parameter process: The server process of the runner.
    static func start(
        on server: ServerAddress,
        watching process: Int,
        logger: Logger,
        blocked: @escaping @Sendable (String) -> Void
    ) -> LockWatch {
        LockWatch(
            task: Task {
                do {
                    try await withSession(server, logger: logger) { session in
                        var told = ""
                        while true {
                            try session.rest(for: .seconds(1))
                            let blocker = try session.query(
                                """
                                SELECT \(SessionDescription.expression) AS who, a.pid
                                FROM pg_catalog.pg_stat_activity a
                                WHERE a.pid = ANY (pg_catalog.pg_blocking_pids($1)) ORDER BY a.xact_start LIMIT 1
                                """,
                                [String(process)]
                            ).first
                            guard let blocker, let who = blocker["who"] else { continue }
                            if blocker.text("pid") != told { blocked(who) }
                            told = blocker.text("pid")
                        }
                    }
                } catch {
                    // To be without it costs a name in the progress, which is no reason to stop a migration.
                    logger.debug("the lock watch ended: \(error)")
                }
            }
        )
    }

    func stop() { task.cancel() }
}
