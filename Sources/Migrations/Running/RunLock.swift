import PostgresClient

/// One runner at a time for each database and service, by an advisory lock of the session.
///
/// It is polled: who waits inside `pg_advisory_lock` holds a snapshot, and `CREATE INDEX CONCURRENTLY` of the runner
/// that has the lock waits for that snapshot, for ever.
/// <https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS>
struct RunLock {
    let keys: [Int]

    /// The key of a service: the first 8 bytes of what it is called, as a signed number.
    static func key(service: String) -> Int {
        // FNV-1a: the same in every version of ours, which Swift's own hashes are not.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in "granary migrate \(service)".utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return Int(bitPattern: UInt(hash))
    }

    /// Takes all the keys, in their order, or none.
    ///
    /// - Parameter waiting: Told of who has the lock, once for each holder.
    /// - Throws: `MigrationError` with `.busy` when `limit` has passed.
    func acquire(
        within limit: Duration,
        _ session: borrowing Session,
        waiting: (String) -> Void
    ) throws {
        let deadline = ContinuousClock.now + limit
        var told: (process: String, who: String)?
        var pause = Duration.milliseconds(50)
        while true {
            guard let taken = try missing(session) else { return }
            let holder = try Self.holder(of: taken, session)
            if let holder {
                if holder.process != told?.process { waiting(holder.who) }
                told = holder
            }
            guard ContinuousClock.now + pause < deadline else {
                throw MigrationError(
                    .busy,
                    "another migration runs in this database\(told.map { ", by \($0.who)" } ?? ""), and did not end within \(limit)",
                    hint:
                        "try again when it is done; migration_locking.timeout_seconds in environments.json is how long "
                        + "to wait"
                )
            }
            try session.rest(for: pause + .milliseconds(Int.random(in: 0...50)))
            pause = min(pause * 2, .seconds(1))
        }
    }

    func release(_ session: borrowing Session) throws {
        for key in keys { try session.query("SELECT pg_catalog.pg_advisory_unlock($1)", [String(key)]) }
    }

    /// The first key that someone else has, after all those taken before it were given back; nil when all are ours.
    private func missing(_ session: borrowing Session) throws -> Int? {
        for (index, key) in keys.enumerated() {
            let isOurs = try session.query("SELECT pg_catalog.pg_try_advisory_lock($1) AS ours", [String(key)])[0]
                .bool("ours")
            guard !isOurs else { continue }
            for taken in keys[..<index] {
                try session.query("SELECT pg_catalog.pg_advisory_unlock($1)", [String(taken)])
            }
            return key
        }
        return nil
    }

    /// Whoever has a service's lock and had its session before the log's `started_at`, so that the run may be its own. The
    /// key's halves are the parameters `$2` and `$3`.
    static let holder = """
        SELECT \(SessionDescription.expression) AS who
        FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
        WHERE l.locktype = 'advisory' AND l.granted AND l.classid = $2::pg_catalog.oid AND l.objid = $3::pg_catalog.oid AND l.objsubid = 1
            AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
            AND a.backend_start <= started_at AND a.pid <> pg_catalog.pg_backend_pid() LIMIT 1
        """

    /// The key as `pg_locks` shows it, in two numbers.
    static func halves(of key: Int) -> [String?] {
        let bits = UInt64(bitPattern: Int64(key))
        return [String(bits >> 32), String(bits & 0xffff_ffff)]
    }

    private static func holder(of key: Int, _ session: borrowing Session) throws -> (process: String, who: String)? {
        let row = try session.query(
            """
            SELECT a.pid, \(SessionDescription.expression) AS who
            FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
            WHERE l.locktype = 'advisory' AND l.granted AND l.classid = $1::pg_catalog.oid AND l.objid = $2::pg_catalog.oid AND l.objsubid = 1
                AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
            """,
            halves(of: key)
        ).first
        return row.map { ($0.text("pid"), $0.text("who")) }
    }
}
