package import PostgresClient

/// A table that someone works on with ACCESS EXCLUSIVE, or waits to.
package struct HeldTable: Sendable, Equatable {
    /// The backend.
    package var processID: Int
    /// False for one that still waits, behind which we would queue.
    package var isGranted: Bool
}

extension Session {
    /// Prepares a session for looking only: it never waits behind a lock for long, and filters no rows unseen.
    package borrowing func pinForLooking() throws {
        try pin([("lock_timeout", "500ms"), ("row_security", "off"), ("default_transaction_read_only", "on")])
        try refuseViews()
    }

    /// The tables of this database that a look would have to wait for. Source: `pg_locks`, which takes no lock on them.
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
