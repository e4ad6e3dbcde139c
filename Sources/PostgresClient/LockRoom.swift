/// How many objects the sessions of a server can lock at the same time.
package struct LockRoom: Sendable {
    /// `max_locks_per_transaction`
    package var perTransaction: Int
    /// The limit that the documentation guarantees: `perTransaction` for each connection and each prepared transaction.
    package var promised: Int
    /// The actual size of the lock table, which includes background processes: `InitializeMaxBackends` and `NLOCKENTS`
    /// in the server's source.
    package var total: Int
}

extension Session {
    package borrowing func lockRoom() throws -> LockRoom {
        let row = try query(
            """
            SELECT pg_catalog.current_setting('max_locks_per_transaction')::pg_catalog.int8 AS locks,
                pg_catalog.current_setting('max_connections')::pg_catalog.int8
                    + pg_catalog.current_setting('max_prepared_transactions')::pg_catalog.int8 AS transactions,
                coalesce(pg_catalog.current_setting('autovacuum_worker_slots', true),
                        pg_catalog.current_setting('autovacuum_max_workers'))::pg_catalog.int8 + 1
                    + pg_catalog.current_setting('max_worker_processes')::pg_catalog.int8
                    + pg_catalog.current_setting('max_wal_senders')::pg_catalog.int8 AS background
            """
        )[0]
        let (locks, transactions) = (row.int("locks"), row.int("transactions"))
        return LockRoom(
            perTransaction: locks,
            promised: locks * transactions,
            total: locks * (transactions + row.int("background"))
        )
    }
}
