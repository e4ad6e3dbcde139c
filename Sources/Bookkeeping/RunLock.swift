package import PostgresClient

/// Allows one runner at a time for each database and service, with advisory locks of two sessions: one that only holds
/// the lock, and one in which the files run.
///
/// The lock is polled, because a session that waits inside `pg_advisory_lock` holds a snapshot.
/// `CREATE INDEX CONCURRENTLY` of the runner that has the lock would wait for that snapshot forever.
/// <https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS>
package struct RunLock: Sendable {
    private let keys: [Int]
    /// The keys for the session in which the files run, by the keys of their services.
    private let workKeys: [Int: Int]

    /// - Parameter foreign: Locks of other tools to take too.
    package init(services: [String], foreign: [Int] = []) {
        let own = services.map { Self.key(service: $0) }
        keys = own.sorted() + foreign
        workKeys = Dictionary(
            zip(own, services.map { Self.workKey(service: $0) }),
            uniquingKeysWith: { one, _ in one }
        )
    }

    private init(keys: [Int]) {
        self.keys = keys
        workKeys = [:]
    }

    /// Another session held the lock until the time limit passed.
    package struct Occupied: Error {
        package var limit: Duration
        /// The session that holds it, if it could be seen.
        package var holder: String?
    }

    /// The key of a service: the first 8 bytes of a hash of its name, as a signed number.
    static func key(service: String) -> Int { key("granary migrate \(service)") }

    /// The key that is held by the session in which the files run. If the program is killed, its current statement
    /// continues, and this key keeps other runners away.
    static func workKey(service: String) -> Int { key("granary migrate \(service), the files") }

    private static func key(_ text: String) -> Int { Int(bitPattern: UInt(FNV1a.hash(of: text))) }

    /// Takes the lock for the session that will hold it.
    ///
    /// - Parameter waiting: Called with the session that holds the lock, once for each.
    /// - Throws: `Occupied` after `limit`.
    package func take(
        within limit: Duration,
        _ session: borrowing Session,
        waiting: (String) -> Void
    ) throws -> Held {
        try acquire(within: limit, session, waiting: waiting)
        return Held(process: try SessionPooling.process(session), key: keys[0], workKeys: workKeys.values.sorted())
    }

    /// Takes all keys in order, or none.
    private func acquire(within limit: Duration, _ session: borrowing Session, waiting: (String) -> Void) throws {
        var told: (process: String, who: String)?
        let isTaken = try AdvisoryKey.poll(within: limit, session) {
            guard let taken = try missing(session) else { return true }
            guard var holder = try Self.holder(of: taken, session) else { return false }
            // The session with the files is more informative than the one that holds the lock.
            if let key = workKeys[taken], let worker = try Self.holder(of: key, session) { holder.who = worker.who }
            if holder.process != told?.process { waiting(holder.who) }
            told = holder
            return false
        }
        guard isTaken else { throw Occupied(limit: limit, holder: told?.who) }
    }

    /// The first key that another session holds; then all keys taken before it are released. nil if all were taken.
    private func missing(_ session: borrowing Session) throws -> Int? {
        for (index, key) in keys.enumerated() {
            guard try !AdvisoryKey(key).tryToTake(session) else { continue }
            for taken in keys[..<index] { try AdvisoryKey(taken).release(session) }
            return key
        }
        return nil
    }

    /// Releases all locks of a session, including those that the files took.
    package static func releaseAll(_ session: borrowing Session) throws {
        try session.execute("SELECT pg_catalog.pg_advisory_unlock_all()")
    }
}

extension RunLock {
    /// The lock of a run, held by a session that runs nothing of the files. So statements such as DISCARD ALL in a file
    /// cannot release it.
    package struct Held: Sendable {
        /// The server process of the session that holds it.
        fileprivate let process: Int
        fileprivate let key: Int
        /// The keys of the session in which the files run.
        fileprivate let workKeys: [Int]

        /// Takes the keys of work. If the program is killed, its statement continues for a while and keeps other
        /// runners away.
        ///
        /// - Throws: `Occupied` after `limit`.
        package func beginWork(within limit: Duration, _ session: borrowing Session, waiting: (String) -> Void) throws {
            try RunLock(keys: workKeys).acquire(within: limit, session, waiting: waiting)
        }

        /// Takes the keys of work again after a DISCARD ALL has released them.
        package func goOn(_ session: borrowing Session) throws {
            for key in workKeys { try AdvisoryKey(key).tryToTake(session) }
        }

        /// Whether the lock is still held by its session.
        package func isHeld(_ session: borrowing Session) throws -> Bool {
            try session.query(
                """
                SELECT EXISTS (SELECT FROM pg_catalog.pg_locks l
                    WHERE \(AdvisoryKey.isHeld("$2", "$3")) AND l.pid = $1::pg_catalog.int4) AS held
                """,
                [String(process)] + RunLock.halves(of: key)
            )[0].bool("held")
        }
    }
}

// The holder of a lock, from `pg_locks`.
extension RunLock {
    /// The session that holds a service's lock and was connected before the log's `started_at`, so that the run may be
    /// its own. The halves of the key are the parameters `$2` and `$3`, and those of the key of work `$4` and `$5`.
    static let holder = """
        SELECT \(SessionDescription.expression) AS who
        FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
        WHERE (\(AdvisoryKey.isHeld("$2", "$3")) OR \(AdvisoryKey.isHeld("$4", "$5"))) AND \(AdvisoryKey.isHere)
            AND a.backend_start <= started_at AND a.pid <> pg_catalog.pg_backend_pid()
        ORDER BY l.objid = $5::pg_catalog.oid DESC LIMIT 1
        """

    private static func holder(of key: Int, _ session: borrowing Session) throws -> (process: String, who: String)? {
        let row = try session.query(
            """
            SELECT a.pid, \(SessionDescription.expression) AS who
            FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
            WHERE \(AdvisoryKey.isHeld("$1", "$2")) AND \(AdvisoryKey.isHere)
            """,
            halves(of: key)
        ).first
        return row.map { ($0.text("pid"), $0.text("who")) }
    }

    /// The key as two numbers.
    static func halves(of key: Int) -> [String?] { AdvisoryKey(key).halves }
}
