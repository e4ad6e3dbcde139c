package import Logging
package import PostgresClient

/// One moment on all nodes of a cluster: a snapshot of each, none of which has only a part of a transaction.
///
/// A transaction that writes on several nodes is committed in two phases. Before its own commit, the node that began it
/// notes in `pg_dist_transaction` that the others will commit as well, and it gives up its lock on that table when they
/// have. So while this table is locked on every node, each such transaction is committed everywhere or nowhere. A lock on
/// `pg_dist_partition` keeps shards from moving. Citus's `citus_create_restore_point` uses the same locks.
///
/// Writers wait meanwhile, so an attempt waits for the locks only briefly, and gives up all of them if it fails.
package struct ClusterMoment: Sendable {
    /// How long an attempt keeps writers waiting. What nodes need for their answers is added, or far ones would never be
    /// in time.
    struct Limits: Sendable, Equatable {
        /// For the locks of all nodes together.
        var waiting = Duration.milliseconds(300)
        /// From the first lock to the last snapshot. The servers end the locks, too, if this process cannot.
        var holding = Duration.milliseconds(500)

        /// - Parameter answer: The time in which the slowest node makes a snapshot and says so.
        init(answer: Duration) {
            let answer = min(answer, .milliseconds(500))
            // The lock of the coordinator, those of the others.
            waiting += answer * 2
            // The snapshots, the end of the locks, and one in reserve.
            holding += answer * 5
        }
    }

    private let servers: ClusterServers
    private let logger: Logger

    package init(_ servers: ClusterServers, logger: Logger) {
        self.servers = servers
        self.logger = logger
    }

    /// Exports the snapshots of `sessions`, all at one moment.
    ///
    /// - Parameters:
    ///   - sessions: In a transaction (REPEATABLE READ) without a snapshot, with any of the nodes.
    ///   - patience: The time after which no further attempt begins.
    /// - Returns: The names of the snapshots.
    /// - Throws: `CitusError`, after which these sessions must begin a new transaction, because some of them may have
    ///   their snapshot; `PostgresError`; `CancellationError`. No lock remains.
    package func snapshots(of sessions: [DirectedSession], patience: Duration) async throws -> [String] {
        let start = ContinuousClock.now
        var attempt = 1
        while true {
            switch try await self.attempt(sessions) {
            case .taken(let names): return names
            case .locked(let node):
                guard .now - start < patience else {
                    throw CitusError(
                        .busy,
                        "the transactions of the cluster could not be kept waiting: on \(node.place) a lock was not free",
                        hint: "let changes of distributed tables and moves of shards end, then try again"
                    )
                }
                logger.debug("attempt \(attempt) for one moment on all nodes: \(node.place) is locked")
            }
            // A random delay, so that two backups do not meet again and again.
            try await Task.sleep(for: .milliseconds(Int.random(in: 50...150) * min(attempt, 5)))
            attempt += 1
        }
    }

    private enum Outcome: Sendable {
        case taken([String])
        /// Nothing was exported, because the locks of a node were not free.
        case locked(CitusNode)
    }

    private func attempt(_ sessions: [DirectedSession]) async throws -> Outcome {
        do {
            return try await withDirectedSessions(servers.addresses, logger: logger) { locks in
                // All are connected before the first lock.
                let answers = try await locks.perform { _, session in try Self.timeOfSnapshot(&session) }
                return try await export(sessions, under: locks, Limits(answer: answers.max() ?? .zero))
            }
        } catch let error as PostgresError where error.sqlState == "25P03" {
            throw Self.late
        }
    }

    /// - Parameter locks: A session with each node. They end when this has ended, and with them their locks.
    private func export(
        _ sessions: [DirectedSession],
        under locks: [DirectedSession],
        _ limits: Limits
    ) async throws -> Outcome {
        let start = ContinuousClock.now
        // A second backup waits for the coordinator, so the other nodes can be locked at the same time.
        guard try await locks[0].perform({ try Self.lock(within: limits.waiting, limits, &$0) }) else {
            return .locked(servers.nodes[0])
        }
        let left = max(.milliseconds(1), limits.waiting - (.now - start))
        let areLocked = try await Array(locks.dropFirst()).perform { try Self.lock(within: left, limits, &$1) }
        if let index = areLocked.firstIndex(of: false) { return .locked(servers.nodes[index + 1]) }
        let names = try await sessions.perform { _, session in
            try session.query("SELECT pg_catalog.pg_export_snapshot() AS name")[0].text("name")
        }
        // It fails if the server has taken the lock away before.
        try await locks.perform { _, session in try session.execute("ROLLBACK") }
        let held = ContinuousClock.now - start
        logger.debug("one moment on \(servers.nodes.count) nodes: writers waited for \(held)")
        guard held <= limits.holding else { throw Self.late }
        return .taken(names)
    }

    private static let late = CitusError(
        .busy,
        "the nodes of the cluster did not make their snapshots in time, and the transactions did not wait longer",
        hint: "try again when the servers are less busy"
    )

    /// Makes a snapshot for no use, to see how long that takes there and back.
    private static func timeOfSnapshot(_ session: inout Session) throws -> Duration {
        let start = ContinuousClock.now
        try session.execute("BEGIN; SELECT pg_catalog.pg_export_snapshot(); ROLLBACK")
        return .now - start
    }

    /// - Returns: Whether it has the locks. If not, the transaction is over.
    private static func lock(within limit: Duration, _ limits: Limits, _ session: inout Session) throws -> Bool {
        let milliseconds = max(1, Int(limit / .milliseconds(1)))
        do {
            // A read-only transaction, which may be the default, cannot have such locks.
            try session.execute(
                """
                BEGIN READ WRITE; SET LOCAL idle_in_transaction_session_timeout = \(Int(limits.holding / .milliseconds(1)));
                SET LOCAL lock_timeout = \(milliseconds); SET LOCAL statement_timeout = \(milliseconds);
                LOCK TABLE pg_catalog.pg_dist_partition, pg_catalog.pg_dist_transaction IN EXCLUSIVE MODE
                """
            )
            return true
        } catch let error as PostgresError where error.isLockTrouble || error.sqlState == "57014" {
            try session.execute("ROLLBACK")
            return false
        }
    }
}
