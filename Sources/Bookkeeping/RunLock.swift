import PostgresClient

/// One runner at a time for each database and service, by an advisory lock of the session.
///
/// It is polled: who waits inside `pg_advisory_lock` holds a snapshot, and `CREATE INDEX CONCURRENTLY` of the runner
/// that has the lock waits for that snapshot, for ever.
/// <https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS>
struct RunLock {
    let keys: [Int]
    /// The key of the session in which the files run, by the key of its service.
    var workKeys: [Int: Int] = [:]

    /// The key of a service: the first 8 bytes of what it is called, as a signed number.
    static func key(service: String) -> Int { key("granary migrate \(service)") }

    /// The key that the session holds in which the files run: while a statement goes on whose program was killed, it keeps
    /// others away.
    static func workKey(service: String) -> Int { key("granary migrate \(service), the files") }

    private static func key(_ text: String) -> Int {
        // FNV-1a: the same in every version of ours, which Swift's own hashes are not.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
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
            if var holder = try Self.holder(of: taken, session) {
                // Its session with the files says more than the one that keeps the lock.
                if let key = workKeys[taken], let worker = try Self.holder(of: key, session) { holder.who = worker.who }
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

    /// Why a run stops that is no longer the only one.
    static func lost(_ reason: String?) -> MigrationError {
        MigrationError(
            .busy,
            "the session that held the lock of this run ended\(reason.map { ": \($0)" } ?? ""), so the run stopped: "
                + "another one may have begun",
            hint: "`granary migrate status` says what is applied; then run it again"
        )
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
    /// halves of the key are the parameters `$2` and `$3`, and those of the key of work `$4` and `$5`.
    static let holder = """
        SELECT \(SessionDescription.expression) AS who
        FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
        WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
            AND (l.classid = $2::pg_catalog.oid AND l.objid = $3::pg_catalog.oid
                OR l.classid = $4::pg_catalog.oid AND l.objid = $5::pg_catalog.oid)
            AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
            AND a.backend_start <= started_at AND a.pid <> pg_catalog.pg_backend_pid()
        ORDER BY l.objid = $5::pg_catalog.oid DESC LIMIT 1
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

/// The lock of a run, held by a session of its own, in which nothing of the files runs: what they do to their session, such
/// as DISCARD ALL, cannot release it.
struct HeldRunLock: Sendable {
    /// The server process of the session that holds it.
    let process: Int
    let key: Int
    /// Of the session in which the files run.
    let workKeys: [Int]

    /// Takes the keys of work: a statement goes on for a while when its program is killed, and keeps others away until then.
    ///
    /// - Throws: `MigrationError` with `.busy` when `limit` has passed.
    func beginWork(within limit: Duration, _ session: borrowing Session, waiting: (String) -> Void) throws {
        try RunLock(keys: workKeys).acquire(within: limit, session, waiting: waiting)
    }

    /// Takes the keys of work again, which DISCARD ALL has released.
    func goOn(_ session: borrowing Session) throws {
        for key in workKeys { try session.query("SELECT pg_catalog.pg_try_advisory_lock($1)", [String(key)]) }
    }

    /// - Throws: `MigrationError` with `.busy` where the lock is no longer held.
    func requireHeld(_ session: borrowing Session) throws {
        let isHeld = try session.query(
            """
            SELECT EXISTS (SELECT FROM pg_catalog.pg_locks l
                WHERE l.locktype = 'advisory' AND l.granted AND l.pid = $1::pg_catalog.int4
                    AND l.classid = $2::pg_catalog.oid AND l.objid = $3::pg_catalog.oid AND l.objsubid = 1) AS held
            """,
            [String(process)] + RunLock.halves(of: key)
        )[0].bool("held")
        guard isHeld else { throw RunLock.lost(nil) }
    }
}
