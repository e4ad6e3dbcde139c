package import PostgresClient

/// Transactions that the node where they began has committed, while another node still waits for the word to commit. A
/// crash or a lost connection in between leaves them so, until Citus settles them.
package enum UnfinishedTransactions {
    /// - Parameter sessions: With all nodes, each in its snapshot of one moment.
    /// - Returns: For each node, how many transactions its snapshot lacks and that of another node has.
    /// - Throws: `PostgresError`; `CancellationError`.
    package static func count(_ sessions: [DirectedSession]) async throws -> [Int] {
        let prepared = try await sessions.perform { _, session in
            try session.query(
                """
                SELECT gid FROM pg_catalog.pg_prepared_xacts
                WHERE database = pg_catalog.current_database() AND gid LIKE 'citus\\_%'
                """
            ).map { $0.text("gid") }
        }
        guard prepared.contains(where: { !$0.isEmpty }) else { return prepared.map(\.count) }
        let names = QuotedText.array(prepared.flatMap(\.self))
        let committed = try await sessions.perform { _, session in
            try session.query(
                "SELECT gid FROM pg_catalog.pg_dist_transaction WHERE gid = ANY ($1::pg_catalog.text[])",
                [names]
            ).map { $0.text("gid") }
        }
        let known = Set(committed.flatMap(\.self))
        return prepared.map { $0.count { known.contains($0) } }
    }
}
