internal import Bookkeeping
internal import Logging
internal import PostgresClient

/// The first connection: checks that the server answers and that it has the database.
struct DatabaseProbe {
    let address: ServerAddress
    /// How long to wait for a server that does not answer yet.
    let patience: Duration
    let console: Console
    /// Whether the address contains a sign of a pooler.
    var expectsPooler = false

    /// - Parameter measured: Whether to measure the data. For this the server has to check every file.
    /// - Throws: `PostgresError`, `CancellationError`.
    func existing(measured: Bool = false) async throws -> ConnectedDatabase {
        try await patiently { address in
            try await withSession(address, logger: console.logger) { session in
                // Every command changes settings of its session, which must not reach another client.
                try SessionPooling.requireOwnSession(&session, isExpected: expectsPooler)
                // Pinned: if there are several hosts, the shown one must be the one that is used.
                var database = ConnectedDatabase(
                    address: session.pinnedAddress,
                    given: self.address,
                    name: session.database,
                    host: session.place
                )
                database.room = try SessionRoom(session)
                guard measured else { return database }
                do {
                    try database.measure(&session)
                } catch is PostgresError {
                    // Sizes are only for display. A role that may not read them can still continue.
                }
                return database
            }
        }
    }

    /// Like `existing(measured:)`. If only the database is missing, one of `others` on the same server answers for it.
    func existing(orThrough others: [String]) async throws -> ConnectedDatabase {
        do {
            return try await existing(measured: true)
        } catch let error as PostgresError where error.saysDatabaseIsMissing {
            let wanted = address.resolvedDatabase
            for name in others {
                do {
                    let (pinned, host, room) = try await withSession(address.database(name), logger: console.logger) {
                        try SessionPooling.requireOwnSession(&$0, isExpected: expectsPooler)
                        return ($0.pinnedAddress, $0.place, try SessionRoom($0))
                    }
                    var database = ConnectedDatabase(
                        address: pinned.database(wanted),
                        given: address,
                        name: wanted,
                        host: host,
                        exists: false,
                        through: name
                    )
                    database.room = room
                    return database
                } catch let error as PostgresError where error.code == .pooled {
                    throw error
                } catch is PostgresError {
                    continue  // The reason for the target itself is more informative.
                }
            }
            throw error
        }
    }

    private func patiently<R: Sendable>(
        _ attempt: (ServerAddress) async throws -> R
    ) async throws -> R {
        let deadline = ContinuousClock.now + patience
        var pause = Duration.milliseconds(100)
        var hasSaidSo = false
        while true {
            do {
                // An address that does not respond must not take more time than all attempts together may take.
                let left = (deadline - .now) / .seconds(1)
                let limited =
                    patience > .zero && left < 10
                    ? address.setting("connect_timeout", to: String(max(2, Int(left.rounded(.up))))) : address
                return try await attempt(limited)
            } catch let error as PostgresError where error.mayPassWithTime && patience > .zero {
                guard ContinuousClock.now + pause < deadline else { throw error.afterWaiting(patience) }
                if !hasSaidSo { console.note("waiting for the server: \(error)") }
                hasSaidSo = true
                try await Task.sleep(for: pause)
                pause = min(pause * 2, .seconds(1))
            }
        }
    }
}

extension ConnectedDatabase {
    /// The data that could be lost: estimated rows, tables without granary's own, bytes on disk.
    fileprivate mutating func measure(_ session: inout Session) throws {
        let found = try session.within(.seconds(5)) { session in
            try session.query(
                """
                SELECT pg_catalog.count(*) AS tables, coalesce(pg_catalog.sum(greatest(c.reltuples, 0)), 0)::bigint AS rows,
                       pg_catalog.pg_database_size(pg_catalog.current_database()) AS bytes
                FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
                    AND n.oid NOT IN (\(StateSchema.anyName))
                """
            )
        }
        guard let row = found.first else { return }
        tables = row.int("tables")
        rowsEstimate = row.int("rows")
        bytes = row.int("bytes")
    }
}

extension PostgresError {
    /// Whether another attempt may succeed. An unknown error may be temporary.
    fileprivate var mayPassWithTime: Bool {
        // Errors from the server are final, except that it is starting or has no free connection.
        if let sqlState { return ["57P03", "53300"].contains(sqlState) }
        guard code == .connection else { return false }
        let final = [
            "no password supplied", "invalid connection option", "invalid URI", "definition of service", "certificate",
        ]
        return !final.contains { message.contains($0) }
    }

    /// A pooler reports this in its own words, with the SQLSTATE that it uses for all refusals.
    fileprivate var saysDatabaseIsMissing: Bool {
        guard code == .connection else { return false }
        return sqlState == "3D000"
            || sqlState == "08P01" && (message.contains("no such database") || message.contains("does not exist"))
    }

    fileprivate func afterWaiting(_ patience: Duration) -> PostgresError {
        var copy = self
        let waited = Formatting.duration(seconds: patience / .seconds(1))
        copy.message = "no connection within \(waited): \(message)"
        return copy
    }
}
