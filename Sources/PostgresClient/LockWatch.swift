package import Logging

/// Names the session that blocks a waiting session. It uses a second session for that.
package struct LockWatch: Sendable {
    private let task: Task<Void, Never>

    /// - Parameters:
    ///   - process: The server process of the session that may have to wait.
    ///   - interval: The time before the first look, for which no session is opened, and between looks.
    ///   - blocked: Called with a description of the session that holds the lock, once for each holder.
    package static func start(
        on server: ServerAddress,
        watching process: Int,
        every interval: Duration = .seconds(1),
        logger: Logger,
        blocked: @escaping @Sendable (String) -> Void
    ) -> LockWatch {
        LockWatch(
            task: Task {
                do {
                    // Most statements finish before another session could have blocked them.
                    try await Task.sleep(for: interval)
                    try await withSession(server, logger: logger) { session in
                        var told = ""
                        while true {
                            let blocker = try session.query(
                                """
                                SELECT \(SessionDescription.expression) AS who, a.pid
                                FROM pg_catalog.pg_stat_activity a
                                WHERE a.pid = ANY (pg_catalog.pg_blocking_pids($1)) ORDER BY a.xact_start LIMIT 1
                                """,
                                [String(process)]
                            ).first
                            if let blocker, let who = blocker["who"] {
                                if blocker.text("pid") != told { blocked(who) }
                                told = blocker.text("pid")
                            }
                            try session.rest(for: interval)
                        }
                    }
                } catch {
                    // Without it, only the name of the blocking session is missing from the progress.
                    logger.debug("the lock watch ended: \(error)")
                }
            }
        )
    }

    package func stop() { task.cancel() }
}
