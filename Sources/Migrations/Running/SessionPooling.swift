internal import PostgresClient

/// A lock of the session is worth something only while the session is ours.
enum SessionPooling {
    /// - Throws: `MigrationError` with `.policy` behind a pooler that gives each transaction another session.
    static func requireOwnSession(_ session: borrowing Session) throws {
        let process = try session.query("SELECT pg_catalog.pg_backend_pid() AS pid")[0].int("pid")
        // A pooler hands out numbers of its own for cancelling.
        guard process != session.processID else { return }
        let mode = try? session.query("SHOW pool_mode").first?["pool_mode"]
        for _ in 0..<5 {
            let next = try session.query("SELECT pg_catalog.pg_backend_pid() AS pid")[0].int("pid")
            guard next == process, mode != "transaction", mode != "statement" else {
                throw MigrationError(
                    .policy,
                    "between granary and the server is a pooler that changes sessions with each transaction",
                    hint: "migrate through a direct connection, or through a pool in session mode"
                )
            }
        }
    }
}
