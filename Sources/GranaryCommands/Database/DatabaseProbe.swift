internal import Logging
internal import PostgresClient

/// The first connection: does the server answer, and is it the database we think it is?
struct DatabaseProbe {
    let address: ServerAddress
    /// How long a server that does not answer yet is waited for.
    let patience: Duration
    let console: Console
    /// The address says that there is a pooler.
    var expectsPooler = false

    /// - Parameter measured: Whether to ask what there is to lose, which takes the server a look at every file.
    /// - Throws: `PostgresError`, `CancellationError`.
    func existing(measured: Bool = false) async throws -> ConnectedDatabase {
        try await patiently { address in
            try await withSession(address, logger: console.logger) { session in
                // Every command changes settings of its sessions; another client's session must not keep them.
                try SessionPooling.requireOwnSession(&session, isExpected: expectsPooler)
                // Pinned: of several hosts, the one that is named to people is the one that is worked on.
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
                    // Sizes are only for people to read; a role that may not ask for them may still work.
                }
                return database
            }
        }
    }

    /// The same; if only the database is missing, one of `others` on the same server answers for it.
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
                        exists: false
                    )
                    database.room = room
                    return database
                } catch let error as PostgresError where error.code == .pooled {
                    throw error
                } catch is PostgresError {
                    continue  // The reason why the target itself is out of reach says more.
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
                // An address that swallows packets must not make one attempt longer than all of them may take.
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
    /// What there is to lose: rows that the planner believes in, tables, bytes on disk.
    fileprivate mutating func measure(_ session: inout Session) throws {
        let found = try session.within(.seconds(5)) { session in
            try session.query(
                """
                SELECT pg_catalog.count(*) AS tables, coalesce(pg_catalog.sum(greatest(c.reltuples, 0)), 0)::bigint AS rows,
                       pg_catalog.pg_database_size(pg_catalog.current_database()) AS bytes
                FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
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
    /// Whether trying again may help. What is not known to be final may pass.
    fileprivate var mayPassWithTime: Bool {
        // What the server itself has said is final, but that it starts or has no connection to give.
        if let sqlState { return ["57P03", "53300"].contains(sqlState) }
        guard code == .connection else { return false }
        let final = [
            "no password supplied", "invalid connection option", "invalid URI", "definition of service", "certificate",
        ]
        return !final.contains { message.contains($0) }
    }

    /// A pooler says so in words of its own, with the SQLSTATE of whatever it refuses.
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
