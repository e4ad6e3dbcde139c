package import PostgresClient

/// A table on which a session holds ACCESS EXCLUSIVE, or waits for it.
package struct HeldTable: Sendable, Equatable {
    /// The server process of that session.
    package var processID: Int
    /// False if the session still waits. Other sessions would queue behind it.
    package var isGranted: Bool
}

extension Session {
    /// Prepares a session for reading only: it does not wait long for locks, and row security raises an error instead
    /// of hiding rows.
    package borrowing func pinForLooking() throws {
        try pin([("lock_timeout", "500ms"), ("row_security", "off"), ("default_transaction_read_only", "on")])
        try refuseViews()
    }

    /// The tables of this database for which a reader would have to wait. Source: `pg_locks`, without locking the
    /// tables.
    package borrowing func heldTables() throws -> [UInt32: HeldTable] {
        let rows = try query(
            """
            SELECT l.relation, l.pid, l.granted FROM pg_catalog.pg_locks l
            WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.pid <> pg_catalog.pg_backend_pid()
                AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
            ORDER BY l.granted
            """
        )
        return rows.reduce(into: [:]) { held, row in
            held[row.oid("relation")] = HeldTable(processID: row.int("pid"), isGranted: row.bool("granted"))
        }
    }
}
