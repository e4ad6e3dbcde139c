package import Logging

/// Names whoever keeps a session waiting for a lock, while it waits, from a session of its own.
package struct LockWatch: Sendable {
    private let task: Task<Void, Never>

    /// - Parameters:
    ///   - process: The server process of the session that may have to wait.
    ///   - interval: The time to the first look, for which no session is made, and between looks.
    ///   - blocked: Told of who has the lock, once for each holder.
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
                    // Most are done before anybody could have kept them waiting.
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
                    // To be without it costs a name in the progress, which is no reason to stop the work.
                    logger.debug("the lock watch ended: \(error)")
                }
            }
        )
    }

    package func stop() { task.cancel() }
}
